# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts need a reload for their certificate, and whether nginx could load it."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import certificate, run
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import Certificate
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from unit.plugins.module_utils.nginx.hosts import block, host, linked, settings

NAME = "a.example.com"
OTHER = "b.example.com"


class Look:
    """Finds the same hosts stale, whatever is on disk."""

    def __init__(self, *stale: str) -> None:
        self.stale = stale

    def find_stale(self, steps: list[Step]) -> None:
        for step in steps:
            step.stale = step.name in self.stale


@pytest.fixture(autouse=True)
def wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chains and keys are there, and do not belong together."""

    def read(_fullchain: str, _private_key: str, in_use: bool = False) -> Certificate | None:
        return Certificate(b"issued") if in_use else None

    monkeypatch.setattr(certificate, "on_disk", read)


@pytest.mark.parametrize(
    ("look", "renewed", "check_mode", "failed"),
    [
        (Look(NAME), [], False, [NAME]),
        (Look(NAME), [], True, [NAME]),
        (Look(NAME), [NAME], False, [NAME]),
        (Look(NAME), [NAME], True, []),
        (Look(), [], False, []),
        (None, [OTHER], False, [OTHER]),
        (None, [OTHER], True, []),
    ],
)
def test_a_key_that_does_not_fit(
    layout: Layout, look: Look | None, renewed: list[str], check_mode: bool, failed: list[str]
) -> None:
    sites = {name: linked(layout, name, block(name)) for name in (NAME, OTHER)}
    steps = [Step(host(name), layout, site, site) for name, site in sites.items()]
    common = settings(layout.available)
    run._find_stale(steps, common, look, frozenset(renewed), check_mode)  # type: ignore[arg-type] # a stand-in
    assert [step.name for step in steps if step.error is not None] == failed
