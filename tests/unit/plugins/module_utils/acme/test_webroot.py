# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to challenges."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.webroot import (
    Stateless,
    Webroot,
)
from unit.plugins.module_utils.acme.folders import entries


def challenges(storage: Path) -> Path:
    return storage / "webroot" / ".well-known" / "acme-challenge"


def test_a_file_for_the_duration(tmp_path: Path) -> None:
    with Webroot(tmp_path).answering("tok_en-1", "tok_en-1.thumb"):
        assert (challenges(tmp_path) / "tok_en-1").read_text() == "tok_en-1.thumb"
    assert entries(challenges(tmp_path)) == []


def test_everybody_may_read_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with Webroot(tmp_path / "storage").answering("token", "token.thumb"):
            file = challenges(tmp_path / "storage") / "token"
            assert file.stat().st_mode & 0o777 == 0o644
            folders = [folder for folder in file.parents if tmp_path in folder.parents]
            assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o755}
    finally:
        os.umask(before)


def test_removed_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Webroot(tmp_path).answering("token", "token.thumb"):
        raise ZeroDivisionError
    assert entries(challenges(tmp_path)) == []


def test_a_shared_token_stays_until_both_are_done(tmp_path: Path) -> None:
    webroot = Webroot(tmp_path)
    with webroot.answering("token", "token.thumb"):
        with webroot.answering("token", "token.thumb"):
            pass
        assert (challenges(tmp_path) / "token").exists()
    assert not (challenges(tmp_path) / "token").exists()


@pytest.mark.parametrize("token", ["../../../etc/cron.d/x", "a/b", "", ".", "a.b", "t\u00f6ken"])
def test_a_token_cannot_lead_elsewhere(tmp_path: Path, token: str) -> None:
    with pytest.raises(AcmeError, match="not base64url"), Webroot(tmp_path).answering(token, "x"):
        pass
    assert entries(tmp_path) == []


def test_stateless_places_nothing(tmp_path: Path) -> None:
    with Stateless().answering("token", "token.thumb"):
        assert entries(tmp_path) == []
