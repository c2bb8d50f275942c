# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What Modoboa's templates have no place for: title, icon, and the colour of plain pages.

Its pages have the title and the icon written in them, and its error pages, like those of its OAuth
toolkit, have no theme at all. So both are put into a page on its way out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import escape

from . import hosts, middleware
from .theme import FAVICON, PAGE_TITLE, logo_parameter

logger = logging.getLogger(__name__)

_TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)
_ICON = re.compile(r"<link\b[^>]*\brel=[\"'](?:shortcut )?icon[\"'][^>]*>")
_PRIMARY_COLOR = "theme_primary_color"
# What no template of Modoboa's has a place for
_PLACED = {PAGE_TITLE, logo_parameter(FAVICON)}
_STYLE = (
    "<style>body {{ border-top: .5em solid {color}; }} a {{ color: {color}; }}"
    " .btn-primary {{ background-color: {color}; border-color: {color}; }}</style>"
)


def _theme(request: HttpRequest, response: HttpResponseBase) -> None:
    """Put a virtual host's theme into its pages."""
    if not isinstance(response, HttpResponse) or not _is_page(response):
        return
    try:
        host = hosts.find_for_request(request)
        if host is not None and host.theme:
            _dress(response, host.theme)
    except Exception:  # a page without its theme is better than none
        logger.exception("Virtual hosts: a page could not be themed")


def install() -> None:
    """See every page on its way out."""
    middleware.on_response(_theme)


def dressed(page: str, theme: Mapping[str, str]) -> str:
    """Return a page with a theme in it.

    :param page: HTML
    :param theme: the parameters that a virtual host has values of its own for
    """
    title, icon = theme.get(PAGE_TITLE), theme.get(logo_parameter(FAVICON))
    color = theme.get(_PRIMARY_COLOR)
    if title:
        element = f"<title>{escape(title)}</title>"
        page = _TITLE.sub(lambda _found: element, page, count=1)
    more = ""
    if icon:
        page = _ICON.sub("", page, count=1)
        more = f'<link rel="icon" href="{escape(icon)}">'
    if color and color not in page:
        more += _STYLE.format(color=color)
    return page.replace("</head>", f"{more}</head>", 1) if more else page


def _is_page(response: HttpResponse) -> bool:
    kind = response.headers.get("Content-Type", "")
    return kind.startswith("text/html") and not response.has_header("Content-Encoding")


def _dress(response: HttpResponse, theme: Mapping[str, str]) -> None:
    if not theme.keys() & _PLACED and theme.get(_PRIMARY_COLOR, "").encode() in response.content:
        return  # Modoboa's own templates have done it, as a rule
    before = response.content.decode(response.charset)
    after = dressed(before, theme)
    if after != before:
        response.content = after.encode(response.charset)
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
