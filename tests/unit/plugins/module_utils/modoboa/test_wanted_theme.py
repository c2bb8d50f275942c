# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes as a task wants them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import Theme
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_theme import (
    WantedTheme,
    read_items,
    verify,
)

NAME = "mail.a.example"


def item(colors: Any = None) -> dict[str, Any]:
    return {"name": NAME, "colors": colors, "logos": None}


@pytest.mark.parametrize("color", ["blue", "#12345", "#1234567", "#12345g", "1565c0", "#1565c0\n"])
def test_no_colour(color: str) -> None:
    with pytest.raises(ItemsError, match="the colour primary is"):
        read_items([item(colors={"primary": color})])


def test_names_are_checked() -> None:
    with pytest.raises(ItemsError, match="listed 2 times"):
        read_items([item(), item()])


def test_what_ansible_fills_in_is_not_mentioned() -> None:
    (wanted,) = read_items(
        [{**item({"primary": None}), "page_title": None, "sender_address": None, "reset": None}]
    )
    assert wanted == WantedTheme(NAME)
    assert wanted.applied_to(Theme(), {}) == Theme()


def test_all_that_was_ignored_is_named() -> None:
    target = Theme(texts={"page_title": "Atlas", "sender_address": ""})
    target.logos["favicon"] = "ab"
    with pytest.raises(errors.IgnoredFieldError, match="keep, the page_title, the logo favicon;"):
        verify(target, Theme())
