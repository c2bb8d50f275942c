# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What the theme of a virtual host is made of."""

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
LOGO_TYPES = ("login", "menu", "creation_form")


def logo_field(logo_type: str) -> str:
    """Return the name of the model's field that holds a logo."""
    return f"{logo_type}_logo"


def logo_parameter(logo_type: str) -> str:
    """Return the name of Modoboa's parameter that a logo replaces."""
    return f"theme_{logo_type}_logo_url"


def logo_url(virtual_host: VirtualHost, logo_type: str) -> str:
    """Return where browsers find a logo, empty when the virtual host has none of its own."""
    logo = getattr(virtual_host, logo_field(logo_type))
    return str(logo.url) if logo else ""


def overrides(virtual_host: VirtualHost) -> dict[str, str]:
    """Return the parameters that a virtual host has values of its own for; blank ones are left out.

    :param virtual_host: the virtual host
    """
    values = {name: getattr(virtual_host, name) for name in COLORS}
    values |= {logo_parameter(kind): logo_url(virtual_host, kind) for kind in LOGO_TYPES}
    return {name: value for name, value in values.items() if value}
