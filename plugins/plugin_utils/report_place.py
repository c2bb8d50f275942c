# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of a portal on one host, and how that differs from what should be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.identifier import unserved

Look = Mapping[str, Any]
"""What the role found on a host: C(host), C(instance), C(issues), C(tells), C(reached), C(problems); and, each
None if it could not be looked at, C(tenants) from P(mailhost.modoboa.tenant_plan#filter), C(certificates) from
M(mailhost.modoboa.acme_cert_info), C(blocks) that nginx reads, and C(nginx), the results of
M(mailhost.modoboa.nginx_vhost) in check mode."""

Drift = dict[str, Any]


def drift(kind: str, message: str, host: str | None = None) -> Drift:
    """One difference.

    :param kind: what machines know it by
    :param message: what people read, without the host
    :param host: where it was seen, if that is a host and not Modoboa
    """
    return {"kind": kind, "host": host, "message": message}


@dataclass(frozen=True)
class Place:
    """A portal on a host; what could not be looked at is None.

    :ivar issues: whether the host obtains certificates itself
    :ivar tells: whether Modoboa is told of them
    :ivar has_block: whether nginx reads a server block of it
    :ivar nginx: what M(mailhost.modoboa.nginx_vhost) would do
    :ivar certificate: the entry of M(mailhost.modoboa.acme_cert_info); empty if there is none
    """

    host: str
    issues: bool
    tells: bool
    has_block: bool | None
    nginx: Mapping[str, Any] | None
    certificate: Mapping[str, Any] | None

    @property
    def valid_certificate(self) -> Mapping[str, Any] | None:
        """The certificate, if there is one that can be used."""
        there = self.certificate
        if not there or not there.get("not_after"):
            return None
        # Where it is only served, nothing is remembered of its issue. Whether nginx can load it, nginx says
        return there if there.get("present") or not self.issues else None

    @property
    def was_seen(self) -> bool:
        """Whether everything could be looked at that matters; who only serves keeps no books."""
        certificates = self.certificate is not None or not self.issues
        return self.has_block is not None and self.nginx is not None and certificates

    @property
    def served(self) -> str:
        """Serial number of the certificate that nginx serves; empty if that is not known."""
        return str(((self.nginx or {}).get("served") or {}).get("serial") or "")

    @property
    def is_bare(self) -> bool:
        """Whether nothing of the portal is there, as far as could be seen."""
        return not self.has_block and not (self.certificate or {}).get("not_after")

    @property
    def nginx_error(self) -> str:
        """Why nginx could not serve it as it should."""
        return str((self.nginx or {}).get("error") or "")

    def drift(self, names: set[str], enabled: bool) -> Iterator[Drift]:
        """How it differs from what should be there.

        :param names: all names that the portal has
        :param enabled: whether it is to be served at all
        """
        if not enabled:
            if self.has_block:
                yield drift("disabled_but_served", "it is disabled, but nginx serves it", self.host)
            return
        yield from self._drift_of_block()
        yield from self._drift_of_certificate(names)

    def _drift_of_block(self) -> Iterator[Drift]:
        there, served = self.valid_certificate, self.served
        if self.has_block is False:
            yield drift("no_block", "nginx has no server block of it", self.host)
        elif served and there and served != there["serial"]:
            yield drift(
                "other_certificate_served",
                f"nginx serves another certificate ({served}) than the one on disk"
                f" ({there['serial']})",
                self.host,
            )
        elif (self.nginx or {}).get("changed"):
            yield drift(
                "block_differs",
                "the server block, or the certificate that is served, is not as provisioning"
                " would leave it",
                self.host,
            )

    def _drift_of_certificate(self, names: set[str]) -> Iterator[Drift]:
        if self.certificate is None:
            return
        there = self.valid_certificate
        if there is None:
            why = self.certificate.get("fault") or "there is none"
            yield drift("no_certificate", f"no certificate that could be used: {why}", self.host)
        elif self._has_other_names(there, names):
            yield drift(
                "names_differ",
                f"the certificate is for {', '.join(there['names'])},"
                f" and should be for {', '.join(sorted(names))}",
                self.host,
            )

    def _has_other_names(self, there: Mapping[str, Any], names: set[str]) -> bool:
        """Whether another certificate would be ordered for its names, or has to be brought.

        One that somebody else has ordered may serve more, as M(mailhost.modoboa.acme_cert) has it.
        """
        if there.get("adopted") or not self.issues:
            return bool(unserved(names, there["names"]))
        return set(there["names"]) != names


@dataclass(frozen=True)
class Host:
    """What was found on a host, by hostname; what could not be looked at is None.

    :ivar is_listed: whether its list of tenants can be read
    """

    name: str
    instance: str
    issues: bool
    tells: bool
    reached: bool
    problems: tuple[str, ...]
    tenants: Mapping[str, Mapping[str, Any]]
    is_listed: bool
    blocks: frozenset[str] | None
    nginx: Mapping[str, Mapping[str, Any]] | None
    certificates: Mapping[str, Mapping[str, Any]] | None

    @classmethod
    def of(cls, look: Look) -> Host:
        """Sort what was found."""
        blocks = look.get("blocks")
        return cls(
            name=look["host"],
            instance=look["instance"].rstrip("/"),
            issues=bool(look["issues"]),
            tells=bool(look["issues"] and look.get("tells", True)),
            reached=bool(look["reached"]),
            problems=tuple(str(problem) for problem in look["problems"]),
            tenants={entry["hostname"]: entry for entry in look["tenants"] or ()},
            is_listed=look["tenants"] is not None,
            blocks=None if blocks is None else frozenset(blocks),
            nginx=_by_name(look.get("nginx")),
            certificates=_by_name(look.get("certificates")),
        )

    def place(self, hostname: str) -> Place:
        """What there is of a portal."""
        return Place(
            host=self.name,
            issues=self.issues,
            tells=self.tells,
            has_block=None if self.blocks is None else hostname in self.blocks,
            nginx=None if self.nginx is None else self.nginx.get(hostname, {}),
            certificate=None if self.certificates is None else self.certificates.get(hostname, {}),
        )

    def leftovers(self) -> Iterator[tuple[str, Drift]]:
        """What is there of hostnames that no tenant of the host has, each with its hostname."""
        if not self.is_listed:
            return
        for name, found in (self.nginx or {}).items():
            if found.get("pruned"):
                message = f"a server block that no tenant of the host needs: {found.get('file')}"
                yield name, drift("block_without_tenant", message, self.name)
        for name, found in (self.certificates or {}).items():
            if name not in self.tenants and found.get("not_after"):
                message = "a certificate that no tenant of the host needs; it is not renewed"
                yield name, drift("certificate_without_tenant", message, self.name)


def _by_name(
    entries: Iterable[Mapping[str, Any]] | None,
) -> Mapping[str, Mapping[str, Any]] | None:
    return None if entries is None else {entry["name"]: entry for entry in entries}
