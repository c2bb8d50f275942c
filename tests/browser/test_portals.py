# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two portals as their people see them, in Chromium, over HTTPS."""

from __future__ import annotations

from pathlib import Path

import pytest
from bed import Bed
from demo.example import Tenant
from playwright.sync_api import Error, Page, Response, expect

# What the browser gets for an image's address
FETCH = """async image => {
  const answer = await fetch(image.src);
  return Array.from(new Uint8Array(await answer.arrayBuffer()));
}"""


def open_login(page: Page, bed: Bed, tenant: Tenant) -> Response:
    """Go to a portal's front door, and be led to its login page."""
    response = page.goto(f"https://{tenant.hostname}:{bed.nginx.https_port}/")
    assert response is not None
    expect(page.locator("input[name=username]")).to_be_visible()
    assert page.url.startswith(f"https://{tenant.hostname}:{bed.nginx.https_port}/accounts/login/")
    return response


def as_css(color: str) -> str:
    """A hex colour as computed styles give it."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


@pytest.mark.parametrize("number", [0, 1])
def test_the_login_page_is_the_tenants_own(
    page: Page, bed: Bed, tenants: list[Tenant], screenshots: Path, number: int
) -> None:
    tenant = tenants[number]
    response = open_login(page, bed, tenant)
    # The browser itself verified the chain: it has no exception for this certificate
    security = response.security_details()
    assert security is not None
    assert str(security.get("issuer", "")).startswith("Pebble Intermediate CA")
    page.screenshot(path=screenshots / f"login-{tenant.hostname}.png")

    for part in (".left-column", "button[type=submit]"):
        expect(page.locator(part)).to_have_css("background-color", as_css(tenant.primary_color))
    logo = page.locator(".left-column img")
    assert logo.evaluate("image => image.complete && image.naturalWidth > 0")
    assert tenant.logo is not None
    assert bytes(logo.evaluate(FETCH)) == tenant.logo.read_bytes()


def test_the_two_look_different(tenants: list[Tenant]) -> None:
    first, second = tenants
    assert first.primary_color != second.primary_color
    assert first.logo is not None
    assert second.logo is not None
    assert first.logo.read_bytes() != second.logo.read_bytes()


def test_a_domain_admin_logs_in(
    page: Page, bed: Bed, tenants: list[Tenant], screenshots: Path
) -> None:
    tenant = tenants[0]
    open_login(page, bed, tenant)
    page.fill("input[name=username]", tenant.administrator.username)
    page.fill("input[name=password]", tenant.administrator.password)
    page.click("button[type=submit]")
    # The frontend, on the tenant's own hostname, after the whole OAuth flow
    expect(page.get_by_text("Welcome to Modoboa")).to_be_visible()
    menu = page.locator("nav.v-navigation-drawer")
    menu.get_by_role("link", name="Domains").click()
    expect(page.get_by_role("main").get_by_role("link", name=tenant.domains[0])).to_be_visible()
    page.screenshot(path=screenshots / f"home-{tenant.hostname}.png")
    assert page.url.startswith(f"https://{tenant.hostname}:{bed.nginx.https_port}/")

    expect(menu).to_have_css("background-color", as_css(tenant.primary_color))
    assert tenant.logo is not None
    assert bytes(menu.locator("img").first.evaluate(FETCH)) == tenant.logo.read_bytes()


def test_the_neighbour_refuses(
    page: Page, bed: Bed, tenants: list[Tenant], screenshots: Path
) -> None:
    mine, other = tenants
    open_login(page, bed, other)
    page.fill("input[name=username]", mine.administrator.username)
    page.fill("input[name=password]", mine.administrator.password)
    page.click("button[type=submit]")
    expect(page.locator(".alert-box")).to_contain_text("correct username and password")
    page.screenshot(path=screenshots / f"refused-{other.hostname}.png")


def test_a_name_without_a_portal_gets_nothing(page: Page, bed: Bed) -> None:
    with pytest.raises(Error, match="ERR_SSL_UNRECOGNIZED_NAME_ALERT"):
        page.goto(f"https://nobody.localhost:{bed.nginx.https_port}/")
