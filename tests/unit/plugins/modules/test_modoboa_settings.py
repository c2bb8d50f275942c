# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module modoboa_settings: its arguments, its results, its end."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_settings
from unit.plugins.module_utils.modoboa.script import TOKEN
from unit.plugins.module_utils.modoboa.settings_server import SettingsServer
from unit.plugins.modules.modoboa_run import Runner


@pytest.fixture
def server() -> SettingsServer:
    return SettingsServer(acme_eab_hmac_key="planted-old")


@pytest.fixture
def run(
    server: SettingsServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    runner = Runner(modoboa_settings.main, capsys, monkeypatch)
    runner.server = server
    return runner


def test_reads(run: Runner) -> None:
    result = run()
    assert not result["changed"]
    assert result["settings"]["acme_renewal_threshold"] == 30
    assert "planted-old" not in run.printed


def test_changes(run: Runner, server: SettingsServer) -> None:
    predicted = run(check=True, settings={"acme_renewal_threshold": 40})
    assert server.sent == []
    result = run(settings={"acme_renewal_threshold": 40})
    assert result["diff"] == predicted["diff"]
    assert result["settings"] == predicted["settings"]
    assert result["diff"] == [
        {
            "before_header": "settings",
            "after_header": "settings",
            "before": {"acme_renewal_threshold": 30},
            "after": {"acme_renewal_threshold": 40},
        }
    ]
    again = run(settings={"acme_renewal_threshold": 40})
    assert (again["changed"], again["diff"]) == (False, [])


def test_secret_is_changed_and_not_shown(run: Runner, server: SettingsServer) -> None:
    result = run(settings={"acme_eab_hmac_key": "planted-new"})
    assert result["changed"]
    assert list(result["diff"][0]["after"]) == ["acme_eab_hmac_key"]
    assert server.settings["acme_eab_hmac_key"] == "planted-new"
    for secret in ("planted-old", "planted-new", TOKEN):
        assert secret not in run.printed


def test_mistakes(run: Runner, server: SettingsServer) -> None:
    result = run(settings={"nonsense": 1})
    assert result["failed"]
    assert not result["changed"]
    assert "the server has no settings nonsense; it has acme_contact, " in result["msg"]
    assert server.sent == []


def test_write_that_was_kept_in_part(run: Runner, server: SettingsServer) -> None:
    server.ignores = {"acme_contact"}
    result = run(settings={"acme_contact": ["a@example.org"], "acme_renewal_threshold": 40})
    assert result["failed"]
    assert result["changed"]
    assert result["diff"][0]["after"] == {"acme_renewal_threshold": 40}
