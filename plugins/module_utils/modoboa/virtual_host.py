# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts as the server keeps them: the representation and its endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.nothing_here import (
    nothing_here,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

PENDING = "pending"
READY = "ready"
FAILED = "failed"
_PAGE_SIZE = 1000


@dataclass(frozen=True)
class VirtualHost:
    """One virtual host; ``pk`` is None for one that does not exist yet.

    ``domain_keys`` has the primary keys of its domains, as far as the server told them.
    """

    name: str
    pk: int | None = None
    enabled: bool = True
    domains: tuple[str, ...] = ()
    status: str = PENDING
    error: str = ""
    certificate_valid_until: str | None = None
    domain_keys: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_json(cls, content: Any) -> VirtualHost:
        """Read the server's representation.

        :raises UnexpectedAnswerError: it is none
        """
        try:
            domains = {
                str(domain["name"]).lower(): domain.get("pk") for domain in content["domains"]
            }
            return cls(
                name=content["name"].lower(),  # as a task writes it; DNS knows no case
                pk=content["pk"],
                enabled=bool(content["enabled"]),
                domains=tuple(sorted(domains)),
                status=content["provisioning_status"],
                error=content.get("last_provisioning_error") or "",
                certificate_valid_until=canonical_time(content.get("certificate_valid_until")),
                domain_keys={name: pk for name, pk in domains.items() if pk is not None},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise errors.UnexpectedAnswerError(
                f"the server describes a virtual host in an unknown way: {type(error).__name__}"
                f" ({error})"
            ) from None

    def with_domain(self, name: str) -> VirtualHost:
        """The same with one domain more."""
        return replace(self, domains=tuple(sorted({*self.domains, name})))

    def without_domain(self, name: str) -> VirtualHost:
        """The same with one domain less."""
        return replace(self, domains=tuple(each for each in self.domains if each != name))


class VirtualHosts:
    """The endpoint ``virtualhosts/``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def entries(self, **params: Any) -> list[dict[str, Any]]:
        """The server's representations by name, in one request unless there are very many.

        :param params: of the request, such as filters
        :raises NoVirtualHostsError: the server has no such endpoint
        """
        params.setdefault("ordering", "name")
        try:
            return list(self._client.pages("virtualhosts/", _PAGE_SIZE, **params))
        except errors.NotFoundError as found:
            raise nothing_here(self._client, found) from None

    def all(self) -> dict[str, VirtualHost]:
        """All virtual hosts by name.

        :raises NoVirtualHostsError: the server has no such endpoint
        """
        hosts = [VirtualHost.from_json(content) for content in self.entries()]
        return {host.name: host for host in hosts}

    def of_domain(self, domain_pk: int) -> VirtualHost:
        """The virtual host that a domain is linked to."""
        return VirtualHost.from_json(self._client.get(f"virtualhosts/for_domain/{domain_pk}/"))

    def set_enabled(self, pk: int, enabled: bool) -> None:
        """Enable or disable one."""
        self._client.send(
            "POST",
            f"virtualhosts/{pk}/set_state/",
            json={"enabled": enabled},
            repeatable=True,  # it sets an absolute value
        )

    def retry(self, pk: int) -> None:
        """Have the server provision one again that has failed.

        :raises ConflictError: it is not failed, or no longer
        """
        # Asked twice, the server refuses the second time
        self._client.send("POST", f"virtualhosts/{pk}/retry_provisioning/", repeatable=True)

    def delete(self, pk: int) -> None:
        """Delete one, with its theme; one that is gone already is as good."""
        try:
            self._client.send("DELETE", f"virtualhosts/{pk}/")
        except errors.NotFoundError:
            return


def canonical_time(text: str | None) -> str | None:
    """A moment in ISO 8601 in one spelling: UTC, whole seconds, ``Z``.

    :raises ValueError: it is no moment, or has no time zone
    """
    if not text:
        return None
    if text[-1] in "zZ":  # Python 3.9 does not read it
        text = text[:-1] + "+00:00"
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time zone is missing")
    try:
        moment = moment.astimezone(timezone.utc).replace(microsecond=0)
    except OverflowError:  # at either end of the calendar
        raise ValueError("there is no such moment in UTC") from None
    return moment.isoformat().replace("+00:00", "Z")
