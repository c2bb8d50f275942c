# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order at a CA that refuses it, gives it up, or sends something odd in the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from unit.plugins.module_utils.acme.authority import Authority, problem
from unit.plugins.module_utils.acme.issuing import NOW

NewBatch = Callable[..., Batch]
A = CertificateRequest("a.example", ("a.example",))


@pytest.mark.parametrize(
    "answer",
    [
        problem("serverInternal", 503, Retry_After=3600),
        (429, {"Retry-After": "3600"}, {}),
    ],
)
def test_a_busy_ca_is_not_asked_again_without_the_predecessor(
    new_batch: NewBatch, authority: Authority, answer: Any
) -> None:
    authority.window = (NOW + timedelta(days=40), NOW + timedelta(days=42))
    new_batch().run([A])
    authority.requests.clear()
    authority.fail("/newOrder", answer)
    (item,) = new_batch(force=True).run([A]).items
    assert item.error is not None
    assert authority.paths().count("newOrder") == 1
