# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing what the server has with what was written, since it may accept and not keep it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import FAILED

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
        VirtualHost,
    )
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_plan import (
        Change,
    )


def verify(
    change: Change,
    host: VirtualHost | None,
    *,
    new: VirtualHost | None = None,
    provisions: bool = True,
    conflict: str | None = None,
) -> None:
    """Look whether a change has been made.

    :param host: the virtual host as it was read back; None if it is not there
    :param new: what it is expected to be, if it was not there before
    :param provisions: whether the server provisions by itself, so that it may have failed again
    :param conflict: the server's words if it would not provision it again
    :raises IgnoredFieldError: the server accepted it and did not do it
    :raises ConflictError: it has failed, and yet the server would not provision it again
    """
    ignored = list(_ignored(change, host, new))
    if change.retry and not provisions and conflict is None and host and host.status == FAILED:
        ignored.append("that it is provisioned again")
    if ignored:
        raise errors.IgnoredFieldError(
            "the server accepted, but did not keep, " + ", ".join(ignored) + "; look into its log"
        )
    if conflict is not None and host is not None and host.status == FAILED:
        raise errors.ConflictError(conflict)


def _ignored(change: Change, host: VirtualHost | None, new: VirtualHost | None) -> Iterator[str]:
    if change.delete:
        if host is not None:
            yield "its deletion"
        return
    if host is None:
        yield "its creation"
        return
    for domain in (*change.create, *change.link):
        if domain not in host.domains:
            yield f"the domain {domain}"
    for domain in change.unlink:
        if domain in host.domains:
            yield f"that the domain {domain} is unlinked"
    # Nobody says that a new one is enabled, since all are by themselves
    enabled = new.enabled if new is not None else change.enabled
    if enabled is not None and host.enabled != enabled:
        yield "enabled"
    if change.report is not None and change.report.applied_to(host) != host:
        yield f"the reported {change.report.noun()}"
