# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that nginx does not take: whose fault it is, and that nobody else suffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    TestResult,
)
from bed.ports import free_ports
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS
from integration.nginx_faults.sites import changed, errors, hidden, is_sound, stamps

NAMES = [f"tenant-{number:02}.example.com" for number in range(50)]
FAULTY, FAULTY_TOO = NAMES[20], NAMES[41]
MISSPELT = "expires 1d; exprires 1d;"
# nginx names the log, and no file of its configuration
NO_DIRECTORY = "access_log /nowhere/at/all/access.log;"
# nginx names nothing that leads anywhere: only a search finds it
NO_ZONE = "limit_req zone=nowhere;"


@pytest.fixture
def fifty(front_end: BareFrontEnd) -> BareFrontEnd:
    """With fifty portals."""
    for name in NAMES:
        front_end.issue(name)
    outcome = front_end.apply(vhosts=[{"name": name} for name in NAMES], timeout=10)
    assert errors(outcome) == {}
    return front_end


def hosts(**snippets: str) -> list[dict[str, Any]]:
    """All of them, some with directives of their own. An underscore stands for the rest of the name."""
    return [{"name": name, "snippet": snippets.get(name.split(".")[0][-2:])} for name in NAMES]


def check_innocent(front_end: BareFrontEnd, *faulty: str) -> None:
    """Check that all others have their new blocks, and that the faulty ones have their old ones."""
    for name in NAMES:
        status, _headers, body = front_end.get(name, "/", tls=True)
        assert (status, body) == (200, "the frontend")
        text = front_end.available.joinpath(f"{name}.conf").read_text()
        assert ("client_max_body_size 1m;" in text) == (name not in faulty)
    assert is_sound(front_end)
    assert hidden(front_end) == []


@pytest.mark.parametrize(
    ("snippet", "words"),
    [
        (MISSPELT, 'unknown directive "exprires"'),
        (NO_DIRECTORY, 'open() "/nowhere/at/all/access.log" failed (2: No such file or directory)'),
        (NO_ZONE, 'zero size shared memory zone "nowhere"'),
        ("ssl_certificate /nowhere.pem; ssl_certificate_key /nowhere.pem;", "/nowhere.pem"),
    ],
    ids=["named", "a path", "not named", "another certificate"],
)
def test_one_among_fifty(fifty: BareFrontEnd, snippet: str, words: str) -> None:
    before = {path: stamp for path, stamp in stamps(fifty).items() if FAULTY in path}
    wanted: dict[str, Any] = {"vhosts": hosts(**{"20": snippet}), "client_max_body_size": "1m"}
    outcome = fifty.apply(timeout=10, **wanted)
    assert list(errors(outcome)) == [FAULTY]
    assert words in errors(outcome)[FAULTY]
    assert snippet != MISSPELT or f"{FAULTY}.conf:" in errors(outcome)[FAULTY]
    assert changed(outcome) == [name for name in NAMES if name != FAULTY]
    # Not only what is in the file, but the very file
    assert {path: stamp for path, stamp in stamps(fifty).items() if FAULTY in path} == before
    check_innocent(fifty, FAULTY)

    after = stamps(fifty)
    again = fifty.apply(timeout=10, **wanted)
    assert (errors(again), changed(again), again.reloaded) == (errors(outcome), [], False)
    assert stamps(fifty) == after


@pytest.mark.parametrize("too", [MISSPELT, NO_DIRECTORY, NO_ZONE])
def test_two_at_once(fifty: BareFrontEnd, too: str) -> None:
    wanted = hosts(**{"20": NO_ZONE, "41": too})
    outcome = fifty.apply(vhosts=wanted, client_max_body_size="1m", timeout=10)
    assert list(errors(outcome)) == [FAULTY, FAULTY_TOO]
    check_innocent(fifty, FAULTY, FAULTY_TOO)


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> list[TestResult]:
    """What nginx said, each time that it was asked: with a thousand portals, that is a second."""
    results: list[TestResult] = []
    test = Nginx.test

    def noted(nginx: Nginx) -> TestResult:
        results.append(test(nginx))
        return results[-1]

    monkeypatch.setattr(Nginx, "test", noted)
    return results


@pytest.mark.parametrize("snippet", [MISSPELT, NO_DIRECTORY, NO_ZONE])
def test_all_at_once(fifty: BareFrontEnd, tests: list[TestResult], snippet: str) -> None:
    before = stamps(fifty)
    tests.clear()
    outcome = fifty.apply(vhosts=hosts(), common_snippet=snippet, timeout=10)
    assert list(errors(outcome)) == NAMES
    assert all(error.startswith("nginx does not") for error in errors(outcome).values())
    assert not outcome.reloaded
    assert stamps(fifty) == before
    assert len(tests) <= 11


@pytest.mark.parametrize("snippet", [MISSPELT, NO_ZONE])
def test_most_at_once(fifty: BareFrontEnd, tests: list[TestResult], snippet: str) -> None:
    innocent = [*NAMES[:5], NAMES[33], NAMES[-1]]
    wanted = [
        {"name": name, "snippet": "" if name in innocent else f"{snippet} # {name}"}
        for name in NAMES
    ]
    tests.clear()
    outcome = fifty.apply(vhosts=wanted, client_max_body_size="1m", timeout=10)
    faulty = [name for name in NAMES if name not in innocent]
    assert (list(errors(outcome)), changed(outcome)) == (faulty, innocent)
    assert len(tests) <= 25
    check_innocent(fifty, *faulty)


def test_a_file_that_is_named_for_another(fifty: BareFrontEnd) -> None:
    """Of two files that exclude each other, nginx names the later, which was there before."""
    claim = f"listen {ADDRESS}:{free_ports(1)[0]} default_server;"

    def edit(rendered: dict[str, dict[str, str]], names: Sequence[str]) -> None:
        for name in names:
            old = "server_tokens off;"
            rendered[name]["present"] = rendered[name]["present"].replace(old, old + claim, 1)

    def only_later(rendered: dict[str, dict[str, str]]) -> None:
        edit(rendered, [FAULTY_TOO])

    assert errors(fifty.apply(vhosts=hosts(), edit=only_later, timeout=10)) == {}
    outcome = fifty.apply(
        vhosts=hosts(),
        edit=lambda rendered: edit(rendered, [FAULTY, FAULTY_TOO]),
        client_max_body_size="1m",
        timeout=10,
    )
    assert list(errors(outcome)) == [FAULTY]
    assert "duplicate" in errors(outcome)[FAULTY]
    check_innocent(fifty, FAULTY)


def remove(front_end: BareFrontEnd) -> None:
    (front_end.storage / "certs" / FAULTY / "fullchain.pem").unlink()


def swap_key(front_end: BareFrontEnd) -> None:
    folder = front_end.storage / "certs"
    key = (folder / NAMES[0] / "privkey.pem").read_bytes()
    (folder / FAULTY / "privkey.pem").write_bytes(key)


@pytest.mark.parametrize("spoil", [remove, swap_key])
def test_a_certificate_that_is_spoilt(
    fifty: BareFrontEnd, spoil: Callable[[BareFrontEnd], None]
) -> None:
    """nginx cannot take the portal that is there either: nothing can be changed but that one."""
    spoil(fifty)
    before = stamps(fifty)
    outcome = fifty.apply(vhosts=hosts(), client_max_body_size="1m", timeout=10)
    assert list(errors(outcome)) == NAMES
    assert stamps(fifty) == before
    # The others say whose certificate it is
    assert all(FAULTY in error for error in errors(outcome).values())
    assert fifty.get(FAULTY, "/", tls=True)[2] == "the frontend"

    wanted = [host for host in hosts() if host["name"] != FAULTY]
    wanted.append({"name": FAULTY, "state": "bootstrap"})
    if spoil is swap_key:
        # Somebody may be copying it: then the portal stays online, and is named
        outcome = fifty.apply(vhosts=wanted, client_max_body_size="1m", timeout=10)
        assert list(errors(outcome)) == [*(host["name"] for host in wanted)]
        assert "could not load its certificate any more" in errors(outcome)[FAULTY]
        assert fifty.get(FAULTY, "/", tls=True)[2] == "the frontend"
        assert stamps(fifty) == before
        remove(fifty)
    outcome = fifty.apply(vhosts=wanted, client_max_body_size="1m", timeout=10)
    assert errors(outcome) == {}
    assert fifty.get(FAULTY, "/")[0] == 503
    assert fifty.get(NAMES[0], "/", tls=True)[2] == "the frontend"


@pytest.mark.parametrize("spoil", [remove, swap_key])
def test_a_new_portal_whose_certificate_is_spoilt(
    front_end: BareFrontEnd, spoil: Callable[[BareFrontEnd], None]
) -> None:
    for name in NAMES:
        front_end.issue(name)
    spoil(front_end)
    outcome = front_end.apply(vhosts=hosts(), client_max_body_size="1m", timeout=10)
    assert list(errors(outcome)) == [FAULTY]
    assert f"/certs/{FAULTY}/" in errors(outcome)[FAULTY]
    assert not [path for path in stamps(front_end) if FAULTY in path]
    assert front_end.get(NAMES[0], "/", tls=True)[2] == "the frontend"


@pytest.mark.parametrize("where", ["main", "other"])
def test_broken_before(fifty: BareFrontEnd, where: str) -> None:
    """It is found only when everything was written, and then nothing has been touched."""
    if where == "main":
        with fifty.config.open("a") as config:
            config.write("nonsense on;\n")
    else:
        (fifty.enabled / "other").write_text("nonsense on;\n")
    before = stamps(fifty)
    wanted: dict[str, Any] = {
        "vhosts": [
            {"name": NAMES[0], "state": "absent"},
            {"name": NAMES[1], "state": "disabled"},
            {"name": NAMES[2]},
            {"name": NAMES[3], "state": "bootstrap", "names": ["www.example.com"]},
            {"name": "new.example.com", "state": "bootstrap"},
        ],
        "client_max_body_size": "1m",
        "catch_all": "present",
        "prune": True,
    }
    for check in (True, False):
        outcome = fifty.apply(check, timeout=10, **wanted)
        assert len(errors(outcome)) == len(NAMES) + 1
        assert outcome.catch_all is not None
        for error in (*errors(outcome).values(), outcome.catch_all["error"]):
            assert "was broken already, so nothing was changed" in error
            assert 'unknown directive "nonsense"' in error
        assert not outcome.reloaded
        assert stamps(fifty) == before
    assert fifty.get(NAMES[0], "/", tls=True)[2] == "the frontend"
    # What needs no change needs no nginx either
    assert errors(fifty.apply(vhosts=hosts())) == {}


def test_broken_before_and_mended_by_this_run(fifty: BareFrontEnd) -> None:
    path = fifty.available / f"{FAULTY}.conf"
    path.write_text(path.read_text() + "nonsense on;\n")
    outcome = fifty.apply(vhosts=hosts(), timeout=10)
    assert (errors(outcome), changed(outcome)) == ({}, [FAULTY])
    assert outcome.reloaded


def test_broken_before_and_a_faulty_portal_as_well(fifty: BareFrontEnd) -> None:
    """nginx reads the faulty one first."""
    with fifty.config.open("a") as config:
        config.write("nonsense on;\n")
    before = stamps(fifty)
    outcome = fifty.apply(vhosts=hosts(**{"20": MISSPELT}), client_max_body_size="1m", timeout=10)
    assert list(errors(outcome)) == NAMES
    assert 'unknown directive "exprires"' in errors(outcome).pop(FAULTY)
    for name in NAMES:
        if name != FAULTY:
            assert "was broken already, so nothing was changed" in errors(outcome)[name]
    assert stamps(fifty) == before
