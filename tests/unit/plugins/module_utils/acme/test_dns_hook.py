# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command that writes TXT records, played by shell scripts."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.dns_hook import DnsHook
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError

NAME = "mail.customer.example"
FQDN = "_acme-challenge.mail.customer.example."
# base64url(SHA-256("token.thumbprint"))
ANSWER = "token.thumbprint"
VALUE = "61rBZ_4knHblO0MNoxFsXZ_eTFUHum0B6IVRbhvUn5I"

MakeHook = Callable[..., DnsHook]


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """What the hook was called with, a line for each call."""

    def read() -> list[str]:
        log = tmp_path / "calls"
        return log.read_text().splitlines() if log.exists() else []

    return read


@pytest.fixture
def make_hook(tmp_path: Path) -> MakeHook:
    """Make a hook that writes down its arguments and then runs a few lines of shell."""

    def make(lines: str = "", arguments: tuple[str, ...] = (), timeout: float = 20.0) -> DnsHook:
        script = tmp_path / "hook"
        script.write_text(f'#!/bin/sh\ncd {tmp_path}\necho "$@" >> calls\n{lines}\n')
        script.chmod(0o755)
        return DnsHook([str(script), *arguments], timeout, settle_seconds=0.0)

    return make


def failure_of(hook: DnsHook, name: str = NAME) -> AcmeError:
    with pytest.raises(AcmeError) as caught, hook.answering(name, "token", ANSWER):
        raise AssertionError("the block must not be entered")
    assert caught.value.step == "hook"
    return caught.value


def test_the_record_is_there_for_the_duration(
    make_hook: MakeHook, calls: Callable[[], list[str]]
) -> None:
    hook = make_hook(arguments=("--zone", "customer.example"))
    with hook.answering(NAME, "token", ANSWER):
        assert calls() == [f"--zone customer.example present {FQDN} {VALUE}"]
    assert calls()[1:] == [f"--zone customer.example cleanup {FQDN} {VALUE}"]
    assert hook.warnings == []


def test_removed_when_something_fails_in_between(
    make_hook: MakeHook, calls: Callable[[], list[str]]
) -> None:
    with pytest.raises(ZeroDivisionError), make_hook().answering(NAME, "token", ANSWER):
        raise ZeroDivisionError
    assert calls()[-1] == f"cleanup {FQDN} {VALUE}"


def test_a_name_and_its_wildcard_have_a_record_each(
    make_hook: MakeHook, calls: Callable[[], list[str]]
) -> None:
    hook = make_hook()
    with hook.answering(NAME, "a", "a.thumbprint"), hook.answering(NAME, "b", "b.thumbprint"):
        first, second = calls()
    assert first.startswith(f"present {FQDN} ")
    assert second.startswith(f"present {FQDN} ")
    assert first != second
    assert calls()[2:] == [line.replace("present", "cleanup") for line in (second, first)]


def test_a_shared_record_stays_until_both_are_done(
    make_hook: MakeHook, calls: Callable[[], list[str]]
) -> None:
    hook = make_hook()
    with hook.answering(NAME, "token", ANSWER):
        with hook.answering(NAME, "token", ANSWER):
            pass
        assert calls() == [f"present {FQDN} {VALUE}"]
    with hook.answering(NAME, "token", ANSWER):
        pass
    assert [line.split()[0] for line in calls()] == ["present", "cleanup"] * 2


def test_one_call_at_a_time(make_hook: MakeHook, tmp_path: Path) -> None:
    hook = make_hook("mkdir running || touch overlapped\nsleep 0.02\nrmdir running")

    def prove(number: int) -> None:
        with hook.answering(f"n{number}.customer.example", "token", ANSWER):
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(prove, range(8)))
    assert not (tmp_path / "overlapped").exists()


def test_a_failure_says_what_was_asked_and_what_came_back(
    make_hook: MakeHook, calls: Callable[[], list[str]], tmp_path: Path
) -> None:
    hook = make_hook(
        "echo first; echo second; date -Is; echo; printf 'REFUSED by\\t\\033[31mns1\\n' >&2; exit 3",
        arguments=("--password", "hunter2"),
    )
    error = failure_of(hook)
    assert str(error) == (
        f'hook: the DNS hook {tmp_path}/hook, asked to "present {FQDN} VALUE", ended with 3: second'
        " / [time] / REFUSED by [31mns1. Run it by hand with these arguments, as the same user, to"
        " see why."
    )
    # it may have placed something before it failed
    assert [line.split()[2] for line in calls()] == ["present", "cleanup"]


def test_the_same_text_for_the_same_cause(make_hook: MakeHook) -> None:
    hook = make_hook('echo "$3 refused"; exit 1')
    with pytest.raises(AcmeError) as other, hook.answering(NAME, "other", "other.thumbprint"):
        pass
    assert str(failure_of(hook)) == str(other.value)


def test_silence_and_signals_are_told(make_hook: MakeHook) -> None:
    assert "was ended by signal 15 and wrote nothing." in str(failure_of(make_hook("kill $$")))


def test_after_a_failure_the_next_one_places_the_record_itself(
    make_hook: MakeHook, calls: Callable[[], list[str]]
) -> None:
    hook = make_hook("[ -e good ] || { touch good; exit 1; }")
    failure_of(hook)
    with hook.answering(NAME, "token", ANSWER):
        assert calls()[-1].startswith("present")


def test_a_failing_cleanup_is_told_and_no_failure(make_hook: MakeHook) -> None:
    hook = make_hook('[ "$1" = present ] || { echo refused; exit 1; }')
    for _attempt in range(2):
        with hook.answering(NAME, "token", ANSWER):
            pass
    (warning,) = hook.warnings
    assert f'"cleanup {FQDN} VALUE", ended with 1: refused.' in warning
    assert warning.endswith("A TXT record may have stayed in the zone.")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: path.unlink(), "it is not there"),
        (lambda path: path.write_text("#!/no/such/shell\n"), "it is not there, or"),
        (lambda path: path.write_text("no first line\n"), "it is no program"),
        (lambda path: path.chmod(0o644), "it is not executable"),
    ],
)
def test_a_command_that_cannot_be_run(
    make_hook: MakeHook, tmp_path: Path, prepare: Callable[[Path], Any], reason: str
) -> None:
    hook = make_hook()
    prepare(tmp_path / "hook")
    assert f"/hook cannot be run: {reason}" in str(failure_of(hook))
    # nothing was placed, so that there is nothing to warn of
    assert hook.warnings == []


def test_a_hanging_command_is_ended_with_its_children(make_hook: MakeHook, tmp_path: Path) -> None:
    hook = make_hook(
        '[ "$1" = cleanup ] && exit\necho waiting\n(sleep 0.8; touch late) &\nsleep 30', timeout=0.4
    )
    before = time.monotonic()
    error = str(failure_of(hook))
    assert time.monotonic() - before < 5
    assert "did not end within 0.4 seconds: waiting. Raise dns_hook_timeout" in error
    time.sleep(1)
    assert not (tmp_path / "late").exists()


def test_what_stays_in_the_background_is_not_waited_for(make_hook: MakeHook) -> None:
    hook = make_hook("echo started\nsleep 3 &", timeout=2)
    before = time.monotonic()
    with hook.answering(NAME, "token", ANSWER):
        assert time.monotonic() - before < 2


def test_the_environment_is_passed_on_without_our_secrets(
    make_hook: MakeHook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("ACME_EAB_HMAC_KEY", "MODOBOA_PASSWORD", "MODOBOA_TOKEN")
    for name in (*secrets, "NSUPDATE_KEY"):
        monkeypatch.setenv(name, "for whom")
    with make_hook("env > environment").answering(NAME, "token", ANSWER):
        pass
    seen = (tmp_path / "environment").read_text()
    assert "NSUPDATE_KEY=for whom" in seen
    assert not [name for name in secrets if name in seen]


@pytest.mark.parametrize(
    "name", ["a.example\nupdate delete b.example", "$(id).example", "-a.b", ""]
)
def test_what_is_no_hostname_never_reaches_the_command(
    make_hook: MakeHook, calls: Callable[[], list[str]], name: str
) -> None:
    assert "not a hostname" in str(failure_of(make_hook(), name))
    assert calls() == []


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (([], 1.0, 0.0), "dns_hook is empty"),
        (([""], 1.0, 0.0), "dns_hook is empty"),
        ((["hook"], 1.0, -1.0), "dns_wait is -1"),
    ],
)
def test_options_that_make_no_sense(arguments: tuple[list[str], float, float], option: str) -> None:
    with pytest.raises(AcmeError, match=option):
        DnsHook(*arguments)
