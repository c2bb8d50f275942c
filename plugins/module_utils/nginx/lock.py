# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on the same directory of server blocks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError

_LEAST = 60.0
# A run waits for nginx so often at most: for a reload and the one that undoes it, twice each, and
# for answers; and then it is about to end
_WAITS = 6


def patience(timeout: float) -> float:
    """How many seconds to wait for another run to end.

    :param timeout: how many seconds a run waits for nginx; who has many hosts has raised it
    """
    return max(_LEAST, _WAITS * timeout)


@contextlib.contextmanager
def locked(directory: Path, patience: float = _LEAST) -> Iterator[None]:
    """Keep other runs away from a directory; a kill ends that by itself.

    The directory itself is what is locked, so that no lock file stays behind.

    :param directory: the directory with the server blocks
    :param patience: how many seconds to wait for another run to end
    :raises NginxError: it did not end in time
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NginxError(
                        f"another run is at work in {directory} and has not ended in"
                        f" {patience:.0f} seconds; run again when it has"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)
