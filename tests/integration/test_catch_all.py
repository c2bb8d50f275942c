# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catch-all: names nobody configured reach no portal, and default servers of others stay."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import CATCH_ALL
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed import Bed
from bed.nginx_releases import NGINX_BOOKWORM
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS, THUMBPRINT
from integration.nginx_faults.sites import changed, errors, is_sound, prediction, stamps
from integration.nginx_releases import front_end_of

PORTAL, STRANGER = "a.example.com", "stranger.example.net"
NEW = "b.example.com"
PRESENT: dict[str, Any] = {"catch_all": "present"}
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@pytest.fixture
def front_end() -> Iterator[BareFrontEnd]:
    """A running nginx with one portal, and no default server."""
    with front_end_of(NGINX_BOOKWORM, workers=1) as running:
        running.issue(PORTAL)
        assert errors(running.apply(name=PORTAL)) == {}
        yield running


def apply(front_end: BareFrontEnd, **options: Any) -> dict[str, Any]:
    """Make it so, and see that it was predicted, and that a second run is silent."""
    options.setdefault("name", PORTAL)
    before = stamps(front_end)
    predicted = front_end.apply(check=True, **options)
    assert stamps(front_end) == before
    done = front_end.apply(**options)
    assert errors(done) == {}
    assert prediction(done) == prediction(predicted)
    again = front_end.apply(**options)
    assert (changed(again), again.reloaded, again.diff) == ([], False, [])
    result, second = catch_all_of(done), catch_all_of(again)
    assert second == {**result, "changed": False}
    return result


def catch_all_of(outcome: Outcome) -> dict[str, Any]:
    assert outcome.catch_all is not None
    assert outcome.catch_all["error"] is None
    return outcome.catch_all


def add_default_server(front_end: BareFrontEnd, name: str, port: int, options: str = "") -> str:
    """A file of somebody else's. Returns its path."""
    path = front_end.enabled / name
    path.write_text(
        f"server {{ listen {ADDRESS}:{port} default_server{options}; server_name _;"
        f" ssl_reject_handshake {'on' if options else 'off'}; return 418; }}\n"
    )
    return str(path)


def test_names_that_nobody_configured(front_end: BareFrontEnd) -> None:
    # Without it, the portal is shown to everybody
    assert front_end.get(STRANGER, "/", tls=True)[2] == "the frontend"
    result = apply(front_end, **PRESENT, challenge="stateless", thumbprint=THUMBPRINT)
    assert result == {
        "state": "present",
        "changed": True,
        "failed": False,
        "error": None,
        "file": str(front_end.available / f"{CATCH_ALL}.conf"),
        "left_out": {},
    }
    assert front_end.get(PORTAL, "/", tls=True)[2] == "the frontend"
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        front_end.get(STRANGER, "/", tls=True)
    assert front_end.get(STRANGER, "/")[0] == 404
    # A name whose block is still to come can have its certificate
    path = f"/.well-known/acme-challenge/{TOKEN}"
    assert front_end.get(STRANGER, path)[::2] == (200, f"{TOKEN}.{THUMBPRINT}")

    assert apply(front_end, catch_all="absent")["state"] == "absent"
    assert front_end.get(STRANGER, "/", tls=True)[2] == "the frontend"
    assert CATCH_ALL not in str(front_end.snapshot())


def test_left_alone_when_it_is_not_asked_for(front_end: BareFrontEnd) -> None:
    apply(front_end, **PRESENT)
    outcome = front_end.apply(name=PORTAL, client_max_body_size="1m")
    assert outcome.catch_all is None
    assert (front_end.available / f"{CATCH_ALL}.conf").exists()


def test_alone(front_end: BareFrontEnd) -> None:
    """It needs no virtual host in the task."""
    outcome = front_end.apply(**PRESENT)
    assert (outcome.results, catch_all_of(outcome)["changed"]) == ([], True)
    assert outcome.reloaded
    assert not front_end.apply(**PRESENT).reloaded


# nginx reads files in the order of their names: before, and after, the catch-all
@pytest.mark.parametrize("name", ["0-default", "default"])
def test_beside_a_default_server_of_somebody_else(front_end: BareFrontEnd, name: str) -> None:
    path = add_default_server(front_end, name, front_end.http_port)
    result = apply(front_end, **PRESENT)
    assert result["left_out"] == {"http": path}
    assert front_end.get(STRANGER, "/")[0] == 418
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        front_end.get(STRANGER, "/", tls=True)

    # It goes, and that part comes
    Path(path).unlink()
    assert apply(front_end, **PRESENT)["left_out"] == {}
    assert front_end.get(STRANGER, "/")[0] == 404


def test_beside_a_default_server_on_one_address(front_end: BareFrontEnd) -> None:
    path = add_default_server(front_end, "default", front_end.http_port)
    addresses = [ADDRESS, "127.0.0.2"]
    result = apply(front_end, listen_addresses=addresses, **PRESENT)
    assert result["left_out"] == {f"http at {ADDRESS}:{front_end.http_port}": path}
    assert front_end.get(STRANGER, "/")[0] == 418
    connection = http.client.HTTPConnection("127.0.0.2", front_end.http_port, timeout=5)
    connection.request("GET", "/", headers={"Host": STRANGER})
    assert connection.getresponse().status == 404
    connection.close()


def test_a_default_server_in_the_main_configuration(front_end: BareFrontEnd) -> None:
    server = f"server {{ listen {ADDRESS}:{front_end.http_port} default_server; return 418; }}"
    front_end.write_config(more=server)
    assert apply(front_end, **PRESENT)["left_out"] == {"http": str(front_end.config)}
    front_end.write_config()
    assert apply(front_end, **PRESENT)["left_out"] == {}


@pytest.mark.parametrize("name", ["0-default", "default"])
def test_a_default_server_that_comes_later(front_end: BareFrontEnd, name: str) -> None:
    """nginx refuses the two together. Whoever asks for any change makes the catch-all give way."""
    apply(front_end, **PRESENT)
    path = add_default_server(front_end, name, front_end.https_port, " ssl")
    assert not is_sound(front_end)
    # Nothing to do: nobody asks nginx
    assert not catch_all_of(front_end.apply(name=PORTAL, **PRESENT))["changed"]

    hosts = [{"name": PORTAL}, {"name": NEW, "state": "bootstrap"}]
    predicted = front_end.apply(check=True, vhosts=hosts, **PRESENT)
    outcome = front_end.apply(vhosts=hosts, **PRESENT)
    assert errors(predicted) == errors(outcome) == {}
    assert changed(outcome) == [NEW]
    assert catch_all_of(outcome)["left_out"] == {"https": path}
    assert prediction(outcome) == prediction(predicted)
    assert is_sound(front_end)
    assert front_end.get(NEW, "/")[0] == 503
    assert front_end.get(STRANGER, "/")[0] == 404
    assert not front_end.apply(vhosts=hosts, **PRESENT).reloaded


def test_a_broken_portal_does_not_stop_it(front_end: BareFrontEnd) -> None:
    hosts = [{"name": PORTAL}, {"name": NEW, "state": "bootstrap"}]

    def edit(rendered: dict[str, dict[str, str]]) -> None:
        rendered[NEW]["bootstrap"] += "nonsense on;\n"

    outcome = front_end.apply(vhosts=hosts, edit=edit, **PRESENT)
    assert list(errors(outcome)) == [NEW]
    assert catch_all_of(outcome)["changed"]
    assert is_sound(front_end)


def test_what_is_wrong_with_it_does_not_stop_portals(front_end: BareFrontEnd) -> None:
    file = front_end.available / f"{CATCH_ALL}.conf"
    file.write_text("# by hand\n")
    hosts = [{"name": PORTAL}, {"name": NEW, "state": "bootstrap"}]
    outcome = front_end.apply(vhosts=hosts, **PRESENT)
    assert (errors(outcome), changed(outcome)) == ({}, [NEW])
    assert outcome.catch_all is not None
    assert outcome.catch_all["failed"]
    assert "was not written by this collection" in outcome.catch_all["error"]
    assert file.read_text() == "# by hand\n"


def test_a_task(bed: Bed, front_end: BareFrontEnd) -> None:
    def task(check: bool = False) -> dict[str, Any]:
        options = front_end.options(name=PORTAL, **PRESENT)
        return bed.ansible.run_module("nginx_vhost", options, check=check)

    predicted, real, again = task(check=True), task(), task()
    assert predicted["catch_all"] == real["catch_all"]
    assert real["catch_all"]["changed"]
    assert predicted["diff"] == real["diff"] != []
    assert (again["changed"], again["diff"]) == (False, [])

    (front_end.available / f"{CATCH_ALL}.conf").write_text("# by hand\n")
    failed = task()
    assert failed["failed"]
    assert failed["msg"].startswith("1 of 2 virtual hosts failed: the catch-all: ")
    assert not failed["vhosts"][0]["failed"]
