# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing themes about: what is sent, logos by content, and who fails alone."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme_convergence import (
    Convergence,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_theme import (
    read_items,
)
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server

NAME = "mail.a.example"


@pytest.fixture
def server() -> Server:
    """A server with two virtual hosts, and all that goes beyond the contract."""
    server = Server()
    server.add(NAME)
    server.add("mail.b.example")
    return server


@pytest.fixture(params=["extension", "contract"])
def either(request: pytest.FixtureRequest, server: Server) -> Server:
    """One like that, then one with the published contract alone."""
    if request.param == "contract":
        server.cut_down()
    return server


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A logo's file; the server of these tests does not look into it."""
    path = tmp_path / "atlas.png"
    path.write_bytes(b"\x89PNG of atlas")
    return path


def item(name: str = NAME, **options: Any) -> dict[str, Any]:
    return {"name": name, **options}


def run(
    server: Server, *items: dict[str, Any], check: bool = False, created: tuple[str, ...] = ()
) -> list[Outcome]:
    server.log.clear()
    convergence = Convergence(server.client(), check_mode=check, created=created)
    return convergence.bring_about(read_items(items))


def settled(server: Server, *items: dict[str, Any]) -> list[Outcome]:
    """Predict, do, and do again: the prediction is exact and the second run is silent."""
    predicted = run(copy.deepcopy(server), *items, check=True)
    done = run(server, *items)
    assert predicted == done
    again = run(server, *items)
    assert not any(outcome.changed for outcome in again)
    assert server.writes() == []
    return done


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_colours_and_logos(either: Server, logo: Path) -> None:
    wanted = item(colors={"primary": "#1565C0", "label": None}, logos={"login": str(logo)})
    (outcome,) = settled(either, wanted)
    assert outcome.error is None
    assert outcome.after["colors"]["primary"] == "#1565c0"
    assert outcome.after["colors"]["label"] == ""
    assert set(outcome.after["logos"]) >= {"login", "menu", "creation_form"}
    assert {kind for kind, found in outcome.after["logos"].items() if found} == {"login"}
    assert outcome.after["logos"]["login"] == digest(logo)


def test_other_content_under_the_same_path(either: Server, logo: Path) -> None:
    wanted = item(logos={"menu": str(logo)})
    run(either, wanted)
    logo.write_bytes(b"another")
    (outcome,) = settled(either, wanted)
    assert outcome.changed
    assert outcome.after["logos"]["menu"] == digest(logo)


def test_what_is_not_mentioned_stays(either: Server, logo: Path) -> None:
    run(either, item(colors={"primary": "#111111"}, logos={"login": str(logo)}))
    (outcome,) = settled(either, item(colors={"label": "#222222"}))
    assert outcome.after["colors"]["primary"] == "#111111"
    assert either.hosts[NAME]["logos"]["login"] == digest(logo)
    (outcome,) = settled(either, item())
    assert not outcome.changed


def test_only_what_differs_is_sent(server: Server, logo: Path) -> None:
    run(server, item(colors={"primary": "#111111"}, logos={"login": str(logo)}))
    run(server, item(colors={"primary": "#111111"}, logos={"menu": str(logo)}))
    assert server.writes() == ["POST virtualhosts/1/theme_logo/"]


def test_empty_goes_back_to_the_instances_own(either: Server, logo: Path) -> None:
    run(either, item(colors={"primary": "#111111"}, logos={"login": str(logo)}))
    (outcome,) = settled(either, item(colors={"primary": ""}, logos={"login": ""}))
    assert outcome.after["colors"]["primary"] == ""
    assert outcome.after["logos"]["login"] is None


def test_same_colour_in_another_case(server: Server) -> None:
    server.hosts[NAME]["theme"]["theme_primary_color"] = "#ABCDEF"
    (outcome,) = run(server, item(colors={"primary": "#abCDef"}))
    assert not outcome.changed


def test_unmentioned_logo_is_not_downloaded(server: Server, logo: Path) -> None:
    server.cut_down()
    run(server, item(logos={"login": str(logo)}))
    (outcome,) = run(server, item(colors={"primary": "#111111"}))
    assert "login" not in outcome.facts["logos"]
    assert not any("/media/" in line for line in server.log)


def test_uploaded_name_says_nothing_about_the_file(server: Server, logo: Path) -> None:
    run(server, item(logos={"login": str(logo)}))
    assert b'filename="login.png"' in server.uploads[0]
    assert b"Content-Type: image/png" in server.uploads[0]


def test_failures_stay_alone(server: Server, logo: Path) -> None:
    missing, unknown, good = run(
        server,
        item("mail.b.example", logos={"login": "/nowhere/logo.png"}),
        item("mail.c.example", colors={"primary": "#111111"}),
        item(colors={"primary": "#222222"}, logos={"login": str(logo)}),
    )
    assert missing.error is not None
    assert "logo login, /nowhere/logo.png: No such file" in missing.error
    assert unknown.error is not None
    assert "no such virtual host" in unknown.error
    assert good.error is None
    assert good.changed


def test_refused_logo_shows_what_was_done_before(server: Server, logo: Path) -> None:
    server.faults["POST virtualhosts/1/theme_logo/"] = Answer(400, {"image": ["No image."]})
    (outcome,) = run(server, item(colors={"primary": "#222222"}, logos={"login": str(logo)}))
    assert outcome.error is not None
    assert "image: No image." in outcome.error
    assert outcome.changed
    assert outcome.after["colors"]["primary"] == "#222222"
    assert outcome.after["logos"]["login"] is None


def test_empty_file_is_no_logo(server: Server, tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (outcome,) = run(server, item(logos={"login": str(tmp_path / "empty.png")}))
    assert outcome.error is not None
    assert "is empty" in outcome.error


def test_ignored_write_is_an_error(either: Server, logo: Path) -> None:
    either.ignores = {"colors", "logos"}
    (outcome,) = run(either, item(colors={"primary": "#222222"}, logos={"login": str(logo)}))
    assert outcome.error is not None
    assert "did not keep, the colour primary, the logo login;" in outcome.error
    assert not outcome.changed


def test_what_was_written_and_cannot_be_read_back_counts_as_changed(server: Server) -> None:
    server.faults["GET virtualhosts/1/theme/"] = Answer(500, b"")
    (outcome,) = run(server, item(colors={"primary": "#222222"}))
    assert outcome.error is not None
    assert "GET /api/v2/virtualhosts/1/theme/: the server failed" in outcome.error
    assert outcome.changed


def test_lost_connection_ends_all(server: Server) -> None:
    server.cut_down()
    server.faults["GET virtualhosts/1/theme/"] = Answer(401, {"detail": "Gone."})
    with pytest.raises(errors.AuthenticationError):
        run(server, item(), item("mail.b.example"))


@pytest.mark.parametrize("empty", [True, False])
def test_check_mode_knows_what_an_earlier_task_would_have_created(
    either: Server, logo: Path, empty: bool
) -> None:
    if empty:
        either.hosts.clear()
    wanted = item("mail.new.example", colors={"primary": "#222222"}, logos={"login": str(logo)})
    others = () if empty else (item(colors={"primary": "#333333"}),)
    before = copy.deepcopy(either)
    (known, *_others) = run(before, wanted, *others, check=True, created=("mail.new.example",))
    assert known.error is None
    either.add("mail.new.example")
    assert run(either, wanted) == [known]
    (unknown,) = run(Server(), wanted, created=("mail.new.example",))
    assert unknown.error is not None


def test_texts_and_favicon(server: Server, logo: Path) -> None:
    wanted = item(page_title=" Atlas ", sender_address="a@b.example", logos={"favicon": str(logo)})
    (outcome,) = settled(server, wanted)
    assert outcome.after["page_title"] == "Atlas"
    assert outcome.after["sender_address"] == "a@b.example"
    assert outcome.after["logos"]["favicon"] == digest(logo)
    (outcome,) = settled(server, item(page_title="", sender_address="", logos={"favicon": ""}))
    assert outcome.changed
    assert (outcome.after["page_title"], outcome.after["logos"]["favicon"]) == ("", None)


@pytest.mark.parametrize("check", [True, False])
def test_what_the_server_has_not_is_an_error(server: Server, logo: Path, check: bool) -> None:
    server.cut_down()
    wanted = item(page_title="Atlas", logos={"favicon": str(logo)}, colors={"label": "#111111"})
    (outcome,) = run(server, wanted, check=check)
    assert outcome.error is not None
    assert "have no page_title and no favicon, which the published API" in outcome.error
    assert not outcome.changed
    assert server.writes() == []


def test_what_the_server_has_not_is_the_instances_own(server: Server) -> None:
    server.cut_down()
    (outcome,) = settled(server, item(page_title="", logos={"favicon": ""}, reset=True))
    assert outcome.error is None
    assert outcome.facts["page_title"] is None
    assert "favicon" not in outcome.facts["logos"]


def test_reset(either: Server, logo: Path) -> None:
    first = item(colors={"primary": "#111111"}, logos={"login": str(logo), "menu": str(logo)})
    run(either, first)
    wanted = item(colors={"label": "#222222"}, logos={"menu": str(logo)}, reset=True)
    (outcome,) = settled(either, wanted)
    assert outcome.before["logos"]["login"] == digest(logo)
    assert {name for name, color in outcome.after["colors"].items() if color} == {"label"}
    assert {kind for kind, found in outcome.after["logos"].items() if found} == {"menu"}
    (outcome,) = settled(either, item(reset=True))
    assert not any({**outcome.after["colors"], **outcome.after["logos"]}.values())


def test_reset_takes_texts_away(server: Server) -> None:
    run(server, item(page_title="Atlas", sender_address="a@b.example"))
    (outcome,) = settled(server, item(sender_address="a@b.example", reset=True))
    assert outcome.after["page_title"] == ""
    assert outcome.after["sender_address"] == "a@b.example"


def many(server: Server, number: int, **options: Any) -> list[dict[str, Any]]:
    names = [f"mail.n{each}.example" for each in range(number)]
    for name in names:
        server.add(name)
    return [item(name, **options) for name in names]


def test_many_are_a_handful_of_requests(server: Server) -> None:
    items = many(server, 50, colors={"primary": "#111111"})
    assert all(outcome.changed for outcome in run(server, *items))
    assert server.log == [
        "GET virtualhosts/",
        "OPTIONS virtualhosts/bulk/",
        "POST virtualhosts/bulk/",
        "GET virtualhosts/",
    ]
    assert not any(outcome.changed for outcome in run(server, *items))
    assert server.log == ["GET virtualhosts/"]


def test_many_one_by_one(server: Server) -> None:
    server.cut_down()
    items = many(server, 10, colors={"primary": "#111111"})
    settled(server, *items)
    colors = [server.hosts[each["name"]]["theme"]["theme_primary_color"] for each in items]
    assert colors == ["#111111"] * 10


def test_many_logos_too(server: Server, logo: Path) -> None:
    items = many(server, 20, colors={"primary": "#111111"}, logos={"menu": str(logo)})
    settled(server, *items)
    assert not server.uploads
    run(server, *(item(each["name"], logos={"menu": ""}) for each in items))
    assert server.writes() == ["POST virtualhosts/bulk/"]
    assert not any(host["logos"] for host in server.hosts.values())


def test_many_large_logos_are_several_requests(server: Server, logo: Path) -> None:
    logo.write_bytes(bytes(800_000))
    settled(server, *many(server, 5, logos={"menu": str(logo)}))
    run(server, *(item(each, logos={"login": str(logo)}) for each in list(server.hosts)[2:]))
    assert server.writes() == ["POST virtualhosts/bulk/"] * 3


def test_refused_among_many_is_tried_alone(server: Server, logo: Path) -> None:
    server.faults["PUT virtualhosts/5/theme/"] = Answer(400, {"theme_page_title": ["Too long."]})
    items = many(server, 6, colors={"primary": "#111111"}, logos={"login": str(logo)})
    items[2]["page_title"] = items[4]["page_title"] = "unspeakable"
    outcomes = run(server, *items)
    errors_ = [outcome.error for outcome in outcomes]
    assert errors_[2] is not None
    assert "theme_page_title: Too long." in errors_[2]
    assert [error for error in errors_ if error] == [errors_[2]]
    assert [outcome.changed for outcome in outcomes] == [True, True, False, True, True, True]
    assert server.writes()[0] == "POST virtualhosts/bulk/"
    assert len(server.uploads) == 1


@pytest.mark.parametrize("status", [413, 500])
def test_bulk_that_fails_stops_none(server: Server, status: int, logo: Path) -> None:
    server.faults["POST virtualhosts/bulk/"] = Answer(status, "<title>Too Large</title>")
    items = many(server, 3, colors={"primary": "#111111"}, logos={"login": str(logo)})
    assert all(outcome.changed for outcome in run(server, *items))
    assert len(server.uploads) == 3


def test_bulk_that_ignores(server: Server) -> None:
    server.ignores = {"colors"}
    outcomes = run(server, *many(server, 6, colors={"primary": "#111111"}, page_title="Atlas"))
    assert all(
        "did not keep, the colour primary, the page_title;" in (outcome.error or "")
        for outcome in outcomes
    )
