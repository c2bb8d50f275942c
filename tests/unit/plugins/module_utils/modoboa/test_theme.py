# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes as the server describes them."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import Theme, Themes
from unit.plugins.module_utils.modoboa.script import Answer, Exchange, Script

PATH = "/api/v2/virtualhosts/7/theme/"


def test_blank_and_missing_fields_are_the_instances_own() -> None:
    theme = Theme.from_json({"theme_primary_color": "#ABCDEF", "theme_label_color": None})
    assert theme.colors["primary"] == "#abcdef"
    assert {theme.colors[name] for name in theme.colors if name != "primary"} == {""}
    assert theme.logos == {"login": None, "menu": None, "creation_form": None}
    assert theme.texts == {}
    assert theme.shown()["page_title"] is None


def test_what_goes_beyond_the_contract() -> None:
    body = {
        "theme_favicon_logo_url": "/media/x.png",
        "logo_digests": {"favicon": "ab"},
        "theme_page_title": "Atlas",
        "theme_sender_address": "",
    }
    theme = Theme.from_json(body)
    assert theme.logos["favicon"] == "ab"
    assert theme.texts == {"page_title": "Atlas", "sender_address": ""}
    assert theme.changes_from(Theme.of_contract()) == {
        "theme_page_title": "Atlas",
        "theme_sender_address": "",
    }


def test_digests_are_taken_from_the_server() -> None:
    body = {"theme_login_logo_url": "/media/x.png", "logo_digests": {"login": "ab", "menu": None}}
    theme = Themes(Script(Exchange("GET", PATH, Answer(body=body))).client()).get(7, {"login": ""})
    assert theme.logos == {"login": "ab", "menu": None, "creation_form": None}


def test_logo_whose_file_is_lost_counts_as_none() -> None:
    script = Script(
        Exchange("GET", PATH, Answer(body={"theme_login_logo_url": "/media/x.png"})),
        Exchange("GET", "/media/x.png", Answer(404, "<title>Not Found</title>")),
    )
    assert Themes(script.client()).get(7, {"login": ""}).logos["login"] is None


def test_unknown_representation() -> None:
    with pytest.raises(errors.UnexpectedAnswerError, match="unknown way"):
        Theme.from_json(["#abcdef"])
