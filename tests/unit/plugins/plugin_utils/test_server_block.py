# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of server blocks."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import (
    ValueRefusedError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import server_blocks

HOST = VirtualHost(
    name="a.example.com",
    server_names=("a.example.com", "b.example.com"),
    state="bootstrap",
    application="unix:/run/a.sock",
    frontend_root="/srv/frontend",
    static_root="/srv/static",
    media_root="/srv/media",
)
SETTINGS = Settings("/var/lib/storage", "webroot", None, 80, 443, ("*", "[::]"))
DEBIAN_12 = Build((1, 22, 1), http3=False, openssl=(3, 0, 20))
THUMBPRINT = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-"


def block(
    name: str, host: VirtualHost = HOST, settings: Settings = SETTINGS, build: Build = DEBIAN_12
) -> str:
    return server_blocks(host, settings, build)[name]


def directives(text: str) -> list[str]:
    """The lines of a block without comments and indentation."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("state", "blocks"),
    [
        ("present", ["present"]),
        ("bootstrap", ["bootstrap", "present"]),
        ("disabled", ["bootstrap", "present"]),
        ("absent", []),
    ],
)
def test_which_blocks_a_state_may_need(state: str, blocks: list[str]) -> None:
    assert (
        list(server_blocks(dataclasses.replace(HOST, state=state), SETTINGS, DEBIAN_12)) == blocks
    )


@pytest.mark.parametrize("name", ["bootstrap", "present"])
def test_the_mark(name: str) -> None:
    assert state_of("a.example.com", block(name).encode()) == name


@pytest.mark.parametrize("name", ["bootstrap", "present"])
@pytest.mark.parametrize("challenge", ["webroot", "stateless"])
@pytest.mark.parametrize("protocol", ["http", "uwsgi"])
def test_it_is_tidy(name: str, challenge: str, protocol: str) -> None:
    settings = dataclasses.replace(SETTINGS, challenge=challenge, thumbprint=THUMBPRINT)
    text = block(name, dataclasses.replace(HOST, application_protocol=protocol), settings)
    assert text.endswith("}\n")
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\n\n\n" not in text
    assert text.count("{") == text.count("}")


def test_bootstrap_is_http_only() -> None:
    lines = directives(block("bootstrap"))
    assert [line for line in lines if line.startswith("listen")] == [
        "listen *:80;",
        "listen [::]:80;",
    ]
    assert "server_name a.example.com b.example.com;" in lines
    assert not [line for line in lines if "ssl" in line or "301" in line]


@pytest.mark.parametrize("name", ["bootstrap", "present"])
def test_challenges_from_files(name: str) -> None:
    lines = directives(block(name))
    assert 'root "/var/lib/storage/webroot";' in lines
    assert not [line for line in lines if line.startswith("return 200")]


@pytest.mark.parametrize("name", ["bootstrap", "present"])
def test_challenges_without_files(name: str) -> None:
    settings = dataclasses.replace(SETTINGS, challenge="stateless", thumbprint=THUMBPRINT)
    lines = directives(block(name, settings=settings))
    assert f'return 200 "$1.{THUMBPRINT}";' in lines
    assert not [line for line in lines if "webroot" in line]


def test_every_server_answers_challenges() -> None:
    lines = directives(block("present"))
    servers = lines.count("server {")
    assert servers == 3
    assert lines.count("location ^~ /.well-known/acme-challenge/ {") == servers


def test_a_redirect_is_in_a_location_and_names_the_host() -> None:
    text = block("present")
    redirects = re.findall(r"location / \{\s+return 301 (\S+);", text)
    # From plain HTTP, and from the second name
    assert redirects == ['"https://a.example.com$request_uri"'] * 2
    assert text.count("301") == 2


def test_only_a_host_with_more_names_has_a_server_for_them() -> None:
    host = dataclasses.replace(HOST, server_names=("a.example.com",))
    assert directives(block("present", host=host)).count("server {") == 2


def test_another_port() -> None:
    settings = dataclasses.replace(SETTINGS, http_port=8080, https_port=8443)
    text = block("present", settings=settings)
    assert '"https://a.example.com:8443$request_uri"' in text
    assert 'proxy_set_header Host "$host:8443";' in text
    assert "listen [::]:8080;" in text


@pytest.mark.parametrize(
    ("http2", "version", "listen", "directive"),
    [
        (True, (1, 22, 1), "listen *:443 ssl http2;", False),
        (True, (1, 25, 0), "listen *:443 ssl http2;", False),
        (True, (1, 25, 1), "listen *:443 ssl;", True),
        (True, (1, 30), "listen *:443 ssl;", True),
        (False, (1, 22, 1), "listen *:443 ssl;", False),
        (False, (1, 30), "listen *:443 ssl;", False),
    ],
)
def test_http2(http2: bool, version: tuple[int, ...], listen: str, directive: bool) -> None:
    settings = dataclasses.replace(SETTINGS, http2=http2)
    build = dataclasses.replace(DEBIAN_12, version=version)
    lines = directives(block("present", settings=settings, build=build))
    assert listen in lines
    assert ("http2 on;" in lines) == directive


def test_tls() -> None:
    lines = directives(block("present"))
    assert 'ssl_certificate "/var/lib/storage/certs/a.example.com/fullchain.pem";' in lines
    assert 'ssl_certificate_key "/var/lib/storage/certs/a.example.com/privkey.pem";' in lines
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in lines
    assert not [line for line in lines if "stapling" in line]


@pytest.mark.parametrize(
    ("protocol", "directive"),
    [("http", "proxy_set_header X-Forwarded-For"), ("uwsgi", "uwsgi_param HTTP_X_FORWARDED_FOR")],
)
def test_a_client_cannot_choose_who_it_is(protocol: str, directive: str) -> None:
    text = block("present", dataclasses.replace(HOST, application_protocol=protocol))
    told = [line for line in directives(text) if line.startswith(directive)]
    assert set(told) == {f"{directive} $remote_addr;"}
    assert "proxy_add_x_forwarded_for" not in text


@pytest.mark.parametrize(
    ("protocol", "application", "expected"),
    [
        ("http", "unix:/run/a.sock", 'proxy_pass "http://unix:/run/a.sock";'),
        ("http", "127.0.0.1:8000", 'proxy_pass "http://127.0.0.1:8000";'),
        ("uwsgi", "unix:/run/a.sock", 'uwsgi_pass "unix:/run/a.sock";'),
        ("uwsgi", "[::1]:8000", 'uwsgi_pass "[::1]:8000";'),
    ],
)
def test_the_application(protocol: str, application: str, expected: str) -> None:
    host = dataclasses.replace(HOST, application=application, application_protocol=protocol)
    lines = directives(block("present", host))
    assert expected in lines
    assert not [line for line in lines if "$http_host" in line]


@pytest.mark.parametrize("syntax", ['"', ";", "{", "}", "$host", "\\", "\n", " ", "#", "'"])
@pytest.mark.parametrize(
    "field", ["name", "application", "client_max_body_size", "frontend_root", "static_root"]
)
def test_the_last_gate(field: str, syntax: str) -> None:
    changes: dict[str, Any] = {field: f"a{syntax}b"}
    host = dataclasses.replace(HOST, **changes)
    with pytest.raises(ValueRefusedError, match="a value in the template"):
        server_blocks(host, SETTINGS, DEBIAN_12)


def test_the_last_gate_for_what_is_common() -> None:
    of_any_field: list[dict[str, Any]] = [
        {"storage": '/a";'},
        {"listen_addresses": ("* default_server",)},
        {"challenge": "stateless", "thumbprint": 'x"; return 200 "'},
    ]
    for changes in of_any_field:
        with pytest.raises(ValueRefusedError):
            server_blocks(HOST, dataclasses.replace(SETTINGS, **changes), DEBIAN_12)
