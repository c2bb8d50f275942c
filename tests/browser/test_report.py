# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the report, on a phone and on a desk, by day and by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_page import page as page_of
from browser.conftest import CHROMIUM, FLAGS, TIMEOUT
from demo.example import ROOT
from playwright.sync_api import FloatRect, Locator, Page, sync_playwright
from unit.plugins.plugin_utils.report_findings import every_state

LOGO = ROOT / "docs" / "example" / "logos" / "atlas.svg"
PHONE, DESK = (360, 740), (1280, 800)
Show = Callable[..., Page]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    """Open the page in a window of a size."""
    file = tmp_path / "index.html"
    file.write_text(page_of(every_state(str(LOGO))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=FLAGS, timeout=TIMEOUT
        )

        def open_page(size: tuple[int, int], scheme: str = "light") -> Page:
            width, height = size
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: complaints.append(message.text))
            page.goto(file.as_uri())
            return page

        asked: list[str] = []
        complaints: list[str] = []
        yield open_page
        browser.close()
    # Only the page itself, and what is in it
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert complaints == []


def shown(page: Page) -> int:
    """How many portals can be seen."""
    return page.locator("article:visible").count()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_it_fits(show: Show, size: tuple[int, int], tmp_path: Path) -> None:
    page = show(size)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    overflowing = """() => [...document.querySelectorAll("article *, header *")]
      .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
      .map(each => each.outerHTML.slice(0, 80))"""
    assert page.evaluate(overflowing) == []
    columns = {round(box["x"]) for box in map(box_of, page.locator("article").all())}
    assert (len(columns) > 1) is (size == DESK)
    logo = page.locator(".logo img")
    assert logo.evaluate("image => image.complete && image.naturalWidth > 0")
    page.screenshot(path=tmp_path / "report.png", full_page=True)


def box_of(locator: Locator) -> FloatRect:
    """Where an element is."""
    found = locator.bounding_box()
    assert found is not None
    return found


def test_portals_are_picked_by_how_they_are_doing(show: Show) -> None:
    page = show(PHONE)
    everybody = shown(page)
    counts = {}
    for level in ("bad", "attention", "good", "off"):
        page.locator(f"label[for=show-{level}]").click()
        counts[level] = shown(page)
        assert counts[level] == page.locator(f"article.{level}").count() > 0
    assert sum(counts.values()) == everybody
    page.locator("label[for=show-all]").click()
    assert shown(page) == everybody


def test_the_bar_is_as_long_as_what_is_left(show: Show) -> None:
    page = show(DESK)
    drawn = page.locator("article", has_text="mail.atlas.example").locator(".bar")
    assert (drawn.get_attribute("aria-label") or "").startswith("61 of 90 days left")
    share = box_of(drawn.locator("span"))["width"] / box_of(drawn)["width"]
    assert abs(share - 61 / 90) < 0.01


def test_it_is_dark_where_that_is_wanted(show: Show) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    assert show(DESK).evaluate(background) == "rgb(243, 244, 246)"
    assert show(DESK, "dark").evaluate(background) == "rgb(15, 18, 22)"
