# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the published contract says of its objects; also read inside Modoboa."""

from __future__ import annotations

LOGO_TYPES = ("login", "menu", "creation_form")
VIRTUAL_HOST = (
    "pk",
    "name",
    "creation",
    "enabled",
    "domains",
    "has_certificate",
    "certificate_valid_until",
    "provisioning_status",
    "last_provisioning_error",
)
THEME = (
    "theme_primary_color",
    "theme_primary_color_light",
    "theme_primary_color_dark",
    "theme_secondary_color",
    "theme_label_color",
    "theme_login_logo_url",
    "theme_menu_logo_url",
    "theme_creation_form_logo_url",
)
