# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options that every modoboa_* module shares, and the client made of them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors, sign_in
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.address import (
    base_url,
    is_readable_on_the_way,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import (
    MISSING_REQUESTS,
    Client,
    Credentials,
    new_session,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1; what Modoboa makes is hexadecimal


def connection_options() -> dict[str, Any]:
    """The part of an argument spec that the doc fragment ``modoboa`` documents."""
    return {
        "url": {"type": "str", "required": True, "fallback": (env_fallback, ["MODOBOA_URL"])},
        "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["MODOBOA_TOKEN"])},
        "username": {"type": "str", "fallback": (env_fallback, ["MODOBOA_USERNAME"])},
        "password": {
            "type": "str",
            "no_log": True,
            "fallback": (env_fallback, ["MODOBOA_PASSWORD"]),
        },
        "ca_path": {"type": "path", "fallback": (env_fallback, ["MODOBOA_CA_PATH"])},
        "validate_certs": {
            "type": "bool",
            "default": True,
            "fallback": (env_fallback, ["MODOBOA_VALIDATE_CERTS"]),
        },
        "allow_plain_http": {
            "type": "bool",
            "default": False,
            "fallback": (env_fallback, ["MODOBOA_ALLOW_PLAIN_HTTP"]),
        },
        "timeout": {
            "type": "int",
            "default": 30,
            "fallback": (env_fallback, ["MODOBOA_TIMEOUT"]),
        },
    }


def require_library(module: AnsibleModule) -> None:
    """End the module with the names of what to install if requests is not there."""
    if MISSING_REQUESTS is not None:
        module.fail_json(
            msg=missing_required_lib("requests")
            + " The Debian package is python3-requests; on PyPI it is requests.",
            exception=MISSING_REQUESTS,
        )


def connect(params: Mapping[str, Any]) -> Client:
    """A client for the connection options of a module.

    A token is used as it is; a user name and password are exchanged for a temporary one, the
    way the web interface does.

    :raises ModoboaError: no credentials, or they are refused, or anybody could read them on the way
    """
    if not params["url"]:
        raise errors.ServerUnreachableError(
            "the URL is empty; write it as https://mail.example.org"
        )
    url = base_url(params["url"])
    if is_readable_on_the_way(url) and not params["allow_plain_http"]:
        raise errors.AuthenticationError(
            f"the URL {url} has no TLS, so anybody on the way could read the credentials, which"
            " were not sent: write it with https://, or set allow_plain_http=true if the way is"
            " safe"
        )
    if params["timeout"] < 1:
        raise errors.ServerUnreachableError("timeout: give at least 1 second")
    options = {"verify": _verification(params), "timeout": params["timeout"]}
    if params["token"]:
        if not _TOKEN.fullmatch(params["token"]):
            raise errors.AuthenticationError(
                "the token has characters that no token has, such as a line break at its end"
            )
        return Client(params["url"], Credentials("Token", params["token"]), **options)
    if not (params["username"] and params["password"]):
        raise errors.AuthenticationError(
            "no credentials: give token, or username and password (or MODOBOA_TOKEN, or"
            " MODOBOA_USERNAME and MODOBOA_PASSWORD in the environment)"
        )
    session = new_session()
    token = sign_in.sign_in(
        session, params["url"], params["username"], params["password"], **options
    )
    session.cookies.clear()  # from here on the token speaks, not the browser session
    return Client(params["url"], Credentials("Bearer", token), session=session, **options)


def _verification(params: Mapping[str, Any]) -> bool | str:
    """What certificates are verified against: a file of the user, the machine's CAs, nothing."""
    if not params["validate_certs"]:
        return False
    ca_path = params["ca_path"]
    if not ca_path:
        return True
    try:
        ssl.create_default_context(cafile=ca_path)
    except OSError as error:  # an SSLError is one, too
        raise errors.ServerUnreachableError(
            f"ca_path: cannot read CA certificates from {ca_path}:"
            f" {error.strerror or type(error).__name__}"
        ) from None
    return str(ca_path)
