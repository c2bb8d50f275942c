# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that gave no answer: why, and whether asking again at once may help."""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from .errors import AcmeError, Problem, UnreachableError, stable_text

with suppress(ImportError):  # libraries.py says what is missing
    import requests
    import urllib3.exceptions

_URLLIB3_CONNECTION = re.compile(r"^HTTPS?Connection(Pool)?\([^)]*\): ")
# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL
_OUT_OF_TIME = (9, 10)


def may_pass(error: requests.RequestException) -> bool:
    """Say whether the connection broke, or could not be made: both may pass within a moment.

    A CA that is silent has had its time already, and a certificate stays as it is.
    """
    if _is_timeout(error) or _is_distrust(error):
        return False
    return isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError))


def unreachable(error: requests.RequestException, directory_url: str, timeout: float) -> AcmeError:
    """Return what happened and what to do about it.

    An ``UnreachableError``, unless there was nothing to be reached.

    :param directory_url: of the CA
    :param timeout: seconds that the CA had for its answer
    """
    parts = urlsplit(directory_url)
    where = f"the CA at {parts.scheme}://{parts.netloc}"
    url = error.request.url if error.request is not None else None
    problem = Problem(detail=str(error), url=url)
    kinds = requests.exceptions
    if isinstance(error, (kinds.InvalidURL, kinds.InvalidSchema, kinds.MissingSchema)):
        return AcmeError(
            f"{where} has an address that is no URL. Make sure that acme_directory is the address of"
            " an ACME directory.",
            problem=problem,
        )
    if _is_distrust(error):
        advice = "Give the certificates that it is signed with as ca_path."
        if getattr(_innermost(error), "verify_code", None) in _OUT_OF_TIME:
            advice = "Check the clock of this host."
        return UnreachableError(
            f"the TLS certificate of {where} cannot be verified: {_cause(error)}. {advice}",
            problem=problem,
        )
    if _is_timeout(error):
        return UnreachableError(
            f"{where} did not answer within {timeout:g} seconds. Check the network"
            " between this host and the CA, or raise timeout.",
            problem=problem,
        )
    return UnreachableError(
        f"{where} cannot be reached: {_cause(error)}. Check acme_directory and the network"
        " between this host and the CA.",
        problem=problem,
    )


def _is_timeout(error: requests.RequestException) -> bool:
    """Say whether the CA was silent for too long, before its answer or in the middle of it."""
    return isinstance(error, requests.Timeout) or isinstance(
        _innermost(error), urllib3.exceptions.ReadTimeoutError
    )


def _is_distrust(error: requests.RequestException) -> bool:
    """Say whether the TLS certificate was refused. A handshake that breaks off is something else."""
    return isinstance(_innermost(error), ssl.SSLCertVerificationError)


def _cause(error: requests.RequestException) -> str:
    """Return the innermost reason: the outer texts hold addresses of Python objects."""
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        # the reason counts bytes
        return "the connection broke in the middle of an answer"
    inner = _innermost(error)
    strerror = inner.strerror if isinstance(inner, OSError) else None
    text = _URLLIB3_CONNECTION.sub("", stable_text(strerror or str(inner))).rstrip(".")
    return text or type(inner).__name__


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause of an error that was wrapped many times."""
    inner = error
    while True:
        reason = getattr(inner, "reason", None)
        following = reason if isinstance(reason, BaseException) else None
        following = following or next(
            (each for each in reversed(inner.args) if isinstance(each, BaseException)), None
        )
        if following is None:
            return inner
        inner = following
