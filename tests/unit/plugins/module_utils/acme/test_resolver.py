# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for addresses: the host's own resolver, and a name server of the test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import resolver
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.resolver import (
    NameServer,
    ResolverError,
    SystemResolver,
    resolver_from,
)

LOOPBACK = "127.0.0.1"
NAME = "mail.customer.example."


class Zone:
    """A name server over UDP. Records by name and kind; a code in place of records is answered."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str] | str] = {}
        self.silent = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            if self.silent:
                self.silent -= 1
                continue
            self._socket.sendto(self._answer(data), peer)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text()
        records = self.records.get((name, kind), [])
        if isinstance(records, str):
            if records == "garbage":
                return data[:2] + b"garbage"
            response.set_rcode(dns.rcode.from_text(records))
        alias = self.records.get((name, "CNAME"))
        if alias:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
            name = alias[0]
            records = self.records.get((name, kind), [])
        if isinstance(records, list) and records:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
        return response.to_wire()

    def stop(self) -> None:
        self._socket.sendto(b"", (LOOPBACK, self.port))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def zone() -> Iterator[Zone]:
    running = Zone()
    yield running
    running.stop()


@pytest.fixture
def server(zone: Zone) -> NameServer:
    return NameServer(LOOPBACK, zone.port)


def test_both_kinds_of_addresses(zone: Zone, server: NameServer) -> None:
    zone.records = {
        (NAME, "A"): ["192.0.2.9", "192.0.2.10"],
        (NAME, "AAAA"): ["2001:db8::9"],
    }
    assert server.addresses("mail.customer.example") == ["192.0.2.10", "192.0.2.9", "2001:db8::9"]


def test_an_alias_is_followed(zone: Zone, server: NameServer) -> None:
    zone.records = {(NAME, "CNAME"): ["host.example."], ("host.example.", "A"): ["192.0.2.1"]}
    assert server.addresses("mail.customer.example") == ["192.0.2.1"]


def test_no_such_name_and_no_such_records_are_no_addresses(zone: Zone, server: NameServer) -> None:
    assert server.addresses("mail.customer.example") == []
    zone.records = {(NAME, "A"): "NXDOMAIN", (NAME, "AAAA"): "NXDOMAIN"}
    assert server.addresses("mail.customer.example") == []
    assert server.addresses(64 * "x" + ".example") == []


@pytest.mark.parametrize(
    ("code", "told"),
    [("SERVFAIL", "answers SERVFAIL"), ("REFUSED", "answers REFUSED"), ("garbage", "be read")],
)
def test_one_kind_is_enough(zone: Zone, server: NameServer, code: str, told: str) -> None:
    zone.records = {(NAME, "A"): ["192.0.2.1"], (NAME, "AAAA"): code}
    assert server.addresses("mail.customer.example") == ["192.0.2.1"]
    zone.records = {(NAME, "AAAA"): code}
    with pytest.raises(ResolverError, match=f"the name server 127.0.0.1 .*{told}"):
        server.addresses("mail.customer.example")


def test_a_lost_packet_is_sent_again(
    zone: Zone, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_ATTEMPT_SECONDS", 0.2)
    zone.records = {(NAME, "A"): ["192.0.2.1"]}
    zone.silent = 2
    assert server.addresses("mail.customer.example") == ["192.0.2.1"]


def test_silence_is_waited_for_three_times_and_not_more(
    zone: Zone, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_ATTEMPT_SECONDS", 0.1)
    zone.silent = 9
    with pytest.raises(ResolverError, match="does not answer"):
        server.addresses("mail.customer.example")
    assert zone.silent == 6


def test_the_host_itself() -> None:
    assert LOOPBACK in SystemResolver().addresses("localhost")


def test_a_name_that_dns_cannot_hold_has_no_addresses() -> None:
    assert SystemResolver().addresses(64 * "x" + ".example") == []


@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_the_host_knows_no_addresses(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise socket.gaierror(number, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert SystemResolver().addresses("mail.customer.example") == []


def test_the_host_gets_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ResolverError, match="this host's resolver failed: Temporary failure"):
        SystemResolver().addresses("mail.customer.example")


@pytest.mark.parametrize("option", [None, ""])
def test_the_host_itself_is_the_default(option: str | None) -> None:
    assert isinstance(resolver_from(option), SystemResolver)


@pytest.mark.parametrize(
    ("option", "address", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:DB8::53", "2001:db8::53", 53),
        ("[2001:db8::53]", "2001:db8::53", 53),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_a_name_server_as_an_option(
    option: str, address: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def note(_query: Any, where: str, timeout: float, port: int) -> None:
        asked.append((where, port))
        raise OSError(1, "not asked")

    monkeypatch.setattr("dns.query.udp_with_fallback", note)
    with pytest.raises(ResolverError, match=f"the name server {address} cannot be asked"):
        resolver_from(option).addresses("mail.customer.example")
    assert asked[0] == (address, port)


@pytest.mark.parametrize(
    "option",
    [
        "ns1.example",
        "192.0.2.53:0",
        "192.0.2.53:70000",
        "192.0.2.53:",
        "[192.0.2.53",
        "1.2.3",
        ":53",
    ],
)
def test_an_option_that_is_none(option: str) -> None:
    with pytest.raises(AcmeError, match="Give the IP address of a name server"):
        resolver_from(option)
