# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_chain import tenant_chain

DOCUMENTATION = r"""
name: tenant_chain
short_description: Say who failed in the chain, and for whom something is left to be done
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - Answers one question about where tenants are on their way through the chain, from the results of the steps so far.
positional: _input, what, steps, broken
options:
  _input:
    description: The plan, from P(mailhost.modoboa.tenant_plan#filter).
    type: list
    elements: dict
    required: true
  what:
    description:
      - The question.
      - V(failures) is who failed, of all steps, as from P(mailhost.modoboa.tenant_failures#filter); V(other_failures)
        the same of what is no tenant's, such as the catch-all.
      - V(open) are the entries of the plan that have not failed. Of these, V(to_issue) are not disabled, V(to_serve)
        have to get their final server block, V(to_move) are online while a mail domain of theirs is on another portal,
        and V(to_theme) have to get their theme.
      - V(in_modoboa) are the entries of the plan that Modoboa has a record of, whether they failed or not. In check
        mode, would have.
      - V(created) are hostnames whose record is new in this run, V(renewed) those whose certificate is.
    type: str
    choices:
      - failures
      - other_failures
      - open
      - to_issue
      - to_serve
      - to_move
      - to_theme
      - in_modoboa
      - created
      - renewed
    required: true
  steps:
    description:
      - What was registered of the steps C(recorded), C(bootstrapped), C(issued), C(exported), C(imported), C(served),
        C(moved) and C(themed). Those that are missing or were skipped have no results.
    type: dict
    required: true
  broken:
    description:
      - C(step) and C(error) of a step that could not be done at all. All who are still in the chain fail with it.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show who is still in the chain
  ansible.builtin.debug:
    msg: "{{ plan | mailhost.modoboa.tenant_chain('open', steps) | map(attribute='hostname') }}"
  vars:
    plan: "{{ virtualhosts_tenants | mailhost.modoboa.tenant_plan(inventory_dir) }}"
    steps:
      recorded: "{{ recorded }}"
      issued: "{{ issued }}"
"""

RETURN = r"""
_value:
  description: Failures by hostname, entries of the plan, or hostnames, as O(what) says.
  type: raw
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tenant_chain": tenant_chain}
