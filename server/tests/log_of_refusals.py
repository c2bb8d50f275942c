# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What Modoboa's log says of refusals."""

from __future__ import annotations

from modoboa.core.models import Log


def is_logged(username: str, host: str, way: str, reason: str = "") -> bool:
    """Tell whether a refusal is in the log with the words that are given."""
    messages = Log.objects.filter(logger="modoboa.auth").values_list("message", flat=True)
    return any(
        f"Virtual host '{host}' refused '{username}' ({way}" in message and reason in message
        for message in messages
    )
