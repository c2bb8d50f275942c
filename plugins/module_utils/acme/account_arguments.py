# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of acme_account beside those that all ACME modules share, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import AcmeError
from .rollover import RolloverRule

PRESENT = "present"
ABSENT = "absent"


def account_arguments() -> dict[str, Any]:
    """Return the options that say what is to become of the account."""
    return {
        "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
        "new_key": {"type": "bool", "default": False, "no_log": False},
        "key_max_age": {"type": "int", "no_log": False},
    }


def rollover_from(parameters: Mapping[str, Any]) -> RolloverRule:
    """Return when the account's key is changed.

    :raises AcmeError: an option makes no sense
    """
    max_age = parameters["key_max_age"]
    if max_age is not None and max_age < 1:
        raise AcmeError(f"key_max_age is {max_age}. Give 1 day or more.")
    return RolloverRule(parameters["account_key_type"], parameters["new_key"], max_age)
