# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an nginx program can do, by what it says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

ADMINISTRATOR_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where programs are that only the administrator runs; not on the path of every connection"""

_NGINX = re.compile(r"^nginx version: \S+/(?P<version>[0-9]+(?:\.[0-9]+)*)", re.MULTILINE)
# What it runs with counts, where that is another than what it was built with
_OPENSSL = re.compile(
    r"^built with OpenSSL (?P<built>[0-9.]+)[^\n(]*(?:\(running with OpenSSL (?P<running>[0-9.]+))?",
    re.MULTILINE,
)

_HTTP2_DIRECTIVE = (1, 25, 1)
_REJECT_HANDSHAKE = (1, 19, 4)
_HYBRID_GROUP = (3, 5)


@dataclass(frozen=True)
class Build:
    """One nginx program."""

    version: tuple[int, ...]
    http3: bool
    """Whether it has the module for HTTP/3"""
    openssl: tuple[int, ...] = ()
    """The version of OpenSSL it runs with; empty if it is another library"""
    auth_request: bool = False
    """Whether it has the module for subrequests that decide who may pass"""

    @classmethod
    def of(cls, output: str) -> Build:
        """From the output of C(nginx -V).

        :raises ValueError: it is not the output of nginx
        """
        nginx = _NGINX.search(output)
        if nginx is None:
            raise ValueError("that is not what nginx says of its version")
        openssl = _OPENSSL.search(output)
        return cls(
            _numbers(nginx["version"]),
            "--with-http_v3_module" in output,
            () if openssl is None else _numbers(openssl["running"] or openssl["built"]),
            "--with-http_auth_request_module" in output,
        )

    @property
    def http2_directive(self) -> bool:
        """Whether HTTP/2 is a directive, no longer a parameter of C(listen)."""
        return self.version >= _HTTP2_DIRECTIVE

    @property
    def reject_handshake(self) -> bool:
        """Whether a server can end a handshake and show no certificate, as the catch-all does."""
        return self.version >= _REJECT_HANDSHAKE

    @property
    def hybrid_group(self) -> bool:
        """Whether keys can be agreed on that a quantum computer does not break: X25519MLKEM768."""
        return self.openssl >= _HYBRID_GROUP


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.strip(".").split("."))
