# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Password resets asked for on a virtual host: for those at home there, with a link to it.

For everybody else nothing is sent, and the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.contrib.auth.views import PasswordResetView as DjangosPasswordResetView
from django.http import HttpRequest, HttpResponseBase
from modoboa.core.forms import PasswordResetForm
from modoboa.core.views import PasswordResetView
from modoboa.lib.signals import get_request

from .. import hosts
from ..redirect_uris import base_uri
from . import entrance, places


def _get_users(original: Any, form: Any, email: str) -> Iterable[Any]:
    """Return the accounts that a mail is sent to.

    :param email: the address that was filled in
    """
    users: Iterable[Any] = original(form, email)
    request = get_request()
    if request is None:
        return users  # a program's question; there is no host to it
    return [user for user in users if _may_reset(request, user)]


def _form_valid(
    original: Callable[..., HttpResponseBase], view: Any, form: Any
) -> HttpResponseBase:
    """Send what is to be sent, and answer."""
    host = hosts.find_for_request(view.request)
    if host is None:
        return original(view, form)
    more = {"domain": urlsplit(base_uri(host.name)).netloc}
    view.extra_email_context = {**(view.extra_email_context or {}), **more}
    # Modoboa sends an SMS to the first of these who has a telephone, and else a mail
    users = get_user_model().objects.filter(email__iexact=form.cleaned_data["email"])
    if all(_may_reset(view.request, user) for user in users):
        return original(view, form)
    return DjangosPasswordResetView.form_valid(view, form)


def _may_reset(request: HttpRequest, user: Any) -> bool:
    return entrance.admits(request, user.pk, "password reset")


def install() -> None:
    """Stand where Modoboa looks for accounts, and before it sends anything."""
    places.replace(PasswordResetForm, "get_users", _get_users)
    places.replace(PasswordResetView, "form_valid", _form_valid)
