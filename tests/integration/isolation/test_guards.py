# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With each guard taken out in turn, the matrix says where it is missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from integration.isolation import matrix
from integration.isolation.guarded_bed import GuardedBed
from integration.isolation.roles import FEW_ROLES

pytestmark = pytest.mark.extended

# By which ways strangers get in, or what else goes wrong, when a guard is not there
MISSED = {
    "login_form": {"login_form"},
    "new_accounts": {"new_accounts"},
    "sessions": {
        *("session", "second_factor", "second_factor_page", "security_key", "code_by_sms"),
    },
    "rest": {"api_token"},
    "access_tokens": {"userinfo", "introspect_by_access_token"},
    "id_tokens": {"introspect_by_id_token"},
    "issued_tokens": {"refresh_token", "code", "machine"},
    "password_grant": {"password_grant_past_second_factor"},
    "redirects": {"authorize_for_another_host"},
    "applications": {"password_grant_of_somebodys", "access_token_of_somebodys"},
    "registration": {"applications", "authorized_tokens"},
    "introspection": {"introspected"},
    "logout": {"logout_to_another_host", "logout_by_id_token"},
    "password_reset": {"password_reset"},
    "reset_links": {"reset_link"},
    "relying_party": {"key_registration"},
}


@pytest.mark.parametrize("guard", MISSED)
def test_each_guard_is_missed(guarded_bed: GuardedBed, guard: str) -> None:
    guarded_bed.restart(without=guard)
    outcome = matrix.run(guarded_bed, FEW_ROLES)
    print(f"without {guard}: {outcome}")
    assert outcome.ways == MISSED[guard], str(outcome)
    assert not [found for found in outcome.deviations if found.got.startswith("unexpected")]


@pytest.fixture(scope="module", autouse=True)
def _whole_again(guarded_bed: GuardedBed) -> Iterator[None]:
    """Leave the bed with all of its guards."""
    yield
    guarded_bed.restart()


def test_no_guard_is_forgotten(guarded_bed: GuardedBed) -> None:
    assert guarded_bed.modoboa.inside("guards") == list(MISSED)
