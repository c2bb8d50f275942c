# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files by others that have to go so that a virtual host gets its names: which, and where they are kept."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import files
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import Claims
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import Directive
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Other,
    Site,
    canonical,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.left_behind import (
    Replacement,
    left_behind,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet_directives import (
    SnippetDirectives,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.takeover_limits import (
    insist_on_replaceable,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)

_KEPT = ".adopted"


@dataclass(frozen=True)
class Takeover:
    """What goes for one virtual host.

    :ivar before: what the disk has for it, files of others included
    :ivar others: what it has of these afterwards
    :ivar files: for the result: each file, and where it is kept
    :ivar left_behind: for the result: what nobody does any more
    """

    before: Site
    others: tuple[Other, ...]
    files: list[dict[str, str]] = field(default_factory=list)
    left_behind: list[dict[str, Any]] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """What the module's result says of it."""
        return {"files": self.files, "left_behind": self.left_behind}


def takeover(
    host: VirtualHost,
    layout: Layout,
    claims: Claims,
    names: Collection[str],
    places: Collection[str],
    settings: Settings,
    snippets: Iterable[str] = (),
) -> Takeover | None:
    """Find what has to go for a virtual host.

    :param names: those of all virtual hosts that are taken over
    :param places: where nginx reads the blocks of these: a file of others there goes with its host
    :param settings: what the blocks that come have in common
    :param snippets: what the operator has in snippets already
    :returns: None if nothing has to
    :raises NginxError: a file cannot go; the text says what to do
    :raises OSError: a file cannot be read
    """
    claims.insist_on_understanding(host.server_names)
    found = claims.files(host.server_names)
    if not found:
        return None
    there = SnippetDirectives(snippets)
    for file in found:
        _insist_on_its_own(file, host, claims, names, layout)
        insist_on_replaceable(file, host, settings, claims, names, there)
    own = canonical(str(layout.loaded(host.name)))
    mine = [file for file in found if canonical(file) == own or canonical(file) not in places]
    going = _Mover(host.name, layout, claims).move(mine)
    replacement = Replacement.by(host, settings)
    missed = [
        entry
        for file in found
        for entry in left_behind(file, _part(file, host, claims), there, replacement)
    ]
    return replace(going, left_behind=missed)


def _part(file: str, host: VirtualHost, claims: Claims) -> list[Directive]:
    """What is in a file, without the server blocks that have none of the host's names."""
    others = [
        block.directive
        for block in claims.blocks_of(file)
        if block.names.isdisjoint(host.server_names)
    ]
    return [each for each in claims.tree(file) if each not in others]


def again(site: Site) -> Takeover:
    """What goes once more for a host whose takeover was interrupted, in check mode.

    :param site: as the interrupted run found it
    """
    others = tuple(
        replace(other, content=None, link=None) if other.exists else replace(other, content=b"")
        for other in site.others
    )
    return Takeover(site, others)


def _insist_on_its_own(
    file: str, host: VirtualHost, claims: Claims, names: Collection[str], layout: Layout
) -> None:
    """Refuse a file that somebody else needs.

    :raises NginxError: it is one
    """
    where = layout.directories[-1]
    move = (
        f"move the server blocks of {host.name} into a file of their own in {where}, and run again"
    )
    if file == claims.main:
        raise NginxError(f"{host.name} is served by nginx's main configuration {file}: {move}")
    more = {name for block in claims.blocks_of(file) for name in block.names}.difference(names)
    if more:
        listed = ", ".join(sorted(name or "all that nobody else has" for name in more))
        raise NginxError(
            f"{file} serves other names, too ({listed}): add them to the names of {host.name} if they"
            f" are its own, or {move}"
        )
    inclusions = [each for each in claims.inclusions if each.matches(file)]
    named = [each for each in inclusions if not each.is_pattern]
    if named:
        raise NginxError(
            f"{file} is included by name in {named[0].file}, line {named[0].line}: take that line out"
            f" and {move}"
        )
    if len(inclusions) > 1:
        listed = ", ".join(f"{each.file}, line {each.line}" for each in inclusions)
        raise NginxError(f"{file} is included more than once ({listed}): {move}")


class _Mover:
    """Collects what changes for the files of one virtual host."""

    def __init__(self, name: str, layout: Layout, claims: Claims) -> None:
        self._name = name
        self._layout = layout
        self._claims = claims
        self._before: list[Other] = []
        self._after: list[Other] = []
        self._files: list[dict[str, str]] = []

    def move(self, found: Iterable[str]) -> Takeover:
        """Say what becomes of the files."""
        own, link = self._layout.file(self._name), self._layout.link(self._name)
        content, own_link = files.read(own), None
        is_foreign = content is not None and state_of(self._name, content) is None
        if own.is_symlink():
            raise NginxError(f"{own} is a link; put a file there, and run again")
        needed = False
        for file in found:
            path = Path(file)
            leads_to_own = own.exists() and path.samefile(own)
            needed = needed or leads_to_own
            if leads_to_own and canonical(file) == canonical(str(self._layout.loaded(self._name))):
                # Its place is ours: the link stays, and what it leads to is replaced
                own_link = None if link is None else files.link_target(link)
            elif path.is_symlink():
                self._take_link(path)
            else:
                self._take_file(path, path.read_bytes())
        if is_foreign:
            if not needed:
                # Nobody reads it, so nobody has asked for it
                self._layout.read(self._name)
            kept = self._keep(own, content or b"")
            # What links led to is there now
            self._files = [
                {**entry, "kept": kept} if entry["kept"] == str(own.resolve()) else entry
                for entry in self._files
            ]
        before = Site(content, own_link, tuple(self._before))
        if link is not None and own_link is None and not self._takes(link):
            before = replace(before, link=self._layout.read_link(link, own))
        return Takeover(before, tuple(self._after), self._files)

    def _takes(self, path: Path) -> bool:
        return any(canonical(other.path) == canonical(str(path)) for other in self._before)

    def _take_link(self, path: Path) -> None:
        target = files.link_target(path)
        self._before.append(Other(str(path), link=target))
        self._after.append(Other(str(path)))
        self._files.append({"path": str(path), "kept": str(path.resolve())})

    def _take_file(self, path: Path, content: bytes) -> None:
        there = _like(path)
        self._before.append(replace(there, content=content))
        self._after.append(there)
        self._keep(path, content)

    def _keep(self, path: Path, content: bytes) -> str:
        kept = self._free(path)
        copy = replace(_like(path), path=str(kept), of=str(path))
        self._before.append(copy)
        self._after.append(replace(copy, content=content))
        self._files.append({"path": str(path), "kept": str(kept)})
        return str(kept)

    def _free(self, path: Path) -> Path:
        """A name beside a file that nothing has, and that nginx does not read."""
        number = 1
        while True:
            suffix = _KEPT if number == 1 else f"{_KEPT}-{number}"
            kept = path.with_name(path.name + suffix)
            if any(each.matches(str(kept)) for each in self._claims.inclusions):
                kept = path.with_name(f".{path.name}{suffix}")
            if not kept.exists() and not kept.is_symlink():
                return kept
            number += 1


def _like(path: Path) -> Other:
    """Nothing in the place of a file, to be written as that is."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    return Other(str(path), mode=mode, uid=status.st_uid, gid=status.st_gid)
