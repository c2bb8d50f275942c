# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What counts as the hostname of a virtual host."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
MAX_LENGTH = 253


class HostnameError(ValueError):
    """A name that cannot be a hostname; its text says why and what to write instead."""


def check_hostname(name: str) -> None:
    """Accept a fully qualified hostname in lowercase (RFC 1123 section 2.1).

    :param name: the hostname; internationalised names as A-labels
    :raises HostnameError: it is none
    """
    if not name:
        raise HostnameError(_("The hostname is empty."))
    if not name.isascii():
        raise HostnameError(
            _("The hostname '%(name)s' has letters outside ASCII: write it as A-labels (xn--...).")
            % {"name": name}
        )
    if name != name.lower():
        raise HostnameError(
            _(
                "The hostname '%(name)s' has upper-case letters, only lowercase is allowed:"
                " write '%(lower)s'."
            )
            % {"name": name, "lower": name.lower()}
        )
    if len(name) > MAX_LENGTH:
        raise HostnameError(
            _("The hostname has %(length)d characters, %(allowed)d are allowed.")
            % {"length": len(name), "allowed": MAX_LENGTH}
        )
    labels = name.split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise HostnameError(
                _(
                    "The hostname '%(name)s' is malformed at '%(label)s': each part has 1 to 63"
                    " letters, digits and hyphens, with no hyphen at either end."
                )
                % {"name": name, "label": label}
            )
    if len(labels) < 2:
        raise HostnameError(
            _("The hostname '%(name)s' has no domain: write it fully qualified.") % {"name": name}
        )
    if labels[-1].isdigit():
        raise HostnameError(
            _("'%(name)s' looks like an IP address: a hostname is needed.") % {"name": name}
        )


def is_hostname(name: str) -> bool:
    """Tell whether a name could be a virtual host's at all."""
    try:
        check_hostname(name)
    except HostnameError:
        return False
    return True
