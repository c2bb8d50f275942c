# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing many themes about: all compared, what differs written, and read back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
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

# Bytes of one request. Django reads 2.5 MiB; where anything takes less, all is sent one by one.
_AT_ONCE = 2_400_000
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

    def logos(self) -> dict[str, Logo | None]:
        """The logos that have to change, None for those that have to go."""
        return {
            kind: self.files.get(kind)
            for kind, digest in self.target.logos.items()
            if self.before.logos.get(kind) != digest
        }

    def item(self) -> dict[str, Any]:
        """What has to change, for :class:`Bulk`.

        :raises FileError: a logo cannot be read
        """
        logos = {kind: logo and logo.in_base64(kind) for kind, logo in self.logos().items()}
        fields = self.target.changes_from(self.before)
        return {"name": self.wanted.name, "theme": fields, "logos": logos}

    def size(self) -> int:
        """The bytes that :meth:`item` takes in a request, at most."""
        text = json.dumps([self.wanted.name, self.target.changes_from(self.before)])
        # Base64 makes a third more of a logo; what is around each is short
        return (
            len(text) + 100 + sum(logo.size * 4 // 3 + 30 for logo in self.logos().values() if logo)
        )

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
        hosts = [VirtualHost.from_json(entry) for entry in entries]
        self._listed = {
            host.name: Theme.from_json(entry["theme"])
            for host, entry in zip(hosts, entries)
            if "theme" in entry
        }
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
        left = list(due)
        if len(due) > 1 and self._bulk.is_offered():
            left = [work for chunk in _chunks(due) for work in self._send_together(chunk)]
        _each(self._send, left)

    def _send_together(self, chunk: Sequence[_Work]) -> list[_Work]:
        """Write some themes in one request.

        :returns: those that were refused; tried alone they go as far as they can, and the error
            is exact
        """
        items: list[dict[str, Any]] = []
        for work in chunk:
            work.attempt(lambda each: items.append(each.item()))
        refused = self._bulk.send(items)
        return [work for work in chunk if work.wanted.name in refused]

    def _send(self, work: _Work) -> None:
        fields = work.target.changes_from(work.before)
        if fields:
            self._themes.set_fields(work.pk, fields)
        for kind, logo in work.logos().items():
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
        if work.error is None:
            work.after = work.target  # as far as anybody knows, should it not be read
        work.after = self._theme_of(work)
        if work.error is None:
            verify(work.target, work.after)


def _each(action: Callable[[_Work], None], every: Iterable[_Work]) -> None:
    """Do something for many, a few at a time."""
    for_each(lambda work: work.attempt(action), every)


def _chunks(due: Iterable[_Work]) -> Iterator[list[_Work]]:
    """Split by the size of the requests that it will be."""
    chunk: list[_Work] = []
    size = 0
    for work in due:
        size += work.size()
        if chunk and size > _AT_ONCE:
            yield chunk
            chunk, size = [], work.size()
        chunk.append(work)
    if chunk:
        yield chunk
