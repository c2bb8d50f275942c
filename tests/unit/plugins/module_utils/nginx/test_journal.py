# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed run leaves, and what the next makes of it."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.journal import Journal
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site


def own(name: str, more: str = "") -> bytes:
    return f"# Written by mailhost.modoboa.nginx_vhost: {name}, present.\n{more}".encode()


@pytest.fixture
def before(layout: Layout) -> dict[str, Site]:
    """Two hosts, one of them there, the other not; and the journal that says so."""
    before = {
        "a.example.com": Site(own("a.example.com") + b"\xff", "../available/a.example.com.conf"),
        "b.example.com": Site(),
    }
    for name, site in before.items():
        layout.put(name, site)
    Journal(layout).open(before)
    return before


def test_open_and_close(layout: Layout, before: dict[str, Site]) -> None:
    journal = Journal(layout)
    assert journal.interrupted
    assert journal.sites() == before
    journal.close()
    journal.close()
    assert not journal.interrupted
    assert journal.sites() == {}


@pytest.mark.usefixtures("before")
def test_it_is_private(layout: Layout) -> None:
    (file,) = [path for path in layout.available.iterdir() if path.name.startswith(".")]
    assert file.stat().st_mode & 0o777 == 0o600


def test_recover(layout: Layout, before: dict[str, Site]) -> None:
    layout.put("a.example.com", Site())
    layout.put("b.example.com", Site(own("b.example.com"), str(layout.file("b.example.com"))))
    Journal(layout).recover()
    assert {name: layout.read(name) for name in before} == before
    assert Journal(layout).interrupted, "until nginx has been reloaded"


@pytest.mark.usefixtures("before")
def test_somebody_else_has_been_there(layout: Layout) -> None:
    layout.file("a.example.com").write_text("by hand")
    Journal(layout).recover()
    assert layout.file("a.example.com").read_text() == "by hand"
    assert layout.read("b.example.com") == Site()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": {"content": 1}}'])
def test_rubbish_has_nothing_to_put_back(layout: Layout, content: str) -> None:
    journal = Journal(layout)
    journal.open({})
    (file,) = layout.available.iterdir()
    file.write_text(content)
    assert journal.interrupted
    assert journal.sites() == {}
    journal.recover()
