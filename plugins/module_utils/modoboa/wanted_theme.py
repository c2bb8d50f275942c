# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes as a task wants them, and how to get there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import (
    Item,
    ItemsError,
    check_names,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import (
    Outcome,
    error_of,
    for_each,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.logo import Logo
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import Theme, Themes
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
    VirtualHosts,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True)
class WantedTheme:
    """What a task says about the theme of one virtual host; what it does not mention stays."""

    name: str
    colors: dict[str, str]
    logos: dict[str, str]

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
        return cls(item["name"], colors, _given(item.get("logos")))


def read_items(items: Sequence[Item]) -> list[WantedTheme]:
    """Check and read all items of a task, before anything is touched.

    :raises ItemsError: names that are duplicate or malformed, colours that are none
    """
    check_names(items, check_hostname)
    return [WantedTheme.from_item(item) for item in items]


class Convergence:
    """One run: compare all, write what differs, read back."""

    def __init__(
        self, client: Client, *, check_mode: bool = False, created: Collection[str] = ()
    ) -> None:
        """Prepare.

        :param check_mode: predict and write nothing
        :param created: virtual hosts that an earlier task of this run created; used in check mode,
            where they are not there
        """
        self._virtual_hosts = VirtualHosts(client)
        self._themes = Themes(client)
        self._check_mode = check_mode
        self._created = created

    def bring_about(self, wanted: Sequence[WantedTheme]) -> list[Outcome]:
        """Make all themes as wanted; one outcome each, in order.

        :raises ModoboaError: one that concerns the connection
        """
        hosts = self._virtual_hosts.all()
        if self._check_mode:
            hosts = {**{name: VirtualHost(name) for name in self._created}, **hosts}
        return for_each(lambda each: _One(self._themes, each, self._check_mode).run(hosts), wanted)


class _One:
    """The theme of one virtual host on its way."""

    def __init__(self, themes: Themes, wanted: WantedTheme, check_mode: bool) -> None:
        self._themes = themes
        self._wanted = wanted
        self._check_mode = check_mode
        self._before: Theme | None = None
        self._after: Theme | None = None

    def run(self, hosts: Mapping[str, VirtualHost]) -> Outcome:
        """Bring it about."""
        error = error_of(partial(self._converge, hosts))
        before, after = _described(self._before), _described(self._after)
        facts = after or {"colors": {}, "logos": {}}
        return Outcome(self._wanted.name, before, after, facts, error)

    def _converge(self, hosts: Mapping[str, VirtualHost]) -> None:
        host = hosts.get(self._wanted.name)
        if host is None:
            raise errors.NotFoundError(
                "Modoboa has no such virtual host; create it first, with modoboa_vhost"
            )
        logos = {
            kind: Logo.from_file(kind, path) if path else None
            for kind, path in self._wanted.logos.items()
        }
        self._before = self._after = before = self._read(host)
        target = _target(before, self._wanted, logos)
        if self._check_mode:
            self._after = target
        elif target != before and host.pk is not None:
            error = error_of(partial(self._write, host.pk, before, target, logos))
            self._after = self._read(host)
            if error is not None:
                raise errors.ModoboaError(error)
            _verify(target, self._after)

    def _read(self, host: VirtualHost) -> Theme:
        return Theme() if host.pk is None else self._themes.get(host.pk, self._wanted.logos)

    def _write(
        self, pk: int, before: Theme, target: Theme, logos: Mapping[str, Logo | None]
    ) -> None:
        colors = {
            name: color for name, color in target.colors.items() if before.colors[name] != color
        }
        if colors:
            self._themes.set_colors(pk, colors)
        for kind, logo in logos.items():
            if before.logos[kind] == target.logos[kind]:
                continue
            if logo is None:
                self._themes.clear_logo(pk, kind)
            else:
                self._themes.set_logo(pk, kind, logo)


def _given(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options that the task mentions; Ansible fills in the others with None."""
    return {name: value for name, value in (options or {}).items() if value is not None}


def _target(before: Theme, wanted: WantedTheme, logos: Mapping[str, Logo | None]) -> Theme:
    digests = {kind: logo.digest if logo else None for kind, logo in logos.items()}
    return Theme(
        colors={**before.colors, **wanted.colors},
        logos={**before.logos, **digests},
        addresses=before.addresses,
    )


def _verify(target: Theme, after: Theme) -> None:
    """Compare what the server has now with what was written.

    :raises IgnoredFieldError: it is not the same
    """
    ignored = [
        f"the colour {name}" for name, color in target.colors.items() if after.colors[name] != color
    ]
    ignored += [
        f"the logo {kind}"
        for kind, digest in target.logos.items()
        if after.logos.get(kind) != digest
    ]
    if ignored:
        raise errors.IgnoredFieldError(
            "the server accepted, but did not keep, " + ", ".join(ignored) + "; look into its log"
        )


def _described(theme: Theme | None) -> dict[str, Any]:
    """What a diff shows of a theme."""
    if theme is None:
        return {}
    return {"colors": theme.colors, "logos": theme.logos}
