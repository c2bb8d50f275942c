# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is worse than before."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.pages import (
    Pages,
    pages_of,
    worse_page,
)

FRONTEND, APPLICATION = "/", "/accounts/login/"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({FRONTEND: 200}, {FRONTEND: 200}, None),
        ({FRONTEND: 200}, {FRONTEND: 302}, None),
        ({FRONTEND: 200}, {FRONTEND: 404}, "/ is answered with 404, and was with 200 before"),
        ({FRONTEND: 200}, {}, "/ is answered with nothing, and was with 200 before"),
        ({FRONTEND: 500}, {FRONTEND: 502}, None),
        ({}, {FRONTEND: 404}, None),
        ({FRONTEND: 200}, {FRONTEND: 429}, None),
        # The frontend's page may have been there for any address
        ({APPLICATION: 200}, {APPLICATION: 404}, None),
        ({APPLICATION: 302}, {APPLICATION: 502}, f"{APPLICATION} is answered with 502"),
    ],
)
def test_worse(before: Pages, after: Pages, said: str | None) -> None:
    found = worse_page(before, after)
    assert (found is None) if said is None else (found or "").startswith(said)


def test_nobody_there() -> None:
    assert pages_of("127.0.0.1", 1, "a.example", 1) == {}
