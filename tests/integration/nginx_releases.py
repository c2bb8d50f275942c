# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Front ends of each nginx that the bed has, as parameters of tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bed.errors import BedError
from bed.nginx_releases import NGINX_BOOKWORM, NGINX_RELEASES, NginxRelease
from bed.prefix import find
from integration.bare_front_end import BareFrontEnd

EACH_NGINX = [pytest.param(release, id=release.name) for release in NGINX_RELEASES]
EACH_WITH_HTTP3 = [
    pytest.param(release, id=release.name)
    for release in NGINX_RELEASES
    if release is not NGINX_BOOKWORM
]


@contextmanager
def front_end_of(release: NginxRelease, *, workers: int = 2) -> Iterator[BareFrontEnd]:
    """A running nginx of a release. The test is skipped if that moves, and cannot be had now."""
    try:
        binary = release.install(find())
    except BedError as error:
        if not release.moving:
            raise
        pytest.skip(f"{release.name} cannot be had at the moment: {error}")
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="front-end-") as folder:
        created = BareFrontEnd(Path(folder), binary, workers)
        created.start()
        try:
            yield created
        finally:
            created.stop()
