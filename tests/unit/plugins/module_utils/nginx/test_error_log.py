# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why nginx did not take a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.error_log import (
    ErrorLog,
    errors_in,
)

CONFIGURATION = """
# error_log /commented;
events { worker_connections 1; }
error_log {path} warn; error_log stderr;
http { error_log /of/http; server { error_log /of/a/server; location / { error_log /nested; } } }
"""
IN_USE = "bind() to 0.0.0.0:443 failed (98: Address already in use)"


def line(text: str, level: str = "emerg") -> str:
    return f"2026/11/25 17:00:01 [{level}] 4711#4711: {text}\n"


@pytest.mark.parametrize("relative", [True, False])
def test_what_the_log_says_since(tmp_path: Path, relative: bool) -> None:
    path = tmp_path / "error.log"
    path.write_text(line("an older story"))
    text = CONFIGURATION.replace("{path}", path.name if relative else f'"{path}"')
    log = ErrorLog({"/etc/nginx/nginx.conf": text, "/x": "error_log /y;"}, str(tmp_path))
    with path.open("a") as stream:
        stream.write(line(IN_USE) * 3 + line("client sent nonsense", "error") + line("alas"))
    explanation = log.explanation()
    assert explanation.startswith(f"it says: {IN_USE}; alas. ")
    assert "restart nginx once, or have listen_addresses name the same ones" in explanation


def test_another_reason(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    log = ErrorLog({"/etc/nginx/nginx.conf": f"error_log {path};"}, None)
    assert log.explanation().startswith(f"its error log {path} says why. Where that is")
    path.write_text(line("out of memory"))
    assert log.explanation() == "it says: out of memory"


@pytest.mark.parametrize("text", ["", "error_log syslog:server=unix:/dev/log;", "error_log x;"])
def test_a_log_that_is_not_known(text: str) -> None:
    log = ErrorLog({"/etc/nginx/nginx.conf": text} if text else {}, None)
    assert log.explanation().startswith("its error log says why. Where that is 'Address already")


def test_messages() -> None:
    said = "nginx: [warn] a\nnginx: [emerg] b\nnginx: [emerg] b\nnothing\n" + line("c", "crit")
    assert errors_in(said) == ["b", "c"]
