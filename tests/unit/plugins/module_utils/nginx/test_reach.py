# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators are warned of, though nothing fails."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import first_line
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.catch_all import (
    plan_catch_all,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.reach import (
    shadowing,
    unshared_sockets,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import Settings
from unit.plugins.module_utils.nginx.hosts import step

FILE = "/etc/nginx/sites-enabled/other"


@pytest.mark.parametrize(
    ("listen", "addresses", "warned"),
    [
        ("203.0.113.5:443 ssl", ["*", "[::]"], "203.0.113.5 port 443"),
        ("203.0.113.5", ["*"], "203.0.113.5 port 80"),
        ("[2001:DB8::1]:443", ["*", "[::]"], "2001:db8::1 port 443"),
        ("[2001:db8::1]:443", ["*"], None),
        ("203.0.113.5:443", ["[::]"], None),
        ("203.0.113.5:443", ["*", "203.0.113.5"], None),
        ("203.0.113.5:443", ["203.0.113.6"], None),
        ("203.0.113.5:8443", ["*"], None),
        ("*:443", ["*", "[::]"], None),
        ("443", ["*"], None),
        ("[::]:443", ["*", "[::]"], None),
        ("127.0.0.1:80", ["*"], None),
        ("[::1]:80", ["*", "[::]"], None),
        ("localhost:80", ["*"], None),
        ("unix:/run/x", ["*"], None),
    ],
)
def test_single_addresses_of_others(listen: str, addresses: list[str], warned: str | None) -> None:
    settings = Settings("/storage", "webroot", None, 80, 443, tuple(addresses))
    loaded = {FILE: f"server {{ listen {listen}; }} server {{ listen {listen}; }}"}
    warnings = shadowing(loaded, settings)
    if warned is None:
        assert warnings == []
    else:
        (warning,) = warnings
        assert warning.startswith(f"connections to {warned} do not reach the virtual hosts: {FILE}")
    assert shadowing({}, settings) == []
    assert shadowing({FILE: first_line("a.example.com", "present") + loaded[FILE]}, settings) == []


def quic(layout: Layout, state: str, rival: str | None, http3: bool = True) -> list[str]:
    """What is said when something is wrong with the catch-all."""
    catch_all = plan_catch_all(state, {"quic": "listen 443 quic default_server reuseport;"}, layout)
    if rival is None:
        catch_all.fail("it was not written by this collection")
    elif rival:
        catch_all.left_out = {"quic": FILE}
    host = step(layout, "a.example.com", "listen *:443 quic;" if http3 else "listen *:443 ssl;")
    return unshared_sockets({FILE: rival or ""}, [host], catch_all)


def test_udp_sockets_that_nobody_shares(layout: Layout) -> None:
    assert unshared_sockets({}, [], None) == []
    assert quic(layout, "present", "") == []
    assert quic(layout, "present", "listen 443 quic reuseport;") == []
    assert quic(layout, "absent", None) == []
    assert quic(layout, "present", None, http3=False) == []
    for rival in (None, "listen 443 quic default_server;"):
        (warning,) = quic(layout, "present", rival)
        assert "nobody shares its UDP sockets" in warning
