# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to put back if the run is killed: written before the first change, gone after the last."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import (
    sync_directory,
    write_file,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import files
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Other,
    Site,
)

_NAME = ".nginx_vhost.journal"


class Journal:
    """The journal of the directory with the server blocks."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._path: Path = layout.available / _NAME

    @property
    def interrupted(self) -> bool:
        """Whether an earlier run did not come to its end."""
        return self._path.exists()

    def open(self, before: Mapping[str, Site]) -> None:
        """Note how everything was that is about to change.

        :raises OSError: the journal cannot be written; then nothing may change
        """
        sites = {
            name: {
                "content": _text(site.content),
                "link": site.link,
                "others": [
                    {**vars(other), "content": _text(other.content)} for other in site.others
                ],
            }
            for name, site in before.items()
        }
        write_file(self._path, json.dumps(sites).encode(), 0o600)
        sync_directory(self._layout.available)

    def sites(self) -> dict[str, Site]:
        """How everything was before the interrupted run; nothing if none was interrupted."""
        content = files.read(self._path)
        if content is None:
            return {}
        try:
            return {
                name: Site(
                    _bytes(site["content"]),
                    site["link"],
                    # An earlier version of this collection knew none
                    tuple(
                        Other(**{**other, "content": _bytes(other["content"])})
                        for other in site.get("others", ())
                    ),
                )
                for name, site in json.loads(content).items()
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            # It is written whole or not at all, so somebody was at it: there is nothing to put back
            return {}

    def recover(self) -> None:
        """Put back what the interrupted run changed, except where somebody else has been since.

        :raises OSError: something cannot be written
        """
        for name, site in self.sites().items():
            try:
                self._layout.read(name)
            except NginxError:
                # What was to be taken over, and was not yet, is nobody else's doing
                if not site.others or not self._is_known(name, site):
                    continue
            self._layout.put(name, replace(site, others=self._untouched(name, site.others)))
        self._layout.sync()

    def _is_known(self, name: str, site: Site) -> bool:
        """Whether a host's own file is as it was, or as the run has made it."""
        content = files.read(self._layout.file(name))
        return content == site.content or (
            content is not None and state_of(name, content) is not None
        )

    def _untouched(self, name: str, others: Iterable[Other]) -> tuple[Other, ...]:
        """Those that nobody has put something else in the place of; of the rest, the copies stay.

        :param name: the host, whose own link may be in the place of one
        """
        others = tuple(others)
        file, link = self._layout.file(name), self._layout.link(name)
        touched = {
            other.path
            for other in others
            if other.exists
            and os.path.lexists(other.path)
            and not other.is_there()
            and not (
                link == Path(other.path) and link.is_symlink() and link.resolve() == file.resolve()
            )
        }
        return tuple(
            other for other in others if other.path not in touched and other.of not in touched
        )

    def close(self) -> None:
        """Everything is as it should be: forget how it was.

        :raises OSError: the journal cannot be removed
        """
        files.put(self._path, None)


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
