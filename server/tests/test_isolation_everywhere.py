# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Every address that the instance has, by every method: a stranger gets what nobody gets.

The addresses are the instance's own list, so that a new one of Modoboa's, or of an extension, is among
them. An answer has to be the very same as for a token, or a session, that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser
from deployed import PRIMARY
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from people import A, B
from rest_framework.authtoken.models import Token

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

_ARGUMENT = re.compile(r"<(?:\w+:)?\w+>|\(\?P<\w+>[^)]*\)")
_SIGNS = re.compile(r"[\^$\\]|/\?")
# Every page has another one
_CSRF = re.compile(rb"(csrfmiddlewaretoken\" value=|X-CSRFToken[^\n]*)\"[^\"]*\"")
# Open to all and slow; and what is the same on every hostname needs no credentials
_SCHEMAS = "/api/schema-"

Send = Callable[[str, str], Any]


def addresses(patterns: Any, before: str = "/") -> Iterator[tuple[str, str]]:
    """Every address, and every method that its view has."""
    for entry in patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, route)
        else:
            path = _SIGNS.sub("", _ARGUMENT.sub("1", route))
            for method in {*methods(entry.callback), "options"}:
                yield path, method


def methods(view: Any) -> set[str]:
    if hasattr(view, "actions"):
        return set(view.actions)
    kind = getattr(view, "view_class", None) or view.cls
    return {method for method in kind.http_method_names if hasattr(kind, method)}


ADDRESSES = sorted(
    (path, method)
    for path, method in set(addresses(get_resolver().url_patterns))
    if not path.startswith(_SCHEMAS)
)
KINDS: dict[str, tuple[str, str]] = {
    "token": ("authorization", "Token {}"),
    "bearer": ("authorization", "Bearer {}"),
    "session": ("cookie", "sessionid={}"),
}


@pytest.fixture
def known(people: People) -> dict[str, str]:
    """By what an administrator of the other portal is known."""
    browser = Browser(PRIMARY, people.boss_b)
    return {
        "token": Token.objects.create(user=people.boss_b).key,
        "bearer": browser.tokens()["access_token"],
        "session": browser.cookie,
    }


def sender(host: str, kind: str, credential: str) -> Send:
    """Send requests with a credential; nothing of what they do stays."""
    header, text = KINDS[kind]
    client = Client(
        headers={"host": host, header: text.format(credential)}, raise_request_exception=False
    )

    def send(path: str, method: str) -> Any:
        client.cookies.clear()
        with transaction.atomic():
            answer = getattr(client, method)(path, secure=True)
            transaction.set_rollback(True)
        body = answer.getvalue()
        location = answer.headers.get("Location")
        return answer.status_code, location, _CSRF.sub(b"", body)

    return send


def differing(
    host: str, kind: str, credential: str, among: Sequence[tuple[str, str]] = ADDRESSES
) -> list[tuple[str, str]]:
    """Where a credential makes a difference."""
    known, unknown = sender(host, kind, credential), sender(host, kind, "0" * 40)
    return [address for address in among if known(*address) != unknown(*address)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_is_nobody(known: dict[str, str], kind: str) -> None:
    assert differing(A, kind, known[kind]) == []


@pytest.mark.parametrize(("kind", "at_least"), [("token", 90), ("bearer", 90), ("session", 3)])
def test_at_home_they_are_somebody(known: dict[str, str], kind: str, at_least: int) -> None:
    """So that the test above says something."""
    pages = [address for address in ADDRESSES if address[1] == "get"]
    assert len(differing(B, kind, known[kind], pages)) >= at_least
