# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost on Debian hosts as they come: over ssh, with sudo, systemd and Debian's default site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from bed.host import Host
from bed.ports import free_ports
from integration.nginx_site import AVAILABLE, CATCH_ALL, DEFAULT, ENABLED, OVER_IPV6, Site

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A host of each release. The tests of one share it and clear up what they did."""
    release: str = request.param
    http_port, https_port = free_ports(2)
    published = {http_port: 80, https_port: 443}
    with Host(f"nginx-{release}-{os.getpid()}", release=release, published=published) as host:
        yield Site(host, http_port, https_port)


@pytest.fixture(autouse=True)
def _as_before(site: Site) -> Iterator[None]:
    """Each test finds Debian's nginx as it was installed, and leaves nothing."""
    before = site.files()
    yield
    named = site.script(f"ls {AVAILABLE} /etc/nginx/conf.d").split()
    names = [name[: -len(".conf")] for name in named if name.endswith("example.com.conf")]
    for enabled, available in ((ENABLED, AVAILABLE), ("", "/etc/nginx/conf.d")):
        hosts = [{"name": name} for name in names]
        options: dict[str, Any] = {"vhosts": hosts, "state": "absent"} if hosts else {}
        done = site.task(
            catch_all="absent", sites_available=available, sites_enabled=enabled, **options
        )
        assert not done["failed"], done
    assert site.files() == before


def test_beside_the_default_site(site: Site) -> None:
    names = ["a.example.com", "b.example.com"]
    for name in names:
        site.issue(name)
    reloads = site.reloads()
    done = site.predict_and_do(
        vhosts=[
            *({"name": name} for name in names),
            {"name": "c.example.com", "state": "bootstrap"},
        ],
        catch_all="present",
    )
    assert not done["failed"], done["msg"]
    assert site.reloads() == reloads + 1
    # HTTP is Debian's, as nobody takes a default server away from anybody; HTTPS was nobody's
    assert done["catch_all"]["left_out"] == {"http": DEFAULT}
    assert "Welcome to nginx" in site.get("unknown.example.com")
    assert site.rejects("unknown.example.com")
    for name in names:
        assert site.certificate_of(name) == f"CN={name}"
        assert f"Location: https://{name}/" in site.get(name)
        assert site.host.run(["python3", "-c", OVER_IPV6, name]).endswith("frontend\n")
    assert " 503 " in site.get("c.example.com").splitlines()[0]
    # Files as anybody writes them, links as Debian makes them
    files = site.files()
    assert f"./sites-available/{names[0]}.conf f 644 root \n" in files
    assert f"./sites-enabled/{names[0]}.conf l 777 root {AVAILABLE}/{names[0]}.conf\n" in files
    # Debian 13's nginx is the first with HTTP/3
    has_http3 = "http_v3_module" in site.script("nginx -V 2>&1")
    assert has_http3 is ("bookworm" not in site.host.instance)
    assert (":443" in site.host.run(["ss", "--listening", "--udp", "--numeric"])) is has_http3


def test_a_renewed_certificate(site: Site) -> None:
    site.issue("a.example.com")
    assert not site.task(name="a.example.com")["failed"]
    site.issue("a.example.com")
    reloads = site.reloads()
    done = site.predict_and_do(name="a.example.com")
    assert (done["changed"], done["reloaded"]) == (True, True)
    assert [entry["after_header"] for entry in done["diff"]] == [
        "certificate served for a.example.com"
    ]
    assert site.reloads() == reloads + 1


def test_the_default_site_goes(site: Site) -> None:
    assert not site.task(catch_all="present")["failed"]
    site.host.run(["rm", DEFAULT])
    try:
        done = site.task(catch_all="present")
        assert (done["failed"], done["changed"]) == (False, True)
        assert done["catch_all"]["left_out"] == {}
        assert " 404 " in site.get("unknown.example.com").splitlines()[0]
        assert not site.task(catch_all="absent")["failed"]
    finally:
        site.host.run(["ln", "-s", f"{AVAILABLE}/default", DEFAULT])


def test_one_directory_for_all(site: Site) -> None:
    site.issue("a.example.com")
    done = site.predict_and_do(
        name="a.example.com",
        sites_available="/etc/nginx/conf.d",
        sites_enabled="",
        catch_all="present",
    )
    assert not done["failed"], done["msg"]
    assert done["catch_all"]["left_out"] == {"http": DEFAULT}
    assert site.certificate_of("a.example.com") == "CN=a.example.com"
    assert site.rejects("unknown.example.com")
    assert site.script("ls /etc/nginx/conf.d").split() == [CATCH_ALL, "a.example.com.conf"]


@pytest.mark.parametrize(
    "command", [["systemctl", "reload", "nginx"], ["/usr/sbin/nginx", "-s", "reload"]], ids=" ".join
)
def test_reload_by_command(site: Site, command: list[str]) -> None:
    done = site.predict_and_do(
        name="without-certificate.example.com",
        state="bootstrap",
        reload="command",
        reload_command=command,
    )
    assert (done["failed"], done["reloaded"]) == (False, True)
    assert " 503 " in site.get("without-certificate.example.com").splitlines()[0]


def test_the_mistake_of_one(site: Site) -> None:
    names = ["a.example.com", "b.example.com", "c.example.com"]
    for name in names:
        site.issue(name)
    hosts: list[dict[str, str]] = [{"name": name} for name in names]
    hosts[1]["snippet"] = "no_such_directive on;"
    done = site.task(vhosts=hosts)
    assert done["failed"]
    assert [item["failed"] for item in done["vhosts"]] == [False, True, False]
    assert "no_such_directive" in done["vhosts"][1]["error"]
    assert "b.example.com" not in site.files()
    assert [site.certificate_of(name) for name in (names[0], names[2])] == [
        f"CN={names[0]}",
        f"CN={names[2]}",
    ]
    site.script("nginx -t 2>&1")


def test_an_nginx_that_is_stopped(site: Site) -> None:
    site.issue("a.example.com")
    before = site.files()
    site.host.run(["systemctl", "stop", "nginx"])
    try:
        for check in (True, False):
            done = site.task(name="a.example.com", catch_all="present", check=check)
            assert done["failed"]
            assert "nginx is not running" in str(done)
        assert site.files() == before
    finally:
        site.host.run(["systemctl", "start", "nginx"])


def test_a_configuration_that_was_broken_before(site: Site) -> None:
    site.issue("a.example.com")
    site.host.write("/etc/nginx/conf.d/broken.conf", "no_such_directive on;\n")
    before = site.files()
    try:
        done = site.task(name="a.example.com")
        assert done["failed"]
        assert "/etc/nginx/conf.d/broken.conf" in str(done)
        assert site.files() == before
    finally:
        site.host.run(["rm", "/etc/nginx/conf.d/broken.conf"])
