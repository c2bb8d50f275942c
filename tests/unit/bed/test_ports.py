# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest
from bed import ports
from bed.ports import LOOPBACK, free_ports


def test_a_chosen_port_is_chosen_by_nobody_else() -> None:
    first = free_ports(200)
    assert len(set(first)) == 200
    assert not set(first) & set(free_ports(200))


def test_a_chosen_port_is_refused_to_who_binds_without_having_been_told_of_it() -> None:
    (port,) = free_ports(1)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind((LOOPBACK, port))


def test_a_server_may_listen_there_and_only_one() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), timeout=5)
    with socket.create_server((LOOPBACK, port)):
        socket.create_connection((LOOPBACK, port), timeout=5).close()
        with pytest.raises(OSError, match="in use"):
            socket.create_server((LOOPBACK, port))


def test_no_more_are_held_than_files_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "MOST_HELD", 3)
    chosen = free_ports(5)
    assert [_held(port) for port in chosen] == [False, False, True, True, True]


def _held(port: int) -> bool:
    with socket.socket() as stranger:
        try:
            stranger.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
