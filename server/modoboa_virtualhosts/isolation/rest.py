# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Every view of the REST API, however the request shows whose it is.

What the other guards have let through is asked again here; tokens of Django REST framework, and
credentials that an extension brings along, are asked here alone.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from rest_framework.authentication import BasicAuthentication, TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from . import entrance, places

# The words of these classes for a wrong secret
_WRONG = {
    TokenAuthentication: "Invalid token.",
    BasicAuthentication: "Invalid username/password.",
}


def _authenticate(original: Any, request: Any) -> None:
    """Find out whose the request is, and treat strangers as nobody.

    :raises AuthenticationFailed: as it is raised for a token that does not exist
    """
    original(request)
    authenticator = request._authenticator
    if authenticator is None:
        return
    user_pk = getattr(request.user, "pk", None)
    if entrance.admits(request._request, user_pk, f"API, {type(authenticator).__name__}"):
        return
    request._not_authenticated()
    for kind, words in _WRONG.items():
        if isinstance(authenticator, kind):
            raise AuthenticationFailed(gettext(words))


def install() -> None:
    """Stand where all views and all their ways to authenticate come together."""
    places.replace(Request, "_authenticate", _authenticate)
