# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's own way to run programs, for code that is tested outside a module."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args


def run_command(command: list[str], **options: Any) -> tuple[int, str, str]:
    """Do what AnsibleModule.run_command does."""
    with patch_module_args({}):
        module = AnsibleModule({})
    status, output, errors = module.run_command(command, **options)
    return status, output, errors
