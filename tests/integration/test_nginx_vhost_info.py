# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost_info on an nginx that serves."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.ansible import Ansible
from bed.layout import Layout, Ports
from bed.prefix import find
from integration.foreign_blocks import by_certbot
from integration.front_end import FrontEnd

NAME, OWN = "mail.told.test", "mail.own.test"


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    """One with a block by somebody, and one of ours."""
    with tempfile.TemporaryDirectory(prefix="told-") as folder:
        made = FrontEnd(Path(folder), find().bin / "nginx")
        for name in (NAME, OWN):
            made.issue(name)
        made.start()
        try:
            yield made
        finally:
            made.stop()


def test_who_serves_a_name_and_with_what(front_end: FrontEnd) -> None:
    front_end.apply(vhosts=[{"name": OWN}])
    file = front_end.enabled / "atlas"
    file.write_text(by_certbot(front_end, NAME, "webmail.told.test"))
    ansible = Ansible(Layout(find(), f"told-{os.getpid()}", "sqlite", Ports.choose()))
    options = {key: front_end.options()[key] for key in ("nginx", "prefix", "config")}
    vhosts = [{"name": OWN, "names": ["webmail.told.test"]}, {"name": NAME}]
    told = ansible.run_module("nginx_vhost_info", {"vhosts": vhosts, **options}, check=True)
    certificate = front_end.storage / "certs" / NAME
    assert not told["changed"]
    # The block of NAME has the other name, too, which is asked for
    assert told["in_use"] == []
    alone = ansible.run_module("nginx_vhost_info", {"vhosts": [{"name": NAME}], **options})
    assert alone["in_use"] == [f"{certificate}/fullchain.pem"]
    assert told["vhosts"] == [
        {"name": OWN, "files": [str(file)], "certificate": {}},
        {
            "name": NAME,
            "files": [str(file)],
            "certificate": {
                "fullchain": f"{certificate}/fullchain.pem",
                "privkey": f"{certificate}/privkey.pem",
            },
        },
    ]
