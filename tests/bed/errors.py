# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions of the test bed."""

from __future__ import annotations


class BedError(Exception):
    """Something the bed needs is missing or failed; the text says what and what to do."""


class NotInTimeError(BedError):
    """Something did not come up within its bound."""
