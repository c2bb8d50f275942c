# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""One middleware for all parts of this extension that look at every request.

One, as each middleware costs a request two levels of calls, and Modoboa pays for every level: it looks
at the whole stack, with the source of each line, when it is asked for parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
PATH = f"{__name__}.Middleware"

_on_request: list[Callable[[HttpRequest], None]] = []
_on_view: list[Callable[[HttpRequest], None]] = []
_on_response: list[Callable[[HttpRequest, HttpResponseBase], None]] = []


class Middleware:
    """Comes right behind the middleware that gives requests their session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        for step in _on_request:
            step(request)
        response = self._get_response(request)
        for finish in _on_response:
            finish(request, response)
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Look at where a request leads to, when all other middleware has seen it."""
        for step in _on_view:
            step(request)


def on_request(step: Callable[[HttpRequest], None]) -> None:
    """Have something done when a request has its session; in the order of installation."""
    _add(_on_request, step)


def on_view(step: Callable[[HttpRequest], None]) -> None:
    """Have something done when a request's view is known; it may raise what a view may."""
    _add(_on_view, step)


def on_response(step: Callable[[HttpRequest, HttpResponseBase], None]) -> None:
    """Have something done with a response, outside of the transaction that the view ran in."""
    _add(_on_response, step)


def _add(steps: list[Any], step: Any) -> None:
    if step not in steps:
        steps.append(step)
    middleware = list(settings.MIDDLEWARE)
    if PATH not in middleware and SESSIONS in middleware:
        middleware.insert(middleware.index(SESSIONS) + 1, PATH)
        settings.MIDDLEWARE = tuple(middleware)
