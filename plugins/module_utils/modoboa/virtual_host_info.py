# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is known about virtual hosts, and questions about some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import for_each
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import (
    LOGOS,
    Theme,
    Themes,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
    VirtualHosts,
    canonical_time,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

# Filters cannot be seen from outside. Who has this endpoint has them, too
_BEYOND_THE_CONTRACT = "virtualhosts/bulk/"


@dataclass(frozen=True)
class VirtualHostInfo:
    """One virtual host with all that the server tells; ``theme`` is None until it is asked for."""

    host: VirtualHost
    creation: str | None
    has_certificate: bool
    theme: Theme | None = None

    @classmethod
    def from_json(cls, content: Any) -> VirtualHostInfo:
        """Read the server's representation, which may have its theme in it.

        :raises UnexpectedAnswerError: it is none
        """
        host = VirtualHost.from_json(content)
        try:
            creation = canonical_time(content.get("creation"))
        except (TypeError, ValueError):
            creation = None  # nothing depends on it
        theme = content.get("theme")
        return cls(
            host=host,
            creation=creation,
            has_certificate=bool(content.get("has_certificate", host.certificate_valid_until)),
            theme=None if theme is None else Theme.from_json(theme),
        )

    @property
    def valid_until(self) -> datetime | None:
        """The end of the certificate's validity."""
        text = self.host.certificate_valid_until
        # canonical_time wrote it; Python 3.9 does not read its "Z"
        return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))

    def facts(self, now: datetime) -> dict[str, Any]:
        """What there is to say about it, but for its theme.

        :param now: what ``days_left`` counts from; whole days, negative for what has expired
        """
        valid_until = self.valid_until
        return {
            "name": self.host.name,
            "pk": self.host.pk,
            "creation": self.creation,
            "enabled": self.host.enabled,
            "domains": list(self.host.domains),
            "status": self.host.status,
            "error": self.host.error,
            "has_certificate": self.has_certificate,
            "certificate_valid_until": self.host.certificate_valid_until,
            "days_left": None if valid_until is None else (valid_until - now) // timedelta(days=1),
        }

    def theme_facts(self) -> dict[str, Any] | None:
        """The same of its theme; None unless that was asked for."""
        if self.theme is None:
            return None
        return {**self.theme.shown(), "logo_urls": self.theme.addresses}


@dataclass(frozen=True)
class Question:
    """Which virtual hosts somebody wants to know about: all that is given has to hold.

    :ivar names: their hostnames; None for any
    :ivar statuses: states of provisioning; None for any
    :ivar enabled: whether they are in use; None for either
    :ivar domain: a mail domain that is linked to it; None for any
    :ivar expiring_before: the certificate expires before this moment, in whole seconds; None
        for any, also for those without a certificate
    :ivar with_theme: whether their themes are of interest
    """

    names: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    enabled: bool | None = None
    domain: str | None = None
    expiring_before: datetime | None = None
    with_theme: bool = False

    def holds_for(self, info: VirtualHostInfo) -> bool:
        """Whether it is one of them."""
        host = info.host
        expiry = info.valid_until
        return (
            (self.names is None or host.name in self.names)
            and (self.statuses is None or host.status in self.statuses)
            and (self.enabled is None or host.enabled == self.enabled)
            and (self.domain is None or self.domain in host.domains)
            and (
                self.expiring_before is None
                or (expiry is not None and expiry < self.expiring_before)
            )
        )

    def parameters(self) -> dict[str, Any]:
        """The same for a server that narrows lists down by itself, as docs/api.md describes.

        Where there are names, they alone: so that it is known which do not exist at all.
        """
        wanted: dict[str, Any] = {"theme": "true"} if self.with_theme else {}
        if self.names is not None:
            return wanted
        if self.statuses is not None:
            wanted["provisioning_status"] = list(self.statuses)
        if self.enabled is not None:
            wanted["enabled"] = "true" if self.enabled else "false"
        if self.domain is not None:
            wanted["domain"] = self.domain
        if self.expiring_before is not None:
            moment = self.expiring_before.astimezone(timezone.utc)
            wanted["certificate_valid_until_before"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return wanted


@dataclass(frozen=True)
class Reply:
    """What a question brings.

    :ivar found: by name
    :ivar missing: names of the question that no virtual host has, whatever its other conditions
    """

    found: list[VirtualHostInfo]
    missing: list[str]


def ask(client: Client, question: Question) -> Reply:
    """Answer a question.

    What a server has beyond the published contract saves work, and makes no other difference:
    whatever comes is looked through again here.

    :raises ModoboaError: any of them
    """
    parameters = question.parameters()
    if parameters and not client.offers(_BEYOND_THE_CONTRACT, "POST"):
        parameters = {}  # nobody knows what these words mean to another server
    wanted = question.names or ()
    if len(wanted) == 1:
        parameters["search"] = wanted[0]  # part of the contract
    known = [
        VirtualHostInfo.from_json(content) for content in VirtualHosts(client).entries(**parameters)
    ]
    found = sorted(
        (info for info in known if question.holds_for(info)), key=lambda info: info.host.name
    )
    if question.with_theme:
        found = _with_themes(client, found)
    names = {info.host.name for info in known}
    return Reply(found, [name for name in sorted({*wanted}) if name not in names])


def _with_themes(client: Client, found: Sequence[VirtualHostInfo]) -> list[VirtualHostInfo]:
    """Ask for what did not come along; who is gone meanwhile is left out."""
    themes = Themes(client)

    def complete(info: VirtualHostInfo) -> VirtualHostInfo | None:
        if info.theme is not None:
            return replace(info, theme=themes.completed(info.theme, LOGOS))
        if info.host.pk is None:
            return info
        try:
            return replace(info, theme=themes.get(info.host.pk, LOGOS))
        except errors.NotFoundError:
            return None

    return [info for info in for_each(complete, found) if info is not None]
