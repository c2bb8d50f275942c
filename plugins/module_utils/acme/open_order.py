# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order that is under way, kept on disk until its certificate is published.

A run that is interrupted leaves it behind, with the private key that its signing request was made
with; the next run goes on from there instead of placing another order.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..files import remove_leftovers, write_file
from .document import read_object
from .files import content_of, make_directory, make_way
from .keys import PrivateKey, key_from_pem, key_to_pem

FOLDER = "order"
_FORMAT = 1
_ORDER = "order.json"
_KEY = "privkey.pem"
_MODE = 0o700


@dataclass(frozen=True)
class OpenOrder:
    """What an order was placed with, and where it is.

    :ivar url: of the order
    :ivar terms: a digest of everything that was asked for
    :ivar account: the URL of the account that placed it
    """

    url: str
    terms: str
    account: str


class OpenOrderFolder:
    """The folder ``order`` beside a certificate. Use it with the certificate's lock held.

    Nothing in it is flushed to the disk: what a power failure takes is ordered once more.
    """

    def __init__(self, certificate_folder: Path) -> None:
        self._path = certificate_folder / FOLDER

    def read(self) -> OpenOrder | None:
        """Return the order that is there; ``None`` if there is none that can be read.

        :raises OSError: the folder cannot be read
        """
        document = read_object(content_of(self._path / _ORDER))
        if document is None or document.pop("version", None) != _FORMAT:
            return None
        try:
            return OpenOrder(**{name: str(value) for name, value in document.items()})
        except TypeError:
            return None

    def key(self) -> PrivateKey | None:
        """Return the private key of the order's signing request, if there is one.

        :raises OSError: the folder cannot be read
        """
        return key_from_pem(content_of(self._path / _KEY) or b"")

    def keep_key(self, key: PrivateKey) -> None:
        """Keep the key before anybody is told of it.

        :raises OSError: it cannot be written
        """
        self._make()
        remove_leftovers(self._path)
        make_way(self._path / _KEY)
        write_file(self._path / _KEY, key_to_pem(key), 0o600, durable=False)

    def keep_order(self, order: OpenOrder) -> None:
        """Keep where the order is.

        :raises OSError: it cannot be written
        """
        self._make()
        make_way(self._path / _ORDER)
        document = {"version": _FORMAT, **asdict(order)}
        content = (json.dumps(document, indent=2) + "\n").encode()
        write_file(self._path / _ORDER, content, 0o600, durable=False)

    def discard(self) -> None:
        """Forget order and key, the order first.

        :raises OSError: it cannot be removed
        """
        if self._path.is_dir() and not self._path.is_symlink():
            with suppress(FileNotFoundError, IsADirectoryError):
                (self._path / _ORDER).unlink()
            shutil.rmtree(self._path)
        else:
            self._path.unlink(missing_ok=True)

    def _make(self) -> None:
        if not self._path.is_dir() or self._path.is_symlink():
            self._path.unlink(missing_ok=True)
        make_directory(self._path, _MODE)
