# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are pruned."""

from __future__ import annotations

import os

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import CATCH_ALL
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.prune import (
    named_hosts,
    unnamed_hosts,
)
from unit.plugins.module_utils.nginx.hosts import block, host, linked

OURS = ("a.example.com", "b.example.com", "c.example.com")


@pytest.fixture(autouse=True)
def files(layout: Layout) -> None:
    """Three hosts, a catch-all, and what is of others."""
    for name in (*OURS, CATCH_ALL):
        layout.put(name, linked(layout, name, block(name)))
    (layout.available / "default").write_text("# Debian\n")
    (layout.available / "d.example.com.conf").write_text("# by hand\n")
    # A copy of ours is no file of ours, and neither is a link to one
    copied = layout.available / "e.example.com.conf"
    copied.write_text(block("a.example.com"))
    (layout.available / "f.example.com.conf").symlink_to(copied)
    (layout.available / "g.example.com.conf").mkdir()
    (layout.available / ".a.example.com.conf.0123.mailhost-new").write_text(block("a.example.com"))


def names(layout: Layout, named: set[str], recovered: dict[str, Site] | None = None) -> list[str]:
    hosts = unnamed_hosts(layout, named, recovered or {})
    assert all(host.state == "absent" for host in hosts)
    return [host.name for host in hosts]


def test_what_is_not_named(layout: Layout) -> None:
    assert names(layout, {"b.example.com"}) == ["a.example.com", "c.example.com"]
    assert names(layout, set(OURS)) == []


def test_what_a_killed_run_left(layout: Layout) -> None:
    recovered = {"c.example.com": Site(), "h.example.com": Site(b"old")}
    assert names(layout, {"a.example.com"}, recovered) == ["b.example.com", "h.example.com"]


def test_a_directory_that_cannot_be_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NginxError, match="Permission denied"):
        names(layout, set())


def test_what_stays() -> None:
    assert named_hosts([host("a.example.com")], ["b.example.com"]) == {
        "a.example.com",
        "b.example.com",
    }


def test_what_would_be_a_mistake() -> None:
    with pytest.raises(ItemsError, match="would remove every virtual host"):
        named_hosts([], ["a.example.com"])
    with pytest.raises(ItemsError, match="no host in vhosts that stays would remove every"):
        named_hosts([host("a.example.com", "absent")], [])
    assert len(named_hosts([host("a.example.com", "absent")], ["b.example.com"])) == 2
    with pytest.raises(ItemsError, match=r"keep: hostname 'B\.example\.com' has upper-case"):
        named_hosts([host("a.example.com")], ["B.example.com"])
