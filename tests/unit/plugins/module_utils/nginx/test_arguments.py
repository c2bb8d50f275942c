# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options: what can be said of one host can be said of all."""

from __future__ import annotations

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.arguments import (
    HOST_OPTIONS,
    argument_spec,
)


def test_the_options_of_a_host_are_those_of_an_item() -> None:
    assert tuple(argument_spec()["vhosts"]["options"]) == HOST_OPTIONS


def test_an_item_takes_what_the_task_takes() -> None:
    spec = argument_spec()
    for option, of_item in spec["vhosts"]["options"].items():
        for key in ("type", "elements", "choices"):
            assert of_item.get(key) == spec[option].get(key), (option, key)


def test_what_an_item_leaves_out_is_the_tasks() -> None:
    options = argument_spec()["vhosts"]["options"]
    assert {option for option, entry in options.items() if "default" in entry} == {"names"}
