# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Messages in the languages that the extension speaks."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils.translation import override
from people import A

import modoboa_virtualhosts
from modoboa_virtualhosts import hostname

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

PACKAGE = Path(modoboa_virtualhosts.__file__).parent
FOLDER = PACKAGE / "locale" / "fr" / "LC_MESSAGES"
_ENTRY = re.compile(r'^msgid "(.*)"\nmsgstr "(.*)"$', re.MULTILINE)
_PLACE = re.compile(r"%\(\w+\)[sd]")


def messages() -> set[str]:
    """Every text in the code that is marked as a message."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                (argument,) = node.args
                assert isinstance(argument, ast.Constant), f"{file}:{node.lineno}"
                found.add(str(argument.value))
    return found


def sources() -> dict[str, str]:
    text = (FOLDER / "django.po").read_text()
    return {
        key.replace('\\"', '"'): value.replace('\\"', '"')
        for key, value in _ENTRY.findall(text)
        if key
    }


def test_every_message_has_a_translation_and_every_translation_a_message() -> None:
    assert messages() == sources().keys()
    assert all(sources().values())


def test_translations_fill_the_same_places() -> None:
    for message, translation in sources().items():
        assert sorted(_PLACE.findall(message)) == sorted(_PLACE.findall(translation)), message


def test_what_is_loaded_is_what_is_written() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message, translation in sources().items():
        assert compiled.gettext(message) == translation


def test_by_the_language_in_force() -> None:
    with override("fr"), pytest.raises(hostname.HostnameError, match="seules les minuscules"):
        hostname.check_hostname("Mail.example.com")


@pytest.mark.django_db
def test_by_the_language_of_the_request(api: APIClient, people: People) -> None:
    url = f"/api/v2/virtualhosts/{people.host_a.pk}/theme/"
    change = {"theme_primary_color": "red"}
    french = api.put(url, change, format="json", headers={"accept-language": "fr"}).json()
    assert "n'est pas une couleur" in french["theme_primary_color"][0]
    english = api.put(url, change, format="json").json()
    assert "is no colour" in english["theme_primary_color"][0]
    response = api.post(
        f"/api/v2/virtualhosts/{people.host_a.pk}/retry_provisioning/",
        headers={"accept-language": "fr"},
    )
    assert A in response.json()["error"]
    assert "peut être relancée" in response.json()["error"]
