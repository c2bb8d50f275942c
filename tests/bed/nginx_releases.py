# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nginx of several releases of Debian, by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bed import packages
from bed.packages import Service
from bed.prefix import Prefix
from bed.setup import unpack_on_demand


@dataclass(frozen=True)
class NginxRelease:
    """One nginx, and what is peculiar to it.

    The programs and libraries of a ``moving`` release are others tomorrow, and for hours there may
    be none that fit together.
    """

    name: str
    service: Service
    moving: bool = False

    def install(self, prefix: Prefix) -> Path:
        """Unpack it if it is not there; returns the program.

        :raises BedError: it cannot be had
        """
        if self.service is not packages.SERVICES:
            unpack_on_demand(prefix, self.name, self.service)
        return prefix.bin / self.name


def _of(release: str, *, moving: bool = False) -> NginxRelease:
    name = f"nginx-{release}"
    service = Service(
        # openssl as well: it is a client that knows what the release's library knows
        packages=("nginx", "openssl"),
        programs={name: "usr/sbin/nginx", f"openssl-{release}": "usr/bin/openssl"},
        release=release,
        complete=True,
    )
    return NginxRelease(name, service, moving)


NGINX_BOOKWORM = NginxRelease("nginx", packages.SERVICES)
NGINX_TRIXIE = _of("trixie")
NGINX_SID = _of("sid", moving=True)
NGINX_RELEASES = (NGINX_BOOKWORM, NGINX_TRIXIE, NGINX_SID)
