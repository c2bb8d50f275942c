# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Password resets asked for on a virtual host: for those at home there, with a link to it.

For everybody else nothing is sent, and the answer is the same. A link that is good for more than this
virtual host has the instance's own hostname: whoever asks for it has it sent, whatever the name of the
virtual host leads to by then.
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
    if hosts.find_for_request(view.request) is None:
        return original(view, form)
    # Modoboa sends an SMS to the first of these who has a telephone, and else a mail
    users = get_user_model().objects.filter(email__iexact=form.cleaned_data["email"])
    if all(_may_reset(view.request, user) for user in users):
        return original(view, form)
    return DjangosPasswordResetView.form_valid(view, form)


def _send_mail(
    original: Callable[..., None],
    form: Any,
    subject_template_name: str,
    email_template_name: str,
    context: dict[str, Any],
    *others: Any,
    **more: Any,
) -> None:
    """Send a mail, with a link to the virtual host where the account belongs to it."""
    host = host_of(context["user"])
    if host is not None:
        context = {**context, "domain": urlsplit(base_uri(host.name)).netloc}
    original(form, subject_template_name, email_template_name, context, *others, **more)


def host_of(user: Any) -> hosts.Host | None:
    """Return the virtual host of the request at hand, None where a mail to somebody must not name it.

    :param user: whose password the mail is about
    """
    request = get_request()
    host = hosts.find_for_request(request) if request is not None else None
    return host if host is not None and entrance.belongs(user.pk, host) else None


def _may_reset(request: HttpRequest, user: Any) -> bool:
    return entrance.admits(request, user.pk, "password reset")


def install() -> None:
    """Stand where Modoboa looks for accounts, and before it sends anything."""
    places.replace(PasswordResetForm, "get_users", _get_users)
    places.replace(PasswordResetForm, "send_mail", _send_mail)
    places.replace(PasswordResetView, "form_valid", _form_valid)
