# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with nginx on the host."""

from __future__ import annotations


class NginxError(Exception):
    """nginx, its configuration or its files are not as needed; the text says what to do."""


def reason(error: OSError) -> str:
    """The operating system's words for an error, with the file, the same in every run."""
    where = f" {error.filename}" if error.filename else ""
    return f"{error.strerror or type(error).__name__}{where}"
