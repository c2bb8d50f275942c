# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account on disk: one folder for each CA, private to its owner.

``<storage>/account/<directory>/`` holds

- ``key.pem``, the key of the account;
- ``key.pem.next``, only while the key is being changed: the key that the CA is told;
- ``account.json``, what the CA said. It is believed only together with the key it was written for;
  one that names no key was written for the key that is there;
- ``failure.json``, only while the CA wants to be left alone: what it said, and until when.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from ..files import remove_leftovers, sync_directory, write_file
from .document import read_object
from .files import content_of, locked, make_directory, make_way, read_if_there
from .keys import AccountKey, PrivateKey, key_from_pem, key_to_pem, make_key
from .memory import Failure, Memory, read_memory
from .moment import moment_of, timestamp
from .registration import Registration

_KEY = "key.pem"
_NEXT_KEY = "key.pem.next"
_RECORD = "account.json"
_FAILURE = "failure.json"
_LOCK = ".lock"
_LOCK_SECONDS = 60.0
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Recorded:
    """What lies in the folder.

    :ivar key: ``None`` if there is none, or none that can be read
    :ivar damaged: there is a key.pem that cannot be read
    :ivar next_key: of a change of keys that was interrupted
    :ivar registration: what the CA said to this key
    :ivar key_made: when the key was made
    """

    key: AccountKey | None = None
    damaged: bool = False
    next_key: AccountKey | None = None
    registration: Registration | None = None
    key_made: datetime | None = None

    @property
    def has_key(self) -> bool:
        """Whether there is a key that the CA may know."""
        return self.key is not None or self.next_key is not None

    @property
    def registered(self) -> bool:
        """Whether there is an account that can be used, as far as is known here."""
        return self.registration is not None and bool(self.registration.url)


class AccountFolder:
    """The folder of one account. Change something only with the lock held."""

    def __init__(self, storage: Path, directory_url: str) -> None:
        """Name the folder, which need not exist yet."""
        self._path = storage / "account" / folder_name(directory_url)
        self._directory_url = directory_url

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes and threads from changing the account; make the folder if need be.

        :raises AcmeError: another run has kept it locked for a minute
        :raises OSError: the folder cannot be created
        """
        make_directory(self._path.parent.parent, 0o755)
        with locked(self._path / _LOCK, _PRIVATE_FOLDER, _LOCK_SECONDS):
            remove_leftovers(self._path)
            yield

    def holds_anything(self) -> bool:
        """Say whether there is more than a lock.

        :raises OSError: the folder cannot be read
        """
        try:
            return any(path.name != _LOCK for path in self._path.iterdir())
        except FileNotFoundError:
            return False

    def read(self) -> Recorded:
        """Look what there is; a damaged record is none.

        :raises AcmeError: the key is of a kind that cannot be used
        :raises OSError: the folder cannot be read
        """
        key, made = self._read_key(_KEY)
        next_key, _next_made = self._read_key(_NEXT_KEY)
        if key is None:
            return Recorded(damaged=(self._path / _KEY).exists(), next_key=next_key)
        try:
            document = read_object(content_of(self._path / _RECORD)) or {}
            # the first version of this collection wrote neither whose the record is, nor since when
            owner = document.get("thumbprint", key.thumbprint)
            if (document["directory"], owner) == (self._directory_url, key.thumbprint):
                contact = tuple(str(each) for each in document["contact"])
                registration = Registration(str(document["url"]), contact)
                if "key_made" in document:
                    made = moment_of(document["key_made"])
                return Recorded(key, False, next_key, registration, made)
        except (ValueError, KeyError, TypeError):
            # half a file, or one of another kind: the CA is asked, which knows the key
            pass
        return Recorded(key, False, next_key, None, made)

    def record(self, registration: Registration) -> None:
        """Write what the CA says of the account of key.pem.

        :raises OSError: the file cannot be written
        """
        recorded = self.read()
        if recorded.key and recorded.key_made:
            self._write_record(registration, recorded.key, recorded.key_made)

    def read_failure(self) -> Failure | None:
        """Return why the CA wants to be left alone, and until when; a damaged file says nothing.

        :raises OSError: the file cannot be read
        """
        return read_memory(content_of(self._path / _FAILURE)).failure

    def remember(self, failure: Failure) -> None:
        """Write down that the CA wants to be left alone.

        :raises OSError: the file cannot be written
        """
        make_way(self._path / _FAILURE)
        write_file(self._path / _FAILURE, Memory(failure=failure).to_json(), _PRIVATE_FILE)

    def forget_failure(self) -> None:
        """Remove what :meth:`remember` wrote.

        :raises OSError: the file cannot be removed
        """
        make_way(self._path / _FAILURE)
        (self._path / _FAILURE).unlink(missing_ok=True)

    def make_key(self, key_type: str) -> AccountKey:
        """Make the account's first key. One that cannot be read is kept beside it.

        :param key_type: one of ``ACCOUNT_KEY_TYPES``
        :raises OSError: the key cannot be written
        """
        self._set_damaged_key_aside()
        # a record that does not say whose it is would be taken for the new key's
        make_way(self._path / _RECORD)
        (self._path / _RECORD).unlink(missing_ok=True)
        return self._write_key(_KEY, key_type)

    def adopt_key(self, key: PrivateKey) -> None:
        """Let a key of another client be the account's own, where there is nothing yet.

        :raises OSError: the key cannot be written
        """
        self._keep_key(_KEY, key)

    def make_next_key(self, key_type: str) -> AccountKey:
        """Make the key that is to replace the other one, so that it outlasts whatever happens.

        :param key_type: one of ``ACCOUNT_KEY_TYPES``
        :raises OSError: the key cannot be written
        """
        return self._write_key(_NEXT_KEY, key_type)

    def adopt_next_key(self, registration: Registration | None) -> None:
        """Let the next key be the account's own.

        :param registration: the account it belongs to, if the CA knows it
        :raises OSError: it cannot be renamed; the next key is still there
        """
        key, made = self._read_key(_NEXT_KEY)
        if registration and key and made:
            self._write_record(registration, key, made)
        self._set_damaged_key_aside()
        (self._path / _NEXT_KEY).replace(self._path / _KEY)
        sync_directory(self._path)

    def set_next_key_aside(self) -> None:
        """Keep a next key that the CA does not know, under a name that nothing looks for.

        :raises OSError: it cannot be renamed
        """
        (self._path / _NEXT_KEY).replace(self._path / "key.pem.unused")
        sync_directory(self._path)

    def remove(self) -> None:
        """Remove everything, the folder included.

        :raises OSError: it cannot be removed; once more removes the rest
        """
        # Keys last: without them nobody could ask the CA whether the account is closed.
        paths = [path for path in self._path.iterdir() if path.name != _LOCK]
        for path in sorted(paths, key=lambda path: path.name.startswith(_KEY)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        (self._path / _LOCK).unlink()
        # another run may have begun anew
        with suppress(OSError):
            self._path.rmdir()

    def _read_key(self, name: str) -> tuple[AccountKey | None, datetime | None]:
        """Return a key and when its file was written."""
        file = read_if_there(self._path / name)
        if file is None:
            return None, None
        written = datetime.fromtimestamp(file.status.st_mtime, timezone.utc)
        return _parsed(file.content), written

    def _write_key(self, name: str, key_type: str) -> AccountKey:
        key = make_key(key_type)
        self._keep_key(name, key)
        return AccountKey(key)

    def _keep_key(self, name: str, key: PrivateKey) -> None:
        write_file(self._path / name, key_to_pem(key), _PRIVATE_FILE)
        # The CA must not know a key whose name a power failure takes away.
        for path in (self._path, self._path.parent, self._path.parent.parent):
            sync_directory(path)

    def _write_record(self, registration: Registration, key: AccountKey, made: datetime) -> None:
        document = {
            "directory": self._directory_url,
            "url": registration.url,
            "contact": registration.contact,
            "thumbprint": key.thumbprint,
            "key_made": timestamp(made),
        }
        content = json.dumps(document, indent=2) + "\n"
        make_way(self._path / _RECORD)
        write_file(self._path / _RECORD, content.encode(), _PRIVATE_FILE)

    def _set_damaged_key_aside(self) -> None:
        # it may still be of use to whoever can repair it
        path = self._path / _KEY
        if path.exists() and self._read_key(_KEY)[0] is None:
            path.replace(self._path / "key.pem.unreadable")


# A large RSA key takes a third of a second to check, and a run looks at it several times.
@lru_cache(maxsize=4)
def _parsed(pem: bytes) -> AccountKey | None:
    key = key_from_pem(pem)
    return AccountKey(key) if key else None


def folder_name(directory_url: str) -> str:
    """Return the account folder's name for a CA: its host to recognise it, a digest to tell apart."""
    host = re.sub(r"[^a-z0-9.-]", "_", urlsplit(directory_url).netloc.lower())
    digest = hashlib.sha256(directory_url.encode()).hexdigest()[:8]
    return f"{host}-{digest}"
