# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What certbot keeps: lineages, which are certificates with their renewals, and accounts.

certbot reads ``renewal/<lineage>.conf`` and nothing else in that folder, so a file that ends in
another way takes its lineage out of ``certbot renew`` and leaves it as it is otherwise.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..files import sync_directory
from .certificate import Certificate, read_chain
from .document import read_object
from .errors import AcmeError
from .files import content_of
from .keys import PrivateKey, key_from_pem, key_to_pem

with suppress(ImportError):  # libraries.py says what is missing
    import josepy

_RENEWED = ".conf"
_STOPPED = ".conf.adopted"
_LOCK = ".certbot.lock"
_PAUSE = 0.2
_HOOKS = ("pre_hook", "renew_hook", "post_hook")


@dataclass(frozen=True)
class Lineage:
    """A certificate that certbot looks after, or did.

    :ivar configuration: its file in ``renewal``
    :ivar server: the ACME directory that issues it; empty if the file does not say
    :ivar account: certbot's name for the account that orders it
    :ivar proof: the options with which certbot is told how to prove its names, as far as the file says
    :ivar hooks: commands that certbot runs when it renews it
    :ivar certificate: the first one of its chain; ``None`` if it cannot be read
    """

    name: str
    configuration: Path
    fullchain: Path
    privkey: Path
    server: str = ""
    account: str = ""
    proof: tuple[str, ...] = ()
    hooks: Mapping[str, str] = field(default_factory=dict)
    certificate: Certificate | None = None

    @property
    def renewed(self) -> bool:
        """Whether certbot renews it."""
        return self.configuration.name.endswith(_RENEWED)

    @property
    def stopped_configuration(self) -> Path:
        """Where its file is once certbot does not renew it any more."""
        return self.configuration.with_name(f"{self.name}{_STOPPED}")


class Certbot:
    """certbot's configuration folder, as a rule /etc/letsencrypt."""

    def __init__(self, folder: Path) -> None:
        """Name the folder, which need not exist."""
        self._folder = folder

    def lineages(self) -> list[Lineage]:
        """Return the lineages that have a certificate, by name, renewed or not.

        :raises OSError: the folder cannot be read
        """
        folder = self._folder / "renewal"
        found: dict[str, Path] = {}
        for suffix in (_STOPPED, _RENEWED):
            found.update(
                (path.name[: -len(suffix)], path) for path in sorted(folder.glob(f"*{suffix}"))
            )
        lineages = (_lineage(name, path) for name, path in sorted(found.items()))
        return [lineage for lineage in lineages if lineage is not None]

    def hook_files(self) -> list[str]:
        """Return the programs that certbot runs whenever it renews anything, sorted.

        :raises OSError: the folder cannot be read
        """
        folder = self._folder / "renewal-hooks"
        return sorted(
            str(path)
            for kind in ("pre", "deploy", "post")
            for path in folder.glob(f"{kind}/*")
            if os.access(path, os.X_OK) and path.is_file()
        )

    def account_url(self, lineage: Lineage) -> str | None:
        """Return the URL of the account that has ordered a lineage, ``None`` if it is not known."""
        folder = self._accounts(lineage.server) / lineage.account
        if not lineage.account or not lineage.server:
            return None
        with suppress(OSError):
            url = (read_object(content_of(folder / "regr.json")) or {}).get("uri")
            return url if isinstance(url, str) else None
        return None

    def account_names(self, server: str) -> list[str]:
        """Return certbot's names for its accounts at a CA, sorted.

        :raises OSError: the folder cannot be read
        """
        folder = self._accounts(server)
        return sorted(path.parent.name for path in folder.glob("*/private_key.json"))

    def account_key(self, server: str, account: str) -> PrivateKey:
        """Return the key of an account.

        :raises AcmeError: there is none that can be used
        :raises OSError: it cannot be read
        """
        path = self._accounts(server) / account / "private_key.json"
        try:
            jwk: Any = josepy.JWK.from_json(json.loads(content_of(path) or b""))
            key: PrivateKey | None = key_from_pem(key_to_pem(jwk.key))
        except (ValueError, AttributeError, josepy.DeserializationError) as error:
            raise AcmeError(f"{path} is no account key that can be used") from error
        if key is None:
            raise AcmeError(f"{path} is no account key that can be used")
        return key

    def stop(self, lineage: Lineage) -> None:
        """Take a lineage out of ``certbot renew``.

        :raises AcmeError: it has gone since it was read
        :raises OSError: its file cannot be renamed
        """
        if not lineage.configuration.exists():
            raise AcmeError(f"{lineage.configuration} has gone meanwhile; run again")
        stopped, number = lineage.stopped_configuration, 1
        while stopped.exists():
            # Of an earlier time, after a way back
            number += 1
            stopped = stopped.with_name(f"{lineage.stopped_configuration.name}-{number}")
        if number > 1:
            lineage.stopped_configuration.replace(stopped)
        lineage.configuration.replace(lineage.stopped_configuration)
        sync_directory(lineage.configuration.parent)

    @contextmanager
    def lock(self, patience: float = 0) -> Iterator[None]:
        """Keep certbot from working meanwhile, as it keeps a second one from it.

        :param patience: how many seconds to wait for it
        :raises AcmeError: certbot is at work
        :raises OSError: the folder cannot be written to
        """
        path, deadline = self._folder / _LOCK, time.monotonic() + patience
        while (descriptor := _locked(path)) is None:
            if time.monotonic() > deadline:
                raise AcmeError("certbot is at work just now; run again when it has ended")
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def _accounts(self, server: str) -> Path:
        parts = urlsplit(server)
        return self._folder / "accounts" / f"{parts.netloc}{parts.path}".strip("/")


def _locked(path: Path) -> int | None:
    """Open and lock a file; ``None`` if somebody else has it, or has just removed it.

    :raises OSError: it cannot be opened
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with suppress(OSError):
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    os.close(descriptor)
    return None


def _proof(values: Mapping[str, str]) -> tuple[str, ...]:
    authenticator = values.get("authenticator", "")
    # It is a list, which ends with a comma
    webroot = values.get("webroot_path", "").split(",")[0].strip()
    if authenticator == "webroot":
        return ("--webroot", *(("-w", webroot) if webroot else ()))
    return (f"--{authenticator}",) if authenticator else ()


def _lineage(name: str, path: Path) -> Lineage | None:
    """Read a file of ``renewal``, which is one of configobj's."""
    values: dict[str, str] = {}
    for line in (content_of(path) or b"").decode("utf-8", "replace").splitlines():
        key, equals, value = line.partition("=")
        if line.startswith("[["):
            break  # what follows is about single names
        if equals:
            values[key.strip()] = value.strip().strip("'\"")
    if not values.get("fullchain") or not values.get("privkey"):
        return None
    fullchain = Path(values["fullchain"])
    certificate = None
    # A path may be no path at all, which is a ValueError as well
    with suppress(ValueError, OSError):
        certificate = read_chain(content_of(fullchain) or b"")
    return Lineage(
        name=name,
        configuration=path,
        fullchain=fullchain,
        privkey=Path(values["privkey"]),
        server=values.get("server", ""),
        account=values.get("account", ""),
        proof=_proof(values),
        hooks={hook: values[hook] for hook in _HOOKS if values.get(hook) not in (None, "", "None")},
        certificate=certificate,
    )
