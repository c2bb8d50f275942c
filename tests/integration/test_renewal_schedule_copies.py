# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ``renewal_schedule`` brings to a host that renews by itself, which is a folder here."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.schedule_controller import NAME, SECRET, Controller, controller_in

CHECKOUT = Path(__file__).parents[2]
ON_HOST: dict[str, Any] = {
    "renewal_schedule_where": "host",
    # Debian's packages are not what this is about
    "certificates__missing": [],
}
ATTRIBUTES, MOVED_HERE, CREATED = 0x4, 0x80, 0x100


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with controller_in(tmp_path) as made:
        made.variables["virtualhosts_modoboa_token"] = SECRET
        made.write_inventory()
        # A copy, as a checkout may change meanwhile
        for part in ("meta", "playbooks", "plugins", "roles"):
            shutil.copytree(
                CHECKOUT / part,
                made.collection / part,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        folder = host_folder(made)
        folder.mkdir(parents=True)
        # Installing one takes a minute, and is the business of tests on hosts
        (folder / "venv").symlink_to(sys.prefix)
        yield made


def host_folder(controller: Controller) -> Path:
    return controller.root / "opt" / NAME


@contextmanager
def watched(folder: Path) -> Iterator[list[tuple[str, int]]]:
    """What happens to the names of files in a folder and their attributes, in order, when it is over."""
    events: list[tuple[str, int]] = []
    libc = ctypes.CDLL(None, use_errno=True)
    with os.fdopen(libc.inotify_init1(0), "rb", buffering=0) as queue:
        mask = ATTRIBUTES | MOVED_HERE | CREATED
        assert libc.inotify_add_watch(queue.fileno(), os.fsencode(folder), mask) > 0
        yield events
        (folder / "end").touch()
        while ("end", CREATED) not in events:
            read = queue.read(65536)
            while read:
                _watch, event, _cookie, length = struct.unpack("iIII", read[:16])
                events.append((read[16 : 16 + length].rstrip(b"\0").decode(), event))
                read = read[16 + length :]
    (folder / "end").unlink()


@pytest.mark.extended
def test_secrets_are_nobody_elses_at_no_moment(controller: Controller) -> None:
    folder = host_folder(controller)
    predicted = controller.schedule(check=True, **ON_HOST)
    with watched(folder) as brought, watched(controller.root / "etc") as written:
        done = controller.schedule(**ON_HOST)
    assert done.changed == predicted.changed
    assert SECRET not in predicted.stdout + done.stdout
    assert controller.schedule(**ON_HOST).changed == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    for file, events in (
        (folder / "inventory.json", brought),
        (controller.root / "etc" / f"{NAME}.json", written),
    ):
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.owner() == "root"
        happened = [event for name, event in events if name == file.name]
        # It is made, given a mode, and then replaced by one that had that from the beginning
        assert happened[0] == CREATED
        assert happened[-1] == MOVED_HERE, happened
        file.chmod(0o640)
    assert SECRET in file.read_text()

    # As somebody has made them
    predicted = controller.schedule(check=True, **ON_HOST)
    assert controller.schedule(**ON_HOST).changed == predicted.changed == 2
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.extended
def test_what_the_controller_has_no_more_goes(controller: Controller) -> None:
    templates = controller.inventory.with_name("templates")
    (templates / "gone").mkdir(parents=True)
    for name in ("present.conf.j2", "application.conf.j2", "gone/snippet.j2"):
        (templates / name).write_text(name)
    authority = templates.with_name("ca.pem")
    authority.write_text("a certificate")
    named = {
        "virtualhosts_nginx_templates": "templates",
        "virtualhosts_modoboa_ca_path": str(authority),
    }
    controller.variables |= named
    controller.write_inventory()
    old = controller.collection / "roles" / "old" / "tasks" / "main.yml"
    old.parent.mkdir(parents=True)
    old.touch()
    controller.schedule(**ON_HOST)
    folder = host_folder(controller)
    collection = folder / "collections" / "ansible_collections" / "mailhost" / "modoboa"
    assert contents(collection) == contents(controller.collection)
    assert contents(folder / "templates") == contents(templates)

    # Another version, what Python leaves where it runs, and what nobody knows
    shutil.rmtree(controller.collection / "roles" / "old")
    compiled = collection / "plugins" / "filter" / "__pycache__" / "old.pyc"
    compiled.parent.mkdir()
    compiled.touch()
    (collection / "plugins" / "filter" / "old.py").touch()
    (collection / "plugins" / ".hidden").touch()
    (collection / "playbooks" / "renew.yml").write_text("- hosts: nobody\n")
    (collection / "playbooks" / "provision.yml").unlink()
    (templates / "present.conf.j2").unlink()
    (templates / "gone" / "snippet.j2").unlink()
    (templates / "gone").rmdir()
    (templates / "new.conf.j2").touch()
    predicted = controller.schedule(check=True, **ON_HOST)
    # Files of the collection and of templates that go, what is unpacked, and templates that are new
    assert controller.schedule(**ON_HOST).changed == predicted.changed == 4
    assert contents(collection) == contents(controller.collection)
    assert compiled.exists()
    assert contents(folder / "templates") == contents(templates)
    assert not (folder / "templates" / "gone").exists()
    assert not (collection / "roles" / "old").exists()

    # A run works with it
    run = controller.cron()
    assert run.returncode == 0, controller.log()
    assert controller.schedule(**ON_HOST).changed == 0

    for name in named:
        del controller.variables[name]
    controller.write_inventory()
    predicted = controller.schedule(check=True, **ON_HOST)
    assert controller.schedule(**ON_HOST).changed == predicted.changed == 2
    assert {path.name for path in folder.iterdir()} == {"collections", "inventory.json", "venv"}


def contents(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by their names from there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
