# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of a few lines, by the acme library alone: tests of the bed's CAs do not use ours."""

from __future__ import annotations

import datetime
import ipaddress
from typing import Any

from acme import challenges, client, crypto_util, errors, messages
from bed.acme_bed import AcmeBed
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy import ES256, JWKEC

PATIENCE = datetime.timedelta(seconds=30)


class AcmeClient:
    """An account key, and what can be done with it at a bed's CA."""

    def __init__(self, bed: AcmeBed) -> None:
        self._bed = bed
        self.key = JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
        network = client.ClientNetwork(self.key, alg=ES256, verify_ssl=_verify(bed))
        directory = client.ClientV2.get_directory(bed.acme.directory_url, network)
        self._client = client.ClientV2(directory, network)

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the account's key, base64url."""
        response = challenges.HTTP01(token=b"t" * 32).response(self.key)
        return str(response.key_authorization.rpartition(".")[2])

    def known(self) -> bool:
        """Whether the CA still knows the account."""
        wanted = messages.NewRegistration(only_return_existing=True)
        self._client.net.account = None
        try:
            self._client.new_account(wanted)
        except errors.ConflictError:
            return True
        except messages.Error as error:
            if error.code == "accountDoesNotExist":
                return False
            raise
        return True

    def register(self, binding: tuple[str, str] | None = None) -> None:
        """Create the account, bound to a key identifier with its key (base64url)."""
        fields: dict[str, Any] = {"terms_of_service_agreed": True}
        if binding is not None:
            fields["external_account_binding"] = messages.ExternalAccountBinding.from_data(
                self.key.public_key(), *binding, self._client.directory
            )
        self._client.new_account(messages.NewRegistration(**fields))

    def issue(
        self, *names: str, addresses: tuple[str, ...] = (), profile: str | None = None
    ) -> list[list[x509.Certificate]]:
        """Issue one certificate. Returns the chain, then the alternate chains, each leaf first."""
        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        request = crypto_util.make_csr(key, list(names), ipaddrs=_parsed(addresses))
        order = self._client.new_order(request, profile=profile)
        for authorization in order.authorizations:
            if authorization.body.status != messages.STATUS_VALID:
                self._answer(authorization.body)
        deadline = datetime.datetime.now() + PATIENCE  # noqa: DTZ005 # what the library compares with
        polled = self._client.poll_authorizations(order, deadline)
        # The library overlooks those that failed and do not say why
        failed = [
            each for each in polled.authorizations if each.body.status != messages.STATUS_VALID
        ]
        if failed:
            raise errors.ValidationError(failed)
        done = self._client.finalize_order(polled, deadline, fetch_alternative_chains=True)
        chains = [done.fullchain_pem, *done.alternative_fullchains_pem]
        return [x509.load_pem_x509_certificates(chain.encode()) for chain in chains]

    def revoke(self, certificate: x509.Certificate) -> None:
        """Revoke a certificate of this account."""
        self._client.revoke(certificate, 0)

    def _answer(self, authorization: messages.Authorization) -> None:
        """Put the answer into the webroot, and let the CA look."""
        challenge = next(
            each for each in authorization.challenges if isinstance(each.chall, challenges.HTTP01)
        )
        response, validation = challenge.response_and_validation(self.key)
        file = self._bed.nginx.webroot / challenge.chall.path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(validation)
        self._client.answer_challenge(challenge, response)


def _verify(bed: AcmeBed) -> Any:
    return str(bed.acme.ca_path) if bed.acme.ca_path else True


def _parsed(addresses: tuple[str, ...]) -> list[Any]:
    return [ipaddress.ip_address(address) for address in addresses]
