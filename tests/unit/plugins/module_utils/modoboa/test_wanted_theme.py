# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing themes about: colours, logos by content, and who fails alone."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_theme import (
    Convergence,
    read_items,
)
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server

NAME = "mail.a.example"


@pytest.fixture
def server() -> Server:
    """A server with two virtual hosts."""
    server = Server()
    server.add(NAME)
    server.add("mail.b.example")
    return server


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A logo's file; the server of these tests does not look into it."""
    path = tmp_path / "atlas.png"
    path.write_bytes(b"\x89PNG of atlas")
    return path


def item(name: str = NAME, colors: Any = None, logos: Any = None) -> dict[str, Any]:
    return {"name": name, "colors": colors, "logos": logos}


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


@pytest.mark.parametrize("tells_digests", [True, False])
def test_colours_and_logos(server: Server, logo: Path, tells_digests: bool) -> None:
    server.tells_digests = tells_digests
    wanted = item(colors={"primary": "#1565C0", "label": None}, logos={"login": str(logo)})
    (outcome,) = settled(server, wanted)
    assert outcome.error is None
    assert outcome.after["colors"]["primary"] == "#1565c0"
    assert outcome.after["colors"]["label"] == ""
    assert outcome.after["logos"] == {"login": digest(logo), "menu": None, "creation_form": None}


@pytest.mark.parametrize("tells_digests", [True, False])
def test_other_content_under_the_same_path(server: Server, logo: Path, tells_digests: bool) -> None:
    server.tells_digests = tells_digests
    wanted = item(logos={"menu": str(logo)})
    run(server, wanted)
    logo.write_bytes(b"another")
    (outcome,) = settled(server, wanted)
    assert outcome.changed
    assert outcome.after["logos"]["menu"] == digest(logo)


def test_what_is_not_mentioned_stays(server: Server, logo: Path) -> None:
    run(server, item(colors={"primary": "#111111"}, logos={"login": str(logo)}))
    (outcome,) = settled(server, item(colors={"label": "#222222"}))
    assert outcome.after["colors"]["primary"] == "#111111"
    assert outcome.after["logos"]["login"] == digest(logo)
    (outcome,) = settled(server, item())
    assert not outcome.changed


def test_only_what_differs_is_sent(server: Server, logo: Path) -> None:
    run(server, item(colors={"primary": "#111111"}, logos={"login": str(logo)}))
    run(server, item(colors={"primary": "#111111"}, logos={"menu": str(logo)}))
    assert server.writes() == ["POST virtualhosts/1/theme_logo/"]


def test_empty_goes_back_to_the_instances_own(server: Server, logo: Path) -> None:
    run(server, item(colors={"primary": "#111111"}, logos={"login": str(logo)}))
    (outcome,) = settled(server, item(colors={"primary": ""}, logos={"login": ""}))
    assert outcome.after["colors"]["primary"] == ""
    assert outcome.after["logos"]["login"] is None


def test_same_colour_in_another_case(server: Server) -> None:
    server.hosts[NAME]["theme"]["theme_primary_color"] = "#ABCDEF"
    (outcome,) = run(server, item(colors={"primary": "#abCDef"}))
    assert not outcome.changed


def test_unmentioned_logo_is_not_downloaded(server: Server, logo: Path) -> None:
    server.tells_digests = False
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


@pytest.mark.parametrize("tells_digests", [True, False])
def test_ignored_write_is_an_error(server: Server, logo: Path, tells_digests: bool) -> None:
    server.tells_digests = tells_digests
    server.ignores = {"colors", "logos"}
    (outcome,) = run(server, item(colors={"primary": "#222222"}, logos={"login": str(logo)}))
    assert outcome.error is not None
    assert "did not keep, the colour primary, the logo login;" in outcome.error
    assert not outcome.changed


def test_lost_connection_ends_all(server: Server) -> None:
    server.faults["GET virtualhosts/1/theme/"] = Answer(401, {"detail": "Gone."})
    with pytest.raises(errors.AuthenticationError):
        run(server, item(), item("mail.b.example"))


def test_check_mode_knows_what_an_earlier_task_would_have_created(logo: Path) -> None:
    wanted = item("mail.new.example", colors={"primary": "#222222"}, logos={"login": str(logo)})
    (known,) = run(Server(), wanted, check=True, created=("mail.new.example",))
    assert known.error is None
    server = Server()
    server.add("mail.new.example")
    assert run(server, wanted) == [known]
    (unknown,) = run(Server(), wanted, created=("mail.new.example",))
    assert unknown.error is not None


@pytest.mark.parametrize("color", ["blue", "#12345", "#1234567", "#12345g", "1565c0", "#1565c0\n"])
def test_no_colour(color: str) -> None:
    with pytest.raises(ItemsError, match="the colour primary is"):
        read_items([item(colors={"primary": color})])


def test_names_are_checked() -> None:
    with pytest.raises(ItemsError, match="listed 2 times"):
        read_items([item(), item()])
