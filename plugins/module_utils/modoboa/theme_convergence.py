# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing many themes about: all compared, what differs written, and read back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import (
    Outcome,
    error_of,
    for_each,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.bulk import Bulk
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import CONNECTIONS
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.logo import Logo
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import (
    TEXTS,
    Theme,
    Themes,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
    VirtualHosts,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_theme import (
    WantedTheme,
    verify,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

_UNKNOWN: dict[str, Any] = {"colors": {}, "logos": {}, **dict.fromkeys(TEXTS)}


@dataclass
class _Work:
    """The theme of one virtual host on its way."""

    wanted: WantedTheme
    host: VirtualHost | None = None
    files: dict[str, Logo | None] = field(default_factory=dict)
    before: Theme = field(default_factory=Theme)
    target: Theme = field(default_factory=Theme)
    after: Theme | None = None
    error: str | None = None

    @property
    def pk(self) -> int:
        """The key of its virtual host, which exists."""
        if self.host is None or self.host.pk is None:
            raise errors.NotFoundError(
                "Modoboa has no such virtual host; create it first, with modoboa_vhost"
            )
        return self.host.pk

    def attempt(self, action: Callable[[_Work], None]) -> None:
        """Do something for it, and keep the error if it is the first."""
        error = error_of(partial(action, self))
        self.error = self.error or error

    def outcome(self) -> Outcome:
        """What became of it."""
        if self.after is None:
            return Outcome(self.wanted.name, facts=_UNKNOWN, error=self.error)
        before, after = self.before.shown(), self.after.shown()
        return Outcome(self.wanted.name, before, after, after, self.error)


class Convergence:
    """One run."""

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
        self._bulk = Bulk(client)
        self._check_mode = check_mode
        self._created = frozenset(created if check_mode else ())
        # Those that the server shows in its list
        self._listed: dict[str, Theme] = {}

    def bring_about(self, wanted: Sequence[WantedTheme]) -> list[Outcome]:
        """Make all themes as wanted; one outcome each, in order.

        :raises ModoboaError: one that concerns the connection
        """
        every = [_Work(each) for each in wanted]
        self._find(every)
        _each(self._compare, every)
        due = [work for work in every if work.error is None and work.target != work.before]
        if self._check_mode:
            for work in due:
                work.after = work.target
        else:
            self._write(due)
            self._read_back(due)
        return [work.outcome() for work in every]

    def _find(self, every: Sequence[_Work]) -> None:
        hosts = self._list(every)
        for work in every:
            work.host = hosts.get(work.wanted.name)

    def _list(self, every: Sequence[_Work]) -> dict[str, VirtualHost]:
        """All virtual hosts, and the themes of them if the server shows these in its list.

        That is beyond the contract; a server that has not got it takes no notice.
        """
        narrowed = {"search": every[0].wanted.name} if len(every) == 1 else {}
        entries = self._virtual_hosts.entries(theme="true", **narrowed)
        self._listed = {
            entry["name"]: Theme.from_json(entry["theme"]) for entry in entries if "theme" in entry
        }
        hosts = [VirtualHost.from_json(entry) for entry in entries]
        return {host.name: host for host in hosts}

    def _compare(self, work: _Work) -> None:
        work.before = work.after = self._theme_before(work)
        work.files = work.wanted.files()
        work.target = work.wanted.applied_to(work.before, work.files)

    def _theme_before(self, work: _Work) -> Theme:
        if work.host is None and work.wanted.name in self._created:
            # All that goes beyond the contract comes together
            everything = bool(self._listed) or self._bulk.is_offered()
            return Theme() if everything else Theme.of_contract()
        return self._theme_of(work)

    def _theme_of(self, work: _Work) -> Theme:
        listed = self._listed.get(work.wanted.name)
        kinds = work.wanted.kinds()
        if listed is not None:
            return self._themes.completed(listed, kinds)
        return self._themes.get(work.pk, kinds)

    def _write(self, due: Sequence[_Work]) -> None:
        with_fields = [work for work in due if work.target.changes_from(work.before)]
        if len(with_fields) > 1 and self._bulk.is_offered():
            self._send_together(with_fields)
        else:
            _each(self._send_fields, with_fields)
        _each(self._send_logos, [work for work in due if work.error is None])

    def _send_together(self, due: Sequence[_Work]) -> None:
        items = [
            {"name": work.wanted.name, "theme": work.target.changes_from(work.before)}
            for work in due
        ]
        refused = self._bulk.send(items)
        for work in due:
            work.error = refused.get(work.wanted.name)

    def _send_fields(self, work: _Work) -> None:
        self._themes.set_fields(work.pk, work.target.changes_from(work.before))

    def _send_logos(self, work: _Work) -> None:
        for kind, digest in work.target.logos.items():
            if work.before.logos.get(kind) == digest:
                continue
            logo = work.files.get(kind)
            if logo is None:
                self._themes.clear_logo(work.pk, kind)
            else:
                self._themes.set_logo(work.pk, kind, logo)

    def _read_back(self, due: Sequence[_Work]) -> None:
        if len(due) > CONNECTIONS and self._listed:
            self._list(due)
        else:
            self._listed = {}
        _each(self._verify, due)

    def _verify(self, work: _Work) -> None:
        work.after = self._theme_of(work)
        if work.error is None:
            verify(work.target, work.after)


def _each(action: Callable[[_Work], None], every: Iterable[_Work]) -> None:
    """Do something for many, a few at a time."""
    for_each(lambda work: work.attempt(action), every)
