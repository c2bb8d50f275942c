# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a server's answer: its own words, and which error it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors

if TYPE_CHECKING:
    from requests import Response

_LONGEST_WORDS = 400
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

_BY_STATUS: dict[int, tuple[type[errors.ModoboaError], str]] = {
    401: (
        errors.AuthenticationError,
        "the server does not accept the credentials; check the token, or user name and password",
    ),
    403: (
        errors.NotAllowedError,
        "this user may not do that; virtual hosts need a super administrator",
    ),
    404: (errors.NotFoundError, "not found"),
    405: (errors.ValidationError, "the server does not offer this; is the extension too old?"),
    409: (errors.ConflictError, "conflict with the present state"),
    413: (errors.ValidationError, "too large for the web server in front of Modoboa"),
    429: (errors.ThrottledError, "the server asks to wait for too long; try again later"),
    502: (errors.ServerUnavailableError, "the web server cannot reach Modoboa; is it running?"),
    503: (errors.ServerUnavailableError, "Modoboa is not available at the moment"),
    504: (errors.ServerUnavailableError, "Modoboa does not answer the web server in time"),
}


def is_json(response: Response) -> bool:
    """Whether the answer says that it is JSON."""
    media_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def decoded(response: Response) -> Any:
    """The JSON in a successful answer; None if it has no body.

    :raises UnexpectedAnswerError: it is no JSON, or not whole
    """
    if not response.content:
        return None
    if not is_json(response):
        raise errors.UnexpectedAnswerError(
            f"{request_line(response)}: expected JSON and got {words(response)}; is the URL that"
            " of a Modoboa server?"
        )
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise errors.UnexpectedAnswerError(
            f"{request_line(response)}: the JSON of the answer is damaged or cut short"
        ) from None


def request_line(response: Response) -> str:
    """Method and path of the request, as errors name it: without host, query or credentials."""
    request = response.request
    path = (request.path_url or "").split("?", 1)[0]
    return f"{request.method} {path}"


def error_of(response: Response) -> errors.ModoboaError:
    """The error that an unsuccessful answer means, with the server's own words."""
    status = response.status_code
    if 300 <= status < 400:
        return _redirect(response)
    kind, meaning = _BY_STATUS.get(status, (errors.ValidationError, "the server refuses this"))
    if status == 403 and _is_license_answer(response):
        kind = errors.LicenseRequiredError
        meaning = "virtual hosts are locked on this server until its licence is registered"
    elif status >= 500 and status not in _BY_STATUS:
        kind, meaning = errors.ServerFaultError, "the server failed; its log says why"
    return kind(f"{request_line(response)}: {meaning} ({status}: {words(response)})")


def words(response: Response) -> str:
    """What the server itself says, in one line; pages made for browsers only by their title."""
    if is_json(response):
        try:
            text = "; ".join(_sentences(response.json()))
        except (ValueError, RecursionError):
            text = "damaged JSON"
    else:
        media_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if media_type == "text/plain":
            text = response.text
        else:
            title = _TITLE.search(response.text) if "html" in media_type else None
            text = "an HTML page" if "html" in media_type else f"content of type {media_type!r}"
            if title is not None and title.group(1).strip():
                text += f" titled {title.group(1).strip()[:80]!r}"
    text = "".join(each for each in " ".join(text.split()) if each.isprintable())
    if len(text) > _LONGEST_WORDS:
        text = text[:_LONGEST_WORDS] + "..."
    return text or response.reason or "no explanation"


def _sentences(value: Any, field: str = "") -> Iterator[str]:
    """Flatten the shapes in which Django REST framework reports: detail, error, fields, lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            plain = key in ("detail", "error", "non_field_errors", "code")
            if key == "code" and len(value) > 1:
                continue
            yield from _sentences(inner, field if plain else f"{field}{key}: ")
    elif isinstance(value, list):
        for inner in value:
            yield from _sentences(inner, field)
    else:
        yield f"{field}{value}"


def _is_license_answer(response: Response) -> bool:
    if not is_json(response):
        return False
    try:
        return "license_required" in str(response.json())
    except (ValueError, RecursionError):
        return False


def _redirect(response: Response) -> errors.RedirectedError:
    target = response.headers.get("Location", "")
    origin = response.request.url or ""
    if origin.startswith("http://") and target.startswith("https://"):
        advice = "the server wants HTTPS: write https:// in the URL"
    elif "login" in target:
        advice = "that is a login page: the URL is not that of the Modoboa API, or a proxy asks for a login first"
    else:
        advice = "the API does not redirect: write the address it leads to in the URL"
    place = target.split("?", 1)[0] or "nowhere"
    return errors.RedirectedError(
        f"{request_line(response)}: redirected to {place} ({response.status_code}); {advice}"
    )
