# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of a host to which certificates are handed: what is sealed for it, only this host opens."""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path

from ..files import remove_leftovers, write_file
from .errors import AcmeError
from .files import content_of, make_directory, make_way
from .seal import SealError, public_bytes, unseal

with suppress(ImportError):  # libraries.py says what is missing
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_FOLDER = "import"
_FILE = "recipient.pem"
_AGAIN = "Run the whole copying again."


class Recipient:
    """The folder ``import`` of a storage, with one private key for one delivery.

    A key serves until it has opened something, or another one is asked for. What somebody has recorded of the
    delivery cannot be opened any more then, not even with all that is on the host. Of two deliveries at once, only
    the one that has asked last can be opened.
    """

    def __init__(self, storage: Path) -> None:
        """Use a storage folder, which need not exist yet."""
        self._folder = storage / _FOLDER
        self._path = self._folder / _FILE

    def public_key(self) -> str:
        """Make a key, and return its public key in base64.

        :raises OSError: it cannot be kept
        """
        key = X25519PrivateKey.generate()
        make_directory(self._folder.parent, 0o755)
        make_directory(self._folder, 0o700)
        remove_leftovers(self._folder)
        make_way(self._path)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Lost in a power failure, it is made again
        write_file(self._path, pem, 0o600, durable=False)
        return b64encode(public_bytes(key)).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """Return what was sealed for this host.

        :param sealed: in base64
        :raises AcmeError: it cannot be opened
        :raises OSError: the key cannot be read
        """
        key = self._read()
        if key is None:
            raise AcmeError(f"{self._path} is gone, for which this was sealed. {_AGAIN}")
        try:
            return unseal(b64decode(sealed, validate=True), key)
        except (SealError, ValueError) as error:
            raise AcmeError(f"what was handed over cannot be opened: {error}. {_AGAIN}") from error

    def forget(self) -> None:
        """Remove the key: what was sealed for it was opened.

        :raises OSError: it cannot be removed
        """
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _read(self) -> X25519PrivateKey | None:
        pem = content_of(self._path)
        if pem is None:
            return None
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return None
        return key if isinstance(key, X25519PrivateKey) else None
