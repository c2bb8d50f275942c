# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that need a newer C library than this machine has.

The loader and the C library have to be of one release, and a program names its loader by an absolute
path. Calling the other loader by hand would do, but then the process shows the loader's name in place
of its own, and of nginx one reads there who is the master.
"""

from __future__ import annotations

from pathlib import Path

from bed.command import run
from bed.errors import BedError


def set_loader(patchelf: Path, program: Path, root: Path) -> None:
    """Make an unpacked program use the loader that was unpacked with it.

    :param patchelf: the program that can
    :param program: it is changed
    :param root: where the C library was unpacked
    :raises BedError: there is none for this program
    """
    named = Path(
        run([patchelf, "--print-interpreter", program], purpose=f"reading {program}").strip()
    )
    found = sorted(root.glob(f"usr/lib*/**/{named.name}"))
    if not found:
        raise BedError(f"The loader of {program}, {named.name}, is not among what was unpacked.")
    run([patchelf, "--set-interpreter", found[0], program], purpose=f"changing {program}")
