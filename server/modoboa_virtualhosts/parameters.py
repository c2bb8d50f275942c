# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The global ACME and nginx settings: kept here, followed by whoever provisions.

They have a table of their own and are not in Modoboa's registry of parameters. That one lets
domain administrators read what is in it, which these endpoints do not; it knows of no licence; and
it writes the values of all applications back as one, so that two changes at a time lose one.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .models import Parameters

DEFAULT_DIRECTORY_URL = "https://acme-v02.api.letsencrypt.org/directory"
_ROW = 1
# What needs no quoting in any configuration file
_PATH = re.compile(r"(/[A-Za-z0-9._+@-]+)+")
_UPSTREAM = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")


def load() -> Parameters:
    """Return the settings as they are stored, the defaults where nothing is."""
    return Parameters.objects.filter(pk=_ROW).first() or Parameters(pk=_ROW)


def save(changes: dict[str, Any]) -> Parameters:
    """Change some settings; the others stay, also when somebody else changes them now.

    :param changes: valid values by the names of the model's fields
    """
    parameters, _created = Parameters.objects.get_or_create(pk=_ROW)
    for name, value in changes.items():
        setattr(parameters, name, value)
    parameters.save(update_fields=list(changes))
    return load()


def directory_url(parameters: Parameters) -> str:
    """Return the ACME directory that counts: the one in settings.py, if there is one."""
    return fixed_directory_url() or parameters.acme_directory_url or DEFAULT_DIRECTORY_URL


def fixed_directory_url() -> str:
    """Return the Django setting ``ACME_DIRECTORY_URL``, empty without one."""
    return str(getattr(settings, "ACME_DIRECTORY_URL", "") or "")


def validate_path(value: str) -> None:
    """Refuse what is no plain absolute path.

    :raises ValidationError: it is none
    """
    if not _PATH.fullmatch(value) or not {"..", "."}.isdisjoint(value.split("/")):
        raise ValidationError(
            _(
                "'%(value)s' is no absolute path of letters, digits and . _ + @ -, such as"
                " /etc/nginx/sites-available."
            )
            % {"value": value},
            code="invalid_path",
        )


def validate_directory_url(value: str) -> None:
    """Refuse what is no address of an ACME directory.

    :raises ValidationError: it is none
    """
    try:
        parts = urlsplit(value)
        good = parts.scheme == "https" and bool(parts.hostname) and not parts.username
        _port = parts.port
    except ValueError:
        good = False
    if not good or not value.isprintable() or not value.isascii() or " " in value:
        raise ValidationError(
            _("'%(value)s' is no address of an ACME directory: it begins with https://.")
            % {"value": value},
            code="invalid_directory_url",
        )
    fixed = fixed_directory_url()
    if fixed and value != fixed:
        raise ValidationError(
            _("ACME_DIRECTORY_URL in settings.py says '%(url)s': change it there.")
            % {"url": fixed},
            code="fixed_directory_url",
        )


def validate_upstream(value: str) -> None:
    """Refuse what is no address of an application server.

    :raises ValidationError: it is none
    """
    kind, _colon, path = value.partition(":")
    if kind == "unix":
        validate_path(path)
        return
    found = _UPSTREAM.fullmatch(value)
    if not found or not 0 < int(found["port"]) < 65536:
        raise ValidationError(
            _("'%(value)s' is no upstream: write unix:/path/of/socket, or host:port.")
            % {"value": value},
            code="invalid_upstream",
        )
