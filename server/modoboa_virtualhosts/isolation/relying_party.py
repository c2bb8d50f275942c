# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Security keys belong to the hostname that they were registered on, as the browser sees it.

Modoboa takes what the Host header says. With a port in it browsers refuse to use the key.
"""

from __future__ import annotations

from typing import Any

from django.http.request import split_domain_port
from modoboa.core import fido2_auth

from . import places


def _create_server(original: Any, rp_id: str) -> Any:
    """Return FIDO's side of a server.

    :param rp_id: the host that a request names
    """
    return original(split_domain_port(rp_id)[0] or rp_id)


def install() -> None:
    """Stand where Modoboa says who it is."""
    places.replace(fido2_auth, "create_fido2_server", _create_server)
