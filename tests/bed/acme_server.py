# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bed's ACME servers have in common, whoever wrote them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bed.errors import BedError
from bed.layout import Layout
from bed.process import Program

# Seconds: 90 days, as public CAs issue; Pebble's own default is five years
LIFETIME = 90 * 24 * 3600
DAY = 24 * 3600


class Feature(Enum):
    """What one server can do and another cannot."""

    RENEWAL_INFORMATION = "renewal information (RFC 9773)"
    SETTABLE_RENEWAL_INFORMATION = "renewal information that a test sets"
    PROFILES = "profiles"
    PROFILE_LIFETIMES = "profiles with lifetimes of their own"
    SHORT_LIFETIMES = "lifetimes that are no whole days"
    EXTERNAL_ACCOUNTS = "external account binding"
    ALTERNATE_CHAINS = "alternate chains"
    CHAIN_LENGTH = "chains with more than one intermediate certificate"
    NONCE_REJECTION = "rejected nonces on demand"
    BLOCKED_NAMES = "names that it refuses"
    MEMORY = "knowing accounts and orders after a restart"
    SLEEP = "waiting before it looks at a challenge"


@dataclass(frozen=True)
class CaOptions:
    """How a CA is to behave. What a server cannot do is an error when it is made.

    ``lifetime`` of the certificates is in seconds. ``profiles`` are lifetimes by name; a CA that
    has some takes any of them for an order that names none. ``external_accounts`` are keys
    (base64url) by key identifier: if there are any, new accounts have to be bound to one.
    ``nonce_rejection`` and ``authorization_reuse`` are percentages; that of reuse is Pebble's own,
    which takes one authorization in a hundred again with 0, too.
    ``chain_length`` counts intermediate certificates. ``longest_sleep`` is in seconds: the CA waits
    for a random part of it before it looks. ``dns_server`` (address:port) is asked instead of the
    bed's own.
    """

    lifetime: int = LIFETIME
    profiles: Mapping[str, int] = field(default_factory=dict)
    external_accounts: Mapping[str, str] = field(default_factory=dict)
    blocked_names: tuple[str, ...] = ()
    nonce_rejection: int = 0
    authorization_reuse: int = 50
    alternate_roots: int = 0
    chain_length: int = 1
    longest_sleep: int = 0
    dns_server: str = ""

    def needs(self) -> frozenset[Feature]:
        """The features without which a server cannot behave like this."""
        needed = {
            Feature.PROFILES: self.profiles,
            Feature.PROFILE_LIFETIMES: set(self.profiles.values()) - {self.lifetime},
            Feature.SHORT_LIFETIMES: self.lifetime % DAY,
            Feature.EXTERNAL_ACCOUNTS: self.external_accounts,
            Feature.BLOCKED_NAMES: self.blocked_names,
            Feature.NONCE_REJECTION: self.nonce_rejection,
            Feature.ALTERNATE_CHAINS: self.alternate_roots,
            Feature.CHAIN_LENGTH: self.chain_length > 1,
            Feature.SLEEP: self.longest_sleep,
        }
        return frozenset(feature for feature, wanted in needed.items() if wanted)


class AcmeServer(ABC):
    """An ACME CA that looks at HTTP-01 challenges on the bed's nginx.

    ``name`` is that of its process and of its log.
    """

    name: str

    def __init__(self, layout: Layout, dns_address: str, options: CaOptions) -> None:
        self._layout = layout
        self._options = options
        self._dns_address = options.dns_server or dns_address

    def install(self) -> None:
        """Install the server if it is not there; check that it can do what it is to do.

        :raises BedError: it cannot be had, or lacks a feature that the options ask for.
        """
        self._install()
        missing = self._options.needs() - self.features
        if missing:
            lacking = ", ".join(sorted(feature.value for feature in missing))
            raise BedError(f"{self.name} {self.version} cannot do this: {lacking}")

    @abstractmethod
    def _install(self) -> None:
        """Install the server if it is not there."""

    @property
    @abstractmethod
    def version(self) -> str:
        """Its version; it has to be installed."""

    @property
    @abstractmethod
    def features(self) -> frozenset[Feature]:
        """What it can do; it has to be installed."""

    @property
    @abstractmethod
    def directory_url(self) -> str:
        """The ACME directory."""

    @property
    @abstractmethod
    def ca_path(self) -> Path | None:
        """The CA of the API's own TLS certificate: not that of the certificates it issues.

        None where the API has no TLS.
        """

    @property
    def proxy_port(self) -> int | None:
        """Where it needs a proxy to get to the bed's nginx instead of port 80; None if it does not."""
        return None

    @abstractmethod
    def issuer_roots(self) -> str:
        """The root certificate (PEM) of what it issues."""

    @abstractmethod
    def revoked(self, serial: str) -> bool:
        """Whether the certificate with a serial number (hexadecimal) has been revoked."""

    @abstractmethod
    def program(self) -> Program:
        """Write its configuration; how to start it."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether its API answers."""
