# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External account binding."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.binding import (
    BINDING_ALGORITHMS,
    Binding,
    read_binding,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    AccountKey,
    make_key,
)

URL = "https://ca.test/newAccount"
SECRET = bytes(range(200, 250))
TEXT = urlsafe_b64encode(SECRET).decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("key_type", ["P-256", "RSA-2048"])
@pytest.mark.parametrize("algorithm", BINDING_ALGORITHMS)
def test_signed_as_the_standard_says(key_type: str, algorithm: str) -> None:
    key = AccountKey(make_key(key_type))
    signed = Binding("kid-1", SECRET, algorithm).sign(key, URL)
    assert json.loads(decoded(signed["protected"])) == {
        "alg": algorithm,
        "kid": "kid-1",
        "url": URL,
    }
    assert json.loads(decoded(signed["payload"])) == key.public_jwk()
    text = f"{signed['protected']}.{signed['payload']}".encode()
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    assert decoded(signed["signature"]) == hmac.new(SECRET, text, digest).digest()


@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip("="), f" {TEXT}\n"])
def test_the_key_as_cas_hand_it_out(text: str) -> None:
    assert read_binding("kid-1", text, "HS256") == Binding("kid-1", SECRET, "HS256")


@pytest.mark.parametrize("nothing", [None, ""])
def test_none(nothing: str | None) -> None:
    assert read_binding(nothing, nothing, "HS256") is None


@pytest.mark.parametrize(
    ("kid", "key", "text"),
    [
        ("kid-1", None, "eab_kid is set, but eab_hmac_key is not"),
        (None, TEXT, "eab_hmac_key is set, but eab_kid is not"),
        ("kid-1", "", "eab_kid is set, but eab_hmac_key is not"),
    ],
)
def test_one_without_the_other(kid: str | None, key: str | None, text: str) -> None:
    with pytest.raises(AcmeError, match=text):
        read_binding(kid, key, "HS256")


@pytest.mark.parametrize(
    "wrong", ["a+b/", "S3cret!!", "abcde", "ab cd", "=", "\u00e4\u00f6\u00fc\u00df"]
)
def test_a_malformed_key_is_refused_and_not_told(wrong: str) -> None:
    with pytest.raises(AcmeError, match="eab_hmac_key is not base64url") as caught:
        read_binding("kid-1", wrong, "HS256")
    assert wrong == "=" or wrong not in str(caught.value)


def test_the_secret_is_not_shown() -> None:
    assert "key" not in repr(Binding("kid-1", SECRET))
