# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a CA, and what it can do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bed.acme2certifier import Acme2certifier
from bed.acme_server import CaOptions, Feature
from bed.errors import BedError
from bed.layout import Layout, Ports
from bed.pebble import Pebble
from bed.prefix import Prefix

DNS = "127.0.0.1:1053"
PORTS = Ports(*range(15001, 15008))


class AnyPebble(Pebble):
    """A Pebble of a version, which need not be there."""

    release = "2.10.0"

    def _install(self) -> None:
        """Nothing to do."""

    @property
    def version(self) -> str:
        """As it was set."""
        return self.release


class OldPebble(AnyPebble):
    """The oldest."""

    release = "2.4.0"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An instance that is not running."""
    made = Layout(Prefix(tmp_path, tmp_path), "unit", "sqlite", PORTS)
    made.directory.mkdir(parents=True)
    return made


def configuration(layout: Layout) -> dict[str, object]:
    found: dict[str, object] = json.loads((layout.directory / "pebble.json").read_text())["pebble"]
    return found


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        (CaOptions(), set()),
        (CaOptions(lifetime=3600), {Feature.SHORT_LIFETIMES}),
        (CaOptions(lifetime=86400, profiles={"a": 86400}), {Feature.PROFILES}),
        (CaOptions(profiles={"a": 86400}), {Feature.PROFILES, Feature.PROFILE_LIFETIMES}),
        (CaOptions(chain_length=1, alternate_roots=1), {Feature.ALTERNATE_CHAINS}),
        (CaOptions(chain_length=2), {Feature.CHAIN_LENGTH}),
    ],
)
def test_options_need_features(options: CaOptions, needed: set[Feature]) -> None:
    assert options.needs() == needed


def test_a_newer_pebble_can_do_more(layout: Layout) -> None:
    newer, older = (made(layout, DNS).features for made in (AnyPebble, OldPebble))
    assert newer > older
    assert Feature.PROFILES not in older


def test_what_a_server_cannot_do_is_named(layout: Layout) -> None:
    OldPebble(layout, DNS, CaOptions(lifetime=3600)).install()
    with pytest.raises(BedError, match=r"pebble 2\.4\.0 cannot do this: profiles, profiles with"):
        OldPebble(layout, DNS, CaOptions(profiles={"short": 60})).install()


def test_pebble_is_told(layout: Layout) -> None:
    options = CaOptions(
        profiles={"short": 60},
        external_accounts={"id": "a2V5"},
        nonce_rejection=30,
        dns_server="127.0.0.9:53",
    )
    program = AnyPebble(layout, DNS, options).program()
    written = configuration(layout)
    assert written["profiles"] == {"short": {"description": "60 seconds", "validityPeriod": 60}}
    assert written["externalAccountBindingRequired"] is True
    assert written["externalAccountMACKeys"] == {"id": "a2V5"}
    assert written["httpPort"] == PORTS.http
    assert program.command[-2:] == ["-dnsserver", "127.0.0.9:53"]
    assert program.environment["PEBBLE_WFE_NONCEREJECT"] == "30"
    assert program.environment["PEBBLE_VA_NOSLEEP"] == "1"


def test_pebble_sleeps_when_told(layout: Layout) -> None:
    environment = AnyPebble(layout, DNS, CaOptions(longest_sleep=5)).program().environment
    assert environment["PEBBLE_VA_SLEEPTIME"] == "5"
    assert "PEBBLE_VA_NOSLEEP" not in environment


def test_acme2certifier_keeps_its_issuer_over_a_restart(layout: Layout) -> None:
    server = Acme2certifier(layout, DNS, CaOptions())
    server.program()
    root = server.issuer_roots()
    server.program()
    assert server.issuer_roots() == root
    assert "CERTIFICATE" in root


def test_acme2certifier_reaches_the_front_end_through_a_proxy(layout: Layout) -> None:
    server = Acme2certifier(layout, DNS, CaOptions())
    environment = server.program().environment
    assert environment["http_proxy"] == f"http://127.0.0.1:{server.proxy_port}"
    configured = (layout.directory / "acme2certifier" / "gunicorn.conf.py").read_text()
    assert "resolver.port = 1053" in configured
