# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests share."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes says something about the machine, nothing about the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A thread that goes on keeps the process from ending, long after the last test has passed."""
    before = threading.enumerate()
    yield
    left = [each for each in threading.enumerate() if each not in before and not each.daemon]
    assert not left
