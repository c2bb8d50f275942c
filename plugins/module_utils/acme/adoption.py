# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that another client, or a person, has brought to this host: found, judged, published."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..items import Item, ItemsError, change, check_names
from .certbot import Certbot, Lineage
from .certificate import Certificate, CertificateError, chain_in, is_self_signed, read_chain
from .errors import AcmeError, as_acme_error, during
from .files import content_of
from .identifier import folder_name, normalized, wildcard_of
from .keys import key_from_pem, key_to_pem
from .moment import timestamp
from .pair import fault_of_key
from .state import Origin
from .store import CertificateStore, Stored

_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL
)


@dataclass(frozen=True)
class Wanted:
    """A certificate that is to be found.

    :ivar name: the main name
    :ivar names: all names that it has to serve
    :ivar fullchain: where a web server has it, if that is known
    :ivar privkey: where its key is; if not given, in the same file
    :ivar taken_over: it has been already, and is not looked for again
    """

    name: str
    names: tuple[str, ...]
    fullchain: Path | None = None
    privkey: Path | None = None
    taken_over: bool = False

    @property
    def folder(self) -> str:
        """The name of its folder in the storage."""
        return folder_name(self.name)


@dataclass(frozen=True)
class Found:
    """A pair that can be taken over.

    :ivar source: the file of its chain
    :ivar chain: PEM, certificates only
    :ivar key: PEM
    :ivar lineage: certbot's, if it is one of these
    """

    source: Path
    chain: bytes
    key: bytes
    certificate: Certificate
    lineage: Lineage | None = None


@dataclass
class Adoption:
    """What became of one certificate.

    :ivar found: what there is to take over
    :ivar changed: it is taken over; in check mode, would be
    :ivar expected: in check mode, it would be in the storage by now
    """

    wanted: Wanted
    stored: Stored = field(default_factory=lambda: Stored(present=False))
    found: Found | None = None
    changed: bool = False
    expected: bool = False
    error: AcmeError | None = None

    def result(self, store: CertificateStore, now: datetime) -> Item:
        """Return the module's result for it."""
        found, folder = self.found, self.wanted.folder
        there = found.certificate if self.changed and found else self.stored.certificate
        usable = self.error is None and (
            self.changed or self.expected or is_usable(self.stored, self.wanted, now)
        )
        return {
            "name": self.wanted.name,
            "changed": self.changed,
            "failed": self.error is not None,
            "error": None if self.error is None else str(self.error),
            "present": usable,
            "source": str(found.source) if found else None,
            "lineage": found.lineage.name if found and found.lineage else None,
            "fullchain": str(store.chain_path(folder)),
            "names": sorted(there.names) if usable and there else [],
            "key_type": there.key_type if usable and there else None,
            "not_after": timestamp(there.not_after) if usable and there else None,
        }

    def diff(self) -> dict[str, Any]:
        """Return an entry of Ansible's ``diff``."""
        header = f"certificate {self.wanted.name}"
        before = _description(self.stored.certificate, "in use here")
        if self.found is None:
            return change(header, before, before)
        return change(header, before, _description(self.found.certificate, str(self.found.source)))


def read_wanted(items: Sequence[Item], taken_over: Collection[str] = ()) -> list[Wanted]:
    """Check the whole list before anything is touched.

    :param taken_over: main names of certificates that have been already
    :raises AcmeError: something makes no sense, or is there twice
    """
    wanted = []
    for item in items:
        name = normalized(item["name"])
        names = {name, *(normalized(each) for each in item.get("names") or [])}
        fullchain, privkey = (
            Path(item[key]) if item.get(key) else None for key in ("fullchain", "privkey")
        )
        wanted.append(
            Wanted(name, tuple(sorted(names)), fullchain, privkey, taken_over=name in taken_over)
        )
    try:
        check_names([{"name": each.name} for each in wanted])
    except ItemsError as error:
        raise AcmeError(f"{error}.") from error
    return wanted


def is_usable(stored: Stored, wanted: Wanted, now: datetime) -> bool:
    """Say whether what is in the storage serves all names."""
    certificate = stored.certificate
    if certificate is None or stored.fault is not None:
        return False
    return now < certificate.not_after and not certificate.lacking(wanted.names)


class Adopter:
    """Looks for certificates, and puts them into one store."""

    def __init__(self, store: CertificateStore, certbot: Certbot, now: datetime) -> None:
        """Read what certbot has.

        :raises AcmeError: its folder cannot be read
        """
        self._store = store
        self._certbot = certbot
        self._now = now
        with during("certbot"):
            self.lineages = certbot.lineages()
        # Looked up for each of hundreds of certificates
        self._by_chain: dict[str, Lineage] = {}
        self._by_name: dict[str, list[Lineage]] = {}
        for lineage in self.lineages:
            if lineage.certificate is None:
                continue
            self._by_chain.setdefault(os.path.realpath(lineage.fullchain), lineage)
            for name in lineage.certificate.names:
                self._by_name.setdefault(name, []).append(lineage)

    def adopt(self, adoption: Adoption, *, check_mode: bool) -> None:
        """Take one certificate over; what went wrong is noted with it, and nothing changed then."""
        try:
            with during("storage"):
                if adoption.wanted.taken_over:
                    adoption.stored = self._store.read(adoption.wanted.folder)
                    adoption.expected = check_mode
                    return
                self._plan(adoption)
                if adoption.changed and not check_mode:
                    with self._store.lock(adoption.wanted.folder):
                        self._plan(adoption)
                        self._publish(adoption)
        except Exception as error:  # whatever it is, the other certificates go on
            adoption.error, adoption.changed = as_acme_error(error), False

    def _plan(self, adoption: Adoption) -> None:
        wanted = adoption.wanted
        stored = adoption.stored = self._store.read(wanted.folder)
        usable = is_usable(stored, wanted, self._now)
        try:
            found = adoption.found = self._find(wanted)
        except AcmeError:
            if not usable:
                raise
            found = None
        # Whom nobody else serves, nginx serves from the storage
        stays = usable and (wanted.fullchain is None or (found and _stays(stored, found)))
        adoption.changed = found is not None and not stays

    def _publish(self, adoption: Adoption) -> None:
        found = adoption.found
        if not adoption.changed or found is None:
            return
        lineage = found.lineage
        origin = Origin(
            directory=lineage.server if lineage else "",
            account=self._certbot.account_url(lineage) if lineage else None,
            adopted=True,
        )
        folder = adoption.wanted.folder
        self._store.publish(folder, found.chain, found.key, origin, self._now)

    def _find(self, wanted: Wanted) -> Found | None:
        """Return what there is to take over; ``None`` if there is nothing for the main name.

        :raises AcmeError: there is something, and it is of no use
        """
        faults = []
        for fullchain, privkey, lineage in self._sources(wanted):
            try:
                return self._judge(wanted, fullchain, privkey, lineage)
            except (AcmeError, CertificateError) as error:
                faults.append(f"{fullchain}: {error}")
        if not faults:
            return None
        raise AcmeError(
            f"{'; '.join(faults)}. Have whoever issued it renew or expand it first, or move what"
            " serves it away, and provision, which issues another",
            step="adoption",
        )

    def _sources(self, wanted: Wanted) -> list[tuple[Path, Path, Lineage | None]]:
        """The one that is served now comes first; of certbot's, the one with the fewest other names."""
        sources: list[tuple[Path, Path, Lineage | None]] = []
        served: Lineage | None = None
        if wanted.fullchain is not None:
            served = self._by_chain.get(os.path.realpath(wanted.fullchain))
            sources.append((wanted.fullchain, wanted.privkey or wanted.fullchain, served))
        lineages = {
            (len(certificate.lacking(wanted.names)), len(certificate.names), each.name): each
            for name in (wanted.name, wildcard_of(wanted.name))
            for each in self._by_name.get(name, ())
            if (certificate := each.certificate) and each is not served
        }
        sources += [(each.fullchain, each.privkey, each) for _key, each in sorted(lineages.items())]
        return sources

    def _judge(
        self, wanted: Wanted, fullchain: Path, privkey: Path, lineage: Lineage | None
    ) -> Found:
        content, secret = content_of(fullchain), content_of(privkey)
        if content is None:
            raise AcmeError("there is no such file")
        chain = chain_in(content)
        certificate = read_chain(chain)
        match = _KEY.search(secret or b"")
        key = key_from_pem(match.group()) if match else None
        fault = fault_of_key(key, certificate, privkey, "it")
        if key is None or fault is not None:
            raise AcmeError(fault or "")
        if is_self_signed(chain):
            raise AcmeError("it is self-signed, so no browser trusts it")
        if "(STAGING)" in certificate.issuer:
            raise AcmeError("it is of a CA for trials, so no browser trusts it")
        if self._now >= certificate.not_after:
            raise AcmeError(f"it expired on {timestamp(certificate.not_after)}")
        lacking = certificate.lacking(wanted.names)
        if lacking:
            raise AcmeError(f"it lacks {', '.join(lacking)}")
        return Found(fullchain, chain, key_to_pem(key), certificate, lineage)


def _stays(stored: Stored, found: Found) -> bool:
    """Say whether what is in the storage is better: ordered here, or as new."""
    if stored.origin is None or stored.certificate is None or not stored.origin.adopted:
        return True
    return stored.certificate.not_after >= found.certificate.not_after


def _description(certificate: Certificate | None, source: str) -> str:
    if certificate is None:
        return ""
    return (
        f"names: {', '.join(sorted(certificate.names))}\n"
        f"key type: {certificate.key_type}\n"
        f"serial: {certificate.serial}\n"
        f"validity: {timestamp(certificate.not_before)} to {timestamp(certificate.not_after)}\n"
        f"from: {source}\n"
    )
