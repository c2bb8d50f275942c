# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server with the published contract alone has what that says, and nothing of what we add."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from bed import Bed
from integration.published_contract.published_fields import THEME, VIRTUAL_HOST
from integration.published_contract.server import PublishedContract
from integration.test_modoboa_theme import SVG

NAME = "mail.contract.test"


@pytest.fixture(scope="module")
def key(bed: Bed, published_contract: PublishedContract) -> int:
    """The key of a virtual host."""
    bed.modoboa.create_domain("contract.test", virtualhost=NAME)
    (host,) = listed(published_contract, search=NAME)
    return int(host["pk"])


def listed(server: PublishedContract, **params: Any) -> list[dict[str, Any]]:
    answer = server.request("GET", "virtualhosts/", params=params)
    assert answer.ok
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("virtualhosts/", {"GET"}),
        ("virtualhosts/{key}/", {"DELETE"}),
        ("virtualhosts/{key}/theme/", {"GET", "PUT"}),
        ("virtualhosts/{key}/theme_logo/", {"POST", "DELETE"}),
        ("virtualhosts/{key}/set_state/", {"POST"}),
        ("virtualhosts/{key}/retry_provisioning/", {"POST"}),
        ("parameters/virtualhosts/", {"GET", "PUT"}),
        # Names that are nothing but the key of no virtual host
        ("virtualhosts/report/", {"DELETE"}),
        ("virtualhosts/bulk/", {"DELETE"}),
        ("virtualhosts/license/", {"DELETE"}),
    ],
)
def test_methods(
    published_contract: PublishedContract, key: int, path: str, methods: set[str]
) -> None:
    allowed = published_contract.request("OPTIONS", path.format(key=key)).headers["Allow"]
    assert set(allowed.split(", ")) - {"HEAD", "OPTIONS"} == methods


def test_representation(bed: Bed, published_contract: PublishedContract, key: int) -> None:
    (host,) = listed(published_contract, search=NAME, theme="true")
    assert tuple(host) == VIRTUAL_HOST
    # Filters that it does not know of are ignored, as everywhere in Modoboa
    assert host in listed(published_contract, name="no.such.host", enabled="false", page_size=1000)
    domain = host["domains"][0]["pk"]
    assert published_contract.request("GET", f"virtualhosts/for_domain/{domain}/").json() == host


def test_theme(published_contract: PublishedContract, key: int) -> None:
    change = {"theme_primary_color": "#1565C0", "theme_page_title": "Ours"}
    answer = published_contract.request("PUT", f"virtualhosts/{key}/theme/", json=change)
    assert answer.ok
    assert tuple(answer.json()) == THEME
    assert answer.json()["theme_primary_color"] == "#1565c0"

    logo = f"virtualhosts/{key}/theme_logo/"
    files = {"image": ("logo.svg", SVG)}
    for kind, status in (("favicon", 400), ("menu", 200)):
        sent = published_contract.request("POST", logo, data={"logo_type": kind}, files=files)
        assert sent.status_code == status
    address = published_contract.url + sent.json()["url"]
    assert requests.get(address, timeout=30).content == SVG


def test_pace(published_contract: PublishedContract, key: int) -> None:
    path = f"virtualhosts/{key}/set_state/"
    answers = [
        published_contract.request("POST", path, json={"enabled": True}) for _each in range(9)
    ]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert all("Retry-After" in answer.headers for answer in answers if not answer.ok)
