# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Sessions: one whose user may not enter here is as if it were not there.

It is neither changed nor ended by that: its user goes on with it where they are at home. That also
holds for what a session knows of somebody who is on their way in: after the password and before the
second factor, or before the code that was sent by SMS.

One that began on a virtual host is good there and nowhere else, whoever's it is: the browser sends it to
whatever that hostname leads to, and who answers there is good for no other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from modoboa.core.constants import TFA_PRE_VERIFY_USER_PK

from .. import hosts, middleware
from . import entrance
from .refusals import Refusal, log

# Where a session has the primary key of an account: logged in; before the second factor; while
# resetting the password by SMS (modoboa.core.views.auth)
ACCOUNTS = (SESSION_KEY, TFA_PRE_VERIFY_USER_PK, "user_pk")
# Where a session has the virtual host that it began on
BEGAN = "modoboa_virtualhosts.began"
ELSEWHERE = "the session began on another hostname"


def _bind(request: HttpRequest) -> None:
    """Give a request a session that looks at whose it is, and from where, when it is first used."""
    session = request.session
    bound = _bound(type(session))(session.session_key)
    bound.request = request
    request.session = bound


class _BoundSession(SessionBase):
    """A session as it is seen from the host that a request came in on."""

    request: HttpRequest
    withheld = False

    def load(self) -> dict[str, Any]:
        """Return what is stored, nothing when it is of somebody who may not enter, or from elsewhere."""
        return self._own(super().load())

    async def aload(self) -> dict[str, Any]:
        """Return the same, asynchronously."""
        return await sync_to_async(self._own)(await super().aload())

    def save(self, must_create: bool = False) -> None:
        """Store it, with the virtual host that it began on."""
        self._mark(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        super().save(must_create)

    async def asave(self, must_create: bool = False) -> None:
        """Store it, asynchronously."""
        await sync_to_async(self._mark)(await self._aget_session(no_load=must_create))  # type: ignore[attr-defined]
        await super().asave(must_create)

    def is_empty(self) -> bool:
        """Tell whether the browser may forget its cookie. What is withheld stays as it is."""
        return super().is_empty() and (self.modified or not self.withheld)

    def _own(self, stored: dict[str, Any]) -> dict[str, Any]:
        accounts = _accounts(stored)
        if self._began_here(stored, accounts) and all(
            entrance.admits(self.request, pk, "session") for pk in accounts
        ):
            return stored
        self.withheld = True
        # Whatever is written from here on goes into a new session
        self._session_key = None
        return {}

    def _began_here(self, stored: Mapping[str, Any], accounts: set[int]) -> bool:
        # Those from before there were such marks, and from the instance's own hostnames, have none
        began = stored.get(BEGAN)
        if not began or not accounts or settings.SESSION_COOKIE_DOMAIN:
            return True
        if began == self._virtual_host():
            return True
        for pk in accounts:
            log(Refusal(hosts.request_hostname(self.request), pk, "session", ELSEWHERE))
        return False

    def _mark(self, content: dict[str, Any]) -> None:
        began = self._virtual_host() if _accounts(content) else ""
        if began:
            content[BEGAN] = began
        else:
            content.pop(BEGAN, None)

    def _virtual_host(self) -> str:
        host = hosts.find_for_request(self.request)
        return host.name if host else ""


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
