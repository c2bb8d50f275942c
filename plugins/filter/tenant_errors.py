# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant import tenant_errors

DOCUMENTATION = r"""
name: tenant_errors
short_description: Find what is wrong with a list of tenants
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - Checks hostnames, mail domains, colours, logo files and options of the server block of the tenants that the role
    P(mailhost.modoboa.virtualhosts#role) is given, and that no two tenants share a name or a domain.
  - Looks at the controller only, touches nothing.
positional: _input, logo_directory, neighbours, logs
options:
  _input:
    description: The tenants, as described for O(mailhost.modoboa.virtualhosts#role:main:virtualhosts_tenants).
    type: list
    elements: dict
    required: true
  logo_directory:
    description: What relative paths of logos are relative to, on the controller.
    type: path
    required: true
  neighbours:
    description: Other hosts of the same instance, each with its tenants. Nothing may be claimed twice.
    type: dict
    default: {}
  logs:
    description: C(access_log) and C(error_log) of tenants that name none, see P(mailhost.modoboa.tenant_plan#filter).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Refuse tenants with mistakes
  ansible.builtin.assert:
    that: errors | length == 0
    fail_msg: "{{ errors }}"
  vars:
    errors: "{{ virtualhosts_tenants | mailhost.modoboa.tenant_errors(inventory_dir) }}"
"""

RETURN = r"""
_value:
  description: One sentence a mistake, each naming the tenant; empty if there is none.
  type: list
  elements: str
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tenant_errors": tenant_errors}
