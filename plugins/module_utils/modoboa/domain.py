# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail domains, as far as virtual hosts are concerned: which exist, creating and linking them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.nothing_here import (
    INSTALL,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.new_domain import (
        NewDomain,
    )

_PAGE_SIZE = 500
_FEW = 5
_LABEL = "virtual host"
_NAME = "virtualhost"


class Domains:
    """The mail domains of one server, asked for as late and as little as possible."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._keys: dict[str, int] = {}
        self._field: str | None = None

    def look_up(self, names: Collection[str]) -> None:
        """Find out which of these domains exist: a few one by one, many as one list.

        :raises ModoboaError: the server does not answer as it should
        """
        if not names:
            return
        searches: list[dict[str, Any]] = [{}]
        if len(names) <= _FEW:
            # Modoboa searches domains by prefix, so longer names may come along
            searches = [{"search": name} for name in sorted(names)]
        for search in searches:
            for domain in self._client.pages("domains/", _PAGE_SIZE, ordering="name", **search):
                self._keys[str(domain["name"]).lower()] = domain["pk"]

    def learn(self, keys: Mapping[str, int]) -> None:
        """Take in primary keys that the server told elsewhere, by name."""
        self._keys.update(keys)

    def key_of(self, name: str) -> int | None:
        """The primary key of a domain that is known; None if it does not exist."""
        return self._keys.get(name)

    def create(self, name: str, settings: NewDomain, hostname: str) -> None:
        """Create a domain on a virtual host, which comes into being with it if need be.

        :raises ModoboaError: the server refuses, or does not do all of it
        """
        answer = self._client.send(
            "POST",
            "domains/",
            json={**settings.to_json(name), self.virtual_host_field(): hostname},
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("pk"), int):
            raise errors.UnexpectedAnswerError(
                f"POST /api/v2/domains/: the answer does not describe the domain {name}"
            )
        self._keys[name] = answer["pk"]
        settings.check_kept(name, answer)
        if settings.admin is not None:
            listed = self._client.get(f"domains/{answer['pk']}/administrators/")
            settings.admin.check_among(name, listed)

    def link(self, name: str, hostname: str) -> None:
        """Put a domain on a virtual host, which comes into being or takes the domain over.

        :param name: a domain that is known
        :param hostname: empty to take it off the virtual host that it is on
        :raises ModoboaError: the server refuses
        """
        self._client.send(
            "PATCH",
            f"domains/{self._keys[name]}/",
            json={self.virtual_host_field(): hostname},
            repeatable=True,  # it sets an absolute value
        )

    def virtual_host_field(self) -> str:
        """The name of the field that takes a hostname, found once by its label.

        The contract does not publish the name, but the domain endpoint describes its fields.

        :raises NoVirtualHostsError: there is no such field
        :raises NotAllowedError: this user may not write domains, so none are described
        """
        if self._field is None:
            self._field = _find_field(self._client.send("OPTIONS", "domains/"))
        return self._field


def _find_field(description: Any) -> str:
    actions = description.get("actions") if isinstance(description, dict) else None
    fields = (actions or {}).get("POST")
    if not fields:
        raise errors.NotAllowedError(
            "OPTIONS /api/v2/domains/: this user may not write mail domains; virtual hosts need a"
            " super administrator"
        )
    writable = {
        name: str(field.get("label", ""))
        for name, field in fields.items()
        if not field.get("read_only")
    }
    for name, label in writable.items():
        if " ".join(label.lower().split()) == _LABEL:
            return str(name)
    for name in writable:  # a server that speaks another language to this user
        if re.sub(r"[^a-z]", "", name.lower()) == _NAME:
            return str(name)
    raise errors.NoVirtualHostsError(
        "OPTIONS /api/v2/domains/: mail domains have no field labelled 'Virtual host', so no virtual"
        f" host can be linked: {INSTALL}"
    )
