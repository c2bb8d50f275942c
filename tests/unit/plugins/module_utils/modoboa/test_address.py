# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of servers, as people write them."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.address import (
    base_url,
    is_readable_on_the_way,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://mail.test", "https://mail.test/"),
        ("https://mail.test/api/v2/", "https://mail.test/"),
        ("http://mail.test:8080/modoboa/", "http://mail.test:8080/modoboa/"),
    ],
)
def test_base_url(written: str, meant: str) -> None:
    assert base_url(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "mail.test",
        "ftp://mail.test",
        "https://",
        "https:///x",
        "https://[::1",
        "https://mail.test:99999",
        "https://mail.test:x",
    ],
)
def test_url_that_is_none(written: str) -> None:
    with pytest.raises(errors.ServerUnreachableError, match="no web address"):
        base_url(written)


@pytest.mark.parametrize("written", ["https://admin:planted@mail.test", "admin:planted@mail.test"])
def test_url_with_credentials_is_refused_without_showing_them(written: str) -> None:
    with pytest.raises(errors.ServerUnreachableError, match="credentials") as caught:
        base_url(written)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "readable"),
    [
        ("https://mail.test/", False),
        ("http://mail.test/", True),
        ("http://localhost:8000/", False),
        ("http://LOCALHOST/", False),
        ("http://127.0.0.1/", False),
        ("http://127.9.9.9/", False),
        ("http://[::1]:8000/", False),
        # Which only look like it
        ("http://localhost.mail.test/", True),
        ("http://127.0.0.1.mail.test/", True),
        ("http://127.1/", True),
        ("http://0.0.0.0/", True),
        ("http://10.0.0.1/", True),
        ("http://[::]/", True),
    ],
)
def test_what_can_be_read_on_the_way(url: str, readable: bool) -> None:
    assert is_readable_on_the_way(base_url(url)) is readable
