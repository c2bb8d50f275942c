# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx answers HTTP-01 challenges by itself, asked as a CA asks (RFC 8555 section 8.3)."""

from __future__ import annotations

import contextlib
import http.client
import secrets

_PATH = "/.well-known/acme-challenge/"
# An answer is as long as two keys' thumbprints
_LONGEST = 256
# Says nothing of the block: nginx was told to limit requests, and there are many
_BUSY = (429, 503)


def wrong_answer(address: str, port: int, name: str, thumbprint: str, timeout: float) -> str | None:
    """What is wrong with the answer to a challenge that nobody has asked for.

    Only the stateless answer can be told to be right: it is the same in everybody's templates, or
    no CA would take it. A file that is not there, or a redirect, is answered in as many ways as
    operators have templates; acme_cert looks whether these work, with a file that is there.

    :param address: IP address to connect to
    :param name: hostname to ask for
    :param thumbprint: what follows the token in the answer
    :param timeout: seconds to wait for each step
    :returns: None if nothing is wrong, or nothing can be said
    :raises OSError: nothing answers there
    """
    token = secrets.token_urlsafe(32)
    host = name if port == 80 else f"{name}:{port}"
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    with contextlib.closing(connection):
        try:
            connection.request("GET", _PATH + token, headers={"Host": host})
            response = connection.getresponse()
            body = response.read(_LONGEST)
        except http.client.HTTPException as error:
            raise OSError(f"no answer in HTTP ({type(error).__name__})") from error
    if response.status in _BUSY:
        return None
    if response.status != 200:
        return f"status {response.status}"
    if body.strip() != f"{token}.{thumbprint}".encode():
        return "something else than the token and the account's thumbprint"
    return None
