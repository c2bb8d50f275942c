# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with secrets, never readable for others, not even for a moment."""

from __future__ import annotations

import os
from pathlib import Path


def write(file: Path, content: bytes) -> os.stat_result:
    """Write a file with mode 0600 that appears with all of its content at once.

    :returns: what tells it from a file that somebody else writes there
    """
    new = file.with_name(f"{file.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        written = os.fstat(descriptor)
    new.replace(file)
    return written
