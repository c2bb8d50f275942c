# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing settings about: partial, checked before anything is sent, read back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_settings import (
    Convergence,
    checked,
)
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.settings_server import SettingsServer


def run(server: SettingsServer, *, check: bool = False, **wanted: Any) -> Convergence:
    convergence = Convergence(wanted, check_mode=check)
    convergence.bring_about(server.client())
    return convergence


def settled(server: SettingsServer, **wanted: Any) -> Convergence:
    """Predict, do, and do again: the prediction is exact and the second run is silent."""
    untouched = copy.deepcopy(server)
    predicted = run(untouched, check=True, **wanted)
    assert untouched.sent == []
    done = run(server, **wanted)
    assert (predicted.before, predicted.after) == (done.before, done.after)
    sent = len(server.sent)
    assert not run(server, **wanted).changed
    assert len(server.sent) == sent
    return done


@pytest.mark.parametrize("contract_only", [True, False])
def test_what_is_not_mentioned_stays(contract_only: bool) -> None:
    server = SettingsServer()
    if contract_only:
        server.cut_down()
    done = settled(server, acme_renewal_threshold=40, acme_contact=["a@example.org"])
    assert done.changed
    assert server.settings == {
        "acme_contact": ["a@example.org"],
        "acme_renewal_threshold": 40,
        "nginx_upstream": "127.0.0.1:8000",
    }


def test_nothing_mentioned_is_read() -> None:
    server = SettingsServer()
    assert settled(server).after == server.settings
    assert server.sent == []


def test_all_mistakes_are_named_and_nothing_is_sent() -> None:
    server = SettingsServer()
    with pytest.raises(errors.ValidationError) as caught:
        run(server, acme_contacts=[], acme_contact="a@example.org", acme_renewal_threshold=35)
    assert str(caught.value) == (
        "the server has no settings acme_contacts; it has acme_contact, acme_renewal_threshold,"
        " nginx_upstream; acme_contact: write a list"
    )
    assert server.sent == []


@pytest.mark.parametrize(
    ("value", "example", "expected"),
    [
        ("40", 30, 40),
        ("-1", 30, -1),
        (1, 1.5, 1.0),
        ("yes", False, True),
        ("False", True, False),
        ("text", "", "text"),
        ([], ["a"], []),
        ({"a": 1}, {}, {"a": 1}),
        # What belongs there is not known
        (5, None, 5),
        (None, None, None),
    ],
)
def test_types(value: Any, example: Any, expected: Any) -> None:
    values = checked({"a": value}, {"a": example})
    assert values == {"a": expected}
    assert type(values["a"]) is type(expected)


@pytest.mark.parametrize(
    ("value", "example", "words"),
    [
        (True, 30, "a whole number"),
        ("4o", 30, "a whole number"),
        (30.5, 30, "a whole number"),
        (None, 30, "a whole number"),
        (1, False, "true or false"),
        ("maybe", False, "true or false"),
        (5, "text", "text"),
        ("a,b", [], "a list"),
        ("{}", {}, "a dictionary"),
    ],
)
def test_wrong_types(value: Any, example: Any, words: str) -> None:
    with pytest.raises(errors.ValidationError, match=f"^a: write {words}$"):
        checked({"a": value}, {"a": example})


def test_ignored_write_is_an_error() -> None:
    server = SettingsServer()
    server.ignores = {"acme_contact"}
    convergence = Convergence({"acme_contact": ["a@example.org"], "acme_renewal_threshold": 40})
    with pytest.raises(errors.IgnoredFieldError, match="did not keep, acme_contact; look"):
        convergence.bring_about(server.client())
    assert convergence.changed
    assert convergence.after["acme_renewal_threshold"] == 40


def test_refusal_changes_nothing() -> None:
    server = SettingsServer()
    server.faults["PUT parameters/virtualhosts/"] = Answer(400, {"nginx_upstream": ["No."]})
    convergence = Convergence({"nginx_upstream": "nonsense"})
    with pytest.raises(errors.ValidationError, match=r"nginx_upstream: No\."):
        convergence.bring_about(server.client())
    assert not convergence.changed


def test_secrets_are_known_by_their_names() -> None:
    server = SettingsServer(acme_eab_hmac_key="old-secret", dns_password="", key_type="P-256")
    convergence = run(server, acme_eab_hmac_key="new-secret")
    assert convergence.secrets() == {"old-secret", "new-secret"}


def test_what_others_change_meanwhile_is_no_error() -> None:
    server = SettingsServer()
    server.meanwhile = {"nginx_upstream": "127.0.0.1:9000"}
    done = run(server, acme_renewal_threshold=40)
    assert (done.after["acme_renewal_threshold"], done.after["nginx_upstream"]) == (
        40,
        "127.0.0.1:9000",
    )
