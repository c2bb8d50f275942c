# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories as nginx has them on Debian."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty pair of directories."""
    (tmp_path / "available").mkdir()
    (tmp_path / "enabled").mkdir()
    return Layout(tmp_path / "available", tmp_path / "enabled")
