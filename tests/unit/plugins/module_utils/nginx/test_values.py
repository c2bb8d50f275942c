# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in a server block: data, never syntax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import values
from hypothesis import given
from hypothesis import strategies as st

SYNTAX = [
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    '"',
    "'",
    "`",
    ";",
    "{",
    "}",
    "$",
    "\\",
    "#",
    "\x7f",
    "\u2028",
]


@pytest.mark.parametrize("character", SYNTAX)
def test_syntax_is_refused(character: str) -> None:
    with pytest.raises(values.ValueRefusedError, match="which means something to nginx"):
        values.check_plain("option", f"/srv/a{character}b")


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (values.check_directory, "/srv/modoboa"),
        (values.check_directory, "/srv/modoboa/"),
        (values.check_directory, "/srv/münchen/a=b,c(d)"),
        (values.check_application, "unix:/run/gunicorn/modoboa.sock"),
        (values.check_application, "127.0.0.1:8000"),
        (values.check_application, "localhost:8000"),
        (values.check_application, "[::1]:8000"),
        (values.check_listen_address, "*"),
        (values.check_listen_address, "192.0.2.1"),
        (values.check_listen_address, "[::]"),
        (values.check_listen_address, "[2001:db8::1]"),
        (values.check_listen_addresses, ["*", "[::]"]),
        (values.check_listen_addresses, ["192.0.2.1", "192.0.2.1"]),
        (values.check_application, "unix:/" + 106 * "a"),
        (values.check_port, 1),
        (values.check_port, 65535),
        (values.check_size, "0"),
        (values.check_size, "20m"),
        (values.check_thumbprint, "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-"),
        (values.check_access_log, "off"),
        (values.check_access_log, "/var/log/nginx/a.log"),
        (values.check_log, "/var/log/nginx/a.log"),
        (values.check_max_age, -1),
        (values.check_max_age, 0),
        (values.check_max_age, 63072000),
        (values.check_host_and_port, "issuer.example.com"),
        (values.check_host_and_port, "issuer.example.com:8080"),
        (values.check_peer, "192.0.2.1"),
        (values.check_peer, "192.0.2.1:8080"),
        (values.check_peer, "[2001:db8::1]"),
        (values.check_peer, "[2001:db8::1]:80"),
    ],
)
def test_accepted(check: Callable[..., None], value: Any) -> None:
    check("option", value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (values.check_plain, ""),
        (values.check_directory, "srv/modoboa"),
        (values.check_directory, "/"),
        (values.check_directory, "//"),
        (values.check_directory, "/../"),
        (values.check_directory, "/srv; root /"),
        (values.check_application, "application.internal:8000"),
        (values.check_application, "unix:relative.sock"),
        (values.check_application, "unix:/"),
        (values.check_application, "unix:/run/a.sock:/other"),
        (values.check_application, "127.0.0.1"),
        (values.check_application, "127.0.0.1:0"),
        (values.check_application, "127.0.0.1:65536"),
        (values.check_application, "127.0.0.1:\u0661"),
        (values.check_application, "1127.0.0.1:80"),
        (values.check_application, "127.1:80"),
        (values.check_application, "127.0.0.1:80/path"),
        (values.check_application, "http://127.0.0.1:80"),
        (values.check_application, "[::1%lo]:80"),
        (values.check_application, ":80"),
        (values.check_application, "$host:80"),
        (values.check_application, "unix:/" + 107 * "a"),
        (values.check_application, "unix:/" + 54 * "ü"),
        (values.check_listen_addresses, []),
        (values.check_listen_addresses, ["*", "localhost"]),
        (values.check_listen_addresses, ["[::1]", "[0::1]"]),
        (values.check_listen_addresses, ["[::]", "[0::0]"]),
        (values.check_listen_address, ""),
        (values.check_listen_address, "::"),
        (values.check_listen_address, "localhost"),
        (values.check_listen_address, "192.0.2.1:80"),
        (values.check_listen_address, "[::]:80"),
        (values.check_listen_address, "* default_server"),
        (values.check_port, 0),
        (values.check_port, -1),
        (values.check_port, 65536),
        (values.check_size, ""),
        (values.check_size, "20 m"),
        (values.check_size, "20mb"),
        (values.check_size, "-1"),
        (values.check_size, "1m;"),
        (values.check_log, "off"),
        (values.check_access_log, ""),
        (values.check_access_log, "on"),
        (values.check_access_log, "False"),
        (values.check_access_log, "syslog:server=127.0.0.1"),
        (values.check_access_log, "/var/log/a.log main"),
        (values.check_access_log, "/var/log/$host.log"),
        (values.check_log, "/var/log/"),
        (values.check_log, "/var/log/.."),
        (values.check_max_age, -2),
        (values.check_max_age, 2**31),
        (values.check_host_and_port, ""),
        (values.check_host_and_port, "issuer.example.com:"),
        (values.check_host_and_port, "issuer.example.com:0"),
        (values.check_host_and_port, "issuer.example.com:80:80"),
        (values.check_host_and_port, "issuer.example.com/x"),
        (values.check_host_and_port, "http://issuer.example.com"),
        (values.check_host_and_port, "192.0.2.1"),
        (values.check_peer, ""),
        (values.check_peer, "edge1.example.com"),
        (values.check_peer, "192.0.2.1:"),
        (values.check_peer, "192.0.2.1:0"),
        (values.check_peer, "2001:db8::1"),
        (values.check_peer, "192.0.2.1; return 200"),
        (values.check_thumbprint, ""),
        (values.check_thumbprint, "short"),
        (values.check_thumbprint, "0123456789abcdefghijklmnopqrstuvwxyzABCDEF+"),
        (values.check_thumbprint, "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-\n"),
    ],
)
def test_refused(check: Callable[..., None], value: Any) -> None:
    with pytest.raises(values.ValueRefusedError, match=r"^option"):
        check("option", value)


@pytest.mark.parametrize(
    "check",
    [
        values.check_plain,
        values.check_directory,
        values.check_application,
        values.check_listen_address,
        values.check_size,
        values.check_thumbprint,
        values.check_access_log,
        values.check_host_and_port,
        values.check_peer,
    ],
)
@given(data=st.data())
def test_no_syntax_gets_through(check: Callable[..., None], data: st.DataObject) -> None:
    alphabet = st.sampled_from([*SYNTAX, "/", "a", ".", ":", "[", "]", "*", "0", "m", "-"])
    value = data.draw(st.text(st.one_of(alphabet, st.characters(codec="utf-8")), max_size=50))
    value = data.draw(st.sampled_from(["", "/", "unix:/"])) + value
    try:
        check("option", value)
    except values.ValueRefusedError:
        return
    assert not set(SYNTAX).intersection(value)
    assert value.isprintable()
