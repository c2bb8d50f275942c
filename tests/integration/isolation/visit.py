# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody goes to a host: the requests that all ways are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integration.isolation.client import Answer, Portals
from integration.isolation.roles import Role


class UnexpectedAnswerError(Exception):
    """An answer that says nothing about isolation."""


@dataclass(frozen=True)
class Visit:
    """Somebody goes to a host, with all that they are known by."""

    portals: Portals
    role: Role
    host: str
    known: Mapping[str, str]

    def get(self, path: str, session: str = "", bearer: str = "", **query: str) -> Answer:
        """Get an address of the host; session and bearer name what they are known by."""
        return self.portals.get(
            self.host, path, self.known.get(session, ""), self.known.get(bearer, ""), **query
        )

    def post(self, path: str, session: str = "", bearer: str = "", **form: str) -> Answer:
        """Send a form to the host; session and bearer name what they are known by."""
        return self.portals.post(
            self.host, path, form, self.known.get(session, ""), self.known.get(bearer, "")
        )

    def redirect_uri(self, host: str = "") -> str:
        """Where codes are sent, to this host unless another is named."""
        return f"https://{self.portals.authority(host or self.host)}/login/logged"


def verdict(answer: Answer, yes: int, *no: int) -> bool:
    """Whether an answer lets in.

    :param yes: the status that does
    :param no: those of refusals
    """
    if answer.status not in (yes, *no):
        raise UnexpectedAnswerError(f"{answer.status} {answer.location} {answer.body[:300]!r}")
    return answer.status == yes
