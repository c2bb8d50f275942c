# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate can be for."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.identifier import (
    acme_identifier,
    folder_name,
    is_wildcard,
    normalized,
)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.example", "a.example"),
        ("*.a.example", "*.a.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え.example", "xn--r8jz45g.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
    ],
)
def test_one_form_for_each_name(given: str, name: str) -> None:
    assert normalized(given) == name
    assert normalized(name) == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A.example", "upper-case"),
        ("Bücher.example", "upper-case"),
        ("*.*.example", "malformed"),
        ("a.*.example", "malformed"),
        ("*.", "empty"),
        ("*.192.0.2.1", "IP address"),
        ("*.example", "no domain"),
        ("fe80::1%eth0", "malformed"),
        ("192.0.2.256", "IP address"),
        ("a\u2044b.example", "not an internationalized name"),
        ("-ü.example", "not an internationalized name"),
        ("../../etc", "malformed"),
        ("", "empty"),
    ],
)
def test_what_no_certificate_is_for(name: str, text: str) -> None:
    with pytest.raises(AcmeError, match=text):
        normalized(name)


def test_orders_tell_addresses_from_names() -> None:
    assert acme_identifier("*.a.example") == {"type": "dns", "value": "*.a.example"}
    assert acme_identifier("2001:db8::1") == {"type": "ip", "value": "2001:db8::1"}


def test_no_asterisk_in_paths() -> None:
    assert folder_name("*.a.example") == "_.a.example"
    assert folder_name("a.example") == "a.example"
    assert is_wildcard("*.a.example")
    assert not is_wildcard("a.example")
