# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where server blocks are: a file a host, and a link to it where nginx reads another directory."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import (
    Ownership,
    sync_directory,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import files
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import (
    NginxError,
    reason,
)


def _is_in(path: Path, others: Iterable[Other]) -> bool:
    return any(Path(other.path) == path for other in others)


@functools.cache
def _real_directory(directory: str) -> str:
    return os.path.realpath(directory)


def canonical(path: str) -> str:
    """One spelling of a path whose directories may be links, to compare with nginx's spelling."""
    directory, name = os.path.split(path)
    return os.path.join(_real_directory(directory), name)  # noqa: PTH118 # thousands of times a run


@dataclass(frozen=True)
class Other:
    """What the disk has in a place that is somebody else's: a file, a link, or nothing."""

    path: str
    content: bytes | None = None
    link: str | None = None
    mode: int = 0o644
    """Of the file, where it has to be written"""
    uid: int = -1
    gid: int = -1
    of: str = ""
    """The file that this one keeps"""

    @property
    def exists(self) -> bool:
        """Whether there is anything."""
        return self.content is not None or self.link is not None

    def put(self) -> None:
        """Make it so.

        :raises OSError: it cannot be written or removed
        """
        path = Path(self.path)
        if self.link is not None:
            files.put_link_back(path, self.link)
        else:
            files.put_back(path, self.content, self.mode, Ownership(self.uid, self.gid))
        sync_directory(path.parent)

    def is_there(self) -> bool:
        """Whether the disk has that.

        :raises OSError: it cannot be read
        """
        path = Path(self.path)
        if path.is_symlink():
            return self.link == files.link_target(path)
        return self.link is None and files.read(path) == self.content


@dataclass(frozen=True)
class Site:
    """What the disk has for one host."""

    content: bytes | None = None
    """The file's content; None if there is none"""
    link: str | None = None
    """What the link says; None if there is none, or none is needed"""
    others: tuple[Other, ...] = ()
    """Files of others that have to do with it, there or not"""


@dataclass(frozen=True)
class Layout:
    """The directories. Without C(enabled), nginx reads C(available) itself."""

    available: Path
    enabled: Path | None

    @classmethod
    def of(cls, sites_available: str, sites_enabled: str) -> Layout:
        """From the options, which must name directories that exist.

        :raises NginxError: one of them does not
        """
        layout = cls(Path(sites_available), Path(sites_enabled) if sites_enabled else None)
        for option, directory in (
            ("sites_available", layout.available),
            ("sites_enabled", layout.enabled),
        ):
            if directory is None:
                continue
            if not directory.is_absolute():
                raise NginxError(f"{option} {str(directory)!r} is not an absolute path")
            if not directory.is_dir():
                raise NginxError(
                    f"{option}: there is no directory {directory};"
                    " install nginx (Debian package nginx), or name the directory it reads"
                )
        if layout.enabled is not None and layout.enabled.samefile(layout.available):
            return cls(layout.available, None)
        return layout

    @property
    def directories(self) -> list[Path]:
        """The directories that are written to."""
        return [self.available] if self.enabled is None else [self.available, self.enabled]

    def file(self, name: str) -> Path:
        """The file of a host's server block."""
        return self.available / f"{name}.conf"

    def link(self, name: str) -> Path | None:
        """The link by which nginx reads it; None if it reads the file itself."""
        return None if self.enabled is None else self.enabled / f"{name}.conf"

    def loaded(self, name: str) -> Path:
        """The path under which nginx reads a host's server block."""
        return self.link(name) or self.file(name)

    def is_enabled(self, site: Site) -> bool:
        """Whether nginx reads the block of a site as it is."""
        return site.content is not None and (self.enabled is None or site.link is not None)

    def read(self, name: str) -> Site:
        """What the disk has for a host.

        :raises NginxError: something is there that this collection did not put there
        """
        file, link = self.file(name), self.link(name)
        try:
            content = files.read(file)
            foreign = content is not None and state_of(name, content) is None
            if foreign or file.is_symlink():
                raise NginxError(
                    f"{file} was not written by this collection and is left as it is;"
                    " move it away if this host is to be managed here"
                )
            return Site(content, None if link is None else self.read_link(link, file))
        except OSError as error:
            raise NginxError(f"cannot read the server block: {reason(error)}") from error

    @staticmethod
    def read_link(link: Path, file: Path) -> str | None:
        """What a host's link says; None if there is none.

        :raises NginxError: it is no link, or leads elsewhere
        :raises OSError: it cannot be read
        """
        try:
            target = files.link_target(link)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise NginxError(
                f"{link} is no link to {file} and is left as it is; move it away"
            ) from error
        if target is None or Layout._leads_to(link, file):
            return target
        raise NginxError(f"{link} leads to {target}, not to {file}; move it away")

    @staticmethod
    def _leads_to(link: Path, file: Path) -> bool:
        if not link.is_symlink():
            return False
        return files.link_target(link) == str(file) or os.path.realpath(link) == os.path.realpath(
            file
        )

    def stage(self, name: str, site: Site) -> Path | None:
        """Write what :meth:`swap` is to put in place, where nginx does not read it.

        :raises OSError: it cannot be written
        """
        return None if site.content is None else files.stage(self.file(name), site.content)

    def swap(self, name: str, before: Site, after: Site, staged: Path | None) -> None:
        """Change what the disk has for a host, and keep what it had for :meth:`put`.

        nginx never sees a link that leads nowhere, nor nobody at all: files of others go when this
        host's own is there. Of a name that is claimed twice, nginx says so, and goes on.

        :param staged: what :meth:`stage` made of C(after), if the content changes
        :raises OSError: something cannot be written; a part may be
        """
        file, link = self.file(name), self.link(name)
        for other in after.others:
            if other.exists:
                other.put()
        if link is not None and after.link is None and before.link is not None:
            files.set_aside(link)
        if after.content != before.content:
            files.swap(file, staged)
        if link is not None and after.link is not None:
            if _is_in(link, after.others):
                files.swap_link(link, after.link)
            else:
                files.put_link(link, after.link)
        for other in after.others:
            path = Path(other.path)
            if not other.exists and path != link:
                files.set_aside(path)
                sync_directory(path.parent)

    def put(self, name: str, site: Site) -> None:
        """Make the disk have this for a host, of what was kept if that is it.

        nginx never sees a link that leads nowhere, nor nobody at all: files of others come back
        before this host's own goes.

        :raises OSError: something cannot be written
        """
        file, link = self.file(name), self.link(name)
        there = [other for other in site.others if other.exists]
        for other in there:
            other.put()
        # In its place may be a file of somebody else's, which was to go and has not
        free = link is not None and (self._leads_to(link, file) or not os.path.lexists(link))
        if link is not None and free and site.link is None and not _is_in(link, there):
            files.put_link_back(link, None)
        files.put_back(file, site.content)
        for other in site.others:
            if not other.exists:
                other.put()
        if link is not None and site.link is not None:
            files.put_link_back(link, site.link)

    def forget(self, name: str) -> None:
        """Keep no longer what the disk had for a host.

        :raises OSError: it cannot be removed
        """
        files.forget(self.file(name))
        link = self.link(name)
        if link is not None:
            files.forget(link)

    def sync(self) -> None:
        """Make what was put durable.

        :raises OSError: a directory cannot be synced
        """
        for directory in self.directories:
            sync_directory(directory)
