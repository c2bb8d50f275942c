# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A storage with thousands of certificates, as acme_cert would have left it, made without a CA."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_folder import (
    AccountFolder,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.memory import (
    Memory,
    Suggestion,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.registration import (
    Registration,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=90)
# Writing waits for the disk
THREADS = 8


class Issuer:
    """A CA of two lines, which signs whatever it is given."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark CA")])
        self._certificate = self._sign(self._name, self._key.public_key(), None)

    def chain(self, name: str, key: ec.EllipticCurvePublicKey) -> bytes:
        """Return the chain of a new certificate in PEM."""
        return self._sign(x509.Name([]), key, name) + self._certificate

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, name: str | None) -> bytes:
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=name is None, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if name is not None:
            names = x509.SubjectAlternativeName([x509.DNSName(name)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def fill(storage: Path, directory: str, names: list[str]) -> None:
    """Write an account, and a certificate with its own key for each name.

    The CA is remembered to have said for each when to renew it, so that it need not be asked.
    """
    account = AccountFolder(storage, directory)
    with account.lock():
        account.make_key("P-256")
        account.record(Registration(f"{directory}/account", ()))
    store, issuer, origin = CertificateStore(storage), Issuer(), Origin(directory)

    def write(name: str) -> None:
        now = datetime.now(timezone.utc)
        key = ec.generate_private_key(ec.SECP256R1())
        chain = issuer.chain(name, key.public_key())
        with store.lock(name):
            store.publish(name, chain, key_to_pem(key), origin, now)
            store.remember(name, Memory(_suggestion(chain, now)))

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(write, names))


def _suggestion(chain: bytes, now: datetime) -> Suggestion:
    certificate = read_chain(chain)
    start = now + LIFETIME * 2 / 3
    return Suggestion(
        certificate=certificate.renewal_id or "",
        ask_again=now + timedelta(hours=6),
        start=start,
        end=start + timedelta(days=2),
        moment=start + timedelta(days=1),
    )
