# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates on disk, in the layout that Modoboa publishes.

``certs/<name>/fullchain.pem`` and ``privkey.pem``, with ``state.json`` beside them, are symbolic
links through ``current``, itself a link to one folder in ``versions``::

    certs/portal.example/
        fullchain.pem -> current/fullchain.pem
        privkey.pem   -> current/privkey.pem
        state.json    -> current/state.json
        current       -> versions/20261122T140000Z-1f2e3d4c
        versions/20261122T140000Z-1f2e3d4c/{fullchain,privkey}.pem, state.json
        renewal.json    what one run remembers for the next
        order/          an order that is under way

A new pair is written as a new version, and then ``current`` is renamed over: key, chain and state
change in one step. A process killed before that step leaves the old pair, after it the new one,
never a mixture that would keep a web server from starting. The version before stays, for a reader
that followed the link a moment ago; older ones and unfinished ones go with the next publication.
Of a certificate for the operator's own signing request there is no privkey.pem.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..files import (
    NOBODY_IN_PARTICULAR,
    Ownership,
    remove_leftovers,
    replace_link,
    sync_directory,
    write_file,
)
from .certificate import Certificate, read_chain
from .files import content_of, locked, make_way, write_directory
from .keys import PrivateKey, key_from_pem, public_der
from .memory import Memory, read_memory
from .open_order import FOLDER as _ORDER
from .open_order import OpenOrderFolder
from .pair import CHAIN, KEY, MODES, STATE, Pair, read_pair
from .state import Origin, State, digest_of

_MEMORY = "renewal.json"
_CURRENT = "current"
_VERSIONS = "versions"
_LOCK = ".lock"
# Without a name: something that is no folder is in the place of one
_PUBLISHED = {*MODES, _CURRENT, ""}
_DIRECTORY_MODE = 0o755
# Longer than one order may take with its default time.
_LOCK_SECONDS = 300.0


@dataclass(frozen=True)
class Stored:
    """What is on disk under one name.

    :ivar present: there is something, usable or not
    :ivar published: there is something of a pair that was published, usable or not
    :ivar certificate: the first one of the chain, if chain and key belong together
    :ivar readable: the first one of a chain that can be read, whatever its key is like
    :ivar origin: where it came from
    :ivar fault: what is missing or wrong, for the reader; whoever has it needs a new certificate
    :ivar modes_fit: modes and owner of the files are as they should be
    :ivar memory: what earlier runs remembered
    :ivar unfinished: a run is under way, or one that was interrupted has left something
    """

    present: bool
    certificate: Certificate | None = None
    origin: Origin | None = None
    fault: str | None = None
    modes_fit: bool = True
    memory: Memory = field(default_factory=Memory)
    unfinished: bool = False
    readable: Certificate | None = None
    published: bool = False


class CertificateStore:
    """The folder ``certs`` of a storage."""

    def __init__(self, storage: Path, ownership: Ownership = NOBODY_IN_PARTICULAR) -> None:
        """Use a storage folder, which need not exist yet.

        :param ownership: of chain, key and state; the folders stay with who creates them
        """
        self._path = storage / "certs"
        self._ownership = ownership

    def names(self) -> list[str]:
        """Return the names that there is something under, sorted.

        :raises OSError: the storage cannot be read
        """
        try:
            return sorted(path.name for path in self._path.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def chain_path(self, name: str) -> Path:
        """Return where the chain is published."""
        return self._path / name / CHAIN

    def key_path(self, name: str) -> Path:
        """Return where the private key is published."""
        return self._path / name / KEY

    def read(self, name: str) -> Stored:
        """Look what there is; what cannot be used counts as unknown.

        :raises OSError: the storage cannot be read
        """
        folder = self._path / name
        pair = self.pair(name)
        # a listing costs as much as all the rest, and tells nothing where there is a pair
        entries = None if pair.exists else _entries(folder)
        return Stored(
            present=pair.exists or any(entry != _LOCK for entry in entries or []),
            published=pair.exists or not _PUBLISHED.isdisjoint(entries or []),
            certificate=pair.certificate,
            readable=pair.readable,
            origin=pair.origin,
            fault=pair.fault,
            modes_fit=pair.modes_fit,
            memory=read_memory(content_of(folder / _MEMORY)),
            unfinished=os.path.lexists(folder / _ORDER) or entries in ([], [_LOCK]),
        )

    def pair(self, name: str) -> Pair:
        """Read chain, key and state of one moment, and nothing of what runs remember.

        :raises OSError: the storage cannot be read
        """
        return read_pair(self._path / name, self._ownership)

    def chain(self, name: str) -> bytes:
        """Return the published chain in PEM.

        :raises OSError: there is none that can be read
        """
        return self.chain_path(name).read_bytes()

    def key(self, name: str) -> PrivateKey | None:
        """Return the published private key, ``None`` if there is none that can be used.

        :raises OSError: the storage cannot be read
        """
        return key_from_pem(content_of(self.key_path(name)) or b"")

    def order(self, name: str) -> OpenOrderFolder:
        """Return the folder of an order under way. Use it with the lock held."""
        return OpenOrderFolder(self._path / name)

    def remember(self, name: str, memory: Memory) -> None:
        """Keep something for the next run. Call it with the lock held.

        :raises OSError: what was remembered is still there
        """
        folder = self._path / name
        remove_leftovers(folder)
        make_way(folder / _MEMORY)
        write_file(folder / _MEMORY, memory.to_json(), 0o644, durable=False)

    @contextmanager
    def lock(self, name: str, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
        """Keep other processes and threads from changing this certificate.

        :param seconds: how long to wait for another run
        :raises AcmeError: another run has kept it locked for that long
        :raises OSError: the folder cannot be created
        """
        folder = self._path / name
        try:
            with locked(folder / _LOCK, _DIRECTORY_MODE, seconds):
                try:
                    yield
                finally:
                    if _entries(folder) == [_LOCK]:
                        (folder / _LOCK).unlink()
        finally:
            # nothing stays of a name without a certificate; another run may have begun anew
            with suppress(OSError):
                folder.rmdir()

    def publish(
        self, name: str, chain: bytes, key: bytes | None, origin: Origin, now: datetime
    ) -> Certificate:
        """Put a new pair in place of what is there, in one step. Call it with the lock held.

        :param chain: PEM, leaf first
        :param key: PEM; ``None`` if it is somewhere else
        :returns: what is in the chain
        :raises CertificateError: the chain cannot be read
        :raises OSError: what was there is still there
        """
        folder = self._path / name
        remove_leftovers(folder)
        for file in (*MODES, _CURRENT):
            make_way(folder / file)
        certificate = read_chain(chain)
        state = State(origin, certificate, digest_of(chain, key))
        contents = {CHAIN: chain, STATE: state.to_json()}
        if key is not None:
            contents[KEY] = key
        version = self._write_version(folder, f"{now:%Y%m%dT%H%M%SZ}", contents)
        self._adopt_plain_files(folder)
        previous = _link_target(folder / _CURRENT)
        if previous is None:
            # the folder may be a new one, and its own name must last as well
            for path in (self._path, self._path.parent):
                sync_directory(path)
        for file in contents:
            if _link_target(folder / file) != f"{_CURRENT}/{file}":
                replace_link(folder / file, f"{_CURRENT}/{file}")
        replace_link(folder / _CURRENT, f"{_VERSIONS}/{version}")
        if key is None and not self._fits(name, certificate):
            # what was there is in the version before
            with suppress(FileNotFoundError):
                (folder / KEY).unlink()
        sync_directory(folder)
        keep = {version, Path(previous).name if previous else version}
        for path in (folder / _VERSIONS).iterdir():
            if path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)
        return certificate

    def tidy(self, name: str) -> None:
        """Remove what an interrupted run has left. Call it with the lock held, and nothing due.

        :raises OSError: it cannot be removed
        """
        remove_leftovers(self._path / name)
        self.order(name).discard()

    def correct_modes(self, name: str) -> None:
        """Set modes and owner of the published files. Call it with the lock held.

        :raises OSError: only root may give files away
        """
        for file, mode in MODES.items():
            try:
                descriptor = os.open(self._path / name / file, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # the key is somewhere else
            try:
                self._ownership.apply(descriptor)
                os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)

    def remove(self, name: str) -> None:
        """Remove everything kept under one name, if there is anything.

        :raises OSError: it cannot be removed
        """
        folder = self._path / name
        if folder.is_symlink():
            folder.unlink()
            return
        if not folder.exists():
            return
        with self.lock(name):
            # first the link that holds key and chain together: both vanish at once
            with suppress(FileNotFoundError):
                (folder / _CURRENT).unlink()
            for path in folder.iterdir():
                if path.name == _LOCK:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def _fits(self, name: str, certificate: Certificate) -> bool:
        """Say whether the operator has put the certificate's own key beside it."""
        key = self.key(name)
        return key is not None and public_der(key.public_key()) == certificate.public_key

    def _write_version(self, folder: Path, stem: str, contents: dict[str, bytes]) -> str:
        version = f"{stem}-{secrets.token_hex(4)}"
        write_directory(
            folder / _VERSIONS / version,
            {file: (content, MODES[file]) for file, content in contents.items()},
            _DIRECTORY_MODE,
            self._ownership,
        )
        return version

    def _adopt_plain_files(self, folder: Path) -> None:
        """Turn files that something else put there into a version.

        Replacing them one after the other would leave a mismatched pair to a process killed in
        between; replaced by links to copies of themselves, they stay a pair at each moment.
        """
        plain = [
            file
            for file in MODES
            if os.path.lexists(folder / file)
            and _link_target(folder / file) != f"{_CURRENT}/{file}"
        ]
        contents = {file: content_of(folder / file) for file in MODES}
        if not plain:
            return
        known = {file: content for file, content in contents.items() if content is not None}
        version = self._write_version(folder, "found", known)
        replace_link(folder / _CURRENT, f"{_VERSIONS}/{version}")
        sync_directory(folder)


def _entries(folder: Path) -> list[str] | None:
    """Return the names in a folder, ``None`` if there is none.

    What is no folder but lies in its place counts as one thing without a name.
    """
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return [""] if os.path.lexists(folder) else None
    except NotADirectoryError:
        return [""]


def _link_target(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None
