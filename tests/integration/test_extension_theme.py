# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes with several worker processes: each shows a change at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from bed import Bed
from integration import extension_settings
from integration.application_client import get

NAME = "mail.extension-theme.test"
LOGIN = "/accounts/login/"
ROUNDS = 10
# Enough that no worker goes without one
AT_ONCE = 12


@pytest.fixture(scope="module")
def address(bed: Bed) -> str:
    """A virtual host, as the address of its theme."""
    bed.modoboa.create_domain("extension-theme.test", virtualhost=NAME)
    found = bed.modoboa.request("GET", "virtualhosts/", params={"name": NAME}).json()
    return f"virtualhosts/{found['results'][0]['pk']}/theme/"


def pages(bed: Bed, path: str = LOGIN) -> list[tuple[int, str]]:
    """The same page many times at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _number: get(bed, NAME, path), range(2 * AT_ONCE)))


def test_a_change_shows_in_every_worker_at_once(bed: Bed, address: str) -> None:
    before = extension_settings.times(bed)
    assert len(before) == 2
    for number in range(ROUNDS):
        color = f"#0000{number:02x}"
        bed.modoboa.request("PUT", address, json={"theme_primary_color": color})
        answers = pages(bed)
        assert {status for status, _text in answers} == {200}
        assert all(color in text for _status, text in answers), color
    after = extension_settings.times(bed)
    assert all(after[worker] > before[worker] for worker in before), "a worker answered nothing"


def test_a_host_comes_and_goes_in_every_worker_at_once(bed: Bed, address: str) -> None:
    for _round in range(3):
        bed.modoboa.request("DELETE", address.removesuffix("theme/"))
        assert {status for status, _text in pages(bed)} == {400}
        domains = bed.modoboa.request("GET", "domains/", params={"search": "extension-theme"})
        pk = domains.json()["results"][0]["pk"]
        bed.modoboa.request("PATCH", f"domains/{pk}/", json={"virtualhost": NAME})
        assert {status for status, _text in pages(bed)} == {200}
        found = bed.modoboa.request("GET", f"virtualhosts/for_domain/{pk}/").json()
        address = f"virtualhosts/{found['pk']}/theme/"
