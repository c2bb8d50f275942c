# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Token introspection: on a virtual host, tokens of strangers are as if they were not there."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from oauth2_provider.views import IntrospectTokenView

from . import entrance, places


def _dispatch(
    original: Any, view: Any, request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """Answer what is known of a token, if its user may enter here.

    :param request: an application's, which has shown its secret or a token of its own
    """
    response: HttpResponseBase = original(view, request, *args, **kwargs)
    known = json.loads(response.content) if isinstance(response, JsonResponse) else {}
    if not known.get("active") or not entrance.objection(request, None):
        return response
    accounts = get_user_model().objects.filter(username=known.get("username"))
    user_pk = accounts.values_list("pk", flat=True).first()
    if entrance.admits(request, user_pk, "token introspection"):
        return response
    return JsonResponse({"active": False})


def install() -> None:
    """Look at what the toolkit's view is about to answer."""
    places.replace(IntrospectTokenView, "dispatch", _dispatch)
