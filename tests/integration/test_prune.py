# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Portals that the task does not name any more, and what is none of this module's business."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from bed import Bed
from bed.nginx_releases import NGINX_BOOKWORM
from integration.bare_front_end import BareFrontEnd
from integration.nginx_faults.sites import changed, errors, prediction
from integration.nginx_releases import front_end_of

NAMED, KEPT, GONE = "a-named.example.com", "b-kept.example.com", "c-gone.example.com"
OFF, BARE = "d-off.example.com", "e-bare.example.com"
PRUNE: dict[str, Any] = {"vhosts": [{"name": NAMED}], "prune": True, "keep": [KEPT]}


@pytest.fixture
def front_end() -> Iterator[BareFrontEnd]:
    """Five portals in several states, a catch-all, and files of somebody else's."""
    with front_end_of(NGINX_BOOKWORM, workers=1) as running:
        for name in (NAMED, KEPT, GONE, OFF):
            running.issue(name)
        hosts = [
            *({"name": name} for name in (NAMED, KEPT, GONE)),
            {"name": OFF, "state": "disabled"},
            {"name": BARE, "state": "bootstrap"},
        ]
        assert errors(running.apply(vhosts=hosts, catch_all="present")) == {}
        other = running.available / "other.example.com.conf"
        other.write_text("server { listen unix:/other.sock; }\n".replace("$", ""))
        (running.enabled / "by-hand.conf").write_text("# of somebody else's\n")
        yield running


def test_what_is_not_named_goes(front_end: BareFrontEnd) -> None:
    before = front_end.snapshot()
    predicted = front_end.apply(check=True, **PRUNE)
    assert front_end.snapshot() == before
    real = front_end.apply(**PRUNE)
    assert prediction(real) == prediction(predicted)
    assert (errors(real), changed(real), real.reloaded) == ({}, [GONE, OFF, BARE], True)
    assert [(item["name"], item["state"], item["pruned"]) for item in real.results] == [
        (NAMED, "present", False),
        *((name, "absent", True) for name in (GONE, OFF, BARE)),
    ]
    assert front_end.snapshot() == {
        path: content
        for path, content in before.items()
        if not any(name in path for name in (GONE, OFF, BARE))
    }
    for name in (NAMED, KEPT):
        assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    assert front_end.get(GONE, "/")[0] == 404

    again = front_end.apply(**PRUNE)
    assert (changed(again), again.reloaded, again.diff) == ([], False, [])
    assert [item["name"] for item in again.results] == [NAMED]


def test_without_links(front_end: BareFrontEnd) -> None:
    conf_d: dict[str, Any] = {"sites_available": str(front_end.enabled), "sites_enabled": ""}
    front_end.apply(vhosts=[{"name": NAMED, "state": "absent"}], prune=True, keep=["z.example.com"])
    front_end.apply(name=NAMED, **conf_d)
    front_end.apply(name=GONE, **conf_d)
    outcome = front_end.apply(**{**PRUNE, **conf_d})
    assert (errors(outcome), changed(outcome)) == ({}, [GONE])
    assert front_end.get(NAMED, "/", tls=True)[2] == "the frontend"


def test_a_link_of_somebody_else(front_end: BareFrontEnd) -> None:
    """The block is ours, the link is not: neither is removed, and the rest is."""
    link = front_end.enabled / f"{GONE}.conf"
    link.unlink()
    link.symlink_to("/dev/null")
    outcome = front_end.apply(**PRUNE)
    assert list(errors(outcome)) == [GONE]
    assert "leads to /dev/null" in errors(outcome)[GONE]
    assert changed(outcome) == [OFF, BARE]
    assert link.is_symlink()


def test_one_that_is_needed_still(front_end: BareFrontEnd) -> None:
    """Somebody made another file depend on it: nginx says so, and it stays."""
    file = front_end.available / f"{GONE}.conf"
    file.write_text(file.read_text() + "limit_req_zone $uri zone=one:1m rate=1r/s;\n")
    (front_end.enabled / "z.conf").write_text(
        f"server {{ listen unix:{front_end.directory}/z.sock; limit_req zone=one; }}\n"
    )
    before = front_end.snapshot()
    outcome = front_end.apply(**PRUNE)
    assert list(errors(outcome)) == [GONE]
    assert "does not accept the configuration without it" in errors(outcome)[GONE]
    assert 'zero size shared memory zone "one"' in errors(outcome)[GONE]
    assert changed(outcome) == [OFF, BARE]
    after = front_end.snapshot()
    assert all(after[path] == content for path, content in before.items() if GONE in path)
    assert front_end.get(GONE, "/", tls=True)[2] == "the frontend"


def test_an_empty_list_is_a_mistake(front_end: BareFrontEnd) -> None:
    before = front_end.snapshot()
    with pytest.raises(ItemsError, match="would remove every virtual host"):
        front_end.apply(vhosts=[], prune=True)
    assert front_end.snapshot() == before


def test_a_task(bed: Bed, front_end: BareFrontEnd) -> None:
    def task(**options: Any) -> dict[str, Any]:
        return bed.ansible.run_module("nginx_vhost", front_end.options(**options))

    before = front_end.snapshot()
    for refused in ({"name": NAMED, "prune": True}, {"vhosts": [], "prune": True}):
        assert task(**refused)["failed"]
        assert front_end.snapshot() == before
    done = task(**PRUNE)
    assert [item["name"] for item in done["vhosts"] if item["pruned"]] == [GONE, OFF, BARE]
    assert not task(**PRUNE)["changed"]
