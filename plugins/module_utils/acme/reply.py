# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer of an ACME server, as far as ACME looks at it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from .document import read_object
from .errors import GarbledError, Problem
from .waiting import retry_after_seconds

with suppress(ImportError):  # libraries.py says what is missing
    import requests


@dataclass(frozen=True)
class Reply:
    """What the CA answered.

    :ivar location: a URL, if there was one
    :ivar alternates: URLs of other chains for the same certificate (RFC 8555 section 7.4.2)
    """

    url: str
    status: int
    body: bytes
    location: str | None
    retry_after: float | None
    alternates: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        :raises AcmeError: there is none
        """
        document = read_object(self.body)
        if document is None:
            raise GarbledError(
                "the CA answered with something that is not a JSON object. Make sure that"
                " acme_directory is the address of an ACME directory.",
                problem=Problem(url=self.url, status=self.status),
            )
        return document

    def problem(self) -> Problem:
        """Return the body as a problem document, whatever it holds."""
        return Problem.from_json(
            read_object(self.body),
            url=self.url,
            status=self.status,
            retry_after=self.retry_after,
        )


def read_reply(url: str, response: requests.Response, body: bytes) -> Reply:
    """Read status and headers.

    :param url: that was asked, which a redirect does not change
    :param body: of the response
    """
    headers = response.headers
    return Reply(
        url=url,
        status=response.status_code,
        body=body,
        location=_url(headers.get("Location")),
        retry_after=retry_after_seconds(headers.get("Retry-After")),
        alternates=_alternates(url, headers.get("Link")),
    )


def _alternates(url: str, header: str | None) -> tuple[str, ...]:
    # the attribute `links` of the response keeps only one link of each relation
    links = requests.utils.parse_header_links(header) if header else []
    found = []
    for link in links:
        if link.get("rel") == "alternate":
            with suppress(ValueError):  # it is no URL
                found.append(urljoin(url, link["url"]))
    return tuple(found)


def _url(text: str | None) -> str | None:
    # whoever kept anything else would send requests there in every run
    return text if text and text.startswith(("https://", "http://")) else None
