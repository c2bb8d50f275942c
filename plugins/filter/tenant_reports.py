# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_outcome import (
    tenant_reports,
)

DOCUMENTATION = r"""
name: tenant_reports
short_description: Say what to tell Modoboa about each tenant
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - Turns the outcome of the chain into items for M(mailhost.modoboa.modoboa_vhost).
positional: _input, failures, certificates, provisioned, recorded
options:
  _input:
    description: The plan of those tenants that Modoboa has a record of, from P(mailhost.modoboa.tenant_plan#filter).
    type: list
    elements: dict
    required: true
  failures:
    description: From P(mailhost.modoboa.tenant_failures#filter).
    type: dict
    required: true
  certificates:
    description: From RV(mailhost.modoboa.acme_cert#module:certificates).
    type: list
    elements: dict
    required: true
  provisioned:
    description:
      - Whether the whole chain was run, so that every tenant that did not fail is ready. A renewal tells the expiry of
        its certificate, and of one that was ready that it failed, or that this is mended, if O(recorded) has it; of
        what provisioning has left undone, nothing.
      - A disabled tenant is neither ready nor failed unless this run failed for it.
    type: bool
    default: true
  recorded:
    description:
      - What M(mailhost.modoboa.modoboa_vhost) returned earlier in the run. Whoever is recorded there as it would be
        reported is left out.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Report to Modoboa
  mailhost.modoboa.modoboa_vhost:
    vhosts: "{{ plan | mailhost.modoboa.tenant_reports(failures, issued.certificates) }}"
"""

RETURN = r"""
_value:
  description: One dictionary a tenant with its name, its status and, where known, error and expiry.
  type: list
  elements: dict
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tenant_reports": tenant_reports}
