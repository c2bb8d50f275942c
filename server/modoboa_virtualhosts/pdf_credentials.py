# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The document with which people get their password names the portal that they log in on.

Modoboa writes the same address, a parameter of the whole instance, into everybody's. It has no hook for
that, so the parameter is another one while a document is written.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from asgiref.local import Local
from django.apps import apps
from modoboa.admin.models import Mailbox
from modoboa.lib.email_utils import split_mailbox
from modoboa.parameters import tools

from .isolation import places
from .models import VirtualHost
from .redirect_uris import base_uri

APPLICATION = "modoboa.pdfcredentials"
_URL = "webpanel_url"

_current = Local()


class _Parameters(ModuleType):
    """Modoboa's parameters, as the module that writes documents sees them."""

    def __getattr__(self, name: str) -> Any:
        return getattr(tools, name)

    def get_global_parameters(self, app: str, **more: Any) -> list[tuple[str, Any]]:
        """Return the parameters of an application, with the address of the current portal."""
        values = dict(tools.get_global_parameters(app, **more))
        hostname = getattr(_current, "hostname", "")
        if hostname and _URL in values:
            # Where the operator has people log in, on another hostname
            where = urlsplit(str(values[_URL] or ""))
            query = f"?{where.query}" if where.query else ""
            values[_URL] = f"{base_uri(hostname)}{where.path}{query}"
        return list(values.items())


def _credentials(original: Any, account: Any, password: str) -> None:
    """Write an account's document.

    :param account: may be about to be made, and have no mailbox yet
    """
    _current.hostname = _hostname_of(account)
    try:
        original(account, password)
    finally:
        _current.hostname = ""


def _hostname_of(account: Any) -> str:
    mailboxes = Mailbox.objects.filter(user_id=account.pk) if account.pk else Mailbox.objects.none()
    domain = mailboxes.values_list("domain__name", flat=True).first()
    domain = domain or split_mailbox(account.username)[1]
    if not domain:
        return ""
    # On a disabled one they would not be let in
    found = VirtualHost.objects.filter(domains__name=domain.lower(), enabled=True)
    return found.values_list("name", flat=True).first() or ""


def install() -> None:
    """Stand where Modoboa writes these documents, if it does."""
    if not apps.is_installed(APPLICATION):
        return
    # Imported here because importing them is what connects them
    documents: Any = import_module(f"{APPLICATION}.documents")
    handlers = import_module(f"{APPLICATION}.handlers")
    documents.param_tools = _Parameters(tools.__name__)
    places.replace(handlers, "credentials", _credentials)
