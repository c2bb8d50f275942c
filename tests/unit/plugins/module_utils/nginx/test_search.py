# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at fault among many, without as many tests; an nginx of paper shows the faults."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.search import words
from unit.plugins.module_utils.nginx.hosts import block, linked, step
from unit.plugins.module_utils.nginx.paper import Paper, transaction

NAMES = [f"host-{number:03}.example.com" for number in range(64)]


@pytest.fixture
def nginx(layout: Layout) -> Paper:
    """It runs, and sixty-four hosts are there."""
    for name in NAMES:
        layout.put(name, linked(layout, name, block(name, "bootstrap", "old")))
    return Paper(layout)


def commit(nginx: Paper, contents: dict[str, str], other: str) -> dict[str, str]:
    """Change all of them. Returns who failed, and why."""
    steps = [step(nginx.layout, name, contents.get(name, other)) for name in NAMES]
    before = {entry.name: entry.before for entry in steps}
    transaction(nginx).commit(steps)
    assert nginx.loaded == nginx.on_disk() or not any(entry.changed for entry in steps)
    for entry in steps:
        on_disk = nginx.layout.read(entry.name)
        assert on_disk == (entry.after if entry.error is None else before[entry.name])
        assert (b"old" in (on_disk.content or b"")) == (entry.error is not None)
    return errors(steps)


def errors(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.error for step in steps if step.error is not None}


@pytest.mark.parametrize("names_files", [True, False])
def test_a_mistake_that_all_share(nginx: Paper, names_files: bool) -> None:
    nginx.names_files = names_files
    found = commit(nginx, {}, "new\nbroken in all")
    assert list(found) == NAMES
    assert all(text.startswith("nginx does not accept the block: bad") for text in found.values())
    assert nginx.tests <= 11


@pytest.mark.parametrize("names_files", [True, False])
def test_a_mistake_that_most_share(nginx: Paper, names_files: bool) -> None:
    """Those that do not are served, wherever they are in the order."""
    nginx.names_files = names_files
    innocent = NAMES[1:20] + NAMES[40:60:2]
    found = commit(nginx, dict.fromkeys(innocent, "new"), "new\nbroken in most")
    assert list(found) == [name for name in NAMES if name not in innocent]
    assert nginx.tests <= 14


@pytest.mark.parametrize("names_files", [True, False])
def test_a_mistake_that_some_share(nginx: Paper, names_files: bool) -> None:
    nginx.names_files = names_files
    guilty = NAMES[17:50:3]
    found = commit(nginx, dict.fromkeys(guilty, "new\nbroken in some"), "new")
    assert list(found) == guilty
    assert nginx.tests <= 40


def test_the_same_words_for_different_mistakes(nginx: Paper) -> None:
    """What refused blocks share is no mistake where nginx takes a block that has it as well."""
    nginx.names_files = False
    contents = {name: f"new\nbroken by {name}" for name in NAMES[0:40:10]}
    assert list(commit(nginx, contents, "new")) == list(contents)


def test_a_file_that_is_named_for_another(nginx: Paper) -> None:
    """nginx names the later of two that exclude each other: here, one that was there before."""
    last = NAMES[-1]
    before = linked(nginx.layout, last, block(last, "bootstrap", "old\nlisten 81 default_server;"))
    nginx.layout.put(last, before)
    contents = dict.fromkeys((NAMES[0], last), "new\nlisten 81 default_server;")
    assert list(commit(nginx, contents, "new")) == [NAMES[0]]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("unknown directive in /etc/nginx/a.conf:12", "unknown directive"),
        ("one in /etc/a:1\ntwo in /etc/b:2", "one\ntwo"),
        ('open() "/a in /b:1" failed', 'open() "/a in /b:1" failed'),
    ],
)
def test_words_without_a_place(error: str, expected: str) -> None:
    assert words(error) == expected
