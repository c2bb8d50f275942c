# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of how far provisioning is: what the chain tells the server about each virtual host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.list_endpoint import (
    ListEndpoint,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
        VirtualHost,
    )

_PATH = "virtualhosts/report/"
_AT_ONCE = 500


@dataclass(frozen=True)
class Report:
    """The state of one virtual host.

    Without a date the recorded one stays, without a status the recorded status and error.
    """

    status: str | None
    error: str = ""
    certificate_valid_until: str | None = None

    def applied_to(self, host: VirtualHost) -> VirtualHost:
        """The virtual host once the report is recorded."""
        return replace(
            host,
            status=host.status if self.status is None else self.status,
            error=host.error if self.status is None else self.error,
            certificate_valid_until=self.certificate_valid_until or host.certificate_valid_until,
        )

    def noun(self) -> str:
        """What it is about, for messages."""
        return "certificate_valid_until" if self.status is None else "status"

    def to_json(self, name: str) -> dict[str, Any]:
        """What is sent."""
        content = {"name": name}
        if self.status is not None:
            content.update(status=self.status, error=self.error)
        if self.certificate_valid_until:
            content["certificate_valid_until"] = self.certificate_valid_until
        return content


class Reports:
    """The endpoint that takes reports; only servers that leave provisioning to others have it."""

    def __init__(self, client: Client) -> None:
        self._endpoint = ListEndpoint(client, _PATH, "reports", "reports", _AT_ONCE)

    def are_taken(self) -> bool:
        """Whether the server has the endpoint; asked once.

        :raises ModoboaError: the server does not answer as it should
        """
        return self._endpoint.is_offered()

    def send(self, reports: Sequence[tuple[str, Report]]) -> dict[str, str]:
        """Send all reports, see :meth:`ListEndpoint.send`.

        :param reports: names with their reports
        :returns: the names whose report was refused, with the reason
        :raises ModoboaError: one that concerns the connection
        """
        return self._endpoint.send([report.to_json(name) for name, report in reports])
