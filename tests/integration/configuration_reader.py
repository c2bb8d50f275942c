# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a configuration, as nginx reads it and as a parser of its own does."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import crossplane  # type: ignore[import-untyped] # it declares no types
from bed.prefix import find
from integration.bare_front_end import BareFrontEnd

Tree = list[tuple[str, list[str], Any]]

SHARED = "the-one.example"
"""The name whose certificate is there"""


@contextmanager
def reader() -> Iterator[BareFrontEnd]:
    """An nginx that is never started, with room for many names and long ones."""
    with tempfile.TemporaryDirectory(prefix="front-end-") as folder:
        created = BareFrontEnd(Path(folder), find().bin / "nginx")
        created.issue(SHARED)
        created.write_config(
            more="server_names_hash_bucket_size 512; server_names_hash_max_size 65536;"
        )
        yield created


def tree(folder: Path, text: str) -> Tree:
    """The directives of a configuration: name, arguments, and those within."""
    file = folder / "parsed.conf"
    file.write_text(text, encoding="utf-8", newline="")
    payload = crossplane.parse(
        str(file), single=True, check_ctx=False, check_args=False, catch_errors=False
    )

    def directives(parsed: list[dict[str, Any]]) -> Tree:
        return [
            (entry["directive"], entry["args"], directives(entry.get("block", [])))
            for entry in parsed
        ]

    return directives(payload["config"][0]["parsed"])


def replaced(node: Tree, values: dict[str, str]) -> Tree:
    """The same directives with other values."""
    pattern = re.compile("|".join(re.escape(key) for key in sorted(values, key=len, reverse=True)))

    def other(text: str) -> str:
        return pattern.sub(lambda match: values[match.group()], text)

    return [
        (name, [other(arg) for arg in args], replaced(block, values)) for name, args, block in node
    ]


def read_twice(front_end: BareFrontEnd, text: str) -> tuple[list[str], str]:
    """What nginx finds when it reads a configuration twice over: each server name, and an error."""
    for path in front_end.enabled.iterdir():
        path.unlink()
    for copy in "ab":
        (front_end.enabled / copy).write_text(text, encoding="utf-8", newline="")
    done = subprocess.run(
        [
            *(front_end.binary, "-p", front_end.directory, "-c", front_end.config),
            *("-e", "stderr", "-t"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    errors = re.findall(r"\[emerg\] (?:[0-9#]+: )?(.*)", done.stderr)
    # Each name is there twice, of which nginx warns for each address
    names = re.findall(r'conflicting server name "(.*)" on ', done.stderr)
    assert (done.returncode == 0) == (not errors), done.stderr
    return names, errors[0] if errors else ""
