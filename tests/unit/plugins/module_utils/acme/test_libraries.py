# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which library is missing, and what to install."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import libraries


def test_nothing_is_missing_here() -> None:
    assert libraries.missing_libraries() == []


def test_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "acme" else object())
    missing = libraries.missing_libraries()
    assert missing == ["acme"]
    assert "python3-acme" in libraries.how_to_install(missing)
