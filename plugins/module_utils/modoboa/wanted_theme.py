# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes as a task wants them, compared with those that are there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import (
    Item,
    ItemsError,
    check_names,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.logo import Logo
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import (
    LOGOS,
    TEXTS,
    Theme,
)

_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True)
class WantedTheme:
    """What a task says about the theme of one virtual host.

    What it does not mention stays, or with ``reset`` becomes the instance's own again.
    """

    name: str
    colors: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    logos: dict[str, str] = field(default_factory=dict)
    reset: bool = False

    @classmethod
    def from_item(cls, item: Item) -> WantedTheme:
        """Read one item of the task.

        :raises ItemsError: a colour is none
        """
        colors = {name: color.lower() for name, color in _given(item.get("colors")).items()}
        for name, color in colors.items():
            if color and not _COLOR.fullmatch(color):
                raise ItemsError(
                    f"{item['name']}: the colour {name} is {color!r}; write it as #1565c0"
                )
        # The server leaves out the white space at both ends
        texts = {name: item[name].strip() for name in TEXTS if item.get(name) is not None}
        logos = _given(item.get("logos"))
        return cls(item["name"], colors, texts, logos, bool(item.get("reset")))

    def kinds(self) -> tuple[str, ...]:
        """The logos that it says something about."""
        return LOGOS if self.reset else tuple(self.logos)

    def files(self) -> dict[str, Logo | None]:
        """The logos that it mentions, None for the instance's own.

        :raises FileError: the file of one cannot be read
        """
        return {
            kind: Logo.from_file(kind, path) if path else None for kind, path in self.logos.items()
        }

    def applied_to(self, before: Theme, files: Mapping[str, Logo | None]) -> Theme:
        """The theme that it makes of another one.

        :param before: with the digests of all logos of :meth:`kinds`
        :raises ValidationError: the server has no such thing in its themes
        """
        lacking = [name for name, text in self.texts.items() if text and name not in before.texts]
        lacking += [kind for kind, logo in files.items() if logo and kind not in before.addresses]
        if lacking:
            raise errors.ValidationError(
                f"the themes of this server have no {' and no '.join(lacking)}, which the published"
                " API knows nothing of; leave it out, or install the extension"
                " modoboa_virtualhosts, which is in the folder server of this collection"
            )
        blank = {kind: None for kind in self.kinds() if kind in before.addresses}
        digests = {kind: logo.digest if logo else None for kind, logo in files.items()}
        return Theme(
            colors={**self._kept(before.colors), **self.colors},
            logos={**before.logos, **blank, **_known(digests, before.addresses)},
            texts={**self._kept(before.texts), **_known(self.texts, before.texts)},
            addresses=before.addresses,
        )

    def _kept(self, before: Mapping[str, str]) -> dict[str, str]:
        return dict.fromkeys(before, "") if self.reset else dict(before)


def read_items(items: Sequence[Item]) -> list[WantedTheme]:
    """Check and read all items of a task, before anything is touched.

    :raises ItemsError: names that are duplicate or malformed, colours that are none
    """
    check_names(items, check_hostname)
    return [WantedTheme.from_item(item) for item in items]


def verify(target: Theme, after: Theme) -> None:
    """Compare what the server has now with what was written.

    :raises IgnoredFieldError: it is not the same
    """
    ignored = [
        *(f"the colour {name}" for name in _different(target.colors, after.colors)),
        *(f"the {name}" for name in _different(target.texts, after.texts)),
        *(f"the logo {kind}" for kind in _different(target.logos, after.logos)),
    ]
    if ignored:
        raise errors.IgnoredFieldError(
            "the server accepted, but did not keep, " + ", ".join(ignored) + "; look into its log"
        )


def _different(target: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name, value in target.items() if after.get(name) != value]


def _given(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options that the task mentions; Ansible fills in the others with None."""
    return {name: value for name, value in (options or {}).items() if value is not None}


def _known(wanted: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What the server knows of: the rest is the instance's own there, and wanted to be."""
    return {name: value for name, value in wanted.items() if name in known}
