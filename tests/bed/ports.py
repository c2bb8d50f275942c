# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free ports on loopback."""

from __future__ import annotations

import random
import socket
from collections import deque
from pathlib import Path

from bed.errors import BedError

LOWEST = 15000
LOOPBACK = "127.0.0.1"
# The same as hosts in containers see it (slirp4netns)
MACHINE = "10.0.2.2"
MOST_HELD = 512

# What holds the ports chosen last, until this process ends
_held: deque[socket.socket] = deque()


def free_ports(count: int) -> list[int]:
    """Choose that many free TCP and UDP ports, and hold them for who will listen there.

    A port may be listened on long after it has been chosen, while others choose, listen and connect.
    So this process stays bound to each, without listening: nobody else's choice then finds it free,
    the kernel takes it for no outgoing connection, and a server that sets SO_REUSEADDR, as all do,
    listens there all the same (``man 7 socket``). Until one does, connections are refused.

    They lie below the range from which the kernel takes the ports of outgoing connections by itself.
    None has 443 among its digits, by which gixy takes a server block for one with TLS.
    """
    highest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(LOWEST, max(highest, LOWEST + 10000))
    candidates = [port for port in ports if "443" not in str(port)]
    random.shuffle(candidates)
    holds: list[socket.socket] = []
    for port in candidates:
        if len(holds) == count:
            chosen = [hold.getsockname()[1] for hold in holds]
            _held.extend(holds)
            while len(_held) > MOST_HELD:
                _held.popleft().close()
            return chosen
        if (hold := _hold(port)) is not None:
            holds.append(hold)
    raise BedError(f"There are no {count} free ports from {LOWEST} up on {LOOPBACK}")


def _hold(port: int) -> socket.socket | None:
    """A socket bound to a port that nobody else is bound to, TCP or UDP; None if somebody is."""
    hold = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            hold.bind((LOOPBACK, port))
            probe.bind((LOOPBACK, port))
        except OSError:
            hold.close()
            return None
    # Only now, so that nobody else had it; from here on, who listens may have it
    hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return hold
