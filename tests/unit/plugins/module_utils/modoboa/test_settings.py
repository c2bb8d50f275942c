# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint of the settings: read whole, written as the server can take it."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings import Settings
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.settings_server import SettingsServer


def test_our_extension_is_sent_what_changes() -> None:
    server = SettingsServer()
    settings = Settings(server.client())
    settings.write(settings.read(), {"acme_renewal_threshold": 40})
    assert server.sent == [{"acme_renewal_threshold": 40}]


def test_server_with_nothing_but_the_contract_is_sent_everything() -> None:
    server = SettingsServer()
    server.cut_down()
    settings = Settings(server.client())
    before = settings.read()
    settings.write(before, {"acme_renewal_threshold": 40})
    assert server.sent == [{**before, "acme_renewal_threshold": 40}]
    assert settings.read() == server.sent[0]


def test_server_without_virtual_hosts() -> None:
    server = SettingsServer()
    server.faults["GET parameters/virtualhosts/"] = Answer(404, "<title>Not Found</title>")
    server.faults["GET domains/"] = Answer(body=[])
    message = r"no settings of virtual hosts: install .*\(GET /api/v2/parameters/virtualhosts/: not"
    with pytest.raises(errors.NoVirtualHostsError, match=message):
        Settings(server.client()).read()


@pytest.mark.parametrize("body", [[], {}])
def test_answer_without_settings(body: object) -> None:
    server = SettingsServer()
    server.faults["GET parameters/virtualhosts/"] = Answer(body=body)
    with pytest.raises(errors.UnexpectedAnswerError, match="not a set of settings"):
        Settings(server.client()).read()
