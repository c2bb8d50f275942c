# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a licence about: the file, then the restart, then the registration."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.license import (
    SETTING,
    fingerprint,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_license import (
    Convergence,
    Result,
    WantedLicense,
)
from unit.plugins.module_utils.modoboa.license_server import LicenseServer
from unit.plugins.module_utils.modoboa.script import Answer

KEY = "planted-key"


class Operator:
    """Runs the module's logic against a server and a file."""

    def __init__(self, folder: Path) -> None:
        self.server = LicenseServer()
        self.file = folder / "settings.py"
        self.file.write_text("A = 1\n")
        self.warnings: list[str] = []
        self.pauses = 0
        self.connections = 0

    def client(self) -> Any:
        self.connections += 1
        return self.server.client()

    def run(self, *, check: bool = False, file: bool = False, **params: Any) -> Result:
        wanted = WantedLicense.from_params(
            {
                "key": None,
                "settings_file": str(self.file) if file else None,
                "state": "present",
                "registered": False,
                "wait_timeout": 0,
                **params,
            }
        )
        convergence = Convergence(
            wanted,
            self.client,
            check_mode=check,
            warn=self.warnings.append,
            sleep=self.pause,
            clock=lambda: self.pauses,
        )
        return convergence.bring_about()

    def settled(self, **params: Any) -> Result:
        """Predict, do, and do again: the prediction is exact and the second run is silent."""
        text, log = self.file.read_text(), len(self.server.log)
        predicted = self.run(check=True, **params)
        assert self.file.read_text() == text
        assert not [line for line in self.server.log[log:] if line.startswith(("POST", "PUT"))]
        done = self.run(**params)
        assert (predicted.before, predicted.after) == (done.before, done.after)
        assert predicted.restart_needed == done.restart_needed
        again = self.run(**params)
        assert again.before == again.after == done.after
        return done

    def restart(self) -> None:
        """What a handler does."""
        self.server.key = runpy.run_path(str(self.file)).get(SETTING, "")

    def pause(self, _seconds: float) -> None:
        """The application is back after some time."""
        self.pauses += 1
        if self.pauses == 3:
            self.server.faults.clear()
            self.restart()


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_life_of_a_licence(operator: Operator) -> None:
    written = operator.settled(key=KEY, file=True)
    assert written.before == {"key_fingerprint": "", "lines": 0}
    assert written.after == {"key_fingerprint": fingerprint(KEY), "lines": 1}
    assert written.restart_needed
    assert operator.connections == 0
    operator.restart()
    registered = operator.settled(key=KEY, registered=True)
    assert (registered.before, registered.after) == ({"registered": False}, {"registered": True})
    assert registered.facts()["locked"] is False
    assert operator.server.log.count("POST virtualhosts/license/") == 1
    gone = operator.settled(file=True, state="absent")
    assert gone.after == {"key_fingerprint": "", "lines": 0}
    assert gone.restart_needed
    assert operator.file.read_text() == "A = 1\n"
    assert operator.warnings == []


def test_file_alone_asks_no_server(operator: Operator) -> None:
    operator.run(key=KEY, file=True)
    assert not operator.run(key=KEY, file=True).restart_needed
    assert operator.connections == 0


def test_status(operator: Operator) -> None:
    assert operator.settled().facts()["locked"] is False
    operator.server.key = "old"
    status = operator.settled(key=KEY)
    assert status.restart_needed
    assert status.facts()["key_fingerprint"] == fingerprint("old")
    assert not operator.settled(key="old").restart_needed
    assert not operator.settled().restart_needed


def test_both_in_one_task_take_two_runs(operator: Operator) -> None:
    operator.server.key = operator.server.registered_key = "old"
    both: dict[str, Any] = {"key": KEY, "file": True, "registered": True}
    first = operator.run(**both)
    assert first.restart_needed
    # The old one is registered, which says nothing of the new one
    assert first.facts()["registered"] is None
    assert "after the application was restarted" in operator.warnings[-1]
    # Still not restarted: nothing changes, and it is said why
    second = operator.run(**both)
    assert second.before == second.after
    assert second.restart_needed
    assert "the application works with another licence key" in operator.warnings[-1]
    operator.restart()
    third = operator.settled(**both)
    assert third.after["registered"] is True
    assert not third.restart_needed


@pytest.mark.parametrize(("running", "words"), [("", "no licence key"), ("old", "another licence")])
def test_registration_before_the_restart_is_an_error(
    operator: Operator, running: str, words: str
) -> None:
    operator.server.key = running
    with pytest.raises(errors.ConflictError, match=f"{words}.*restart the application"):
        operator.run(key=KEY, registered=True)


def test_registration_of_whichever_key_there_is(operator: Operator) -> None:
    with pytest.raises(errors.ConflictError, match="no licence key"):
        operator.run(registered=True)
    operator.server.key = "any"
    assert operator.settled(registered=True).after == {"registered": True}


def test_wrong_credentials_are_found_before_the_file_is_touched(operator: Operator) -> None:
    operator.server.faults["OPTIONS virtualhosts/license/"] = Answer(401, {"detail": "No."})
    with pytest.raises(errors.AuthenticationError):
        operator.run(key=KEY, file=True, registered=True)
    assert operator.file.read_text() == "A = 1\n"


def test_waits_for_an_application_that_was_restarted(operator: Operator) -> None:
    operator.run(key=KEY, file=True)
    operator.server.key = "old"
    done = operator.run(key=KEY, registered=True, wait_timeout=5)
    assert done.after == {"registered": True}
    assert operator.pauses == 3


def test_waits_for_an_application_that_does_not_answer(operator: Operator) -> None:
    operator.run(key=KEY, file=True)
    operator.restart()
    operator.server.faults["OPTIONS virtualhosts/license/"] = Answer(503, "<title>Later</title>")
    assert operator.run(key=KEY, registered=True, wait_timeout=5).after == {"registered": True}


def test_does_not_wait_for_ever(operator: Operator) -> None:
    with pytest.raises(errors.ConflictError):
        operator.run(key=KEY, registered=True, wait_timeout=2)
    assert operator.pauses == 2
    operator.server.faults["OPTIONS virtualhosts/license/"] = Answer(503, "<title>Later</title>")
    with pytest.raises(errors.ServerUnavailableError):
        operator.run(key=KEY, registered=True)


def test_refusal_has_the_words_of_who_sells_keys(operator: Operator) -> None:
    operator.server.key = "refused"
    with pytest.raises(errors.ConflictError, match="refused the key: unknown"):
        operator.run(registered=True)
    assert operator.run().facts()["last_error"] == "unknown"


def test_ignored_registration_is_an_error(operator: Operator) -> None:
    operator.server.key = KEY
    operator.server.keeps = False
    with pytest.raises(errors.IgnoredFieldError, match="did not keep"):
        operator.run(key=KEY, registered=True)


def test_server_that_shows_no_fingerprint_is_trusted(operator: Operator) -> None:
    operator.server.key = "other"
    operator.server.tells_fingerprint = False
    assert operator.settled(key=KEY, registered=True).after == {"registered": True}


def test_server_with_nothing_but_the_contract(operator: Operator) -> None:
    operator.server.has_endpoint = False
    nothing = operator.settled(registered=True, key=KEY)
    assert nothing.before == nothing.after == {}
    operator.server.key = KEY
    with pytest.raises(errors.LicenseRequiredError, match="in its web interface"):
        operator.run(registered=True, key=KEY)
    assert operator.run().facts()["locked"] is True


def test_copy_is_made_of_a_file_that_changes(operator: Operator) -> None:
    wanted = WantedLicense(KEY, str(operator.file))
    copies = [
        Convergence(wanted, operator.client, backup=backup).bring_about().backup_file
        for backup in (True, True)
    ]
    assert Path(copies[0] or "").read_text() == "A = 1\n"
    assert copies[1] is None


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"key": "  "}, "key is empty"),
        ({"key": "a b"}, "blanks"),
        ({"key": "a\0b"}, "control characters"),
        ({"state": "absent"}, "goes with settings_file"),
        ({"state": "absent", "file": True, "registered": True}, "without registered"),
        ({"file": True}, "goes with the key"),
        ({"wait_timeout": -1}, "seconds"),
    ],
)
def test_options_that_contradict_each_other(
    operator: Operator, params: dict[str, Any], words: str
) -> None:
    with pytest.raises(ItemsError, match=words):
        operator.run(**params)


def test_key_is_in_no_representation() -> None:
    assert KEY not in repr(WantedLicense(KEY))
