# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uWSGI and gunicorn, as an instance of Modoboa is run by them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bed import wait
from bed.errors import BedError
from bed.ports import LOOPBACK, free_ports
from integration.nginx_tools import python

_PATIENCE = 60


@contextmanager
def uwsgi(
    directory: Path, module: str, environment: Mapping[str, str], *more: str
) -> Iterator[list[str]]:
    """Run a WSGI module in uWSGI, at a unix socket and at a TCP port.

    As Modoboa wants it: no ``vhost``, with which it would load one application per hostname.

    :returns: the two addresses, for the option ``application``
    """
    path, (port,) = str(directory / "uwsgi.sock"), free_ports(1)
    command: list[str | Path] = [
        *(python().with_name("pyuwsgi"), "--master", "--die-on-term"),
        *("--need-app", "--single-interpreter"),
        *("--module", module, "--processes", "2", "--buffer-size", "16384"),
        *("--socket", path, "--socket", f"{LOOPBACK}:{port}", *more),
    ]
    with _running(command, directory, environment, Path(path)):
        yield [f"unix:{path}", f"{LOOPBACK}:{port}"]


@contextmanager
def gunicorn(directory: Path, module: str, environment: Mapping[str, str]) -> Iterator[list[str]]:
    """Run a WSGI module in gunicorn, at a unix socket and at a TCP port.

    :returns: the two addresses, for the option ``application``
    """
    path, (port,) = str(directory / "gunicorn.sock"), free_ports(1)
    command: list[str | Path] = [
        *(python(), "-m", "gunicorn", module, "--workers", "2", "--no-control-socket"),
        *("--bind", f"unix:{path}", "--bind", f"{LOOPBACK}:{port}"),
    ]
    with _running(command, directory, environment, Path(path)):
        yield [f"unix:{path}", f"{LOOPBACK}:{port}"]


@contextmanager
def _running(
    command: Sequence[str | Path], directory: Path, environment: Mapping[str, str], socket: Path
) -> Iterator[None]:
    log = directory / f"{socket.stem}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait.until(
            lambda: wait.listens(str(socket)) or process.poll() is not None,
            what=f"{socket.stem} listens",
            timeout=_PATIENCE,
        )
        if process.poll() is not None:
            raise BedError(f"{socket.stem} ended with {process.returncode}")
        yield
    except Exception as error:
        error.add_note(log.read_text(errors="replace")[-2000:])
        raise
    finally:
        process.terminate()
        process.wait(_PATIENCE)
