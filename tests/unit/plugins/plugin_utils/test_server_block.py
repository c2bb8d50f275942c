# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of server blocks."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet import snippet
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import (
    ValueRefusedError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import (
    catch_all_blocks,
    server_blocks,
)

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
DEBIAN_12 = Build((1, 22, 1), http3=False, openssl=(3, 0, 20), auth_request=True)
DEBIAN_13 = Build((1, 26, 3), http3=True, openssl=(3, 5, 7), auth_request=True)
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
    redirects = re.findall(r"location / \{\s+return (\d+) (\S+);", text)
    # From plain HTTP, and from the second name
    assert redirects == [
        (status, '"https://a.example.com$request_uri"') for status in ("301", "308")
    ]
    assert text.count("301") == text.count("308") == 1


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
    ("openssl", "curves"),
    [
        ((3, 0, 20), "X25519:prime256v1:secp384r1"),
        ((3, 5), "?X25519MLKEM768:X25519:prime256v1:secp384r1"),
        ((), "X25519:prime256v1:secp384r1"),
    ],
)
def test_curves(openssl: tuple[int, ...], curves: str) -> None:
    build = dataclasses.replace(DEBIAN_12, openssl=openssl)
    assert f"ssl_ecdh_curve {curves};" in directives(block("present", build=build))


@pytest.mark.parametrize(
    ("http3", "catch_all", "build", "expected"),
    [
        ("auto", "present", DEBIAN_13, True),
        ("auto", "present", DEBIAN_12, False),
        ("auto", "absent", DEBIAN_13, False),
        ("auto", None, DEBIAN_13, False),
        ("always", None, DEBIAN_13, True),
        ("never", "present", DEBIAN_13, False),
    ],
)
def test_http3(http3: str, catch_all: str | None, build: Build, expected: bool) -> None:
    settings = dataclasses.replace(SETTINGS, http3=http3, catch_all=catch_all)
    lines = directives(block("present", settings=settings, build=build))
    told = """add_header Alt-Svc 'h3=":443"; ma=86400' always;"""
    # For the portal's name, and for the other one
    assert lines.count("listen [::]:443 quic;") == (2 if expected else 0)
    assert lines.count(told) == (lines.count("listen *:443 ssl;") + 7 if expected else 0)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, "max-age=31536000"),
        ({"hsts_include_subdomains": True}, "max-age=31536000; includeSubDomains"),
        ({"hsts_max_age": 0}, "max-age=0"),
        ({"hsts_max_age": -1}, None),
    ],
)
@pytest.mark.parametrize("protocol", ["http", "uwsgi"])
def test_hsts(protocol: str, changes: dict[str, Any], value: str | None) -> None:
    host = dataclasses.replace(HOST, application_protocol=protocol, **changes)
    text = block("present", host)
    plain, *encrypted = text.split("server {")[1:]
    assert "Strict-Transport-Security" not in plain
    hides = f"{protocol if protocol == 'uwsgi' else 'proxy'}_hide_header Strict-Transport-Security"
    if value is None:
        assert "Strict-Transport-Security" not in text
        return
    assert hides in text
    for server in encrypted:
        lines = directives(server)
        header = f'add_header Strict-Transport-Security "{value}" always;'
        # Wherever a location has headers of its own, and at the level of the server
        groups = re.findall(r"(?:^ +add_header .*\n)+", server, re.MULTILINE)
        assert lines.count(header) == len(groups) > 0


def test_logs() -> None:
    host = dataclasses.replace(HOST, access_log="/var/log/a.log", error_log="/var/log/a.error.log")
    for name, servers in (("present", 3), ("bootstrap", 1)):
        lines = directives(block(name, host))
        assert lines.count('access_log "/var/log/a.log";') == servers
        assert lines.count('error_log "/var/log/a.error.log";') == servers
        off = directives(block(name, dataclasses.replace(HOST, access_log="off")))
        assert off.count("access_log off;") == servers
        assert not [line for line in off if line.startswith("error_log")]


def test_snippets() -> None:
    common = snippet("common_snippet", "location /radicale/ {\n    return 204;\n}")
    own = snippet("snippet", "# mine\nkeepalive_timeout 5s;\n")
    host = dataclasses.replace(HOST, snippet=own)
    settings = dataclasses.replace(SETTINGS, common_snippet=common)
    text = block("present", host, settings)
    assert text.count(common) == text.count(own) == 1
    last = text.rpartition("server {")[2]
    positions = [last.index(part) for part in (common, own, "location ~ ^/(?:(?:api")]
    assert positions == sorted(positions)
    assert common not in block("bootstrap", host, settings)


def test_challenges_of_another_front_end() -> None:
    settings = dataclasses.replace(
        SETTINGS, challenge="redirect", challenge_host="issuer.example.com:8080"
    )
    for name, servers in (("present", 3), ("bootstrap", 1)):
        lines = directives(block(name, settings=settings))
        url = "http://issuer.example.com:8080/.well-known/acme-challenge/$1"
        assert lines.count(f'return 302 "{url}";') == servers


def test_challenges_of_several_front_ends() -> None:
    settings = dataclasses.replace(SETTINGS, challenge_peers=("192.0.2.1", "[2001:db8::1]:8080"))
    for name, servers in (("present", 3), ("bootstrap", 1)):
        lines = directives(block(name, settings=settings))
        assert lines.count(f'upstream "challenge-peers.{HOST.name}" {{') == 1
        assert lines.count(f"server 192.0.2.1:{settings.http_port};") == 1
        assert lines.count("server [2001:db8::1]:8080;") == 1
        assert lines.count("error_page 404 = @challenge_peers;") == servers
        assert lines.count(f'proxy_pass "http://challenge-peers.{HOST.name}";') == 2 * servers
        # where the CA asks, where a peer does, and where a peer is asked, by the name and by nobody's
        assert lines.count("auth_basic off;") == 4 * servers
    for challenge in ("stateless", "redirect"):
        other = dataclasses.replace(settings, challenge=challenge, challenge_host="a.example")
        assert "peers" not in block("present", settings=other)


@pytest.mark.parametrize("auth_request", [True, False])
def test_challenges_ask_for_no_password(auth_request: bool) -> None:
    build = dataclasses.replace(DEBIAN_12, auth_request=auth_request)
    lines = directives(block("present", build=build))
    assert lines.count("auth_basic off;") == lines.count("allow all;") == 3
    assert lines.count("auth_request off;") == (3 if auth_request else 0)


CATCH_ALL = dataclasses.replace(SETTINGS, catch_all="present")


@pytest.mark.parametrize(
    ("settings", "build", "parts"),
    [
        (SETTINGS, DEBIAN_13, []),
        (dataclasses.replace(SETTINGS, catch_all="absent"), DEBIAN_13, []),
        (CATCH_ALL, DEBIAN_12, ["http", "https"]),
        (CATCH_ALL, DEBIAN_13, ["http", "https", "quic"]),
        (dataclasses.replace(CATCH_ALL, http3="never"), DEBIAN_13, ["http", "https"]),
    ],
)
def test_parts_of_the_catch_all(settings: Settings, build: Build, parts: list[str]) -> None:
    assert list(catch_all_blocks(settings, build)) == parts


def test_the_catch_all() -> None:
    parts = {
        part: directives(text) for part, text in catch_all_blocks(CATCH_ALL, DEBIAN_13).items()
    }
    assert all(lines.count("server {") == 1 for lines in parts.values())
    assert "listen [::]:80 default_server;" in parts["http"]
    assert "location ^~ /.well-known/acme-challenge/ {" in parts["http"]
    assert "listen *:443 ssl default_server;" in parts["https"]
    assert "listen *:443 quic reuseport default_server;" in parts["quic"]
    portal = directives(block("present", build=DEBIAN_13))
    for part in ("https", "quic"):
        assert "ssl_reject_handshake on;" in parts[part]
        # nginx resumes sessions with those of the default server
        own = [line for line in parts[part] if line.startswith(("ssl_session", "ssl_ecdh"))]
        assert len(own) == 4
        assert set(own) <= set(portal)


def test_templates_of_an_operator(tmp_path: Path) -> None:
    (tmp_path / "present.conf.j2").write_text(
        '{% extends "mailhost.modoboa/present.conf.j2" %}\n'
        "{% block more %}    # {{ host.name }}\n{% endblock %}\n"
    )
    own = server_blocks(HOST, SETTINGS, DEBIAN_12, str(tmp_path))
    assert own["bootstrap"] == block("bootstrap")
    assert own["present"] == block("present")[:-2] + "    # a.example.com\n}\n"


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
    "field",
    ["name", "application", "client_max_body_size", "static_root", "snippet", "access_log"],
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
        {"challenge": "redirect", "challenge_host": "a; return 200 x"},
        {"common_snippet": "location / { }"},
    ]
    for changes in of_any_field:
        with pytest.raises(ValueRefusedError):
            server_blocks(HOST, dataclasses.replace(SETTINGS, **changes), DEBIAN_12)
