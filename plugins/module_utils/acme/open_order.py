# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order that is under way, kept on disk until its certificate is published.

A run that is interrupted leaves it behind, with the private key that its signing request was made
with; the next run goes on from there instead of placing another order.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..files import remove_leftovers, write_file
from .files import make_directory
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
        try:
            document: Any = json.loads((self._path / _ORDER).read_bytes())
            if document.pop("version") == _FORMAT:
                return OpenOrder(**{name: str(value) for name, value in document.items()})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        return None

    def key(self) -> PrivateKey | None:
        """Return the private key of the order's signing request, if there is one.

        :raises OSError: the folder cannot be read
        """
        try:
            return key_from_pem((self._path / _KEY).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def keep_key(self, key: PrivateKey) -> None:
        """Keep the key before anybody is told of it.

        :raises OSError: it cannot be written
        """
        make_directory(self._path, _MODE)
        remove_leftovers(self._path)
        write_file(self._path / _KEY, key_to_pem(key), 0o600, durable=False)

    def keep_order(self, order: OpenOrder) -> None:
        """Keep where the order is.

        :raises OSError: it cannot be written
        """
        make_directory(self._path, _MODE)
        document = {"version": _FORMAT, **asdict(order)}
        content = (json.dumps(document, indent=2) + "\n").encode()
        write_file(self._path / _ORDER, content, 0o600, durable=False)

    def discard(self) -> None:
        """Forget order and key, the order first.

        :raises OSError: it cannot be removed
        """
        if not self._path.is_dir():
            return
        remove_leftovers(self._path)
        for name in (_ORDER, _KEY):
            with suppress(FileNotFoundError):
                (self._path / name).unlink()
        self._path.rmdir()
