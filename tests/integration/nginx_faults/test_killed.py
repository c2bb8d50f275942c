# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost killed at every step of its work: nginx could start at any moment, and one more run
converges."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from integration.bare_front_end import BareFrontEnd
from integration.front_end import THUMBPRINT
from integration.nginx_faults.events import dies_at
from integration.nginx_faults.sites import (
    changed,
    errors,
    hidden,
    is_sound,
    prediction,
)

OLD, RENEWED, NEW = "a-old.example.com", "b-renewed.example.com", "c-new.example.com"
BARE, OFF, GONE = "d-bare.example.com", "e-off.example.com", "f-gone.example.com"
PRUNED, FAULTY = "g-pruned.example.com", "h-faulty.example.com"
WANTED: list[dict[str, Any]] = [
    {"name": OLD, "names": [f"www.{OLD}"]},
    {"name": RENEWED},
    {"name": NEW},
    {"name": BARE, "state": "bootstrap"},
    {"name": OFF, "state": "disabled"},
    {"name": GONE, "state": "absent"},
]
# More than any run has
MOST_EVENTS = 2000
STATELESS: dict[str, Any] = {"challenge": "stateless", "thumbprint": THUMBPRINT}


@dataclass
class Batch:
    """A batch of changes to a front end that is made anew for every death."""

    front_end: BareFrontEnd
    saved: Path
    options: dict[str, Any]
    failing: frozenset[str] = frozenset()
    edit: Any = None
    expected: dict[str, bytes | str] = field(default_factory=dict)
    before: dict[str, bytes | str] = field(default_factory=dict)

    def start_over(self) -> None:
        """Make everything as it was before the batch, and nginx run with it."""
        self.front_end.stop()
        for folder in (self.front_end.available, self.front_end.enabled, self.front_end.storage):
            shutil.rmtree(folder)
            shutil.copytree(self.saved / folder.name, folder, symlinks=True)
        self.front_end.start()

    def run(self, check: bool = False) -> Outcome:
        """Run the batch once."""
        outcome = self.front_end.apply(check, self.edit, **self.options)
        # What nginx does not take, it says only when it has been written
        failing = frozenset() if check else self.failing
        assert errors(outcome).keys() == failing, errors(outcome)
        assert outcome.catch_all is None or outcome.catch_all["error"] is None, outcome.catch_all
        return outcome


@pytest.fixture
def batch(front_end: BareFrontEnd, tmp_path: Path) -> Batch:
    """Everything at once: all states, a renewed certificate, pruning, and the catch-all."""
    for name in (OLD, RENEWED, NEW, OFF, GONE, PRUNED):
        front_end.issue(name)
    there = [{"name": name} for name in (OLD, RENEWED, OFF, GONE, PRUNED)]
    assert errors(front_end.apply(vhosts=there)) == {}
    front_end.issue(RENEWED)
    options = {"vhosts": WANTED, "prune": True, "catch_all": "present", **STATELESS}
    created = Batch(front_end, tmp_path, options)
    for folder in (front_end.available, front_end.enabled, front_end.storage):
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    created.before = front_end.snapshot()
    created.run()
    created.expected = front_end.snapshot()
    return created


def check_death(batch: Batch) -> None:
    """Check what a death has left, and that one more run mends it and a third has nothing to do."""
    front_end = batch.front_end
    for path, content in front_end.snapshot().items():
        name = Path(path).name
        if not name.startswith(".") and name != f"{FAULTY}.conf":
            # Old or new, and nothing in between
            assert content in (batch.before.get(path), batch.expected.get(path)), path
    # With a faulty block on disk nginx cannot start, until that block has been found by testing
    assert is_sound(front_end) or batch.failing
    assert front_end.get(OLD, "/", tls=True)[2] == "the frontend"

    left = front_end.snapshot()
    predicted = batch.run(check=True)
    assert front_end.snapshot() == left
    second = batch.run()
    if not batch.failing:
        assert prediction(second) == prediction(predicted)
    assert front_end.snapshot() == batch.expected
    assert hidden(front_end) == []
    check_served(batch)

    third = batch.run()
    assert (changed(third), third.reloaded, third.recovered) == ([], False, False)


def check_served(batch: Batch) -> None:
    """Check that nginx has loaded what is on disk."""
    front_end = batch.front_end
    for name in (OLD, RENEWED, NEW):
        assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    assert front_end.get(f"www.{OLD}", "/", tls=True)[0] == 308
    assert front_end.get(BARE, "/")[0] == 503
    for name in (OFF, GONE, PRUNED):
        assert front_end.get(name, "/")[0] == 404


def kill_at_every(step: int, batch: Batch, deaths: int = 1) -> int:
    """Kill the batch at every so many-th event until it comes to its end.

    :param deaths: how often it is killed before it may come to its end
    :returns: at how many events it was killed
    """
    work: Callable[[], object] = batch.run
    for number in range(0, MOST_EVENTS, step):
        batch.start_over()
        died = [dies_at(number, batch.front_end.directory, work) for _death in range(deaths)]
        try:
            check_death(batch)
        except BaseException as error:
            error.add_note(f"killed at event {number}: {died}")
            raise
        if died[0] is None:
            return number // step
    raise AssertionError("the batch comes to no end")


def every(step: int) -> list[Any]:
    """All events in the extended tests, else every so many-th."""
    return [
        pytest.param(1, marks=pytest.mark.extended, id="every"),
        pytest.param(step, id=f"every-{step}th"),
    ]


@pytest.mark.parametrize("step", every(13))
def test_killed_at_any_step_one_more_run_converges(batch: Batch, step: int) -> None:
    assert kill_at_every(step, batch) * step > 60


@pytest.mark.parametrize("step", every(19))
def test_killed_twice_one_more_run_converges(batch: Batch, step: int) -> None:
    assert kill_at_every(step, batch, deaths=2) * step > 60


@pytest.mark.parametrize("step", every(29))
def test_killed_while_it_searches_for_a_faulty_block(batch: Batch, step: int) -> None:
    """nginx names no file; the fault is still there in the run that follows."""

    def edit(rendered: dict[str, dict[str, str]]) -> None:
        for block, text in rendered[FAULTY].items():
            rendered[FAULTY][block] = text.replace(
                "server_tokens off;", "limit_req zone=nowhere;", 1
            )

    batch.options["vhosts"] = [*WANTED, {"name": FAULTY, "state": "bootstrap"}]
    batch.failing, batch.edit = frozenset([FAULTY]), edit
    batch.start_over()
    batch.run()
    batch.expected = batch.front_end.snapshot()
    assert kill_at_every(step, batch) * step > 60
