# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything or nothing, host by host; an nginx of paper shows the faults."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import TestResult
from unit.plugins.module_utils.nginx.hosts import block, linked, step
from unit.plugins.module_utils.nginx.paper import Audience, Paper, files_of, transaction

NAMES = [f"{letter}.example.com" for letter in "abcdefgh"]
BAD = TestResult(False, "host not found in upstream")


@pytest.fixture
def nginx(layout: Layout) -> Paper:
    """It runs, and three hosts are there."""
    for name in NAMES[:3]:
        layout.put(name, linked(layout, name, block(name, "bootstrap", "old")))
    paper = Paper(layout)
    paper.loaded = paper.on_disk()
    return paper


def errors(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.error for step in steps if step.error is not None}


def test_all_is_well(layout: Layout, nginx: Paper) -> None:
    steps = [step(layout, name) for name in NAMES]
    run = transaction(nginx)
    run.commit(steps)
    assert errors(steps) == {}
    assert run.reloaded
    assert nginx.reloads == 1
    # What was there before is asked for only when something is wrong
    assert nginx.tests == 1
    assert {layout.read(name) for name in NAMES} == {step.after for step in steps}
    assert nginx.loaded == nginx.on_disk()
    assert not [path for path in layout.available.iterdir() if path.name.startswith(".")]


def test_nothing_to_do(layout: Layout, nginx: Paper) -> None:
    nginx.running = False
    steps = [step(layout, name, "old") for name in NAMES[:3]]
    run = transaction(nginx)
    run.commit(steps)
    assert (errors(steps), run.reloaded, nginx.tests) == ({}, False, 0)


def test_prediction(layout: Layout, nginx: Paper) -> None:
    before = files_of(layout)
    steps = [step(layout, name) for name in NAMES]
    run = transaction(nginx)
    run.predict(steps)
    assert (errors(steps), run.reloaded, nginx.reloads) == ({}, True, 0)
    assert files_of(layout) == before


def test_not_running(layout: Layout, nginx: Paper) -> None:
    nginx.running = False
    before = files_of(layout)
    for predicting in (True, False):
        run = transaction(nginx)
        steps = [step(layout, name) for name in NAMES]
        (run.predict if predicting else run.commit)(steps)
        assert set(errors(steps).values()) == {"nginx is not running"}
        assert files_of(layout) == before
        assert run.refused


def test_broken_already(layout: Layout, nginx: Paper) -> None:
    nginx.main_is_broken = True
    before = files_of(layout)
    for predicting in (True, False):
        run = transaction(nginx)
        steps = [step(layout, name) for name in NAMES]
        (run.predict if predicting else run.commit)(steps)
        assert run.refused
        assert len(errors(steps)) == len(NAMES)
        for error in errors(steps).values():
            assert "was broken already, so nothing was changed" in error
            assert "/etc/nginx/nginx.conf:1" in error
        assert files_of(layout) == before
        assert nginx.reloads == 0


def test_a_block_that_nginx_does_not_take_is_of_one_host(layout: Layout, nginx: Paper) -> None:
    run = transaction(nginx)
    steps = [step(layout, NAMES[0], "broken")]
    run.commit(steps)
    assert "nginx does not accept the block" in errors(steps)[NAMES[0]]
    assert not run.refused


def test_this_run_repairs_what_was_broken(layout: Layout, nginx: Paper) -> None:
    name = NAMES[0]
    layout.put(name, linked(layout, name, block(name, "bootstrap", "broken")))
    steps = [step(layout, name) for name in NAMES]
    run = transaction(nginx)
    run.commit(steps)
    assert (errors(steps), run.reloaded) == ({}, True)


@pytest.mark.parametrize("names_files", [True, False])
@pytest.mark.parametrize("faulty", [NAMES[:1], NAMES[3:4], NAMES[2:5], NAMES])
def test_who_is_at_fault(
    layout: Layout, nginx: Paper, faulty: list[str], names_files: bool
) -> None:
    nginx.names_files = names_files
    before = {name: layout.read(name) for name in faulty}
    steps = [step(layout, name, "broken" if name in faulty else "new") for name in NAMES]
    run = transaction(nginx)
    run.commit(steps)
    assert sorted(errors(steps)) == faulty
    assert all("nginx does not accept the block: bad" in text for text in errors(steps).values())
    assert {name: layout.read(name) for name in faulty} == before
    for innocent in set(NAMES) - set(faulty):
        assert b"new" in (layout.read(innocent).content or b"")
    assert run.reloaded == (faulty != NAMES)
    assert nginx.loaded == nginx.on_disk()


def test_a_path_that_all_have(layout: Layout, nginx: Paper) -> None:
    """nginx says nothing of files, and yet nobody is searched for."""
    log = "/nowhere/access.log"
    contents = {NAMES[0]: f"access_log {log};", NAMES[1]: f'"{log}"', NAMES[2]: f"{log}.other"}
    steps = [step(layout, name, contents.get(name, "new")) for name in NAMES]
    original = nginx.test

    def test() -> TestResult:
        if any(f"access_log {log};" in text for text in nginx.on_disk().values()):
            nginx.tests += 1
            return TestResult(False, f'open() "{log}" failed (2: No such file or directory)')
        return original()

    nginx.test = test  # type: ignore[method-assign] # one more fault
    transaction(nginx).commit(steps)
    assert list(errors(steps)) == NAMES[:2]
    assert f'open() "{log}" failed' in errors(steps)[NAMES[0]]
    assert nginx.tests == 2


def test_two_that_do_not_go_together(layout: Layout, nginx: Paper) -> None:
    steps = [
        step(layout, name, "not with another" if name in NAMES[3:5] else "new") for name in NAMES
    ]
    transaction(nginx).commit(steps)
    assert list(errors(steps)) == [NAMES[4]]


def test_a_name_that_another_block_claims(layout: Layout, nginx: Paper) -> None:
    assert layout.enabled is not None
    other = layout.enabled / "other.conf"
    other.write_text("claim www.b.example.com\nserver_name www.b.example.com;\n")
    steps = [step(layout, name) for name in NAMES[:1]]
    steps.append(step(layout, NAMES[1], "claim www.b.example.com"))
    transaction(nginx).commit(steps)
    assert errors(steps) == {
        "b.example.com": "another server block claims the name www.b.example.com already:"
        f" {other}; leave it to one of them"
    }
    assert b"old" in (layout.read(NAMES[1]).content or b"")


def test_a_claimed_name_while_another_block_is_searched_for(layout: Layout, nginx: Paper) -> None:
    assert layout.enabled is not None
    (layout.enabled / "other.conf").write_text("claim www.b.example.com\n")
    nginx.names_files = False
    contents = {NAMES[1]: "claim www.b.example.com", NAMES[5]: "broken"}
    steps = [step(layout, name, contents.get(name, "new")) for name in NAMES]
    run = transaction(nginx)
    run.commit(steps)
    found = errors(steps)
    assert list(found) == [NAMES[1], NAMES[5]]
    assert "claims the name www.b.example.com already" in found[NAMES[1]]
    assert run.reloaded
    assert nginx.loaded == nginx.on_disk()


def test_an_unread_directory_while_a_block_is_searched_for(layout: Layout, nginx: Paper) -> None:
    nginx.reads = nginx.names_files = False
    before = files_of(layout)
    steps = [step(layout, NAMES[4]), step(layout, NAMES[5], "broken")]
    run = transaction(nginx)
    run.commit(steps)
    assert "nginx does not read" in errors(steps)[NAMES[4]]
    assert "does not accept" in errors(steps)[NAMES[5]]
    assert (files_of(layout), run.reloaded) == (before, False)


def test_what_stands_is_tested_without_what_was_undone(layout: Layout, nginx: Paper) -> None:
    assert layout.enabled is not None
    (layout.enabled / "other.conf").write_text("claim www.b.example.com\n")
    original = nginx.test

    def test() -> TestResult:
        texts = list(nginx.on_disk().values())
        if any("needs b" in text for text in texts) and not any("offers b" in t for t in texts):
            return TestResult(False, "unknown zone")
        return original()

    nginx.test = test  # type: ignore[method-assign] # one more fault
    before = files_of(layout)
    steps = [
        step(layout, NAMES[1], "offers b\nclaim www.b.example.com"),
        step(layout, NAMES[4], "needs b"),
    ]
    transaction(nginx).commit(steps)
    assert "claims the name" in errors(steps)[NAMES[1]]
    assert "unknown zone" in errors(steps)[NAMES[4]]
    assert files_of(layout) == before


def test_nginx_is_of_two_minds(layout: Layout, nginx: Paper) -> None:
    """It takes each block when asked, and not what comes of it."""
    before = files_of(layout)
    steps = [step(layout, NAMES[4])]
    answers = iter([False, True, True])

    def test() -> TestResult:
        return TestResult(True, "", frozenset(), nginx.on_disk()) if next(answers, False) else BAD

    nginx.test = test  # type: ignore[method-assign] # it changes its mind
    transaction(nginx).commit(steps)
    assert "host not found" in errors(steps)[NAMES[4]]
    assert (files_of(layout), nginx.reloads) == (before, 0)


def test_a_directory_that_nginx_does_not_read(layout: Layout, nginx: Paper) -> None:
    nginx.reads = False
    before = files_of(layout)
    steps = [step(layout, NAMES[4])]
    run = transaction(nginx)
    run.commit(steps)
    assert f"add 'include {layout.enabled}/*.conf;'" in errors(steps)[NAMES[4]]
    assert files_of(layout) == before
    assert not run.reloaded


def test_a_reload_that_fails(layout: Layout, nginx: Paper) -> None:
    before = files_of(layout)
    nginx.refuses_reload = 1
    steps = [step(layout, name) for name in NAMES]
    run = transaction(nginx)
    run.commit(steps)
    assert set(errors(steps).values()) == {"nginx started no new workers"}
    assert files_of(layout) == before
    assert nginx.loaded == nginx.on_disk()


def served(layout: Layout, name: str) -> Step:
    found = step(layout, name)
    found.after = linked(layout, name, block(name, "present", "new"))
    return found


def test_not_served(layout: Layout, nginx: Paper) -> None:
    before = layout.read(NAMES[1])
    steps = [served(layout, name) for name in NAMES]
    audience = Audience(NAMES[1])
    transaction(nginx, audience).commit(steps)
    assert errors(steps) == {NAMES[1]: "not served"}
    assert audience.asked == NAMES
    assert layout.read(NAMES[1]) == before
    assert nginx.reloads == 2
    assert nginx.loaded == nginx.on_disk()


def test_not_served_and_then_no_reload(layout: Layout, nginx: Paper) -> None:
    before = files_of(layout)
    steps = [served(layout, name) for name in NAMES]

    class Refusing(Audience):
        def failures(self, steps: list[Step]) -> dict[str, str]:
            nginx.refuses_reload = 1
            return super().failures(steps)

    transaction(nginx, Refusing(NAMES[1])).commit(steps)
    assert errors(steps)[NAMES[1]] == "not served"
    assert len(errors(steps)) == len(NAMES)
    assert files_of(layout) == before
    assert nginx.loaded == nginx.on_disk()


def test_not_served_and_no_reload_any_more(layout: Layout, nginx: Paper) -> None:
    """nginx has what is not on disk any more, so the next run reloads it, though nothing changes."""
    before = files_of(layout)

    class Refusing(Audience):
        def failures(self, steps: list[Step]) -> dict[str, str]:
            nginx.refuses_reload = 2
            return super().failures(steps)

    steps = [served(layout, name) for name in NAMES]
    transaction(nginx, Refusing(NAMES[1])).commit(steps)
    assert len(errors(steps)) == len(NAMES)
    assert nginx.loaded != nginx.on_disk()
    following = transaction(nginx)
    following.recover(check_mode=False)
    following.commit([])
    assert following.reloaded
    assert nginx.loaded == nginx.on_disk()
    assert files_of(layout) == before


def test_a_certificate_alone(layout: Layout, nginx: Paper) -> None:
    steps = [served(layout, name) for name in NAMES[:2]]
    for entry in steps:
        layout.put(entry.name, entry.after)
        entry.before = entry.after
    steps[0].stale = True
    audience = Audience()
    run = transaction(nginx, audience)
    run.commit(steps)
    assert (errors(steps), run.reloaded, audience.asked) == ({}, True, [NAMES[0]])


def test_a_certificate_alone_that_is_not_served(layout: Layout, nginx: Paper) -> None:
    entry = served(layout, NAMES[0])
    layout.put(entry.name, entry.after)
    entry.before, entry.stale = entry.after, True
    transaction(nginx, Audience(entry.name)).commit([entry])
    assert entry.error == "not served"
    assert layout.read(entry.name) == entry.after


def renewed(layout: Layout, name: str) -> Step:
    """Its certificate changed on disk, and nothing else."""
    entry = served(layout, name)
    layout.put(name, entry.after)
    entry.before, entry.stale = entry.after, True
    return entry


def test_a_certificate_alone_and_no_reload(layout: Layout, nginx: Paper) -> None:
    nginx.refuses_reload = 2
    entry = renewed(layout, NAMES[0])
    transaction(nginx).commit([entry])
    assert (entry.error, entry.changed) == ("nginx started no new workers", False)


def test_a_certificate_beside_a_block_that_does_not_get_in(layout: Layout, nginx: Paper) -> None:
    nginx.refuses_reload = 1
    entries = [renewed(layout, NAMES[0]), step(layout, NAMES[4])]
    audience = Audience()
    run = transaction(nginx, audience)
    run.commit(entries)
    assert errors(entries) == {NAMES[4]: "nginx started no new workers"}
    assert run.refused
    assert (run.reloaded, audience.asked) == (True, [NAMES[0]])


def test_a_certificate_that_nginx_does_not_take(layout: Layout, nginx: Paper) -> None:
    entries = [renewed(layout, NAMES[0]), step(layout, NAMES[4])]
    before = files_of(layout)
    nginx.bad_certificate = NAMES[0]
    run = transaction(nginx)
    run.commit(entries)
    found = errors(entries)
    assert "does not accept the block: cannot load certificate key" in found[NAMES[0]]
    assert "was broken already" in found[NAMES[4]]
    assert f"/certs/{NAMES[0]}/" in found[NAMES[4]]
    assert (files_of(layout), run.reloaded) == (before, False)


@pytest.mark.parametrize("alone", [False, True])
def test_a_configuration_that_was_broken(layout: Layout, nginx: Paper, alone: bool) -> None:
    entries = [renewed(layout, NAMES[0])] + ([] if alone else [step(layout, NAMES[4])])
    before = files_of(layout)
    nginx.test = lambda: BAD  # type: ignore[method-assign] # whatever is on disk
    run = transaction(nginx)
    run.commit(entries)
    assert len(errors(entries)) == len(entries)
    assert all("was broken already" in text for text in errors(entries).values())
    assert (files_of(layout), run.reloaded) == (before, False)


def test_a_journal_that_cannot_be_written(
    layout: Layout, nginx: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(28, "No space left on device")
    entries = [renewed(layout, NAMES[0]), step(layout, NAMES[4])]
    failing(monkeypatch, "replace", lambda path: "journal" in path.name, full)
    run = transaction(nginx)
    run.commit(entries)
    assert list(errors(entries)) == [NAMES[0], NAMES[4]]
    assert not any(entry.changed for entry in entries)
    assert not run.reloaded


def failing(
    monkeypatch: pytest.MonkeyPatch, function: str, when: Callable[[Path], bool], error: OSError
) -> None:
    """Let a function of the operating system fail for some files."""
    original = getattr(Path, function)

    def checked(self: Path, *arguments: object) -> object:
        if when(self):
            raise OSError(error.errno, error.strerror, str(self))
        return original(self, *arguments)

    monkeypatch.setattr(Path, function, checked)


def test_nothing_can_be_written_any_more(
    layout: Layout, nginx: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(28, "No space left on device")
    steps = [step(layout, name) for name in NAMES[4:]]
    before = files_of(layout)
    answers = [False, True]

    def test() -> TestResult:
        if not answers:
            return BAD
        answer = answers.pop(0)
        if not answers:
            failing(monkeypatch, "replace", lambda _path: True, full)
        return TestResult(True) if answer else BAD

    monkeypatch.setattr(nginx, "test", test)
    transaction(nginx).commit(steps)
    monkeypatch.undo()
    assert len(errors(steps)) == len(steps)
    assert all("No space left" in text for text in errors(steps).values())
    assert files_of(layout) == before


@pytest.mark.parametrize("function", ["replace", "symlink_to"])
def test_a_file_that_cannot_be_written(
    layout: Layout, nginx: Paper, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    victim = NAMES[4]
    full = OSError(28, "No space left on device")
    failing(monkeypatch, function, lambda path: victim in path.name, full)
    steps = [step(layout, name) for name in NAMES]
    transaction(nginx).commit(steps)
    assert list(errors(steps)) == [victim]
    assert "cannot write: No space left on device" in errors(steps)[victim]
    assert layout.read(victim) == Site()
    assert nginx.loaded == nginx.on_disk()
    assert len(nginx.loaded) == len(NAMES) - 1


def test_a_directory_that_cannot_be_written(
    layout: Layout, nginx: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(layout)

    def refuse(path: Path, *_arguments: object) -> int:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(os, "open", refuse)
    steps = [step(layout, name) for name in NAMES]
    transaction(nginx).commit(steps)
    monkeypatch.undo()
    assert len(errors(steps)) == len(NAMES)
    assert "Read-only file system" in errors(steps)[NAMES[0]]
    assert "nothing was changed" in errors(steps)[NAMES[0]]
    assert files_of(layout) == before


class Killed(BaseException):
    """As good as SIGKILL: nothing is cleaned up."""


@pytest.mark.parametrize("moment", range(40))
def test_a_kill_at_any_moment(
    layout: Layout, nginx: Paper, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    wanted = {name: step(layout, name).after for name in NAMES[1:]}
    countdown = moment

    def count() -> None:
        nonlocal countdown
        countdown -= 1
        if countdown < 0:
            raise Killed

    for function in ("replace", "symlink_to", "unlink"):
        original = getattr(Path, function)

        def counted(
            self: Path, *arguments: object, original: Callable[..., object] = original
        ) -> object:
            count()
            return original(self, *arguments)

        monkeypatch.setattr(Path, function, counted)
    with contextlib.suppress(Killed):
        transaction(nginx).commit([step(layout, name) for name in NAMES[1:]])
    monkeypatch.undo()

    # In check mode the next run says what it will do, and does nothing
    left = files_of(layout)
    following = transaction(nginx)
    recovered = following.recover(check_mode=True)
    assert files_of(layout) == left
    expected = {name: recovered.get(name, layout.read(name)) for name in NAMES[1:]}

    following.recover(check_mode=False)
    assert {name: layout.read(name) for name in NAMES[1:]} == expected
    following.commit([step(layout, name) for name in NAMES[1:]])
    assert {name: layout.read(name) for name in NAMES[1:]} == wanted
    assert nginx.loaded == nginx.on_disk()
    assert not [path for path in layout.available.iterdir() if path.name.startswith(".")]


def test_after_a_kill_and_with_a_broken_configuration(layout: Layout, nginx: Paper) -> None:
    steps = [step(layout, name) for name in NAMES]
    killed = transaction(nginx)
    killed._journal.open({entry.name: entry.before for entry in steps})
    nginx.main_is_broken = True
    following = transaction(nginx)
    following.recover(check_mode=True)
    following.predict([])
    assert following.reloaded
    following = transaction(nginx)
    following.recover(check_mode=False)
    with pytest.raises(NginxError, match="cannot be reloaded"):
        following.commit([])
    nginx.main_is_broken = False
    following = transaction(nginx)
    following.recover(check_mode=False)
    following.commit([])
    assert following.reloaded
    assert not transaction(nginx).recover(check_mode=True)


def test_an_undo_that_fails_is_left_to_the_next_run(
    layout: Layout, nginx: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(layout)
    full = OSError(28, "No space left on device")
    nginx.refuses_reload = 1

    def refuse_from_now_on(_timeout: float) -> None:
        failing(monkeypatch, "replace", lambda _path: True, full)
        raise NginxError("nginx started no new workers")

    monkeypatch.setattr(nginx, "reload", refuse_from_now_on)
    with pytest.raises(NginxError, match="the next run does it"):
        transaction(nginx).commit([step(layout, name) for name in NAMES])
    monkeypatch.undo()
    transaction(nginx).recover(check_mode=False)
    assert {
        path: content for path, content in files_of(layout).items() if "journal" not in path
    } == before
