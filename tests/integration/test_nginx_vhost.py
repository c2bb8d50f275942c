# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost against Debian's nginx."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.lock import locked
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed import Bed, wait
from bed.prefix import find
from integration.front_end import ADDRESS, THUMBPRINT, FrontEnd

CHALLENGE = "/.well-known/acme-challenge/"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    """A running nginx of the test's own."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="front-end-") as folder:
        created = FrontEnd(Path(folder), find().bin / "nginx")
        created.start()
        try:
            yield created
        finally:
            created.stop()


def errors(outcome: Outcome) -> dict[str, str]:
    return {item["name"]: item["error"] for item in outcome.results if item["failed"]}


def changed(outcome: Outcome) -> dict[str, bool]:
    return {item["name"]: item["changed"] for item in outcome.results}


def states(outcome: Outcome) -> dict[str, str]:
    return {item["name"]: item["state"] for item in outcome.results}


def break_block(name: str) -> Any:
    """Spoils the block of one host on its way from the controller."""

    def edit(rendered: dict[str, dict[str, str]]) -> None:
        for block, text in rendered[name].items():
            rendered[name][block] = text.replace("server_name", "srever_name", 1)

    return edit


# The chain of states


def test_from_nothing_to_a_portal_and_back(front_end: FrontEnd) -> None:
    name = "a.example.com"
    token = front_end.storage / "webroot" / CHALLENGE.strip("/") / TOKEN
    token.write_text("the answer")

    bootstrap = front_end.apply(name=name, state="bootstrap")
    assert (errors(bootstrap), states(bootstrap), bootstrap.reloaded) == (
        {},
        {name: "bootstrap"},
        True,
    )
    # At once: a CA does not wait
    assert front_end.get(name, CHALLENGE + TOKEN)[::2] == (200, "the answer")
    assert front_end.get(name, "/")[0] == 503

    serial = front_end.issue(name)
    present = front_end.apply(name=name)
    assert (errors(present), states(present), present.reloaded) == ({}, {name: "present"}, True)
    assert present.results[0]["served"]["serial"] == serial == front_end.serial(name)
    assert front_end.get(name, CHALLENGE + TOKEN)[::2] == (200, "the answer")
    status, headers, _body = front_end.get(name, "/some/page?and=more")
    assert (status, headers["location"]) == (
        301,
        f"https://{name}:{front_end.https_port}/some/page?and=more",
    )

    disabled = front_end.apply(name=name, state="disabled")
    assert states(disabled) == {name: "disabled"}
    assert front_end.get(name, "/")[0] == 404

    absent = front_end.apply(name=name, state="absent")
    assert states(absent) == {name: "absent"}
    assert front_end.snapshot() == {}


def test_a_second_run_is_silent(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com", "state": "bootstrap"}]
    assert all(changed(front_end.apply(vhosts=hosts)).values())
    before = front_end.snapshot()
    second = front_end.apply(vhosts=hosts)
    assert not any(changed(second).values())
    assert (second.reloaded, second.diff, second.recovered) == (False, [], False)
    assert front_end.snapshot() == before


def test_bootstrap_keeps_a_portal_online(front_end: FrontEnd) -> None:
    name = "a.example.com"
    front_end.issue(name)
    front_end.apply(name=name)
    again = front_end.apply(name=name, state="bootstrap")
    assert (changed(again), states(again)) == ({name: False}, {name: "present"})
    # A name more: the challenge for it is answered, and nothing else is lost
    wider = front_end.apply(name=name, names=["b.example.com"], state="bootstrap")
    assert (changed(wider), states(wider)) == ({name: True}, {name: "present"})
    assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    assert front_end.get("b.example.com", CHALLENGE + TOKEN)[0] == 404


@pytest.mark.parametrize("damage", ["no key", "another key", "rubbish", "no chain"])
def test_present_without_a_certificate(front_end: FrontEnd, damage: str) -> None:
    for name in ("a.example.com", "b.example.com"):
        front_end.issue(name)
    certificate = front_end.storage / "certs" / "a.example.com"
    key = certificate / "privkey.pem"
    if damage == "no key":
        key.unlink()
    elif damage == "another key":
        key.write_bytes((front_end.storage / "certs/b.example.com/privkey.pem").read_bytes())
    elif damage == "rubbish":
        (certificate / "fullchain.pem").write_text("rubbish")
    else:
        (certificate / "fullchain.pem").unlink()
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    outcome = front_end.apply(vhosts=hosts)
    assert list(errors(outcome)) == ["a.example.com"]
    assert "there is no certificate that nginx could load" in errors(outcome)["a.example.com"]
    assert states(outcome) == {"a.example.com": "absent", "b.example.com": "present"}
    assert errors(front_end.apply(vhosts=hosts)) == errors(outcome)
    assert states(front_end.apply(vhosts=hosts, state="bootstrap"))["a.example.com"] == "bootstrap"


def test_a_renewed_certificate(front_end: FrontEnd) -> None:
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    for host in hosts:
        front_end.issue(host["name"])
    front_end.apply(vhosts=hosts)
    before = front_end.snapshot()
    serial = front_end.issue("a.example.com")
    renewed = front_end.apply(vhosts=hosts)
    assert changed(renewed) == {"a.example.com": True, "b.example.com": False}
    assert renewed.reloaded
    assert front_end.serial("a.example.com") == serial
    assert front_end.snapshot() == before
    assert not any(changed(front_end.apply(vhosts=hosts)).values())


def test_a_renewed_certificate_without_looking(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    front_end.apply(name="a.example.com")
    serial = front_end.issue("a.example.com")
    assert not front_end.apply(name="a.example.com", verify=False).reloaded
    assert front_end.apply(name="a.example.com", verify=False, renewed=["a.example.com"]).reloaded
    assert front_end.serial("a.example.com") == serial


def test_a_renewed_certificate_with_another_key(front_end: FrontEnd) -> None:
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    for host in hosts:
        front_end.issue(host["name"])
    front_end.apply(vhosts=hosts)
    before, key = front_end.snapshot(), front_end.storage / "certs/a.example.com/privkey.pem"
    old = key.read_bytes()
    served = front_end.serial("a.example.com")
    front_end.issue("a.example.com")
    new = key.read_bytes()
    key.write_bytes(old)
    every = [*hosts, {"name": "c.example.com", "state": "bootstrap"}]
    predicted = front_end.apply(check=True, vhosts=every)
    outcome = front_end.apply(vhosts=every)
    assert errors(outcome) == errors(predicted)
    assert "do not belong together" in errors(outcome)["a.example.com"]
    # nginx takes nothing at all with it, and nobody is told otherwise
    assert "/certs/a.example.com/privkey.pem" in errors(outcome)["c.example.com"]
    assert not any(changed(outcome).values())
    assert (front_end.serial("a.example.com"), front_end.snapshot()) == (served, before)
    key.write_bytes(new)
    assert errors(front_end.apply(vhosts=every)) == {}
    assert front_end.serial("a.example.com") != served


def test_a_lost_certificate_is_no_trap(front_end: FrontEnd) -> None:
    """nginx cannot load what it runs with any more: bootstrap, and absent, are the ways out."""
    for name in ("a.example.com", "b.example.com"):
        front_end.issue(name)
        front_end.apply(name=name)
        (front_end.storage / "certs" / name / "fullchain.pem").unlink()
    new = [{"name": "c.example.com", "state": "bootstrap"}]
    refused = front_end.apply(vhosts=new)
    assert "was broken already" in errors(refused)["c.example.com"]
    out = [
        {"name": "a.example.com", "state": "bootstrap"},
        {"name": "b.example.com", "state": "absent"},
    ]
    outcome = front_end.apply(vhosts=[*out, *new])
    assert errors(outcome) == {}
    assert list(states(outcome).values()) == ["bootstrap", "absent", "bootstrap"]


# What is served


@pytest.fixture
def portal(front_end: FrontEnd) -> FrontEnd:
    """With a portal at a.example.com that is b.example.com too."""
    front_end.issue("a.example.com")
    outcome = front_end.apply(name="a.example.com", names=["b.example.com"])
    assert errors(outcome) == {}
    return front_end


def test_every_name_leads_to_the_portal(portal: FrontEnd) -> None:
    """Modoboa knows it by one name only."""
    for name, tls in (("a.example.com", False), ("b.example.com", False), ("b.example.com", True)):
        status, headers, _body = portal.get(name, "/login?x=y", tls=tls)
        # Over HTTPS, what is posted is to be posted again
        assert status == (308 if tls else 301)
        assert headers["location"] == f"https://a.example.com:{portal.https_port}/login?x=y"


def test_a_strange_host_header_decides_nothing(portal: FrontEnd) -> None:
    """Even where the portal's block is the default server."""
    config = portal.config.read_text()
    portal.config.write_text(
        re.sub(r"\n  server \{ listen .* return 404; \}", "", config).replace(" default_server", "")
    )
    portal.issue("a.example.com")
    portal.apply(name="a.example.com", names=["b.example.com"])
    _status, headers, _body = portal.get("a.example.com", "/", host="evil.example")
    assert headers["location"] == f"https://a.example.com:{portal.https_port}/"


def test_the_frontend(portal: FrontEnd) -> None:
    def get(path: str) -> tuple[int, str, str | None]:
        status, headers, body = portal.get("a.example.com", path, tls=True)
        return status, body, headers.get("cache-control")

    assert get("/") == (200, "the frontend", "no-cache")
    assert get("/domains/1/edit?x=y") == (200, "the frontend", "no-cache")
    assert get("/config.json") == (200, "{}", "no-store")
    assert get("/assets/a-1234.js") == (200, "1", "public, max-age=31536000, immutable")
    assert get("/assets/b-1234.js")[0] == 404
    assert get("/sitestatic/logo.svg")[:2] == (200, "a logo")
    assert get("/sitestatic/../../nginx.conf")[0] in (400, 404)
    assert get("/media/picture")[:2] == (200, "a picture")
    assert get("/media/")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/theme/?x=y",
        "/accounts/login/",
        "/reset/confirm_code/",
        "/autodiscover/autodiscover.xml",
        "/mail/config-v1.1.xml",
        "/mobileconfig",
        "/robots.txt",
    ],
)
def test_the_application(portal: FrontEnd, path: str) -> None:
    _status, _headers, body = portal.get("a.example.com", path, tls=True)
    host = f"a.example.com:{portal.https_port}"
    assert body == f"{host} https {host} {path}"


@pytest.mark.parametrize("path", ["/apiary", "/account", "/mobileconfigs", "/robots.txt/x"])
def test_a_page_that_only_begins_like_the_application(portal: FrontEnd, path: str) -> None:
    assert portal.get("a.example.com", path, tls=True)[2] == "the frontend"


def test_another_host_by_an_absolute_address(portal: FrontEnd) -> None:
    """nginx chooses the block by the address; the application must be told the same."""
    address = f"https://a.example.com:{portal.https_port}/api/"
    _status, _headers, body = portal.get(
        "a.example.com", address, tls=True, host="other.example.com"
    )
    assert "other" not in body


@pytest.mark.parametrize("state", ["bootstrap", "present"])
@pytest.mark.parametrize("tls", [False, True])
def test_challenges_without_files(front_end: FrontEnd, state: str, tls: bool) -> None:
    name = "a.example.com"
    if state == "present":
        front_end.issue(name)
    elif tls:
        return
    stateless: dict[str, Any] = {"challenge": "stateless", "thumbprint": THUMBPRINT}
    assert errors(front_end.apply(name=name, state=state, **stateless)) == {}
    status, headers, body = front_end.get(name, CHALLENGE + TOKEN, tls)
    assert (status, body) == (200, f"{TOKEN}.{THUMBPRINT}")
    assert headers["content-type"] == "text/plain"
    for path in ("", "a.b", "%3Cscript%3E", "a/b", "../../etc", "a%0d%0ab", "a="):
        assert front_end.get(name, CHALLENGE + path, tls)[0] in (
            400,
            404,
            503,
            301,
            308,
            200 if tls else 404,
        )
        assert THUMBPRINT not in front_end.get(name, CHALLENGE + path, tls)[2]


def test_files_beside_the_challenges_stay_private(portal: FrontEnd) -> None:
    folder = portal.storage / "webroot" / CHALLENGE.strip("/")
    (folder / "not.a.token").write_text("secret")
    (portal.storage / "webroot" / "secret").write_text("secret")
    for path in ("not.a.token", "", "../../secret", "..%2f..%2fsecret"):
        for tls in (False, True):
            assert "secret" not in portal.get("a.example.com", CHALLENGE + path, tls)[2]


def test_uwsgi(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    outcome = front_end.apply(name="a.example.com", application_protocol="uwsgi")
    assert errors(outcome) == {}


# Check mode


def prediction(outcome: Outcome) -> tuple[Any, ...]:
    """What check mode has to tell exactly: all but the certificate that is still to be served."""
    hosts = [
        {key: value for key, value in item.items() if key != "served"} for item in outcome.results
    ]
    return hosts, outcome.diff, outcome.reloaded


def test_check_mode_is_what_happens(front_end: FrontEnd) -> None:
    names = ("a.example.com", "b.example.com")
    chain: list[dict[str, Any]] = [
        {"state": "bootstrap", "vhosts": [{"name": name} for name in names]},
        {"vhosts": [{"name": "a.example.com"}], "renewed": ["a.example.com"]},
        {"vhosts": [{"name": "a.example.com"}], "renewed": ["a.example.com"]},
        {"name": "a.example.com", "names": ["www.a.example.com"], "renewed": ["a.example.com"]},
        {"name": "a.example.com", "renewed": ["b.example.com"]},
        {"name": "b.example.com"},
        {"state": "disabled", "name": "a.example.com"},
        {"state": "absent", "vhosts": [{"name": name} for name in names]},
    ]
    for options in chain:
        before = front_end.snapshot()
        predicted = front_end.apply(check=True, **options)
        assert front_end.snapshot() == before
        for name in set(options.get("renewed", [])) - {"b.example.com"}:
            front_end.issue(name)
        real = front_end.apply(**options)
        assert prediction(real) == prediction(predicted), options
        assert (real.diff != []) == (options != {"name": "b.example.com"})
        again = front_end.apply(**options)
        assert (again.reloaded, again.diff) == (False, [])
    assert front_end.snapshot() == {}


# Faults


def test_one_bad_block_among_many(front_end: FrontEnd) -> None:
    names = [f"{letter}.example.com" for letter in "abcdefgh"]
    victim = "d.example.com"
    for name in names:
        front_end.issue(name)
    hosts = [{"name": name} for name in names]
    front_end.apply(name=victim)
    before = {path: content for path, content in front_end.snapshot().items() if victim in path}
    outcome = front_end.apply(vhosts=hosts, client_max_body_size="1m", edit=break_block(victim))
    assert list(errors(outcome)) == [victim]
    assert 'unknown directive "srever_name"' in errors(outcome)[victim]
    assert f"{victim}.conf" in errors(outcome)[victim]
    after = front_end.snapshot()
    assert {path: after[path] for path in before} == before
    assert len(after) == 2 * len(names)
    for name in names:
        assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    again = front_end.apply(vhosts=hosts, client_max_body_size="1m", edit=break_block(victim))
    assert errors(again) == errors(outcome)
    assert not any(changed(again).values())


def test_a_fault_that_nginx_blames_on_another_file(front_end: FrontEnd) -> None:
    """The later of two files that do not go together is blamed, whichever is new."""
    front_end.apply(name="b.example.com", state="bootstrap")

    def conflict(rendered: dict[str, dict[str, str]]) -> None:
        zone = "limit_req_zone $uri zone=one:1m rate=1r/s;\n"
        rendered["a.example.com"]["bootstrap"] += zone.replace("1m", "2m")

    (front_end.enabled / "z.conf").write_text("limit_req_zone $uri zone=one:1m rate=1r/s;\n")
    front_end.apply(name="b.example.com", state="bootstrap")
    outcome = front_end.apply(
        vhosts=[{"name": "a.example.com"}, {"name": "c.example.com"}],
        state="bootstrap",
        edit=conflict,
    )
    assert list(errors(outcome)) == ["a.example.com"]
    assert states(outcome)["c.example.com"] == "bootstrap"


def test_a_name_that_is_served_already(portal: FrontEnd) -> None:
    portal.issue("0.example.com")
    before = portal.snapshot()
    outcome = portal.apply(name="0.example.com", names=["b.example.com"])
    assert "claims the name b.example.com already" in errors(outcome)["0.example.com"]
    assert "a.example.com.conf" in errors(outcome)["0.example.com"]
    assert portal.snapshot() == before


def test_broken_before(front_end: FrontEnd) -> None:
    front_end.apply(name="a.example.com", state="bootstrap")
    with front_end.config.open("a") as config:
        config.write("nonsense on;\n")
    before = front_end.snapshot()
    stamps = {path: path.stat().st_mtime_ns for path in front_end.available.iterdir()}
    hosts = [{"name": "a.example.com", "names": ["www.a.example.com"]}, {"name": "b.example.com"}]
    for check in (True, False):
        outcome = front_end.apply(check, vhosts=hosts, state="bootstrap")
        assert len(errors(outcome)) == 2
        for error in errors(outcome).values():
            assert "was broken already, so nothing was changed" in error
            assert 'unknown directive "nonsense"' in error
        assert front_end.snapshot() == before
        assert {path: path.stat().st_mtime_ns for path in front_end.available.iterdir()} == stamps
    # What needs no change needs no reload either
    assert errors(front_end.apply(name="a.example.com", state="bootstrap")) == {}


def test_a_reload_that_nginx_refuses(front_end: FrontEnd) -> None:
    """nginx -t cannot see this: the port is taken by another program."""
    front_end.issue("a.example.com")
    front_end.apply(name="a.example.com")
    before = front_end.snapshot()
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = front_end.apply(name="a.example.com", http_port=port, timeout=2)
    assert "kept its old configuration" in errors(outcome)["a.example.com"]
    assert front_end.snapshot() == before
    assert front_end.get("a.example.com", "/", tls=True)[2] == "the frontend"


def test_not_running(front_end: FrontEnd) -> None:
    front_end.stop()
    for check in (True, False):
        outcome = front_end.apply(check, name="a.example.com", state="bootstrap")
        assert "nginx is not running" in errors(outcome)["a.example.com"]
        assert front_end.snapshot() == {}


def test_nobody_at_the_address(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    outcome = front_end.apply(name="a.example.com", verify_address="127.0.0.9")
    assert "127.0.0.9" in errors(outcome)["a.example.com"]
    assert "verify_address" in errors(outcome)["a.example.com"]
    assert front_end.snapshot() == {}


def test_a_directory_that_nginx_does_not_read(front_end: FrontEnd) -> None:
    front_end.write_config()
    text = front_end.config.read_text()
    front_end.config.write_text(text.replace("include", "# include"))
    outcome = front_end.apply(name="a.example.com", state="bootstrap")
    error = errors(outcome)["a.example.com"]
    assert f"nginx does not read {front_end.enabled}/a.example.com.conf" in error
    assert front_end.snapshot() == {}


def test_a_long_name_and_the_hint(front_end: FrontEnd) -> None:
    name = f"{'a' * 60}.{'b' * 60}.example.com"
    outcome = front_end.apply(vhosts=[{"name": name}, {"name": "b.example.com"}], state="bootstrap")
    assert list(errors(outcome)) == [name]
    assert "raise server_names_hash_bucket_size" in errors(outcome)[name]


@pytest.mark.parametrize("state", ["present", "bootstrap", "disabled", "absent"])
def test_a_foreign_file(front_end: FrontEnd, state: str) -> None:
    front_end.issue("a.example.com")
    file = front_end.available / "a.example.com.conf"
    file.write_text("# by hand\n")
    outcome = front_end.apply(name="a.example.com", state=state)
    assert "was not written by this collection" in errors(outcome)["a.example.com"]
    assert front_end.snapshot() == {str(file): b"# by hand\n"}


def test_a_directory_without_links(front_end: FrontEnd) -> None:
    conf_d: dict[str, Any] = {"sites_available": str(front_end.enabled), "sites_enabled": ""}
    front_end.issue("a.example.com")
    assert errors(front_end.apply(name="a.example.com", **conf_d)) == {}
    assert [path.name for path in front_end.enabled.iterdir()] == ["a.example.com.conf"]
    assert front_end.get("a.example.com", "/", tls=True)[2] == "the frontend"
    front_end.apply(name="a.example.com", state="absent", **conf_d)
    assert list(front_end.enabled.iterdir()) == []


def test_reload_by_a_command(front_end: FrontEnd) -> None:
    command = [str(front_end.binary), "-p", str(front_end.directory)]
    command += ["-c", str(front_end.config), "-s", "reload"]
    by_command: dict[str, Any] = {"reload": "command", "reload_command": command}
    outcome = front_end.apply(name="a.example.com", state="bootstrap", **by_command)
    assert errors(outcome) == {}
    assert front_end.get("a.example.com", "/")[0] == 503


# Runs that meet, and runs that die


def test_two_runs_at_once(front_end: FrontEnd) -> None:
    names = [f"{letter}.example.com" for letter in "abcd"]
    outcomes: list[Outcome] = []

    def apply(name: str) -> None:
        outcomes.append(front_end.apply(name=name, state="bootstrap"))

    runs = [threading.Thread(target=apply, args=(name,)) for name in names]
    with locked(front_end.available):
        for run in runs:
            run.start()
        time.sleep(0.2)
        assert outcomes == []
    for run in runs:
        run.join()
    assert all(errors(outcome) == {} for outcome in outcomes)
    assert len(outcomes) == len(front_end.snapshot()) / 2 == len(names)
    assert all(front_end.get(name, "/")[0] == 503 for name in names)


KILLED = """
import sys
from pathlib import Path
from integration.front_end import FrontEnd
front_end = FrontEnd.__new__(FrontEnd)
front_end.__dict__.update({fields!r} | {{name: Path(path) for name, path in {paths!r}.items()}})
front_end.apply(state="bootstrap", vhosts=[{{"name": f"h{{i}}.example.com"}} for i in range(40)])
"""


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.02, 0.04, 0.08, 0.12])
def test_a_run_that_is_killed(front_end: FrontEnd, moment: float) -> None:
    """At some moment after the first thing it writes."""
    fields = {"http_port": front_end.http_port, "https_port": front_end.https_port}
    paths = {name: str(value) for name, value in vars(front_end).items() if isinstance(value, Path)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED.format(fields=fields, paths=paths)],
        env={"PYTHONPATH": ":".join(entry for entry in sys.path if entry)},
    ) as process:
        wait.until(lambda: any(front_end.available.iterdir()), what="it writes", timeout=60)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
    hosts = [{"name": f"h{number}.example.com"} for number in range(40)]
    outcome = front_end.apply(vhosts=hosts, state="bootstrap")
    assert errors(outcome) == {}
    assert outcome.recovered or not outcome.reloaded, "it was killed before its end, or was not"
    assert len(front_end.snapshot()) == 80
    assert all(front_end.get(host["name"], "/")[0] == 503 for host in hosts)
    assert not front_end.apply(vhosts=hosts, state="bootstrap").reloaded


# Through Ansible: what only the whole shows


def task(bed: Bed, front_end: FrontEnd, check: bool = False, **options: Any) -> dict[str, Any]:
    return bed.ansible.run_module("nginx_vhost", front_end.options(**options), check=check)


def test_a_task(bed: Bed, front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    options: dict[str, Any] = {
        "state": "bootstrap",
        "vhosts": [{"name": "a.example.com"}, {"name": "b.example.com"}],
    }
    predicted = task(bed, front_end, check=True, **options)
    assert front_end.snapshot() == {}
    real = task(bed, front_end, **options)
    for result in (predicted, real):
        result["vhosts"] = [{**item, "served": None} for item in result["vhosts"]]
    for key in ("changed", "failed", "reloaded", "diff", "vhosts"):
        assert predicted[key] == real[key]
    assert len(real["diff"]) == 4
    again = task(bed, front_end, **options)
    assert (again["changed"], again["reloaded"], again["diff"]) == (False, False, [])


def test_no_secret_is_shown(bed: Bed, front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    result = task(bed, front_end, name="a.example.com")
    assert result["changed"]
    assert "PRIVATE KEY" not in str(result)
    assert "rendered" not in result.get("invocation", {}).get("module_args", {})


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a.example.com;"},
        {"name": "a.example.com", "names": ["b.example.com {"]},
        {"name": "../../etc/passwd"},
        {"name": "a.example.com", "frontend_root": '/srv"; root "/'},
        {"name": "a.example.com", "media_root": "/srv/${request_uri}"},
        {"name": "a.example.com", "application": "unix:/a.sock; return 200 x"},
        {"name": "a.example.com", "client_max_body_size": "1m; return 200"},
        {"name": "a.example.com", "listen_addresses": ["127.0.0.1 default_server"]},
    ],
)
def test_syntax_in_a_value(bed: Bed, front_end: FrontEnd, options: dict[str, Any]) -> None:
    result = task(bed, front_end, state="bootstrap", **options)
    assert result["failed"]
    assert "vhosts" not in result
    assert front_end.snapshot() == {}


def test_one_failure_fails_the_task_and_stops_nothing(bed: Bed, front_end: FrontEnd) -> None:
    front_end.issue("b.example.com")
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    result = task(bed, front_end, vhosts=hosts)
    assert result["failed"]
    assert result["msg"].startswith("1 of 2 virtual hosts failed: a.example.com: there is no cert")
    assert [item["failed"] for item in result["vhosts"]] == [True, False]
    assert front_end.get("b.example.com", "/", tls=True)[2] == "the frontend"
