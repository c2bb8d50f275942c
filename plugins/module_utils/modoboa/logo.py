# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A logo in a file, to be compared with and uploaded to the server."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors


@dataclass(frozen=True)
class Logo:
    """An image file and the SHA-256 of its content; the content itself is read when needed."""

    path: Path
    digest: str
    size: int

    @classmethod
    def from_file(cls, kind: str, path: str) -> Logo:
        """Look at a file.

        :param kind: which logo it is for, to name it in errors
        :raises FileError: there is no such file, or it cannot be read
        """
        content = _read(kind, Path(path))
        if not content:
            raise errors.FileError(f"the file of the logo {kind}, {path}, is empty")
        return cls(Path(path), digest_of(content), len(content))

    def upload(self, kind: str) -> tuple[str, bytes, str]:
        """File name, content and media type, as a form carries them.

        The name is made of the kind: what the file is called here concerns nobody else.
        """
        suffix = self.path.suffix.lower()
        media_type = mimetypes.guess_type(f"logo{suffix}")[0] or "application/octet-stream"
        return f"{kind}{suffix}", _read(kind, self.path), media_type

    def in_base64(self, kind: str) -> str:
        """The content as JSON carries it."""
        return base64.b64encode(_read(kind, self.path)).decode()


def digest_of(content: bytes) -> str:
    """The SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _read(kind: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.FileError(
            f"cannot read the file of the logo {kind}, {path}: {error.strerror}"
        ) from None
