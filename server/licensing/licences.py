# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Licences that were sold, and the installations that registered with them."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS licence (
    key_sha256 TEXT PRIMARY KEY, licensee TEXT NOT NULL, installations INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS registration (
    key_sha256 TEXT NOT NULL REFERENCES licence ON DELETE CASCADE,
    installation TEXT NOT NULL, hostname TEXT NOT NULL, registered TEXT NOT NULL,
    PRIMARY KEY (key_sha256, installation));
"""


class RefusedError(Exception):
    """A key cannot be registered; the text says why, to whoever asked."""


@dataclass(frozen=True)
class Licence:
    """What somebody bought."""

    key_sha256: str
    licensee: str
    installations: int
    registered: int


class Licences:
    """A file with all licences. Keys themselves are not in it, only their SHA-256."""

    def __init__(self, path: Path) -> None:
        """Use a file, which is made when it does not exist yet."""
        self._path = path
        with self._open() as database:
            database.executescript(_TABLES)

    def sell(self, licensee: str, installations: int) -> str:
        """Make a new licence.

        :param licensee: whose it is
        :param installations: how many may register with it
        :return: the key, which is shown this once
        """
        key = secrets.token_urlsafe(24)
        with self._open() as database:
            database.execute(
                "INSERT INTO licence VALUES (?, ?, ?)", (_digest(key), licensee, installations)
            )
        return key

    def register(self, key: str, installation: str, hostname: str) -> Licence:
        """Register an installation, which may do so again at any time.

        :raises RefusedError: the key is unknown, or has enough installations already
        """
        digest = _digest(key)
        with self._open() as database:
            # Now, so that two at the same time do not both find the last place free
            database.execute("BEGIN IMMEDIATE")
            row = database.execute(
                "SELECT licensee, installations FROM licence WHERE key_sha256 = ?", (digest,)
            ).fetchone()
            if row is None:
                raise RefusedError("This licence key is unknown.")
            licensee, allowed = row
            (others,) = database.execute(
                "SELECT count(*) FROM registration WHERE key_sha256 = ? AND installation != ?",
                (digest, installation),
            ).fetchone()
            if others >= allowed:
                raise RefusedError(f"This licence is for {allowed}, and {others} are registered.")
            database.execute(
                "INSERT OR IGNORE INTO registration VALUES (?, ?, ?, datetime('now'))",
                (digest, installation, hostname),
            )
        return Licence(digest, licensee, allowed, others + 1)

    def all(self) -> list[Licence]:
        """Return every licence."""
        with self._open() as database:
            rows = database.execute(
                "SELECT key_sha256, licensee, installations, count(installation)"
                " FROM licence LEFT JOIN registration USING (key_sha256)"
                " GROUP BY key_sha256 ORDER BY licensee"
            ).fetchall()
        return [Licence(*row) for row in rows]

    def forget(self, key_sha256: str) -> bool:
        """Take a licence back, with its registrations; returns whether there was one."""
        with self._open() as database:
            found = database.execute("DELETE FROM licence WHERE key_sha256 = ?", (key_sha256,))
            return found.rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._path, timeout=10)
        # The second one commits, or rolls back
        with closing(database), database:
            database.execute("PRAGMA foreign_keys = ON")
            yield database


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
