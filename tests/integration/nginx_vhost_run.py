# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running nginx of a test's own, and what a run of the module has said."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed.prefix import find
from integration.front_end import FrontEnd

CHALLENGE = "/.well-known/acme-challenge/"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@contextmanager
def running_front_end() -> Iterator[FrontEnd]:
    """A running nginx of the test's own."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="front-end-") as folder:
        created = FrontEnd(Path(folder), find().bin / "nginx")
        created.start()
        try:
            yield created
        finally:
            created.stop()


def errors(outcome: Outcome) -> dict[str, str]:
    """Host → what is wrong with it, for those that failed."""
    return {item["name"]: item["error"] for item in outcome.results if item["failed"]}


def changed(outcome: Outcome) -> dict[str, bool]:
    """Host → whether it changed."""
    return {item["name"]: item["changed"] for item in outcome.results}


def states(outcome: Outcome) -> dict[str, str]:
    """Host → what it is now."""
    return {item["name"]: item["state"] for item in outcome.results}


def break_block(name: str) -> Any:
    """Spoils the block of one host on its way from the controller."""

    def edit(rendered: dict[str, dict[str, str]]) -> None:
        for block, text in rendered[name].items():
            rendered[name][block] = text.replace("server_name", "srever_name", 1)

    return edit
