# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install everything that the bed and the tests need; quick when it is all there."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from bed import environments, packages
from bed.prefix import CHECKOUT, Prefix


def setup(prefix: Prefix, *, tests: bool = False, postgresql: bool = False) -> None:
    """Install what ``make demo`` needs, with ``tests`` also what ``make test`` needs.

    Raises BedError saying what could not be had and what to do.
    """
    with locked(prefix, "setup"):
        packages.install_tools(
            [*packages.TOOLS, *(packages.TEST_TOOLS if tests else [])],
        )
        link_collection(prefix)
        steps = [
            partial(_unpack, prefix, postgresql=postgresql),
            partial(environments.install_controller, prefix, tests=tests),
            partial(environments.install_modoboa, prefix, tests=tests),
        ]
        with ThreadPoolExecutor(len(steps)) as pool:
            for outcome in [pool.submit(step) for step in steps]:
                outcome.result()


def _unpack(prefix: Prefix, *, postgresql: bool) -> None:
    packages.unpack_services(prefix, "services", packages.SERVICES)
    if postgresql:
        packages.unpack_services(prefix, "postgresql", packages.POSTGRESQL)


def unpack_on_demand(prefix: Prefix, name: str, service: packages.Service) -> None:
    """Unpack a service that ``setup`` leaves to those who use it. Quick when it is there."""
    with locked(prefix, "setup"):
        packages.unpack_services(prefix, name, service)


def link_collection(prefix: Prefix) -> None:
    """Make the checkout known to Ansible as the collection mailhost.modoboa."""
    link = prefix.collections / "ansible_collections" / "mailhost" / "modoboa"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() == CHECKOUT:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(CHECKOUT, target_is_directory=True)


@contextmanager
def locked(prefix: Prefix, name: str) -> Iterator[None]:
    """Let only one process of this machine do something in the prefix at a time."""
    with (prefix.path / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
