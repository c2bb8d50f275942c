# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Refusals in Modoboa's log: with the hostname, the account and the reason."""

from __future__ import annotations

import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .. import middleware

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
# Refused by the request at hand and not yet logged; None outside of requests
_waiting: ContextVar[list[Refusal] | None] = ContextVar("waiting", default=None)


def _start(_request: HttpRequest) -> None:
    """Keep what is refused until the request is over.

    Modoboa runs every request in a transaction, and a refusal often ends in its being rolled back.
    """
    _waiting.set([])


def _finish(_request: HttpRequest, _response: HttpResponseBase) -> None:
    waiting = _waiting.get()
    _waiting.set(None)
    for refusal in waiting or ():
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
    waiting = _waiting.get()
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
    """Come before and after all that refuses."""
    middleware.on_request(_start)
    middleware.on_response(_finish)
