# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What counts as a hostname."""

from __future__ import annotations

import pytest

from modoboa_virtualhosts.hostname import HostnameError, check_hostname, is_hostname


@pytest.mark.parametrize(
    "name",
    [
        "a.b",
        "mail.example.com",
        "xn--bcher-kva.example",
        "3com.com",
        "a-b.c-d.org",
        "x" * 63 + ".de",
    ],
)
def test_hostnames(name: str) -> None:
    check_hostname(name)
    assert is_hostname(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("Mail.example.com", "only lowercase is allowed: write 'mail.example.com'"),
        ("bücher.example", "A-labels"),
        ("localhost", "no domain"),
        ("a..b", "malformed"),
        (".a.b", "malformed"),
        ("a.b.", "malformed"),
        ("-a.b", "malformed at '-a'"),
        ("a-.b", "malformed"),
        ("a_b.c", "malformed at 'a_b'"),
        ("a.b:443", "malformed"),
        ("a.b/c", "malformed"),
        ("a.b\n", "malformed"),
        ("*.a.b", "malformed at '*'"),
        ("x" * 64 + ".de", "malformed"),
        (".".join(["x" * 60] * 5), "304 characters"),
        ("192.0.2.1", "IP address"),
    ],
)
def test_no_hostnames(name: str, reason: str) -> None:
    with pytest.raises(HostnameError) as caught:
        check_hostname(name)
    assert reason in str(caught.value)
    assert not is_hostname(name)
