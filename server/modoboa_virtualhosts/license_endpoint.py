# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The vendor's licensing endpoint: one request that registers a key.

    POST {"key", "installation", "hostname", "product"}   →   200 {"key_sha256", "licensee"}

Anything else is a refusal, with a reason under ``error`` or ``detail``. The digest in the answer
shows that it was this key that somebody looked at. server/licensing has one that works.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from typing import Any
from urllib.parse import urlsplit

import requests
from django.contrib.sites.models import Site
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from urllib3.exceptions import HTTPError

from . import settings

PRODUCT = "modoboa_virtualhosts"
TIMEOUT = (5, 10)
_ANSWER_BYTES = 64 * 1024
_REASON_LENGTH = 300
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class RegistrationError(Exception):
    """A key was not registered; the text says why and has nothing of the key in it."""


def url() -> str:
    """Return the address of the endpoint, empty where none is set."""
    return str(settings.get("MODOBOA_VIRTUALHOSTS_LICENSE_URL") or "").strip()


def objection(address: str) -> str:
    """Return why a key cannot be sent to an address, empty when it can.

    :param address: the address of a licensing endpoint
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _port = parts.port
    except ValueError:
        return _("it is no address")
    if parts.scheme not in ("https", "http") or not host:
        return _("it is no address")
    if parts.scheme == "http" and host not in _LOOPBACK:
        return _("the key would travel unprotected: use https")
    if parts.username or parts.password:
        return _("it has a user name or a password in it")
    return ""


@sensitive_variables("key", "body")
def register(key: str, installation: uuid.UUID) -> str:
    """Register a key.

    :param key: the licence key
    :param installation: what tells this installation from others, the same each time
    :return: whose licence it is, in the words of the endpoint
    :raises RegistrationError: it was refused, or there is no usable answer
    """
    address = url()
    wrong = objection(address) if address else _("none is set")
    if wrong:
        raise RegistrationError(
            _(
                "The licensing endpoint cannot be used: %(reason)s (MODOBOA_VIRTUALHOSTS_LICENSE_URL)."
            )
            % {"reason": wrong}
        )
    body = {
        "key": key,
        "installation": str(installation),
        "hostname": _hostname(),
        "product": PRODUCT,
    }
    status, answer = _ask(address, key, body)
    if status != requests.codes.ok:
        reason = answer.get("error") or answer.get("detail") or f"HTTP {status}"
        raise RegistrationError(
            _("The licensing endpoint refused the key: %(reason)s") % {"reason": _safe(reason, key)}
        )
    digest = answer.get("key_sha256")
    expected = hashlib.sha256(key.encode()).hexdigest()
    if not isinstance(digest, str) or not hmac.compare_digest(digest.encode(), expected.encode()):
        raise RegistrationError(_("The licensing endpoint's answer is not about this key."))
    return _safe(answer.get("licensee") or "", key)


@sensitive_variables("key", "body")
def _ask(address: str, key: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
    try:
        # A redirect is not followed: it would take the key elsewhere
        with requests.post(
            address, json=body, timeout=TIMEOUT, allow_redirects=False, stream=True
        ) as response:
            content = response.raw.read(_ANSWER_BYTES, decode_content=True)
            status = response.status_code
    except requests.Timeout:
        raise RegistrationError(_("The licensing endpoint does not answer in time.")) from None
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        # Not the error itself: a chain of exceptions would take the request into a report
        raise RegistrationError(
            _("The licensing endpoint cannot be reached: %(reason)s")
            % {"reason": _safe(error, key)}
        ) from None
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    return status, answer if isinstance(answer, dict) else {}


@sensitive_variables("key")
def _safe(text: object, key: str) -> str:
    """Return a text from outside, on one line, short, and without the key if that is in it."""
    plain = re.sub(r"\s+", " ", str(text).replace(key, "***"))
    return "".join(letter for letter in plain if letter.isprintable()).strip()[:_REASON_LENGTH]


def _hostname() -> str:
    try:
        return str(Site.objects.get_current().domain)
    except (DatabaseError, Site.DoesNotExist):
        return ""
