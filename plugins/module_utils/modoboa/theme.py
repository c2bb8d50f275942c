# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes as the server keeps them: colours and logos of a virtual host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.logo import Logo, digest_of

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

COLORS = {
    "primary": "theme_primary_color",
    "primary_light": "theme_primary_color_light",
    "primary_dark": "theme_primary_color_dark",
    "secondary": "theme_secondary_color",
    "label": "theme_label_color",
}
"""What the options call the colours → what the API calls them."""

LOGOS = ("login", "menu", "creation_form")


@dataclass(frozen=True)
class Theme:
    """What a virtual host overrides; an empty colour, and a logo of None, are the instance's.

    A logo is known by the SHA-256 of its content. Where the server does not tell it, only its
    address is known until somebody asks.
    """

    colors: dict[str, str] = field(default_factory=lambda: dict.fromkeys(COLORS, ""))
    logos: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(LOGOS))
    addresses: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: Any) -> Theme:
        """Read the server's representation.

        :raises UnexpectedAnswerError: it is none
        """
        if not isinstance(content, dict):
            raise errors.UnexpectedAnswerError("the server describes a theme in an unknown way")
        digests = content.get("logo_digests")
        if not isinstance(digests, dict):
            digests = {}
        addresses = {kind: content.get(f"theme_{kind}_logo_url") or "" for kind in LOGOS}
        return cls(
            colors={name: (content.get(key) or "").lower() for name, key in COLORS.items()},
            logos={
                kind: digests.get(kind) for kind in LOGOS if kind in digests or not addresses[kind]
            },
            addresses=addresses,
        )


class Themes:
    """The endpoints of themes, below that of each virtual host."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, pk: int, kinds: Mapping[str, Any]) -> Theme:
        """The theme of a virtual host.

        :param kinds: the logos that matter; where the server does not tell their digests, they
            are downloaded and looked at
        """
        theme = Theme.from_json(self._client.get(f"virtualhosts/{pk}/theme/"))
        unknown = [kind for kind in kinds if kind not in theme.logos]
        digests = {kind: self._digest_at(theme.addresses[kind]) for kind in unknown}
        return replace(theme, logos={**theme.logos, **digests})

    def set_colors(self, pk: int, colors: Mapping[str, str]) -> None:
        """Change some colours; the others stay (the contract's PUT is partial)."""
        self._client.send(
            "PUT",
            f"virtualhosts/{pk}/theme/",
            json={COLORS[name]: color for name, color in colors.items()},
        )

    def set_logo(self, pk: int, kind: str, logo: Logo) -> None:
        """Upload a logo in place of the present one."""
        self._client.send(
            "POST",
            f"virtualhosts/{pk}/theme_logo/",
            data={"logo_type": kind},
            files={"image": logo.upload(kind)},
            repeatable=True,  # the same logo replaces itself
        )

    def clear_logo(self, pk: int, kind: str) -> None:
        """Go back to the instance's own logo."""
        self._client.send("DELETE", f"virtualhosts/{pk}/theme_logo/", params={"logo_type": kind})

    def _digest_at(self, address: str) -> str | None:
        content = self._client.download(address)
        return None if content is None else digest_of(content)
