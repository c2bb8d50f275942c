# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What a theme consists of, and which parts of it a virtual host has of its own."""

from __future__ import annotations

from .models import VirtualHost

# As Modoboa's own parameters are called; the model's fields have the same names
COLORS = (
    "theme_primary_color",
    "theme_primary_color_light",
    "theme_primary_color_dark",
    "theme_secondary_color",
    "theme_label_color",
)
# Modoboa knows nothing of the favicon; it is uploaded and cleared like a logo
FAVICON = "favicon"
LOGO_TYPES = ("login", "menu", "creation_form", FAVICON)
# Neither does it know of these
PAGE_TITLE = "theme_page_title"
SENDER_ADDRESS = "theme_sender_address"
TEXTS = (PAGE_TITLE, SENDER_ADDRESS)


def logo_field(logo_type: str) -> str:
    """Return the name of the model's field that holds a logo."""
    return f"{logo_type}_logo"


def logo_parameter(logo_type: str) -> str:
    """Return the name of Modoboa's parameter that a logo replaces."""
    return f"theme_{logo_type}_logo_url"


# What Modoboa asks for
PARAMETERS = frozenset(
    (*COLORS, *(logo_parameter(logo_type) for logo_type in LOGO_TYPES if logo_type != FAVICON))
)


def logo_url(virtual_host: VirtualHost, logo_type: str) -> str:
    """Return where browsers find a logo, empty when the virtual host has none of its own."""
    logo = getattr(virtual_host, logo_field(logo_type))
    return str(logo.url) if logo else ""


def overrides(virtual_host: VirtualHost) -> dict[str, str]:
    """Return the parameters that a virtual host has values of its own for; blank ones are left out.

    :param virtual_host: the virtual host
    """
    values = {name: getattr(virtual_host, name) for name in (*COLORS, *TEXTS)}
    values |= {logo_parameter(kind): logo_url(virtual_host, kind) for kind in LOGO_TYPES}
    return {name: value for name, value in values.items() if value}
