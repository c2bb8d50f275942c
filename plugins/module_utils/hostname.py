# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a hostname, in one place for the role, nginx and Modoboa."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_MAX_LENGTH = 253


class HostnameError(ValueError):
    """A name that cannot be the hostname of a portal; the text says why and what to do."""


def check_hostname(name: str) -> None:
    """Accept a fully qualified, lowercase hostname (RFC 952, RFC 1123 section 2.1).

    Hostnames end up in nginx configuration, file names and certificates, so this is also what
    keeps anything but a name out of them.

    :param name: the hostname, with A-labels for internationalised names
    :raises HostnameError: the name is not a valid, lowercase hostname of at least two labels
    """
    if not isinstance(name, str) or not name:
        raise HostnameError("the hostname is empty")
    if name != name.lower():
        raise HostnameError(
            f"hostname {name!r} has upper-case letters; write it in lowercase: {name.lower()!r}"
        )
    if not name.isascii():
        raise HostnameError(
            f"hostname {name!r} has letters outside ASCII; write it as an A-label (xn--...)"
        )
    if len(name) > _MAX_LENGTH:
        raise HostnameError(
            f"hostname {name!r} is {len(name)} characters long; {_MAX_LENGTH} are allowed"
        )
    labels = name.split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise HostnameError(
                f"hostname {name!r} is malformed at {label!r}: labels are 1 to 63 letters, digits"
                " and hyphens, separated by single dots, with no hyphen at either end"
            )
    if len(labels) < 2:
        raise HostnameError(f"hostname {name!r} has no domain; write it fully qualified")
    if labels[-1].isdigit():
        raise HostnameError(f"hostname {name!r} looks like an IP address; a name is needed")


def malformed(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with each of some names that cannot be hostnames."""
    for name in names:
        try:
            check_hostname(name)
        except HostnameError as error:
            yield str(error)
