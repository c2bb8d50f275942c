# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost takes names over from server blocks by others: all at once, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import is_ours
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import Nginx
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed.prefix import find
from integration.foreign_blocks import by_certbot
from integration.front_end import FrontEnd
from integration.nginx_faults.events import dies_at
from integration.prober import probing
from unit.plugins.module_utils.nginx.commands import run_command

NAME, SECOND = "mail.adopt.test", "mail.second.test"
_DOCUMENT = Path(__file__).parents[2] / "docs" / "adopt.md"
# Questions a second, on a machine with other things to do
_OFTEN = 0.5
Place = Callable[[FrontEnd, str], None]


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    """One with certificates, that does not run yet."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="adopt-") as folder:
        made = FrontEnd(Path(folder), find().bin / "nginx")
        for name in (NAME, SECOND):
            made.issue(name)
        try:
            yield made
        finally:
            made.stop()


def linked(front_end: FrontEnd, text: str, name: str = "atlas") -> None:
    """As people do it on Debian."""
    (front_end.available / name).write_text(text)
    (front_end.enabled / name).symlink_to(f"../sites-available/{name}")


def linked_in_our_place(front_end: FrontEnd, text: str) -> None:
    """The same, with the very name that our file has."""
    linked(front_end, text, f"{NAME}.conf")


def linked_to_our_place(front_end: FrontEnd, text: str) -> None:
    """Our file, with a link of another name."""
    (front_end.available / f"{NAME}.conf").write_text(text)
    (front_end.enabled / "10-atlas").symlink_to(front_end.available / f"{NAME}.conf")


def link_in_our_place(front_end: FrontEnd, text: str) -> None:
    """Our link, to a file of another name."""
    (front_end.available / "atlas").write_text(text)
    (front_end.enabled / f"{NAME}.conf").symlink_to(front_end.available / "atlas")


def plain(front_end: FrontEnd, text: str) -> None:
    """A file among the links."""
    (front_end.enabled / "atlas").write_text(text)


def plain_in_our_place(front_end: FrontEnd, text: str) -> None:
    """A file in the place of our link."""
    (front_end.enabled / f"{NAME}.conf").write_text(text)


def elsewhere(front_end: FrontEnd, text: str) -> None:
    """A file in another directory that nginx reads."""
    folder = front_end.directory / "conf.d"
    folder.mkdir()
    (folder / "atlas.conf").write_text(text)
    config = front_end.config.read_text()
    front_end.config.write_text(
        config.replace("  include ", f"  include {folder}/*.conf;\n  include ")
    )


PLACES: list[Place] = [linked, linked_in_our_place, plain, elsewhere]
RARE: list[Place] = [linked_to_our_place, link_in_our_place, plain_in_our_place]
EACH_PLACE = [*PLACES, *(pytest.param(place, marks=pytest.mark.extended) for place in RARE)]


def adopt(front_end: FrontEnd, *hosts: str, check: bool = False, **options: Any) -> Outcome:
    """What a task does."""
    vhosts = [{"name": name} for name in hosts or [NAME]]
    return front_end.apply(check, vhosts=vhosts, adopt=True, **options)


def reload(front_end: FrontEnd) -> None:
    """What others do."""
    options = front_end.options()
    Nginx(
        run_command,
        options["nginx"],
        options["prefix"],
        options["config"],
        options["pid"],
        "signal",
    ).reload(3)
    status, _headers, body = front_end.get(NAME, "/", tls=True)
    assert (status, body) == (200, "the frontend")


def errors(outcome: Outcome) -> dict[str, str]:
    """Who failed, and why."""
    return {each["name"]: each["error"] for each in outcome.results if each["failed"]}


def predictable(outcome: Outcome) -> tuple[Any, ...]:
    """What check mode has to say as well."""
    results = [{**each, "served": None} for each in outcome.results]
    return results, outcome.diff, outcome.reloaded


def kept(outcome: Outcome, number: int = 0) -> dict[str, Path]:
    """Where the files are that went."""
    files = outcome.results[number]["adopted"]["files"]
    return {each["path"]: Path(each["kept"]) for each in files}


def everything(front_end: FrontEnd) -> dict[str, bytes | str]:
    """All files that nginx may read."""
    more = front_end.directory / "conf.d"
    files = {str(path): path.read_bytes() for path in more.iterdir()} if more.exists() else {}
    return {**front_end.snapshot(), **files}


@pytest.mark.parametrize("place", EACH_PLACE, ids=lambda place: place.__name__)
def test_names_are_taken_over_without_a_failed_request(front_end: FrontEnd, place: Place) -> None:
    text = by_certbot(front_end, NAME)
    place(front_end, text)
    front_end.start()
    before, serial = everything(front_end), front_end.serial(NAME)

    def wrong() -> str | None:
        status, _headers, body = front_end.get(NAME, "/", tls=True)
        return None if (status, body) == (200, "the frontend") else f"{status} {body}"

    refused = front_end.apply(vhosts=[{"name": NAME}])
    assert errors(refused)
    assert everything(front_end) == before
    with probing(wrong) as probes:
        predicted = adopt(front_end, check=True)
        assert everything(front_end) == before
        done = adopt(front_end)
    assert errors(done) == {}
    assert predictable(done) == predictable(predicted)
    assert (probes.failures, probes.rate > _OFTEN) == ([], True)

    # Nothing is lost: what it was is where the result says
    assert {path.read_text() for path in kept(done).values()} == {text}
    assert front_end.serial(NAME) == serial
    answer = front_end.get(NAME, "/.well-known/acme-challenge/x")
    assert answer[0] == 404
    after = everything(front_end)
    again = adopt(front_end)
    assert (again.diff, again.reloaded, everything(front_end)) == ([], False, after)
    assert not [path for path in after if path.endswith((".mailhost-new", ".mailhost-old"))]


def test_where_nginx_reads_the_directory_of_blocks_itself(front_end: FrontEnd) -> None:
    # nginx reads all files there, whatever their names end with
    text = by_certbot(front_end, NAME)
    own = front_end.enabled / f"{NAME}.conf"
    own.write_text(text)
    front_end.start()
    options: dict[str, Any] = {"sites_available": str(front_end.enabled), "sites_enabled": ""}
    done = adopt(front_end, **options)
    assert errors(done) == {}
    assert kept(done) == {str(own): own.with_name(f".{NAME}.conf.adopted")}
    assert is_ours(own.read_text())
    assert not adopt(front_end, **options).diff


def test_what_nobody_does_any_more_is_told(front_end: FrontEnd) -> None:
    more = "    location /radicale/ {\n        return 200 calendars;\n    }\n"
    linked(front_end, by_certbot(front_end, NAME, more=more))
    front_end.start()
    (missed,) = adopt(front_end, check=True).results[0]["adopted"]["left_behind"]
    assert missed["text"].splitlines()[0] == "location /radicale/ {"
    done = adopt(front_end, snippet=missed["text"])
    assert done.results[0]["adopted"]["left_behind"] == []
    assert front_end.get(NAME, "/radicale/", tls=True)[2] == "calendars"


def test_a_file_that_serves_others_too_is_left_alone(front_end: FrontEnd) -> None:
    linked(front_end, by_certbot(front_end, NAME, SECOND))
    front_end.start()
    before = front_end.snapshot()
    for check in (True, False):
        (error,) = errors(adopt(front_end, check=check)).values()
        assert f"serves other names, too ({SECOND})" in error
    assert front_end.snapshot() == before

    # Together they can be
    done = adopt(front_end, NAME, SECOND)
    assert errors(done) == {}
    assert front_end.get(SECOND, "/", tls=True)[0] == 200
    assert not adopt(front_end, NAME, SECOND).diff


@pytest.mark.parametrize("place", [linked, linked_in_our_place], ids=lambda place: place.__name__)
def test_who_shares_a_file_shares_its_fate(front_end: FrontEnd, place: Place) -> None:
    place(front_end, by_certbot(front_end, NAME, SECOND))
    shutil.rmtree(front_end.storage / "certs" / SECOND)
    front_end.start()
    before = front_end.snapshot()
    predicted, done = adopt(front_end, NAME, SECOND, check=True), adopt(front_end, NAME, SECOND)
    assert errors(done) == errors(predicted)
    assert f"in one file with {SECOND}, which failed: there is no certificate" in errors(done)[NAME]
    assert front_end.snapshot() == before
    assert front_end.get(SECOND, "/", tls=True)[0] == 200


def test_what_nginx_refuses_of_one_keeps_the_other_of_the_same_file(front_end: FrontEnd) -> None:
    linked(front_end, by_certbot(front_end, NAME, SECOND))
    front_end.start()
    before = front_end.snapshot()
    snippet = "location /x { proxy_pass http://nowhere.invalid; }"
    done = front_end.apply(
        vhosts=[{"name": NAME}, {"name": SECOND, "snippet": snippet}], adopt=True
    )
    assert "host not found in upstream" in errors(done)[SECOND]
    assert f"in one file with {SECOND}, which failed" in errors(done)[NAME]
    assert front_end.snapshot() == before


@pytest.mark.parametrize(
    ("place", "title"),
    [
        (linked, "it was in sites-available, with a link in sites-enabled"),
        (linked_in_our_place, "the same, and it was called as ours is: it gets another name"),
        (plain, "it was a file in sites-enabled"),
        (elsewhere, "it was a file in conf.d"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_documented_way_back(front_end: FrontEnd, place: Place, title: str) -> None:
    text = by_certbot(front_end, NAME, more="    location = /old { return 200 old; }\n")
    place(front_end, text)
    front_end.start()
    assert errors(adopt(front_end)) == {}
    commands = (_DOCUMENT.read_text().partition(f"# {title}\n")[2]).partition("\n\n")[0]
    for command in commands.partition("```")[0].splitlines():
        there = command.replace("mail.atlas.example", NAME)
        run_command(there.replace("/etc/nginx", str(front_end.directory)).split(), check_rc=True)
    assert front_end.get(NAME, "/old", tls=True)[2] == "the frontend"

    def wrong() -> str | None:
        status, _headers, body = front_end.get(NAME, "/", tls=True)
        return None if (status, body) == (200, "the frontend") else f"{status} {body}"

    with probing(wrong) as probes:
        gone = front_end.apply(vhosts=[{"name": NAME, "state": "absent"}])
    assert (errors(gone), probes.failures, probes.rate > _OFTEN) == ({}, [], True)
    assert front_end.get(NAME, "/old", tls=True)[2] == "old"
    assert adopt(front_end, check=True).results[0]["changed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frontend_root": "/nowhere"}, "/ is answered with 404, and was with 200 before"),
        ({"application": "unix:/nowhere"}, "/accounts/login/ is answered with 502"),
    ],
)
def test_a_portal_that_would_not_work_any_more_is_left_alone(
    front_end: FrontEnd, options: dict[str, Any], said: str
) -> None:
    application = f"http://unix:{front_end.directory}/application.sock"
    more = f"    location /accounts/ {{ proxy_pass {application}; }}\n"
    linked(front_end, by_certbot(front_end, NAME, more=more))
    front_end.start()
    before = front_end.snapshot()
    assert adopt(front_end, check=True).results[0]["adopted"]["left_behind"] == []
    predicted = adopt(front_end, check=True, **options)
    assert predicted.results[0]["adopted"]["left_behind"]
    error = errors(adopt(front_end, **options))[NAME]
    assert said in error
    assert "see whether application" in error
    assert front_end.snapshot() == before
    assert front_end.get(NAME, "/", tls=True)[2] == "the frontend"


def test_a_block_in_the_main_configuration_is_left_alone(front_end: FrontEnd) -> None:
    config, text = front_end.config.read_text(), by_certbot(front_end, NAME)
    front_end.config.write_text(config.replace("  include ", f"{text}\n  include "))
    front_end.start()
    (error,) = errors(adopt(front_end)).values()
    assert "is served by nginx's main configuration" in error


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_that_is_included_otherwise_is_left_alone(front_end: FrontEnd, times: int) -> None:
    config, file = front_end.config.read_text(), front_end.directory / "atlas.conf"
    file.write_text(by_certbot(front_end, NAME))
    pattern = file if times == 1 else file.with_name("atlas.*")
    front_end.config.write_text(
        config.replace("  include ", f"  include {pattern};\n" * times + "  include ")
    )
    front_end.start()
    (error,) = errors(adopt(front_end)).values()
    assert ("included by name" if times == 1 else "included more than once") in error
    assert front_end.get(NAME, "/", tls=True)[0] == 200


def test_what_others_need_of_a_file_comes_back_with_it(front_end: FrontEnd) -> None:
    linked(front_end, "upstream shared { server 127.0.0.1:1; }\n" + by_certbot(front_end, NAME))
    linked(
        front_end,
        by_certbot(front_end, SECOND, more="    location /x { proxy_pass http://shared; }\n"),
        "second",
    )
    front_end.start()
    before = front_end.snapshot()
    (error,) = errors(adopt(front_end)).values()
    assert "host not found in upstream" in error
    assert front_end.snapshot() == before
    assert front_end.get(NAME, "/", tls=True)[2] == "the frontend"


def test_a_broken_configuration_is_left_alone(front_end: FrontEnd) -> None:
    linked(front_end, by_certbot(front_end, NAME))
    front_end.start()
    (front_end.enabled / "broken").write_text("nonsense")
    with pytest.raises(NginxError, match="broken already"):
        adopt(front_end)


@pytest.mark.parametrize(
    ("place", "stride"),
    [
        (linked_in_our_place, 9),
        *(pytest.param(each, 1, marks=pytest.mark.extended) for each in [*PLACES, *RARE]),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_killed_anywhere_one_more_run_finishes(
    front_end: FrontEnd, place: Place, stride: int, tmp_path: Path
) -> None:
    text = by_certbot(front_end, NAME)
    place(front_end, text)
    folders = [front_end.available, front_end.enabled, front_end.directory / "conf.d"]
    folders = [folder for folder in folders if folder.exists()]
    for folder in folders:
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    front_end.start()
    number = 0
    expected: dict[str, bytes | str] = {}

    def wrong() -> str | None:
        status, _headers, body = front_end.get(NAME, "/", tls=True)
        return None if (status, body) == (200, "the frontend") else f"{status} {body}"

    while True:
        with probing(wrong) as probes:
            died = dies_at(number, front_end.directory, lambda: adopt(front_end))
            # Whatever reloads nginx then, a machine that starts or logrotate, finds somebody there
            reload(front_end)
            left = everything(front_end)
            predicted = adopt(front_end, check=True)
            assert everything(front_end) == left
            done = adopt(front_end)
            assert errors(done) == {}, died
            assert predicted.reloaded == done.reloaded, died
        assert probes.failures == [], died
        assert probes.rate > _OFTEN, died
        after = everything(front_end)
        expected = expected or after
        # However far it came, it comes to the same, and what was there is kept
        assert after == expected, died
        assert text.encode() in after.values()
        if died is None:
            break
        number += stride
        # nginx goes on with what it has; the next reload takes what is put back
        for folder in folders:
            shutil.rmtree(folder)
            shutil.copytree(tmp_path / folder.name, folder, symlinks=True)
        front_end.stop()
        front_end.start()
    assert number > 10
