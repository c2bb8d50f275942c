# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail domains that are created together with their virtual host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors

_QUOTAS = ("quota", "default_mailbox_quota")
# Modoboa takes what it does not understand, and less than a megabyte, for 0: no limit at all
_SIZE = re.compile(r"(\d+) *(?:(M|G)B?)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class NewAdministrator:
    """Who is to administer each of them: an account of the name in the domain."""

    username: str
    password: str = field(repr=False)
    with_mailbox: bool = False
    with_aliases: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> NewAdministrator:
        """Read the options of a task.

        :raises ItemsError: they make no sense
        """
        username = options["username"].strip().lower()
        if not username or "@" in username or not options["password"]:
            raise ItemsError(
                "create_domains: an administrator has a password, and a username without @ and"
                " domain, such as admin"
            )
        return cls(
            username,
            options["password"],
            bool(options.get("with_mailbox")),
            bool(options.get("with_aliases")),
        )

    def to_json(self) -> dict[str, Any]:
        """What is sent."""
        return {
            "username": self.username,
            "password": self.password,
            "with_mailbox": self.with_mailbox,
            "with_aliases": self.with_aliases,
        }

    def check_among(self, domain: str, listed: Any) -> None:
        """Look for it in the server's list of a domain's administrators.

        :raises IgnoredFieldError: it is not there
        """
        address = f"{self.username}@{domain}"
        names = (each.get("username") for each in listed if isinstance(each, dict))
        if address not in names:
            raise errors.IgnoredFieldError(
                f"the server created the domain {domain}, but not its administrator {address};"
                " look into its log"
            )


@dataclass(frozen=True)
class NewDomain:
    """What they are created with; what is None is up to the server."""

    quota: str | None = None
    default_mailbox_quota: str | None = None
    admin: NewAdministrator | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> NewDomain:
        """Read the options of a task.

        :raises ItemsError: they make no sense
        """
        sizes = []
        for option in _QUOTAS:
            text = options.get(option)
            size = None if text is None else megabytes(text)
            if text is not None and size is None:
                raise ItemsError(
                    f"create_domains: {option} is {text!r}; write it as 500MB or 10GB, or 0 for no"
                    " limit"
                )
            sizes.append(size or 0)
        whole, mailbox = sizes
        if whole and mailbox > whole:
            raise ItemsError("create_domains: default_mailbox_quota is more than quota")
        admin = options.get("admin")
        return cls(
            options.get("quota"),
            options.get("default_mailbox_quota"),
            None if admin is None else NewAdministrator.from_options(admin),
        )

    def to_json(self, name: str) -> dict[str, Any]:
        """What is sent for one domain."""
        content: dict[str, Any] = {"name": name}
        for option in _QUOTAS:
            value = getattr(self, option)
            if value is not None:
                content[option] = value
        if self.admin is not None:
            content["domain_admin"] = self.admin.to_json()
        return content

    def check_kept(self, name: str, shown: Mapping[str, Any]) -> None:
        """Compare with how the server shows the domain, in megabytes.

        :raises IgnoredFieldError: it is not the same
        """
        for option in _QUOTAS:
            wanted = getattr(self, option)
            if wanted is None or option not in shown:
                continue
            if megabytes(str(shown[option])) != megabytes(wanted):
                raise errors.IgnoredFieldError(
                    f"the server created the domain {name}, but did not keep its {option}; look"
                    " into its log"
                )


def megabytes(text: str) -> int | None:
    """A size as Modoboa reads it; None if it is none."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    unit = (match.group(2) or "M").upper()
    return int(match.group(1)) * (1024 if unit == "G" else 1)
