# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks still run. What they measure is not looked at."""

from __future__ import annotations

import os
import subprocess

import pytest
from bed.prefix import CHECKOUT, find


@pytest.mark.extended
def test_the_benchmark_of_acme_cert_runs() -> None:
    written = run("acme_cert", "--alone", "--certificates", "1", "--many", "2", "--stored", "3")
    assert "the CA was called 0 times" in written


@pytest.mark.extended
def test_the_benchmark_of_nginx_vhost_runs() -> None:
    written = run("nginx_vhost", "--hosts", "3", "--few", "2", "--blocks", "5")
    assert "nginx_vhost: 3 hosts, nothing to do: " in written
    assert "template in a loop: 3 hosts, nothing to do: " in written
    assert "5 blocks: nginx -t in " in written


@pytest.mark.extended
def test_the_benchmark_of_the_extension_runs() -> None:
    few = ("--sizes", "0", "3", "--bulk", "4", "--rounds", "1", "--seconds", "3")
    written = run("extension", *few)
    assert "bulk: 4 hosts made, linked and themed in " in written
    assert "login page, 0 hosts, primary hostname: " in written
    assert "theme, 3 hosts, all tenants in turn: " in written
    assert "memory of a worker, 3 hosts: " in written


@pytest.mark.extended
def test_the_benchmark_of_modoboa_vhost_runs() -> None:
    written = run("modoboa_vhost", "--hosts", "3", "--few", "2")
    assert "modoboa_vhost and modoboa_theme: 3 hosts, nothing to do: " in written
    assert "2 requests\n" in written
    assert "uri in a loop: 3 hosts, linked and themed: " in written
    assert "(extrapolated from 2)" in written


@pytest.mark.extended
def test_the_benchmark_of_the_chain_runs() -> None:
    written = run("virtualhosts", "--tenants", "1", "3", "--steps", "1")
    assert "3 tenants, nothing to do: " in written
    assert "3 tenants, all renewed: " in written
    assert "provisioned from nothing: " in written.splitlines()[-4]


def run(benchmark: str, *options: str) -> str:
    """What a benchmark writes."""
    prefix = find()
    path = f"{CHECKOUT / 'tests'}:{prefix.collections}"
    done = subprocess.run(
        [
            *(prefix.python("controller"), CHECKOUT / "tests" / "bench" / f"{benchmark}.py"),
            *options,
        ],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
