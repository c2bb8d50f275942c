# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One item or a list: what the modules share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils import items
from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname


class Module:
    """As much of AnsibleModule as ends a run."""

    def __init__(self, diff: bool = False) -> None:
        self._diff = diff
        self.result: dict[str, Any] = {}

    def exit_json(self, **result: Any) -> None:
        self.result = {"failed": False, **result}
        raise SystemExit

    def fail_json(self, **result: Any) -> None:
        self.result = {"failed": True, **result}
        raise SystemExit


def outcome(name: str, changed: bool = False, error: str | None = None) -> items.Item:
    return {"name": name, "changed": changed, "failed": error is not None, "error": error}


def finished(
    module: Module,
    *results: items.Item,
    diff: Sequence[dict[str, Any]] = (),
    others: Sequence[items.Item] = (),
    **more: Any,
) -> dict[str, Any]:
    with pytest.raises(SystemExit):
        items.finish(module, "hosts", "hosts", results, diff, others, **more)
    return module.result


def test_one_item_at_top_level() -> None:
    params = {"name": "a.example", "state": "present", "hosts": None, "url": "x"}
    assert items.items_from(params, "hosts", ["name", "state"]) == [
        {"name": "a.example", "state": "present"}
    ]


def test_a_list() -> None:
    params = {"name": None, "hosts": [{"name": "a"}, {"name": "b"}]}
    assert items.items_from(params, "hosts", ["name"]) == [{"name": "a"}, {"name": "b"}]


def test_neither() -> None:
    assert items.items_from({"name": None, "hosts": None}, "hosts", ["name"]) == []


def test_good_names_pass() -> None:
    items.check_names([{"name": "a.example"}, {"name": "b.example"}], check_hostname)


def test_every_bad_name_is_named() -> None:
    listed = [{"name": "a.example"}, {"name": "a.example"}, {"name": "B.example"}]
    with pytest.raises(items.ItemsError) as caught:
        items.check_names(listed, check_hostname)
    assert "'a.example' is listed 2 times" in str(caught.value)
    assert "'B.example' has upper-case letters" in str(caught.value)


def test_success() -> None:
    result = finished(Module(), outcome("a"), outcome("b", changed=True), reloaded=False)
    assert result == {
        "failed": False,
        "changed": True,
        "reloaded": False,
        "hosts": [outcome("a"), outcome("b", changed=True)],
    }


def test_failures_are_named_and_the_others_kept() -> None:
    result = finished(Module(), outcome("a", True), outcome("b", error="no"), outcome("c"))
    assert result["failed"]
    assert result["changed"]
    assert result["msg"] == "1 of 3 hosts failed: b: no"
    assert len(result["hosts"]) == 3


def test_changed_beside_the_items_counts() -> None:
    assert finished(Module(), outcome("a"), changed=True)["changed"]


def test_another_that_fails_is_none_of_the_list() -> None:
    other = outcome("the other", changed=True, error="no")
    result = finished(Module(), outcome("a"), others=[other])
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"] == "1 of 2 hosts failed: the other: no"
    assert result["hosts"] == [outcome("a")]


def test_diff_only_in_diff_mode() -> None:
    entry = items.change("a", {"x": 1}, {"x": 2})
    assert finished(Module(diff=True), outcome("a"), diff=[entry])["diff"] == [
        {"before_header": "a", "after_header": "a", "before": {"x": 1}, "after": {"x": 2}}
    ]
    assert "diff" not in finished(Module(), outcome("a"), diff=[entry])
