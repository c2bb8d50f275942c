# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Sessions: one whose user may not enter here is as if it were not there.

It is neither changed nor ended by that: its user goes on with it where they are at home. That also
holds for what a session knows of somebody who is on their way in: after the password and before the
second factor, or before the code that was sent by SMS.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from modoboa.core.constants import TFA_PRE_VERIFY_USER_PK

from .. import hosts, middleware
from . import entrance

# Where a session has the primary key of an account: logged in; before the second factor; while
# resetting the password by SMS (modoboa.core.views.auth)
ACCOUNTS = (SESSION_KEY, TFA_PRE_VERIFY_USER_PK, "user_pk")


def _bind(request: HttpRequest) -> None:
    """Give a request on a virtual host a session that looks at whose it is when it is first used."""
    hostname = hosts.request_hostname(request)
    if not hostname or hosts.find(hostname) is not None:
        session = request.session
        bound = _bound(type(session))(session.session_key)
        bound.request = request
        request.session = bound


class _BoundSession(SessionBase):
    """A session as it is seen from the host that a request came in on."""

    request: HttpRequest
    withheld = False

    def load(self) -> dict[str, Any]:
        """Return what is stored, nothing when it is of somebody who may not enter."""
        return self._own(super().load())

    async def aload(self) -> dict[str, Any]:
        """Return the same, asynchronously."""
        return await sync_to_async(self._own)(await super().aload())

    def is_empty(self) -> bool:
        """Tell whether the browser may forget its cookie. What is withheld stays as it is."""
        return super().is_empty() and (self.modified or not self.withheld)

    def _own(self, stored: dict[str, Any]) -> dict[str, Any]:
        if all(entrance.admits(self.request, pk, "session") for pk in _accounts(stored)):
            return stored
        self.withheld = True
        # Whatever is written from here on goes into a new session
        self._session_key = None
        return {}


def _accounts(stored: Mapping[str, Any]) -> set[int]:
    return {int(stored[key]) for key in ACCOUNTS if stored.get(key) is not None}


@cache
def _bound(store: type[SessionBase]) -> Any:
    """Return a bound session of the kind that the instance has chosen."""
    # Stored sessions are signed with the qualified name of their class
    names = {"__module__": __name__, "__qualname__": store.__qualname__}
    return type(store.__name__, (_BoundSession, store), names)


def install() -> None:
    """Come right behind the middleware that gives requests their session."""
    middleware.on_request(_bind)
