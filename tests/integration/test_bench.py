# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks still run. What they measure is not looked at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from bed.prefix import CHECKOUT, find


@pytest.mark.extended
def test_the_benchmark_of_acme_cert_runs() -> None:
    prefix = find()
    command: list[str | Path] = [
        *(prefix.python("controller"), CHECKOUT / "tests" / "bench" / "acme_cert.py"),
        *("--alone", "--certificates", "1", "--many", "2", "--stored", "3"),
    ]
    path = f"{CHECKOUT / 'tests'}:{prefix.collections}"
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the CA was called 0 times" in done.stdout
