# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes as the server keeps them: colours, texts and logos of a virtual host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

TEXTS = {"page_title": "theme_page_title", "sender_address": "theme_sender_address"}
"""The same of the texts. The published contract has none."""

LOGOS = ("login", "menu", "creation_form", "favicon")
"""The kinds of logos."""

_CONTRACT_LOGOS = LOGOS[:3]


@dataclass(frozen=True)
class Theme:
    """What a virtual host overrides; an empty text, and a logo of None, are the instance's.

    Texts and addresses have those that the server knows of at all. A logo is known by the SHA-256
    of its content. Where the server does not tell it, only its address is known until somebody
    asks.
    """

    colors: dict[str, str] = field(default_factory=lambda: dict.fromkeys(COLORS, ""))
    logos: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(LOGOS))
    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    addresses: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LOGOS, ""))

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
        keys = {kind: f"theme_{kind}_logo_url" for kind in LOGOS}
        addresses = {
            kind: content.get(key) or ""
            for kind, key in keys.items()
            if key in content or kind in _CONTRACT_LOGOS
        }
        return cls(
            colors={name: (content.get(key) or "").lower() for name, key in COLORS.items()},
            logos={
                kind: digests.get(kind)
                for kind, address in addresses.items()
                if kind in digests or not address
            },
            texts={name: content[key] or "" for name, key in TEXTS.items() if key in content},
            addresses=addresses,
        )

    @classmethod
    def of_contract(cls) -> Theme:
        """The blank theme of a server that has the published contract and nothing else."""
        return cls.from_json({})

    def fields(self) -> dict[str, str]:
        """Colours and texts as the API calls them."""
        return {
            **{COLORS[name]: color for name, color in self.colors.items()},
            **{TEXTS[name]: text for name, text in self.texts.items()},
        }

    def changes_from(self, before: Theme) -> dict[str, str]:
        """Of :meth:`fields` those that are different from another theme's."""
        old = before.fields()
        return {key: value for key, value in self.fields().items() if old.get(key) != value}

    def shown(self) -> dict[str, Any]:
        """What results and diffs show of it; a text of None is one that the server has not."""
        return {
            "colors": self.colors,
            "logos": self.logos,
            **{name: self.texts.get(name) for name in TEXTS},
        }


class Themes:
    """The endpoints of themes, below that of each virtual host."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, pk: int, kinds: Iterable[str]) -> Theme:
        """The theme of a virtual host.

        :param kinds: the logos that matter, see :meth:`completed`
        """
        theme = Theme.from_json(self._client.get(f"virtualhosts/{pk}/theme/"))
        return self.completed(theme, kinds)

    def completed(self, theme: Theme, kinds: Iterable[str]) -> Theme:
        """A theme with the digests of some logos, which are downloaded if they are not known."""
        unknown = [kind for kind in kinds if kind not in theme.logos and theme.addresses.get(kind)]
        digests = {kind: self._digest_at(theme.addresses[kind]) for kind in unknown}
        return replace(theme, logos={**theme.logos, **digests})

    def set_fields(self, pk: int, fields: Mapping[str, str]) -> None:
        """Change some colours and texts; the others stay (the contract's PUT is partial)."""
        self._client.send("PUT", f"virtualhosts/{pk}/theme/", json=dict(fields))

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
