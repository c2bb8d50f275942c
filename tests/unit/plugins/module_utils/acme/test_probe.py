# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking before the CA does, at web servers on loopback."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import fetch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import probe as probe_module
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.dns_hook import DnsHook
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import (
    PREFIX,
    AcmeError,
    Problem,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.probe import Probe
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.resolver import ResolverError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.webroot import (
    Stateless,
    Webroot,
)
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.front_end import Answer, FrontEnd, redirect, stateless
from unit.plugins.module_utils.acme.issuing import pair

NAME = "mail.customer.example"
THUMBPRINT = "thumbprint-of-the-account"
HERE, THERE = "127.0.0.2", "127.0.0.3"

Serve = Callable[..., FrontEnd]


class Zone:
    """Addresses as a test wants them."""

    title = "the resolver of the test"

    def __init__(self, port: int) -> None:
        self.port = port
        self.records: dict[str, list[str]] = {NAME: [HERE]}

    def addresses(self, name: str) -> list[str]:
        if name not in self.records:
            raise ResolverError(f"{self.title} answers SERVFAIL")
        return self.records[name]


@pytest.fixture
def zone() -> Zone:
    # outgoing connections come from another address and cannot take it in between
    with socket.create_server((HERE, 0)) as server:
        return Zone(server.getsockname()[1])


@pytest.fixture
def probe(zone: Zone) -> Probe:
    return Probe(Stateless(), zone.port, zone)


@pytest.fixture
def serve(zone: Zone) -> Iterator[Serve]:
    """Start a front end; without more, one that answers every token rightly."""
    started = []

    def start(
        respond: Callable[[str, str], Answer] | Answer | None = None,
        address: str = HERE,
        tls: ssl.SSLContext | None = None,
    ) -> FrontEnd:
        if isinstance(respond, Answer):
            answer = respond
            front_end = FrontEnd(address, zone.port, lambda *_request: answer, tls)
        else:
            front_end = FrontEnd(address, zone.port, respond or stateless(THUMBPRINT), tls)
        started.append(front_end)
        return front_end

    yield start
    for front_end in started:
        front_end.stop()


def failure_of(probe: Probe, *names: str) -> AcmeError:
    with pytest.raises(AcmeError) as caught:
        probe.look(names or [NAME], THUMBPRINT)
    assert caught.value.step == "probe"
    return caught.value


def problem_of(probe: Probe, *names: str) -> Problem:
    problem = failure_of(probe, *names).problem
    assert problem
    return problem


def test_a_name_that_answers_is_asked_once(probe: Probe, zone: Zone, serve: Serve) -> None:
    front_end = serve()
    probe.look([NAME, NAME], THUMBPRINT)
    ((host, path),) = front_end.requests
    assert host == f"{NAME}:{zone.port}"
    assert path.startswith("/.well-known/acme-challenge/")


def test_every_time_another_token(probe: Probe, serve: Serve) -> None:
    front_end = serve()
    for _run in range(2):
        probe.look([NAME], THUMBPRINT)
    assert len(set(front_end.requests)) == 2


def test_a_webroot_is_tried_with_a_file(tmp_path: Path, zone: Zone, serve: Serve) -> None:
    def read(_host: str, path: str) -> Answer:
        file = tmp_path / "webroot" / path.lstrip("/")
        return Answer(file.read_text() + "\n") if file.exists() else Answer(status=404)

    serve(read)
    Probe(Webroot(tmp_path), zone.port, zone).look([NAME], THUMBPRINT)
    assert entries(tmp_path / "webroot" / ".well-known" / "acme-challenge") == []


def test_a_webroot_that_is_not_served(tmp_path: Path, zone: Zone, serve: Serve) -> None:
    serve(Answer("not found", status=404))
    error = failure_of(Probe(Webroot(tmp_path), zone.port, zone))
    where = f"http://{NAME}:{zone.port}/.well-known/acme-challenge/TOKEN"
    assert str(error) == (
        "probe: the CA was not asked, because its look at the name would fail:"
        f" {PREFIX}unauthorized for {NAME}: at {HERE}, {where} answers with HTTP status 404."
        " Make sure that the name leads to this host only, and that its web server passes"
        " /.well-known/acme-challenge/ to this host's webroot, or answers it with this account's"
        " thumbprint. If the CA sees what this host cannot (a network without a way back to its"
        " own public address, another view of the DNS), set look_first to false, or look_resolver"
        " to a public name server."
    )


@pytest.mark.parametrize(
    ("respond", "told"),
    [
        (Answer("<html>\n<head>\x1b[31mWelcome</head>" + 900 * "x"), "'<html> <head> [31mWelcome"),
        (Answer(" \n"), "with an empty page"),
        (stateless("another"), "with the thumbprint of another account's key"),
        (Answer(status=500), "with HTTP status 500"),
        (Answer(status=304), "with HTTP status 304"),
        (Answer(status=302), "with HTTP status 302"),
    ],
)
def test_what_came_back_instead_is_told(
    probe: Probe, serve: Serve, respond: Any, told: str
) -> None:
    serve(respond)
    problem = problem_of(probe)
    assert problem.code == "unauthorized"
    assert told in problem.text()
    assert len(problem.text()) < 300


def test_a_name_without_address(probe: Probe, zone: Zone) -> None:
    zone.records[NAME] = []
    problem = problem_of(probe)
    assert (problem.code, problem.identifier) == ("dns", NAME)
    assert problem.detail == "the resolver of the test finds no A or AAAA record"


def test_a_resolver_that_fails(probe: Probe, zone: Zone) -> None:
    del zone.records[NAME]
    assert problem_of(probe).detail == "the resolver of the test answers SERVFAIL"


def test_nobody_listens(probe: Probe, zone: Zone) -> None:
    problem = problem_of(probe)
    assert problem.code == "connection"
    where = f"http://{NAME}:{zone.port}"
    assert problem.detail == f"at {HERE}, {where} cannot be reached: Connection refused"


def test_every_address_has_to_answer(probe: Probe, zone: Zone, serve: Serve) -> None:
    zone.records[NAME] = [HERE, THERE]
    serve()
    other = serve(Answer(status=404), address=THERE)
    problem = problem_of(probe)
    assert problem.detail.startswith(f"at {THERE}, http://{NAME}")
    assert HERE not in problem.detail
    other.stop()
    assert problem_of(probe).code == "connection"


@pytest.fixture
def without_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way to IPv6 addresses."""
    connect = socket.create_connection

    def create_connection(address: tuple[str, int], timeout: float) -> socket.socket:
        if ":" in address[0]:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        return connect(address, timeout)

    monkeypatch.setattr(socket, "create_connection", create_connection)


@pytest.mark.usefixtures("without_route")
def test_addresses_without_a_route_are_not_judged(probe: Probe, zone: Zone, serve: Serve) -> None:
    zone.records[NAME] = [HERE, "2001:db8::2"]
    front_end = serve()
    probe.look([NAME], THUMBPRINT)
    front_end.stop()
    assert "2001:db8::2" not in problem_of(probe).detail


@pytest.mark.usefixtures("without_route")
def test_something_has_to_be_asked(probe: Probe, zone: Zone) -> None:
    zone.records[NAME] = ["2001:db8::2"]
    problem = problem_of(probe)
    assert problem.code == "connection"
    assert "at 2001:db8::2, " in problem.detail
    assert "Network is unreachable" in problem.detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_also_to_untrusted_certificates(
    probe: Probe, zone: Zone, serve: Serve, tmp_path: Path, status: int
) -> None:
    chain, key = pair(["expired.example"])
    (tmp_path / "both.pem").write_bytes(key_to_pem(key) + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    asked: list[str] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    zone.records["secure.example"] = [THERE]
    serve(redirect(f"https://secure.example:{zone.port}PATH", status))
    secure = serve(address=THERE, tls=context)
    probe.look([NAME], THUMBPRINT)
    assert asked == ["secure.example"]
    assert secure.requests[0][0] == f"secure.example:{zone.port}"


def test_a_redirect_to_the_same_name_stays_at_the_address(
    probe: Probe, zone: Zone, serve: Serve
) -> None:
    zone.records[NAME] = [HERE, THERE]
    serve()

    def add_slash(_host: str, path: str) -> Answer:
        if path.endswith("/"):
            return Answer("another server")
        return redirect("PATH/")(_host, path)

    there = serve(add_slash, address=THERE)
    assert problem_of(probe).detail.startswith(f"at {THERE}")
    assert len(there.requests) == 2


def test_of_the_addresses_behind_a_redirect_one_has_to_answer(
    probe: Probe, zone: Zone, serve: Serve
) -> None:
    zone.records["other.example"] = ["127.0.0.4", THERE]
    serve(redirect(f"http://other.example:{zone.port}PATH"))
    serve(address=THERE)
    probe.look([NAME], THUMBPRINT)


@pytest.mark.usefixtures("without_route")
def test_a_refusal_behind_a_redirect_says_more_than_a_missing_route(
    probe: Probe, zone: Zone, serve: Serve
) -> None:
    zone.records["other.example"] = ["127.0.0.4", "2001:db8::4"]
    serve(redirect(f"http://other.example:{zone.port}PATH"))
    assert "Connection refused" in problem_of(probe).detail


def test_a_redirect_to_an_address_needs_no_resolver(probe: Probe, zone: Zone, serve: Serve) -> None:
    serve(redirect(f"http://{THERE}:{zone.port}PATH"))
    serve(address=THERE)
    probe.look([NAME], THUMBPRINT)


def counting(respond: Callable[[str, str], Answer], redirects: int) -> Callable[..., Answer]:
    def respond_in_the_end(host: str, path: str) -> Answer:
        path, _question, number = path.partition("?")
        done = int(number or 0)
        if done < redirects:
            return Answer(status=302, headers={"Location": f"{path}?{done + 1}"})
        return respond(host, path)

    return respond_in_the_end


def test_ten_redirects_and_no_more(probe: Probe, serve: Serve) -> None:
    front_end = serve(counting(stateless(THUMBPRINT), 10))
    probe.look([NAME], THUMBPRINT)
    front_end.stop()
    serve(counting(stateless(THUMBPRINT), 11))
    assert problem_of(probe).detail == f"at {HERE}, it redirects more than 10 times"


@pytest.mark.parametrize(
    ("location", "told"),
    [
        (f"http://{NAME}:22/", f"it redirects to http://{NAME}:22/; CAs follow to ports 80 and"),
        ("ftp://files.example/", "it redirects to ftp://files.example/, which CAs do not follow"),
        ("https:///nowhere", "which CAs do not follow"),
        (f"http://{NAME}:port/", "it redirects to something that is no URL"),
        ("http://empty.example/", "it redirects to empty.example, which has no address"),
        ("http://gone.example/", "it redirects to gone.example: the resolver of the test answers"),
    ],
)
def test_redirects_that_lead_nowhere(
    probe: Probe, zone: Zone, serve: Serve, location: str, told: str
) -> None:
    zone.records["empty.example"] = []
    serve(redirect(location))
    assert told in problem_of(probe).detail


def test_an_odd_path_is_followed(probe: Probe, serve: Serve) -> None:
    front_end = serve(
        lambda host, path: (
            redirect("/caf\u00e9 %41")(host, path) if "acme" in path else Answer("odd")
        )
    )
    assert "'odd'" in problem_of(probe).detail
    assert front_end.requests[1][1] == "/caf%C3%A9%20%41"


def test_not_even_tls(probe: Probe, zone: Zone, serve: Serve) -> None:
    zone.records["plain.example"] = [THERE]
    serve(redirect(f"https://plain.example:{zone.port}/"))
    serve(address=THERE)
    problem = problem_of(probe)
    assert problem.code == "tls"
    assert f"https://plain.example:{zone.port} cannot be spoken to with TLS: " in problem.detail
    assert problem == problem_of(probe)


def test_the_environments_proxies_are_not_used(
    probe: Probe, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    serve()
    probe.look([NAME], THUMBPRINT)


@pytest.fixture
def raw(zone: Zone) -> Iterator[Callable[[list[bytes]], None]]:
    """A server that sends bytes, one portion after the other with pauses, whatever it is asked."""
    listener = socket.create_server((HERE, zone.port))
    executor = ThreadPoolExecutor(1)

    def start(portions: list[bytes]) -> None:
        def send() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.recv(4096)
                # until whoever asked has had enough
                with suppress(OSError):
                    for portion in portions:
                        connection.sendall(portion)
                        time.sleep(0.05)

        executor.submit(send)

    yield start
    executor.shutdown()
    listener.close()


def test_what_is_no_http_is_told(probe: Probe, raw: Callable[[list[bytes]], None]) -> None:
    raw([b"220 mail.example.org ESMTP\r\n"])
    assert problem_of(probe).detail.endswith("does not answer with HTTP")


def test_a_server_that_drips_is_given_up(
    probe: Probe, raw: Callable[[list[bytes]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.5)
    raw([b"HTTP/1.1 200 OK\r\n", *(b"a: b\r\n" for _portion in range(40))])
    assert problem_of(probe).detail.endswith("does not answer within 0.5 seconds")


@pytest.mark.parametrize("address", [HERE, "::1"])
def test_an_address_is_asked_itself(probe: Probe, zone: Zone, serve: Serve, address: str) -> None:
    front_end = serve(address=address)
    probe.look([address], THUMBPRINT)
    host = f"[{address}]" if ":" in address else address
    assert front_end.requests[0][0] == f"{host}:{zone.port}"


def test_what_is_proved_elsewhere_is_not_looked_at(probe: Probe, zone: Zone) -> None:
    probe.look(["*.customer.example"], THUMBPRINT)
    Probe(DnsHook(["hook"], 1.0, 0.0), zone.port, zone).look([NAME], THUMBPRINT)


def test_several_names_in_threads(probe: Probe, zone: Zone, serve: Serve) -> None:
    good = [f"good-{number}.example" for number in range(6)]
    zone.records = {**{name: [HERE] for name in good}, "a.example": [], "b.example": [THERE]}
    serve()
    with ThreadPoolExecutor(4) as threads:
        probe.look(good, THUMBPRINT, threads.map)
        with pytest.raises(AcmeError) as caught:
            probe.look(["b.example", *good, "a.example"], THUMBPRINT, threads.map)
    problem = caught.value.problem
    assert problem
    assert problem.detail == "2 of 8 names failed"
    assert [(each.identifier, each.code) for each in problem.subproblems] == [
        ("a.example", "dns"),
        ("b.example", "connection"),
    ]
    assert "its look at the names would fail: " in str(caught.value)


def test_names_for_which_no_time_is_left_are_the_cas_to_judge(
    probe: Probe, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"slow-{number}.example" for number in range(4)]
    zone.records = {name: [HERE] for name in names}

    def look(name: str) -> list[str]:
        time.sleep(0.3)
        return []

    monkeypatch.setattr(zone, "addresses", look)
    monkeypatch.setattr(probe_module, "_PATIENCE", 0.2)
    assert problem_of(probe, *names).identifier == names[0]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Addresses of the Internet, and where a connection to them comes out."""
    known = {"1.2.3.4": HERE}
    connect = socket.create_connection

    def create_connection(address: tuple[str, int], timeout: float) -> socket.socket:
        return connect((known.get(address[0], address[0]), address[1]), timeout)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return known


def slowly(respond: Callable[[str, str], Answer]) -> Callable[[str, str], Answer]:
    def respond_late(host: str, path: str) -> Answer:
        time.sleep(0.1)
        return respond(host, path)

    return respond_late


def test_a_name_that_is_never_done_with_is_the_cas_to_judge(
    probe: Probe,
    zone: Zone,
    serve: Serve,
    outside: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe_module, "_PATIENCE", 0.35)
    outside.update({f"1.2.4.{number}": HERE for number in range(8)})
    zone.records[NAME] = list(outside)
    front_end = serve(slowly(redirect("PATH/")))
    began = time.monotonic()
    probe.look([NAME], THUMBPRINT)
    assert time.monotonic() - began < 2
    assert len(front_end.requests) <= 4


def test_what_was_found_in_time_is_told(
    probe: Probe, zone: Zone, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_module, "_PATIENCE", 0.35)
    zone.records[NAME] = [HERE, THERE]
    serve(Answer(status=404))
    serve(slowly(redirect("PATH/")), address=THERE)
    problem = problem_of(probe)
    assert HERE in problem.detail
    assert THERE not in problem.detail


def test_a_server_that_is_cut_short_may_be_fine(
    probe: Probe, raw: Callable[[list[bytes]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_module, "_PATIENCE", 0.3)
    raw([b"HTTP/1.1 200 OK\r\n", *(b"a: b\r\n" for _portion in range(40))])
    began = time.monotonic()
    probe.look([NAME], THUMBPRINT)
    assert time.monotonic() - began < 2


def test_of_many_addresses_some_are_asked_of_both_kinds(
    probe: Probe, zone: Zone, serve: Serve, outside: dict[str, str]
) -> None:
    outside.update({f"1.2.4.{number}": HERE for number in range(70)})
    zone.records[NAME] = list(outside)
    front_end = serve()
    probe.look([NAME], THUMBPRINT)
    assert len(front_end.requests) == 8
    front_end.stop()
    outside.update({f"2a00::{number}": HERE for number in range(70)})
    zone.records[NAME] = list(outside)
    detail = problem_of(probe).detail
    assert [detail.count(each) for each in ("at 1.2.", "at 2a00::")] == [4, 4]


@pytest.mark.parametrize("host", [THERE, "inside.example", "[::ffff:127.0.0.3]"])
def test_no_redirect_is_followed_inwards(
    probe: Probe, zone: Zone, serve: Serve, outside: dict[str, str], host: str
) -> None:
    zone.records.update({NAME: list(outside), "inside.example": [THERE]})
    front_end = serve(redirect(f"http://{host}:{zone.port}/secret"))
    inside = serve(Answer("a secret"), address=THERE)
    # seen from outside, that name may be somewhere else
    probe.look([NAME], THUMBPRINT)
    assert len(front_end.requests) == 1
    assert inside.requests == []


def test_a_redirect_is_followed_to_addresses_of_the_internet(
    probe: Probe, zone: Zone, serve: Serve, outside: dict[str, str]
) -> None:
    zone.records.update({NAME: list(outside), "both.example": [THERE, "1.2.3.5"]})
    outside["1.2.3.5"] = "127.0.0.4"
    serve(redirect(f"http://both.example:{zone.port}PATH"))
    inside = serve(address=THERE)
    serve(Answer(status=404), address="127.0.0.4")
    assert "answers with HTTP status 404" in problem_of(probe).detail
    assert inside.requests == []


def test_an_answer_that_cannot_be_placed_is_another_matter(tmp_path: Path, zone: Zone) -> None:
    (tmp_path / "webroot").write_text("in the way")
    with pytest.raises(OSError, match="webroot"):
        Probe(Webroot(tmp_path), zone.port, zone).look([NAME], THUMBPRINT)
