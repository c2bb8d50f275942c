# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free ports on loopback."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from bed.errors import BedError

LOWEST = 15000
LOOPBACK = "127.0.0.1"
# The same as hosts in containers see it (slirp4netns)
MACHINE = "10.0.2.2"


def free_ports(count: int) -> list[int]:
    """Choose that many free TCP and UDP ports.

    They lie below the range from which the kernel takes the ports of outgoing connections: otherwise
    any connection of this machine could take one between choosing it and listening on it. None has
    443 among its digits, by which gixy takes a server block for one with TLS.
    """
    highest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(LOWEST, max(highest, LOWEST + 10000))
    candidates = [port for port in ports if "443" not in str(port)]
    random.shuffle(candidates)
    chosen: list[int] = []
    for port in candidates:
        if len(chosen) == count:
            return chosen
        if _free(port):
            chosen.append(port)
    raise BedError(f"There are no {count} free ports from {LOWEST} up on {LOOPBACK}")


def _free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
    return True
