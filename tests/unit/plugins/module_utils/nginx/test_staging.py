# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps on disk and back: what was there comes back as the very thing that was there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.files import kept
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.staging import Staging
from unit.plugins.module_utils.nginx.hosts import block, host, linked, step
from unit.plugins.module_utils.nginx.paper import files_of

NAME = "a.example.com"


def stamps(layout: Layout) -> dict[str, tuple[int, int]]:
    """Inodes and times of change."""
    found = {}
    for folder in layout.directories:
        for path in folder.iterdir():
            status = path.lstat()
            found[str(path)] = (status.st_ino, status.st_mtime_ns)
    return found


SITES: dict[str, Callable[[Layout], Site]] = {
    "nothing": lambda _layout: Site(),
    "disabled": lambda _layout: Site(block(NAME, "present", "old").encode()),
    "there": lambda layout: linked(layout, NAME, block(NAME, "present", "old")),
    "other": lambda layout: linked(layout, NAME, block(NAME, "present", "new")),
}


@pytest.mark.parametrize("before", SITES)
@pytest.mark.parametrize("after", SITES)
def test_there_and_back(layout: Layout, before: str, after: str) -> None:
    layout.put(NAME, SITES[before](layout))
    was, stamped = files_of(layout), stamps(layout)
    way = Step(host(NAME), layout, SITES[before](layout), SITES[after](layout))
    staging = Staging(layout)
    for _time in range(2):
        assert staging.write([way]) == [way]
        assert layout.read(NAME) == way.after
        staging.undo([way])
        assert (files_of(layout), stamps(layout)) == (was, stamped)
    staging.write([way])
    staging.end([way])
    assert layout.read(NAME) == way.after
    assert not [path for path in files_of(layout) if "/." in path]


@pytest.mark.parametrize("code", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    layout.put(NAME, linked(layout, NAME, block(NAME, "bootstrap", "old")))
    was = files_of(layout)

    def refuse(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    way = step(layout, NAME)
    staging = Staging(layout)
    assert staging.write([way]) == [way]
    staging.undo([way])
    assert files_of(layout) == was


def test_what_cannot_be_kept_is_not_changed(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.put(NAME, linked(layout, NAME, block(NAME, "bootstrap", "old")))
    was = files_of(layout)

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    way = step(layout, NAME)
    assert Staging(layout).write([way]) == []
    assert way.error == "cannot write: No space left on device"
    assert files_of(layout) == was


def test_what_was_kept_is_only_taken_if_it_is_what_was_there(layout: Layout) -> None:
    """Somebody else may have been at it since a killed run."""
    site = linked(layout, NAME, block(NAME, "bootstrap", "old"))
    kept(layout.file(NAME)).write_text("rubbish")
    link = layout.link(NAME)
    assert link is not None
    kept(Path(link)).symlink_to("nowhere")
    layout.put(NAME, site)
    assert layout.read(NAME) == site
    assert not [path for path in files_of(layout) if "/." in path]
