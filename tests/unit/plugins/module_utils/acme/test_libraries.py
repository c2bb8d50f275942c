# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which library is missing, and what to install."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import libraries, resolver


def test_nothing_is_missing_here() -> None:
    assert libraries.missing_libraries([resolver.LIBRARY]) == []


def test_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "acme" else object())
    missing = libraries.missing_libraries()
    assert missing == ["acme"]
    assert "python3-acme" in libraries.how_to_install(missing)


def test_what_an_option_needs_is_missed_only_with_that_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "dns" else object())
    assert libraries.missing_libraries() == []
    missing = libraries.missing_libraries([resolver.LIBRARY])
    assert missing == ["dns"]
    assert "python3-dnspython" in libraries.how_to_install(missing)
    assert "install dnspython from PyPI" in libraries.how_to_install(missing)
