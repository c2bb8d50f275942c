# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant import tenant_plan

DOCUMENTATION = r"""
name: tenant_plan
short_description: Say what each step of the chain needs of each tenant
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - Turns tenants as operators write them into items for the modules of this collection.
positional: _input, logo_directory, only, logs, closed
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
  only:
    description: Hostnames of the tenants to work on. Empty means all of them.
    type: list
    elements: str
    default: []
  logs:
    description:
      - C(access_log) and C(error_log) of tenants that name none.
      - C({hostname}) in them stands for the tenant's hostname.
    type: dict
    default: {}
  closed:
    description: The state of the server block of a disabled tenant.
    type: str
    choices: [disabled, absent]
    default: disabled
"""

EXAMPLES = r"""
- name: Show the certificates that the tenants need
  ansible.builtin.debug:
    msg: >-
      {{ virtualhosts_tenants | mailhost.modoboa.tenant_plan(inventory_dir)
         | map(attribute='certificate') }}
"""

RETURN = r"""
_value:
  description:
    - One dictionary a tenant with C(hostname), C(disabled), and the items C(virtual_host), C(server_block),
      C(certificate) and C(theme) for the modules that deal with them.
  type: list
  elements: dict
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tenant_plan": tenant_plan}
