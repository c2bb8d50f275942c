# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the licence stands, on servers that tell and on such that do not."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.license import (
    License,
    Licenses,
    fingerprint,
)
from unit.plugins.module_utils.modoboa.license_server import LicenseServer
from unit.plugins.module_utils.modoboa.script import Answer


def test_fingerprint_is_that_of_the_server() -> None:
    assert fingerprint(" key\n") == hashlib.sha256(b"key").hexdigest()[:16]
    assert fingerprint(" ") == ""


def test_read_and_registered() -> None:
    server = LicenseServer("key")
    licenses = Licenses(server.client())
    found = licenses.read()
    assert (found.locked, found.registered, found.configured) == (True, False, True)
    assert found.fingerprint == fingerprint("key")
    after = licenses.register()
    assert (after.locked, after.registered) == (False, True)
    assert after == licenses.read()
    assert server.log.count("OPTIONS virtualhosts/license/") == 1


@pytest.mark.parametrize("locked", [True, False])
def test_server_with_nothing_but_the_contract(locked: bool) -> None:
    server = LicenseServer("key" if locked else "")
    server.has_endpoint = False
    assert Licenses(server.client()).read() == License(locked=locked)


def test_server_without_virtual_hosts() -> None:
    server = LicenseServer()
    nothing = Answer(404, "<title>Not Found</title>")
    server.faults = {
        "OPTIONS virtualhosts/license/": nothing,
        "GET virtualhosts/": nothing,
        "GET domains/": nothing,
    }
    message = r"there is no Modoboa API at .*\(GET /api/v2/virtualhosts/: not found"
    with pytest.raises(errors.NoVirtualHostsError, match=message):
        Licenses(server.client()).read()
    server.faults["GET domains/"] = Answer(body=[])
    with pytest.raises(errors.NoVirtualHostsError, match="has no virtual hosts: install"):
        Licenses(server.client()).read()


@pytest.mark.parametrize("body", [[], {}, {"locked": "no"}])
def test_answer_that_says_nothing(body: object) -> None:
    server = LicenseServer()
    server.faults["GET virtualhosts/license/"] = Answer(body=body)
    with pytest.raises(errors.UnexpectedAnswerError, match="how the licence stands"):
        Licenses(server.client()).read()
