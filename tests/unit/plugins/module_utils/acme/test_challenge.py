# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving control of names, at a CA that is slow or odd."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.dns_hook import DnsHook
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from unit.plugins.module_utils.acme.authority import Answer, Authority

NewBatch = Callable[..., Batch]
ChangeAuthorizations = Callable[[Callable[[str, dict[str, Any]], None]], None]


@pytest.fixture
def change_authorizations(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> ChangeAuthorizations:
    """Let a function change each authorization before the CA shows it."""
    show = authority._authz

    def set_change(change: Callable[[str, dict[str, Any]], None]) -> None:
        def changed(payload: Any, protected: Any, name: str) -> Answer:
            status, headers, body = show(payload, protected, name)
            change(name, body)
            return status, headers, body

        monkeypatch.setattr(authority, "_authz", changed)

    return set_change


def wanted(*names: str, **more: Any) -> CertificateRequest:
    return CertificateRequest(names[0], tuple(sorted(names)), **more)


def test_hooks_take_none_of_the_time_of_a_certificate(
    new_batch: NewBatch, change_authorizations: ChangeAuthorizations, tmp_path: Path
) -> None:
    change_authorizations(lambda _name, body: body["challenges"][0].update(type="dns-01"))
    script = tmp_path / "hook"
    script.write_text("#!/bin/sh\ncase $2 in *.hangs*) sleep 30;; *) sleep 0.2;; esac\n")
    script.chmod(0o755)
    hook = DnsHook([str(script)], timeout=0.6, settle_seconds=0.0)
    hanging = [wanted(f"hangs{number}.example", challenge="dns") for number in range(2)]
    slow = wanted(*(f"slow{number}.example" for number in range(4)), challenge="dns")
    others = [wanted(f"{letter}.example", challenge="dns") for letter in "ab"]
    # The hook hangs for 2.4 s in all, and that of the slow one takes 1.6 s
    batch = new_batch(order_timeout=1.0, concurrency=8, hook=hook)
    *failed, first, second, third = batch.run([*hanging, slow, *others]).items
    for item in failed:
        assert "did not end within 0.6 seconds" in str(item.error)
    assert [item.error for item in (first, second, third)] == [None] * 3


def test_a_certificate_that_the_ca_does_not_come_to_an_end_with_holds_up_no_other(
    new_batch: NewBatch,
    authority: Authority,
    change_authorizations: ChangeAuthorizations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keep_pending(name: str, body: dict[str, Any]) -> None:
        if name.startswith("stuck"):
            body["status"] = "pending"

    change_authorizations(keep_pending)
    stuck = wanted(*(f"stuck{number}.example" for number in range(6)))
    others = [wanted(f"{letter}.example", f"www.{letter}.example") for letter in "abcdef"]
    batch = new_batch(order_timeout=2.0, concurrency=2)
    monkeypatch.setattr(batch._network, "sleep", time.sleep)
    first, *rest = batch.run([stuck, *others]).items
    assert "did not come to an end with looking for stuck0.example" in str(first.error)
    assert not any(item.error for item in rest)
    # the others were done long before that
    assert authority.requests[-1][1] == "/authz/stuck0.example"


def error_of(batch: Batch) -> str:
    (item,) = batch.run([wanted("a.example")]).items
    return str(item.error)


def test_a_ca_that_does_not_say_why_leaves_advice(
    new_batch: NewBatch, authority: Authority, change_authorizations: ChangeAuthorizations
) -> None:
    authority.refused = {"a.example"}
    change_authorizations(lambda _name, body: body["challenges"][0].pop("error", None))
    error = error_of(new_batch())
    assert "the authorization is invalid. Make sure that the name leads to " in error


def test_a_challenge_that_is_not_offered_leaves_advice(
    new_batch: NewBatch, change_authorizations: ChangeAuthorizations
) -> None:
    change_authorizations(lambda _name, body: body["challenges"][0].update(type="dns-01"))
    error = error_of(new_batch())
    assert "the CA offers dns-01, but not http-01, which is needed. Choose another chall" in error


def test_a_malformed_challenge_leaves_advice(
    new_batch: NewBatch, change_authorizations: ChangeAuthorizations
) -> None:
    change_authorizations(lambda _name, body: body["challenges"][0].pop("token"))
    assert "sent for a.example is malformed. Run again later; if this goes" in error_of(new_batch())
