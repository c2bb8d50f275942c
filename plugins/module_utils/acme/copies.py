# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate in several folders, as one with the names of several tenants that was adopted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from threading import Lock

from .certificate import Certificate
from .errors import AcmeError, during
from .identifier import name_of
from .memory import Revoked
from .store import CertificateStore, Stored


class Copies:
    """Knows which folders of a store hold one and the same certificate."""

    def __init__(self, store: CertificateStore, leaving: Collection[str]) -> None:
        """Look into a store when somebody asks for the first time.

        :param leaving: folders of certificates that are to be revoked or removed themselves
        """
        self._store = store
        self._leaving = leaving
        self._folders: dict[tuple[str, str], list[str]] | None = None
        self._lock = Lock()

    def others(self, folder: str, stored: Stored) -> list[str]:
        """Return the folders beside this one whose certificate is the same, and is to stay in use.

        Only what was adopted, or has come nobody knows from where, is in several.

        :param stored: what is in the folder
        :raises OSError: the store cannot be read
        """
        certificate, origin = stored.readable, stored.origin
        if certificate is None or (origin is not None and not origin.adopted):
            return []
        return [
            each
            for each in self._candidates(certificate)
            if each not in (folder, *self._leaving) and self._uses(each, certificate)
        ]

    def mark(self, others: Iterable[str], certificate: Certificate, revoked: Revoked) -> list[str]:
        """Note with each of some folders that the certificate was revoked. Call it without a lock.

        :returns: a warning for each with which it cannot be noted
        """
        warnings = []
        for each in others:
            try:
                with during("storage"):
                    mark(self._store, each, certificate, revoked)
            except AcmeError as error:
                name = name_of(each)
                warnings.append(
                    f"{name}: its certificate is revoked, which cannot be noted there ({error}). Set force for it"
                    " once, so that it gets another one."
                )
        return warnings

    def _candidates(self, certificate: Certificate) -> list[str]:
        # one look for hundreds that are removed at once
        with self._lock:
            if self._folders is None:
                self._folders = {}
                for name in self._store.names():
                    with suppress(OSError):  # that folder's own trouble
                        found = self._store.pair(name).readable
                        if found is not None:
                            self._folders.setdefault(_identity(found), []).append(name)
        return self._folders.get(_identity(certificate), [])

    def _uses(self, folder: str, certificate: Certificate) -> bool:
        with suppress(OSError):
            return _is_unmarked(self._store.read(folder), certificate)
        return False


def mark(store: CertificateStore, folder: str, certificate: Certificate, revoked: Revoked) -> None:
    """Note that a certificate was revoked, so that the next run replaces it. Takes the folder's lock.

    What is there by now, and is another one, is left alone.

    :raises AcmeError: another run has kept the folder locked for too long
    :raises OSError: it cannot be noted
    """
    with store.lock(folder):
        stored = store.read(folder)
        if _is_unmarked(stored, certificate):
            store.remember(folder, replace(stored.memory, revoked=revoked))


def _is_unmarked(stored: Stored, certificate: Certificate) -> bool:
    if stored.readable is None or _identity(stored.readable) != _identity(certificate):
        return False
    revoked = stored.memory.revoked
    return revoked is None or revoked.serial != certificate.serial


def _identity(certificate: Certificate) -> tuple[str, str]:
    # a serial number is unique for its issuer only
    return certificate.issuer, certificate.serial
