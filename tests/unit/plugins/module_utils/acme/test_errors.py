# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that say what to do, and are the same each time."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import (
    PREFIX,
    AcmeError,
    Problem,
    ProblemError,
    describe_os_error,
    during,
    stable_text,
)


@pytest.mark.parametrize(
    ("text", "stable"),
    [
        (
            "http://a.example/.well-known/acme-challenge/yjwgK8bOvr5-mOsRcTPM-Cgwuy6HrHyYtLlI3E1wT14: 404",
            "http://a.example/.well-known/acme-challenge/[token]: 404",
        ),
        (
            "read tcp 127.0.0.1:40312->127.0.0.1:5002: connection reset",
            "read tcp 127.0.0.1->127.0.0.1:5002: connection reset",
        ),
        ("retry after 2026-08-05 12:34:56 UTC: see", "retry after [time]: see"),
        ("until 2026-08-05T12:34:56.789Z", "until [time]"),
        ("/acme/authz/1234567/89012345 is gone", "/acme/authz/[id]/[id] is gone"),
        (
            "<urllib3.connection.HTTPSConnection object at 0x7f1c>: refused (_ssl.c:1006)",
            "refused",
        ),
        ("two\n lines ", "two lines"),
        # nothing of this is random
        (
            "http://a-very-long-label-with-1-digit-and-more.example.org:5002/path",
            "http://a-very-long-label-with-1-digit-and-more.example.org:5002/path",
        ),
        ("urn:ietf:params:acme:error:rejectedIdentifier", None),
        ("NXDOMAIN looking up A for a.example", None),
    ],
)
def test_what_changes_is_taken_out(text: str, stable: str | None) -> None:
    assert stable_text(text) == (stable or text)


def test_a_problem_with_all_there_is() -> None:
    problem = Problem.from_json(
        {
            "type": f"{PREFIX}compound",
            "detail": "some names failed",
            "subproblems": [
                {
                    "type": f"{PREFIX}caa",
                    "detail": "CAA forbids",
                    "identifier": {"type": "dns", "value": "a.example"},
                },
                {
                    "type": f"{PREFIX}rejectedIdentifier",
                    "detail": "policy",
                    "identifier": {"type": "dns", "value": "b.example"},
                },
            ],
        },
        url="https://ca.test/order/1",
        status=403,
    )
    error = ProblemError("the CA refused the order", problem, step="order")
    assert str(error) == (
        "order: the CA refused the order: urn:ietf:params:acme:error:compound (HTTP 403): some names"
        " failed; sub-problem 1: urn:ietf:params:acme:error:caa for a.example: CAA forbids;"
        " sub-problem 2: urn:ietf:params:acme:error:rejectedIdentifier for b.example: policy."
        " Add a CAA record for this CA to the name's DNS zone, or remove the one that forbids it."
        " Remove the name from the certificate; this CA does not certify it."
    )
    result = problem.as_result()
    assert result["url"] == "https://ca.test/order/1"
    assert [each["identifier"] for each in result["subproblems"]] == ["a.example", "b.example"]


@pytest.mark.parametrize(
    "document", [None, [], "text", {}, {"type": None, "subproblems": 5, "status": "x"}]
)
def test_a_problem_out_of_anything(document: object) -> None:
    problem = Problem.from_json(document, status=500)
    assert problem.status == 500
    assert problem.text() == "an error without a type (HTTP 500)"


def test_the_innermost_step_is_named() -> None:
    def fail() -> None:
        with during("outer"), during("inner"):
            raise AcmeError("it broke")

    with pytest.raises(AcmeError) as caught:
        fail()
    assert caught.value.step == "inner"
    assert str(caught.value) == "inner: it broke"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOSPC, "No space left on device in /s/certs. Free some space on that file system."),
        (errno.EACCES, "Permission denied in /s/certs. Run the task with the rights of the"),
        (errno.EIO, "Input/output error in /s/certs."),
    ],
)
def test_the_disk(number: int, text: str) -> None:
    error = OSError(number, os.strerror(number), "/s/certs/.privkey.pem.0a1b2c.tmp")
    assert describe_os_error(error).startswith(text)
    with pytest.raises(AcmeError, match="storage: "), during("storage"):
        raise error
