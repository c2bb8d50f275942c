# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request that got no answer: whether it may be sent again, and how that is said."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors

with suppress(ImportError):  # the client says what is missing
    import urllib3
    from requests import exceptions

if TYPE_CHECKING:
    from requests.exceptions import RequestException


def is_passing(error: RequestException, repeatable: bool) -> bool:
    """Whether a request that got no answer may be sent again.

    :param repeatable: whether sending it twice is the same as once
    """
    if isinstance(error, (exceptions.SSLError, exceptions.ProxyError)):
        return False
    if isinstance(error, exceptions.ConnectTimeout):
        return True
    if _is_too_slow(error):
        return False  # which is not helped by asking twice
    return repeatable and isinstance(
        error, (exceptions.ConnectionError, exceptions.ChunkedEncodingError)
    )


def error_of(method: str, url: str, error: RequestException) -> errors.ModoboaError:
    """The error that no answer means, with the request and the cause in its own words."""
    kind, meaning = _meaning(error)
    parts = urlsplit(url)
    return kind(
        f"{method} {parts.path} at {parts.scheme}://{parts.netloc}: {meaning} ({_reason(error)})"
    )


def _meaning(error: RequestException) -> tuple[type[errors.ModoboaError], str]:
    if isinstance(error, exceptions.SSLError):
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
            advice = "for a CA of your own, name its file as ca_path"
            return errors.ServerUnreachableError, f"cannot verify the server over TLS; {advice}"
        return errors.ServerUnreachableError, "TLS fails; is that a port for HTTPS?"
    if _is_too_slow(error):
        return errors.ServerUnavailableError, "no answer within the timeout"
    if isinstance(error, exceptions.Timeout):
        return errors.ServerUnreachableError, "no answer within the timeout"
    if isinstance(error, exceptions.ProxyError):
        return (
            errors.ServerUnreachableError,
            "cannot reach the server through the proxy that the environment names",
        )
    if isinstance(error, (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError)):
        return errors.ServerUnavailableError, "the answer broke off"
    return (
        errors.ServerUnreachableError,
        "cannot reach the server; check the URL, and that the server runs",
    )


def _is_too_slow(error: RequestException) -> bool:
    """Whether the server was there, and then said nothing more.

    Within a body, requests reports that as a fault of the connection.
    """
    return isinstance(error, exceptions.ReadTimeout) or any(
        isinstance(cause, urllib3.exceptions.ReadTimeoutError) for cause in _causes(error)
    )


def _reason(error: BaseException) -> str:
    """The innermost cause in its own words; the outer ones print memory addresses."""
    seen = _causes(error)
    last = next((each for each in reversed(seen) if isinstance(each, OSError)), seen[-1])
    text = getattr(last, "verify_message", None) or getattr(last, "strerror", None)
    return str(text or type(last).__name__)


def _causes(error: BaseException) -> list[BaseException]:
    """An error, and what it says it came from."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        inner = getattr(cause, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = inner or cause.__cause__ or cause.__context__
    return seen
