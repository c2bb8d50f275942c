# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to challenges."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.webroot import (
    Stateless,
    Webroot,
)
from unit.plugins.module_utils.acme.folders import entries

NAME = "mail.customer.example"


def challenges(storage: Path) -> Path:
    return storage / "webroot" / ".well-known" / "acme-challenge"


def test_a_file_for_the_duration(tmp_path: Path) -> None:
    with Webroot(tmp_path).answering(NAME, "tok_en-1", "tok_en-1.thumb"):
        assert (challenges(tmp_path) / "tok_en-1").read_text() == "tok_en-1.thumb"
    assert entries(challenges(tmp_path)) == []


def test_everybody_may_read_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with Webroot(tmp_path / "storage").answering(NAME, "token", "token.thumb"):
            file = challenges(tmp_path / "storage") / "token"
            assert file.stat().st_mode & 0o777 == 0o644
            folders = [folder for folder in file.parents if tmp_path in folder.parents]
            assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o755}
    finally:
        os.umask(before)


def test_removed_after_a_failure(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        Webroot(tmp_path).answering(NAME, "token", "token.thumb"),
    ):
        raise ZeroDivisionError
    assert entries(challenges(tmp_path)) == []


def test_a_shared_token_stays_until_both_are_done(tmp_path: Path) -> None:
    webroot = Webroot(tmp_path)
    with webroot.answering(NAME, "token", "token.thumb"):
        with webroot.answering(NAME, "token", "token.thumb"):
            pass
        assert (challenges(tmp_path) / "token").exists()
    assert not (challenges(tmp_path) / "token").exists()


@pytest.mark.parametrize("token", ["../../../etc/cron.d/x", "a/b", "", ".", "a.b", "t\u00f6ken"])
def test_a_token_cannot_lead_elsewhere(tmp_path: Path, token: str) -> None:
    with (
        pytest.raises(AcmeError, match="not base64url"),
        Webroot(tmp_path).answering(NAME, token, "x"),
    ):
        pass
    assert entries(tmp_path) == []


TOKEN = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
DAY = 24 * 3600


def place(path: Path, content: str, age: float) -> None:
    path.write_text(content)
    os.utime(path, (0, time.time() - age))


def test_what_killed_runs_left_goes_with_the_first_challenge(tmp_path: Path) -> None:
    folder = challenges(tmp_path)
    folder.mkdir(parents=True)
    young = TOKEN.replace("L", "M")
    place(folder / TOKEN, f"{TOKEN}.thumb", DAY + 60)
    place(folder / f".{TOKEN}.0123456789abcdef.mailhost-new", "", DAY + 60)
    place(folder / young, f"{young}.thumb", DAY - 60)
    place(folder / f".{young}.0123456789abcdef.mailhost-new", "", DAY - 60)
    webroot = Webroot(tmp_path)
    with webroot.answering(NAME, "token", "token.thumb"):
        assert entries(folder) == [f".{young}.0123456789abcdef.mailhost-new", young, "token"]
        # once a run is enough
        place(folder / TOKEN, f"{TOKEN}.thumb", DAY + 60)
        with webroot.answering(NAME, "other", "other.thumb"):
            assert TOKEN in entries(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("test", "test.txt"),
        (".htaccess", ""),
        ("a-file-of-the-operator-with-a-name-like-a-token", "for another service"),
        ("a-page-of-the-operator-with-a-long-name.html", "hello"),
    ],
)
def test_what_the_operator_put_there_stays(tmp_path: Path, name: str, content: str) -> None:
    folder = challenges(tmp_path)
    folder.mkdir(parents=True)
    place(folder / name, content, 9 * DAY)
    (folder / TOKEN).mkdir()
    os.utime(folder / TOKEN, (0, 0))
    (folder / TOKEN[::-1]).symlink_to(folder / name)
    os.utime(folder / TOKEN[::-1], (0, 0), follow_symlinks=False)
    with Webroot(tmp_path).answering(NAME, "token", "token.thumb"):
        pass
    assert entries(folder) == sorted([name, TOKEN, TOKEN[::-1]])


def test_a_left_over_that_cannot_be_removed_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise PermissionError("read-only")

    folder = challenges(tmp_path)
    folder.mkdir(parents=True)
    place(folder / TOKEN, f"{TOKEN}.thumb", 2 * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with Webroot(tmp_path).answering(NAME, "token", "token.thumb"):
            patched.undo()
    assert entries(folder) == [TOKEN]


def test_stateless_places_nothing(tmp_path: Path) -> None:
    with Stateless().answering(NAME, "token", "token.thumb"):
        assert entries(tmp_path) == []
