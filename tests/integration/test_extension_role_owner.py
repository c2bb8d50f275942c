# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom the role ``extension`` runs an instance's code, and as whom not."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.ansible import Ansible, Run
from bed.layout import Layout, Ports
from bed.prefix import find
from integration.portal_site import PLAYBOOKS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="giving files away takes root")

# Users that every Debian has
OWNER, OTHER = "daemon", "bin"


@pytest.fixture(scope="module")
def ansible() -> Iterator[Ansible]:
    layout = Layout(find(), f"owner-{os.getpid()}", "sqlite", Ports.choose())
    yield Ansible(layout)
    shutil.rmtree(layout.directory, ignore_errors=True)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """A folder with something that must not be run."""
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "manage.py").touch()
    return folder


def give(path: Path, user: str) -> None:
    os.chown(path, pwd.getpwnam(user).pw_uid, -1)


def run(ansible: Ansible, instance: Path, user: str = "") -> Run:
    return ansible.run_playbook(
        PLAYBOOKS / "extension.yml",
        inventory={"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}},
        extra_vars={
            "extension_instance": str(instance),
            # There is none, so that nothing of it runs
            "extension_virtualenv": str(instance / "venv"),
            "extension_user": user,
        },
    )


def refused(done: Run) -> str:
    """Why the role went no further than to look at the files; empty if it did."""
    if done.task("See who connects"):
        return ""
    return str(done.results[-1].result["msg"])


def test_root_has_to_be_meant(ansible: Ansible, instance: Path) -> None:
    reason = refused(run(ansible, instance))
    assert f"{instance}/manage.py on front belongs to root" in reason
    assert "extension_user=root says" in reason
    # A file of root's may be renamed by whose folder it is in
    give(instance, OWNER)
    assert "belongs to root" in refused(run(ansible, instance))
    for user in ("root", OWNER):
        assert refused(run(ansible, instance, user)) == ""


@pytest.mark.extended
def test_folder_of_somebody_else(ansible: Ansible, instance: Path) -> None:
    give(instance, OTHER)
    give(instance / "manage.py", OWNER)
    assert f"belongs to {OWNER}, though others may" in refused(run(ansible, instance))
    give(instance, "root")
    assert refused(run(ansible, instance)) == ""
    instance.chmod(0o777)
    assert "though others may" in refused(run(ansible, instance))
