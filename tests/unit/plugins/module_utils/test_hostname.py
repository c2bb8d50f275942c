# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule for hostnames."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import (
    HostnameError,
    check_hostname,
)
from hypothesis import given
from hypothesis import strategies as st

LABEL_63 = "a" * 63


@pytest.mark.parametrize(
    "name",
    [
        "a.b",
        "mail.example.com",
        "xn--mnchen-3ya.example",
        "1.example.com",
        "a--b.example.com",
        f"{LABEL_63}.example.com",
        ".".join([LABEL_63] * 3 + ["a" * 61]),
    ],
)
def test_accepted(name: str) -> None:
    check_hostname(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("Mail.example.com", "write it in lowercase: 'mail.example.com'"),
        ("münchen.example", "A-label"),
        ("localhost", "has no domain"),
        ("mail.example.com.", "malformed at ''"),
        (".example.com", "malformed at ''"),
        ("a..example.com", "malformed at ''"),
        ("-a.example.com", "malformed at '-a'"),
        ("a-.example.com", "malformed at 'a-'"),
        ("a_b.example.com", "malformed at 'a_b'"),
        (f"{LABEL_63}a.example.com", "malformed at"),
        (".".join([LABEL_63] * 4), "255 characters long"),
        ("*.example.com", "malformed at '*'"),
        ("192.0.2.1", "looks like an IP address"),
        ("a.example.com\n", "malformed at 'com\\n'"),
        ("a.example.com;", "malformed"),
        ("a.example.com {}", "malformed"),
        ("../etc.example", "malformed"),
        ("a/b.example.com", "malformed"),
        ("a.example.com\0", "malformed"),
        ("\uff41.example.com", "A-label"),
    ],
)
def test_refused(name: str, reason: str) -> None:
    with pytest.raises(HostnameError) as caught:
        check_hostname(name)
    assert reason in str(caught.value)


def test_not_a_string() -> None:
    with pytest.raises(HostnameError):
        check_hostname(None)  # type: ignore[arg-type] # what an untyped caller may pass


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_what_is_accepted_is_nothing_but_a_name(name: str) -> None:
    try:
        check_hostname(name)
    except HostnameError:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
