# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment of the example project, built by ansible-builder with this checkout in it."""

from __future__ import annotations

import shlex
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from bed.command import run
from bed.images import Images
from bed.prefix import CHECKOUT, Prefix
from bed.stamp import Stamp

DEFINITION = CHECKOUT / "docs/example/awx/execution-environment.yml"
# As the definition calls it
COLLECTION = "mailhost-modoboa.tar.gz"
RELEASE = "trixie"
NAME = "localhost/portals:test"


def build(prefix: Prefix, images: Images) -> str:
    """Return the name of the image; it is built if the checkout's collection is another one by now.

    :raises BedError: it cannot be built; the text has the end of what ansible-builder said
    """
    with tempfile.TemporaryDirectory(dir=prefix.path) as folder:
        project = Path(folder)
        shutil.copy(DEFINITION, project)
        contents = _pack(prefix, project)
        stamp = Stamp(prefix.stamps, "execution-environment", [contents, DEFINITION])
        if not (stamp.fresh() and images.exists(NAME)):
            print("bed: building an execution environment", file=sys.stderr, flush=True)
            _build(prefix, images, project)
            stamp.write()
    return NAME


def _pack(prefix: Prefix, project: Path) -> bytes:
    """Put the collection there; returns the list of its files, which has the digest of each."""
    galaxy = prefix.controller / "bin" / "ansible-galaxy"
    run(
        [galaxy, "collection", "build", CHECKOUT, "--output-path", project],
        purpose="building the collection",
    )
    (built,) = project.glob("*.tar.gz")
    built.rename(project / COLLECTION)
    with tarfile.open(project / COLLECTION) as archive:
        files = archive.extractfile("FILES.json")
        assert files is not None
        return files.read()


def _build(prefix: Prefix, images: Images, project: Path) -> None:
    options = ["--network=host", "--pull=never", *images.volumes()]
    images.run(
        [
            *(prefix.controller / "bin" / "ansible-builder", "build", "--verbosity", "3"),
            *("--file", project / DEFINITION.name, "--context", project / "context"),
            *("--tag", NAME, "--build-arg", f"EE_BASE_IMAGE={images.base(RELEASE)}"),
            *("--container-runtime", "podman", "--extra-build-cli-args", shlex.join(options)),
        ],
        "building the execution environment",
    )
    # Of the image before, and of the steps in between
    images.run(["podman", "image", "prune", "--force"], "removing what is not used any more")
