# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Refusals in Modoboa's log: with the hostname, the account and the reason."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from asgiref.local import Local
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from . import places

logger = logging.getLogger("modoboa.auth")

# A browser that is refused asks again and again; the log, which is a table, is told this often
_LOG_SECONDS = 60.0
_LOG_ENTRIES = 10_000


@dataclass(frozen=True)
class Refusal:
    """Who was refused where.

    :ivar hostname: the hostname that the request named
    :ivar user_pk: the account's primary key, None when there is none
    :ivar way: how the account is known, in words
    :ivar reason: why it may not enter, in words
    """

    hostname: str
    user_pk: int | None
    way: str
    reason: str


_logged: dict[Refusal, float] = {}
_current = Local()


class Middleware:
    """Writes what was refused when the request is over.

    Modoboa runs every request in a transaction, and a refusal often ends in its being rolled back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        waiting: list[Refusal] = []
        _current.waiting = waiting
        try:
            return self._get_response(request)
        finally:
            _current.waiting = None
            for refusal in waiting:
                try:
                    _write(refusal)
                except DatabaseError:  # a refusal must not become an error because of this
                    logging.getLogger(__name__).exception("%s was not logged", refusal)


def log(refusal: Refusal) -> None:
    """Have a refusal logged, the same one once a minute."""
    now = time.monotonic()
    last = _logged.get(refusal)
    if last is not None and now - last < _LOG_SECONDS:
        return
    if len(_logged) >= _LOG_ENTRIES:
        _logged.clear()
    _logged[refusal] = now
    waiting: list[Refusal] | None = getattr(_current, "waiting", None)
    if waiting is None:
        _write(refusal)
    else:
        waiting.append(refusal)


def _write(refusal: Refusal) -> None:
    accounts = get_user_model().objects.filter(pk=refusal.user_pk)
    logger.warning(
        "Virtual host '%s' refused '%s' (%s): %s",
        refusal.hostname,
        accounts.values_list("username", flat=True).first() or "nobody",
        refusal.way,
        refusal.reason,
    )


def install() -> None:
    """Come before all guards that are middleware."""
    places.add_middleware(f"{__name__}.{Middleware.__name__}")
