# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it means that a server has nothing where virtual hosts should be, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

INSTALL = (
    "install the extension modoboa_virtualhosts, which is in the folder server of this collection,"
    " and restart Modoboa"
)
"""What to do on a server without virtual hosts."""


def nothing_here(
    client: Client, found: errors.NotFoundError, what: str = "virtual hosts"
) -> errors.NoVirtualHostsError:
    """Find out whether a Modoboa has no virtual hosts, or this is no Modoboa at all.

    :param found: what the server said; it is in the text
    :param what: what it should have
    :returns: the error to raise
    :raises ModoboaError: the server does not answer as it should
    """
    try:
        client.get("domains/", page_size=1)
    except (errors.NotFoundError, errors.UnexpectedAnswerError):
        return errors.NoVirtualHostsError(
            f"there is no Modoboa API at {client.url}api/v2/; write the address of the Modoboa"
            f" server in the URL ({found})"
        )
    return errors.NoVirtualHostsError(
        f"the Modoboa server at {client.url} has no {what}: {INSTALL} ({found})"
    )
