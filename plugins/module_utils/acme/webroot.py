# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the answers to HTTP-01 challenges come from (RFC 8555 section 8.3)."""

from __future__ import annotations

import re
import stat
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..files import remove_leftovers, write_file
from .errors import AcmeError
from .files import make_directory

# the web server runs as somebody else
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o644
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
# 128 bits of randomness at least (RFC 8555 section 8.3)
_SHORTEST_TOKEN = 22
# No run takes that long, so whoever placed an older file was killed
_LEFT_OVER_SECONDS = 24 * 3600.0


class Webroot:
    """Files below ``<storage>/webroot`` that a web server serves while the CA looks."""

    challenge_type = "http-01"
    settle_seconds = 0.0
    warnings: Sequence[str] = ()

    def __init__(self, storage: Path) -> None:
        self._path = storage / "webroot" / ".well-known" / "acme-challenge"
        self._lock = threading.Lock()
        self._users: Counter[str] = Counter()
        self._swept = False

    @contextmanager
    def answering(self, _name: str, token: str, key_authorization: str) -> Iterator[None]:
        """Serve the answer for one token for the duration of the block, whatever the name.

        Two certificates with a name in common may be given the same token; the file stays until
        both are done with it. The first time, what killed runs left is removed.

        :raises AcmeError: the token could lead out of the directory
        :raises OSError: the file cannot be written
        """
        if not _TOKEN.fullmatch(token):
            raise AcmeError("the CA sent a challenge token that is not base64url. Do not trust it.")
        path = self._path / token
        with self._lock:
            make_directory(self._path, _DIRECTORY_MODE)
            self._sweep()
            content = key_authorization.encode("ascii")
            write_file(path, content, _FILE_MODE, durable=False)
            self._users[token] += 1
        try:
            yield
        finally:
            with self._lock:
                self._users[token] -= 1
                if not self._users[token]:
                    del self._users[token]
                    # one that stays is swept away another day
                    with suppress(OSError):
                        path.unlink()

    def _sweep(self) -> None:
        if self._swept:
            return
        self._swept = True
        # Old files are untidy, but no reason to fail
        with suppress(OSError):
            remove_leftovers(self._path, older_than=_LEFT_OVER_SECONDS)
            for path in self._path.iterdir():
                with suppress(OSError):
                    if _left_over(path):
                        path.unlink()


def _left_over(path: Path) -> bool:
    """Say whether it is an old answer to a challenge; operators keep files of their own here."""
    if len(path.name) < _SHORTEST_TOKEN or not _TOKEN.fullmatch(path.name):
        return False
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_mtime > time.time() - _LEFT_OVER_SECONDS:
        return False
    # a key authorization repeats the token (RFC 8555 section 8.1)
    start = f"{path.name}.".encode("ascii")
    with path.open("rb") as stream:
        return stream.read(len(start)) == start


class Stateless:
    """Nothing to place: the web server itself answers with the account's thumbprint."""

    challenge_type = "http-01"
    settle_seconds = 0.0
    warnings: Sequence[str] = ()

    @contextmanager
    def answering(self, _name: str, _token: str, _key_authorization: str) -> Iterator[None]:
        """Do nothing for the duration of the block."""
        yield
