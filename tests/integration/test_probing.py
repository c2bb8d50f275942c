# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever asks all the time misses nothing that goes wrong."""

from __future__ import annotations

import time

import pytest
from integration.prober import probing


def test_each_question_is_counted_within_the_block() -> None:
    with probing(lambda: None, lambda: time.sleep(0.2), pause=0.02) as probes:
        assert probes.so_far()[1] == 0
        time.sleep(1)
        quick, slow = probes.so_far()
    assert quick > slow > 0
    assert probes.count >= quick + slow
    assert probes.failures == []
    assert probes.rate == probes.count / probes.seconds > 2
    assert 0.2 < probes.silence < 1


def test_nothing_stops_it() -> None:
    def raises() -> str | None:
        raise LookupError("nobody expects that")

    with probing(lambda: "no answer", raises) as probes:
        time.sleep(0.3)
    wrong, unforeseen = probes.asked
    # The one before the block counts among the failures
    assert len(wrong.failures) == wrong.count + 1 > 2
    assert len(unforeseen.failures) == unforeseen.count + 1 > 2
    assert "nobody expects that" in unforeseen.failures[-1]
    assert probes.silence > 0.2


def test_what_the_block_raises_comes_out() -> None:
    with pytest.raises(LookupError), probing(lambda: None):
        raise LookupError
