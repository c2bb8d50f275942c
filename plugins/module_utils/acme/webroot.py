# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the answers to HTTP-01 challenges come from (RFC 8555 section 8.3)."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..files import write_file
from .errors import AcmeError
from .files import make_directory

# the web server runs as somebody else
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o644
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class Webroot:
    """Files below ``<storage>/webroot`` that a web server serves while the CA looks."""

    def __init__(self, storage: Path) -> None:
        self._path = storage / "webroot" / ".well-known" / "acme-challenge"
        self._lock = threading.Lock()
        self._users: Counter[str] = Counter()

    @contextmanager
    def answering(self, token: str, key_authorization: str) -> Iterator[None]:
        """Serve the answer for one token for the duration of the block.

        Two certificates with a name in common may be given the same token; the file stays until
        both are done with it.

        :raises AcmeError: the token could lead out of the directory
        :raises OSError: the file cannot be written
        """
        if not _TOKEN.fullmatch(token):
            raise AcmeError("the CA sent a challenge token that is not base64url. Do not trust it.")
        path = self._path / token
        with self._lock:
            make_directory(self._path, _DIRECTORY_MODE)
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
                    with suppress(FileNotFoundError):
                        path.unlink()


class Stateless:
    """Nothing to place: the web server itself answers with the account's thumbprint."""

    @contextmanager
    def answering(self, _token: str, _key_authorization: str) -> Iterator[None]:
        """Do nothing for the duration of the block."""
        yield
