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

A new pair is written as a new version, and then ``current`` is renamed over: key, chain and state
change in one step. A process killed before that step leaves the old pair, after it the new one,
never a mixture that would keep a web server from starting. The version before stays, for a reader
that followed the link a moment ago; older ones and unfinished ones go with the next publication.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..files import (
    NOBODY_IN_PARTICULAR,
    Ownership,
    remove_leftovers,
    replace_link,
    sync_directory,
)
from .certificate import Certificate, CertificateError, read_chain
from .files import locked, write_directory
from .keys import key_from_pem, public_der

CHAIN = "fullchain.pem"
KEY = "privkey.pem"
STATE = "state.json"
_CURRENT = "current"
_VERSIONS = "versions"
_LOCK = ".lock"
_MODES = {CHAIN: 0o644, KEY: 0o600, STATE: 0o644}
_DIRECTORY_MODE = 0o755
_STATE_FORMAT = 1
# Longer than one order may take with its default time.
_LOCK_SECONDS = 300.0
# What reading a path may answer when the tree is not what this file wrote.
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)


@dataclass(frozen=True)
class Stored:
    """What is on disk under one name.

    :ivar present: there is something, usable or not
    :ivar certificate: the first one of the chain, if chain and key belong together
    :ivar directory: the ACME directory that issued it
    :ivar fault: what is missing or wrong, for the reader; whoever has it needs a new certificate
    :ivar modes_fit: modes and owner of the files are as they should be
    """

    present: bool
    certificate: Certificate | None = None
    directory: str | None = None
    fault: str | None = None
    modes_fit: bool = True


class CertificateStore:
    """The folder ``certs`` of a storage."""

    def __init__(self, storage: Path, ownership: Ownership = NOBODY_IN_PARTICULAR) -> None:
        """Use a storage folder, which need not exist yet.

        :param ownership: of chain, key and state; the folders stay with who creates them
        """
        self._path = storage / "certs"
        self._ownership = ownership

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
        chain, key, state = (_content(folder / each) for each in (CHAIN, KEY, STATE))
        present = _holds_anything(folder)
        if chain is None and key is None:
            return Stored(present, fault="there is no certificate")
        if chain is None or key is None:
            return Stored(present, fault=f"{KEY if key is None else CHAIN} is missing")
        try:
            certificate = read_chain(chain)
        except CertificateError as error:
            return Stored(present, fault=f"{CHAIN} cannot be used: {error}")
        private_key = key_from_pem(key)
        if private_key is None:
            return Stored(present, fault=f"{KEY} cannot be used: it is not a private key in PEM")
        if certificate.public_key != public_der(private_key.public_key()):
            return Stored(present, fault=f"{KEY} does not belong to {CHAIN}")
        directory = _directory(state)
        if directory is None:
            return Stored(
                present,
                certificate,
                fault=f"{STATE} is missing or damaged, so the issuing CA is unknown",
            )
        return Stored(present, certificate, directory, modes_fit=self._modes_fit(folder))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep other processes and threads from changing this certificate.

        :raises AcmeError: another run has kept it locked for minutes
        :raises OSError: the folder cannot be created
        """
        folder = self._path / name
        try:
            with locked(folder / _LOCK, _DIRECTORY_MODE, _LOCK_SECONDS):
                try:
                    yield
                finally:
                    if not _holds_anything(folder):
                        (folder / _LOCK).unlink()
        finally:
            # nothing stays of a name without a certificate; another run may have begun anew
            with suppress(OSError):
                folder.rmdir()

    def publish(self, name: str, chain: bytes, key: bytes, directory: str, now: datetime) -> None:
        """Put a new pair in place of what is there, in one step. Call it with the lock held.

        :param chain: PEM, leaf first
        :param key: PEM
        :param directory: the URL of the ACME directory that issued it
        :raises OSError: what was there is still there
        """
        folder = self._path / name
        remove_leftovers(folder)
        state = {"version": _STATE_FORMAT, "directory": directory}
        contents = {
            CHAIN: chain,
            KEY: key,
            STATE: (json.dumps(state, indent=2) + "\n").encode(),
        }
        version = self._write_version(folder, f"{now:%Y%m%dT%H%M%SZ}", contents)
        self._adopt_plain_files(folder)
        previous = _link_target(folder / _CURRENT)
        for file in _MODES:
            if _link_target(folder / file) != f"{_CURRENT}/{file}":
                replace_link(folder / file, f"{_CURRENT}/{file}")
        replace_link(folder / _CURRENT, f"{_VERSIONS}/{version}")
        sync_directory(folder)
        keep = {version, Path(previous).name if previous else version}
        for path in (folder / _VERSIONS).iterdir():
            if path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)

    def correct_modes(self, name: str) -> None:
        """Set modes and owner of the published files. Call it with the lock held.

        :raises OSError: only root may give files away
        """
        for file, mode in _MODES.items():
            descriptor = os.open(self._path / name / file, os.O_RDONLY | os.O_CLOEXEC)
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
        contents = {file: _content(folder / file) for file in _MODES}
        if not plain:
            return
        known = {file: content for file, content in contents.items() if content is not None}
        version = self._write_version(folder, "found", known)
        replace_link(folder / _CURRENT, f"{_VERSIONS}/{version}")
        sync_directory(folder)

    def _modes_fit(self, folder: Path) -> bool:
        for file, mode in _MODES.items():
            status = (folder / file).stat()
            if stat.S_IMODE(status.st_mode) != mode or not self._ownership.fits(status):
                return False
        return True


def _holds_anything(folder: Path) -> bool:
    """Say whether there is more than a lock."""
    try:
        return any(path.name != _LOCK for path in folder.iterdir())
    except FileNotFoundError:
        return os.path.lexists(folder)
    except NotADirectoryError:
        return True


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def _link_target(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None


def _directory(state: bytes | None) -> str | None:
    if state is None:
        return None
    try:
        document: Any = json.loads(state)
        if document["version"] == _STATE_FORMAT and isinstance(document["directory"], str):
            return str(document["directory"])
    except (ValueError, KeyError, TypeError):
        pass
    return None
