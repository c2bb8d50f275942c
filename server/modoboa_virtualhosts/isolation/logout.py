# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Logout as OpenID Connect has it: it ends nobody's tokens on a foreign host, and leads to no other."""

from __future__ import annotations

from typing import Any

from oauth2_provider.exceptions import InvalidIDTokenError, InvalidOIDCRedirectURIError
from oauth2_provider.views import RPInitiatedLogoutView

from .. import hosts
from ..redirect_uris import APPLICATION
from . import entrance, places, redirects


def _validate(
    original: Any,
    view: Any,
    id_token_hint: str | None,
    client_id: str | None,
    post_logout_redirect_uri: str | None,
) -> Any:
    """Return the application that asks for the logout, and the user of the ID token if there is one.

    :raises OIDCError: as for an unknown token or address
    """
    application, user = original(view, id_token_hint, client_id, post_logout_redirect_uri)
    if user is not None and not entrance.admits(view.request, user.pk, "logout by ID token"):
        raise InvalidIDTokenError
    hostname = hosts.request_hostname(view.request)
    elsewhere = application is None or application.name != APPLICATION
    if post_logout_redirect_uri and not redirects.stays(
        hostname, post_logout_redirect_uri, elsewhere=elsewhere
    ):
        raise InvalidOIDCRedirectURIError("This client does not have this redirect uri registered.")
    return application, user


def install() -> None:
    """Stand where the toolkit's view looks at the request."""
    places.replace(RPInitiatedLogoutView, "validate_logout_request", _validate)
