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

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ..files import (
    NOBODY_IN_PARTICULAR,
    Ownership,
    is_leftover,
    remove_leftovers,
    replace_link,
    sync_directory,
    write_file,
)
from .certificate import Certificate, CertificateError, read_chain
from .files import locked, write_directory
from .keys import PrivateKey, key_from_pem, public_der
from .memory import Memory, read_memory
from .open_order import FOLDER as _ORDER
from .open_order import OpenOrderFolder
from .state import Origin, State, digest_of, read_state

CHAIN = "fullchain.pem"
KEY = "privkey.pem"
STATE = "state.json"
_MEMORY = "renewal.json"
_CURRENT = "current"
_VERSIONS = "versions"
_LOCK = ".lock"
_MODES = {CHAIN: 0o644, KEY: 0o600, STATE: 0o644}
_DIRECTORY_MODE = 0o755
# Longer than one order may take with its default time.
_LOCK_SECONDS = 300.0
# What reading a path may answer when the tree is not what this file wrote.
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)


@dataclass(frozen=True)
class Stored:
    """What is on disk under one name.

    :ivar present: there is something, usable or not
    :ivar certificate: the first one of the chain, if chain and key belong together
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


class _File(NamedTuple):
    """A file that is there."""

    content: bytes
    status: os.stat_result


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
        files = {file: _read(folder / file) for file in (CHAIN, KEY, STATE, _MEMORY)}
        entries = _entries(folder)
        return replace(
            self._judge(files),
            present=any(name != _LOCK for name in entries or []),
            memory=read_memory(_content(files[_MEMORY])),
            unfinished=entries is not None and _is_unfinished(entries),
        )

    def chain(self, name: str) -> bytes:
        """Return the published chain in PEM.

        :raises OSError: there is none that can be read
        """
        return self.chain_path(name).read_bytes()

    def key(self, name: str) -> PrivateKey | None:
        """Return the published private key, ``None`` if there is none that can be used.

        :raises OSError: the storage cannot be read
        """
        return key_from_pem(_content(_read(self.key_path(name))) or b"")

    def order(self, name: str) -> OpenOrderFolder:
        """Return the folder of an order under way. Use it with the lock held."""
        return OpenOrderFolder(self._path / name)

    def remember(self, name: str, memory: Memory) -> None:
        """Keep something for the next run. Call it with the lock held.

        :raises OSError: what was remembered is still there
        """
        write_file(self._path / name / _MEMORY, memory.to_json(), 0o644, durable=False)

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
    ) -> None:
        """Put a new pair in place of what is there, in one step. Call it with the lock held.

        :param chain: PEM, leaf first
        :param key: PEM; ``None`` if it is somewhere else
        :raises CertificateError: the chain cannot be read
        :raises OSError: what was there is still there
        """
        folder = self._path / name
        remove_leftovers(folder)
        contents = {
            CHAIN: chain,
            STATE: State(origin, read_chain(chain), digest_of(chain, key)).to_json(),
        }
        if key is not None:
            contents[KEY] = key
        version = self._write_version(folder, f"{now:%Y%m%dT%H%M%SZ}", contents)
        self._adopt_plain_files(folder)
        previous = _link_target(folder / _CURRENT)
        for file in contents:
            if _link_target(folder / file) != f"{_CURRENT}/{file}":
                replace_link(folder / file, f"{_CURRENT}/{file}")
        replace_link(folder / _CURRENT, f"{_VERSIONS}/{version}")
        if key is None and _link_target(folder / KEY) == f"{_CURRENT}/{KEY}":
            (folder / KEY).unlink()
        sync_directory(folder)
        keep = {version, Path(previous).name if previous else version}
        for path in (folder / _VERSIONS).iterdir():
            if path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)

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
        for file, mode in _MODES.items():
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

    def _judge(self, files: Mapping[str, _File | None]) -> Stored:
        chain, key, content = (_content(files[file]) for file in (CHAIN, KEY, STATE))
        state = read_state(content)
        key_elsewhere = state is not None and state.origin.key_elsewhere
        if chain is None and (key is None or key_elsewhere):
            return Stored(True, fault="there is no certificate")
        if chain is None or (key is None and not key_elsewhere):
            return Stored(True, fault=f"{KEY if key is None else CHAIN} is missing")
        if key_elsewhere:
            key = None
        if state and state.certificate and state.digest == digest_of(chain, key):
            certificate = state.certificate
        else:
            try:
                certificate = _certificate(chain, key, key_elsewhere)
            except CertificateError as error:
                return Stored(True, fault=str(error))
        if state is None:
            fault = f"{STATE} is missing or damaged, so the issuing CA is unknown"
            return Stored(True, certificate, fault=fault)
        return Stored(True, certificate, state.origin, modes_fit=self._modes_fit(files))

    def _modes_fit(self, files: Mapping[str, _File | None]) -> bool:
        found = ((file, files[file]) for file in _MODES)
        return all(
            stat.S_IMODE(each.status.st_mode) == _MODES[file] and self._ownership.fits(each.status)
            for file, each in found
            if each is not None
        )

    def _write_version(self, folder: Path, stem: str, contents: dict[str, bytes]) -> str:
        version = f"{stem}-{secrets.token_hex(4)}"
        write_directory(
            folder / _VERSIONS / version,
            {file: (content, _MODES[file]) for file, content in contents.items()},
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
            for file in _MODES
            if os.path.lexists(folder / file)
            and _link_target(folder / file) != f"{_CURRENT}/{file}"
        ]
        contents = {file: _content(_read(folder / file)) for file in _MODES}
        if not plain:
            return
        known = {file: content for file, content in contents.items() if content is not None}
        version = self._write_version(folder, "found", known)
        replace_link(folder / _CURRENT, f"{_VERSIONS}/{version}")
        sync_directory(folder)


def _certificate(chain: bytes, key: bytes | None, key_elsewhere: bool) -> Certificate:
    try:
        certificate = read_chain(chain)
    except CertificateError as error:
        raise CertificateError(f"{CHAIN} cannot be used: {error}") from error
    if key_elsewhere:
        return certificate
    private_key = key_from_pem(key or b"")
    if private_key is None:
        raise CertificateError(f"{KEY} cannot be used: it is not a private key in PEM")
    if certificate.public_key != public_der(private_key.public_key()):
        raise CertificateError(f"{KEY} does not belong to {CHAIN}")
    return certificate


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


def _is_unfinished(entries: list[str]) -> bool:
    """Say whether there is an order, a temporary file, or nothing but a lock."""
    if all(name == _LOCK for name in entries):
        return True
    return any(name == _ORDER or is_leftover(name) for name in entries)


def _read(path: Path) -> _File | None:
    try:
        with path.open("rb") as stream:
            return _File(stream.read(), os.fstat(stream.fileno()))
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def _content(file: _File | None) -> bytes | None:
    return file.content if file else None


def _link_target(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None
