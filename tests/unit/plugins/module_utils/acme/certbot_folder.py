# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration folder as certbot leaves it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import josepy
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    AccountKey,
    key_to_pem,
    make_key,
)
from unit.plugins.module_utils.acme.issuing import pair

SERVER = "https://ca.test/directory"


class CertbotFolder:
    """The folder, to which lineages and accounts are added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in ("live", "archive", "renewal", "accounts"):
            (path / folder).mkdir(parents=True, exist_ok=True)

    def add_lineage(
        self,
        name: str,
        names: Iterable[str] = (),
        *,
        account: str = "",
        server: str = SERVER,
        hook: str = "",
        **how: Any,
    ) -> Path:
        """A lineage with its first certificate. Returns the path of the chain in ``live``."""
        live, archive = self.path / "live" / name, self.path / "archive" / name
        live.mkdir()
        archive.mkdir()
        chain, key = pair(list(names) or [name], **how)
        for file, content in (("fullchain", chain), ("privkey", key_to_pem(key))):
            (archive / f"{file}1.pem").write_bytes(content)
            (live / f"{file}.pem").symlink_to(f"../../archive/{name}/{file}1.pem")
        lines = [
            "version = 5.8.0",
            f"privkey = {live}/privkey.pem",
            f"fullchain = {live}/fullchain.pem",
            "[renewalparams]",
            "authenticator = webroot",
            "webroot_path = /var/www,",
            f"account = {account}",
            f"server = {server}",
            *([f"renew_hook = {hook}"] if hook else []),
            "[[webroot_map]]",
            f"{name} = /var/www",
        ]
        (self.path / "renewal" / f"{name}.conf").write_text("\n".join(lines) + "\n")
        return live / "fullchain.pem"

    def add_account(self, name: str, server: str = SERVER, key_type: str = "RSA-2048") -> str:
        """An account. Returns the thumbprint of its key."""
        folder = self.path / "accounts" / server.partition("://")[2] / name
        folder.mkdir(parents=True)
        key = make_key(key_type)
        wrapped: Any = (
            josepy.JWKRSA(key=key) if key_type.startswith("RSA") else josepy.JWKEC(key=key)
        )
        (folder / "private_key.json").write_text(wrapped.json_dumps())
        (folder / "regr.json").write_text(
            json.dumps({"body": {}, "uri": f"https://ca.test/account/{name}"})
        )
        return AccountKey(key).thumbprint
