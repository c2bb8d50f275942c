# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report import build_report

DOCUMENTATION = r"""
name: report
short_description: Put together what there is to say about all portals
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - Compares what the inventory wants with what Modoboa, nginx and the disk have, and says how each portal is doing.
  - The role P(mailhost.modoboa.report#role) gathers what this filter needs.
positional: _input, instances, listed, danger_days
options:
  _input:
    description:
      - One dictionary for each host, with C(host), C(instance) (the address of its Modoboa), C(issues) (whether it
        obtains certificates itself), C(tells) (whether Modoboa is told of these; V(true) if it is missing), C(reached)
        and C(problems) (a list of sentences).
      - Each of these is V(none) if it could not be looked at - C(tenants), from
        P(mailhost.modoboa.tenant_plan#filter), C(certificates), from
        RV(mailhost.modoboa.acme_cert_info#module:certificates), C(blocks), names of the portals that nginx reads blocks
        of, and C(nginx), RV(mailhost.modoboa.nginx_vhost#module:vhosts) of a task in check mode.
    type: list
    elements: dict
    required: true
  instances:
    description:
      - For the address of each Modoboa a dictionary with C(vhosts), from
        RV(mailhost.modoboa.modoboa_vhost_info#module:vhosts), or V(none), and C(problem), which says why.
    type: dict
    required: true
  listed:
    description: Hostnames of tenants of hosts that are not among these. Modoboa may have them.
    type: list
    elements: str
    default: []
  danger_days:
    description:
      - A certificate is in danger so many days before its end, but never more than a sixth of its life, see
        P(mailhost.modoboa.danger_zone#filter).
    type: float
    default: 10
"""

EXAMPLES = r"""
- name: Look at what nginx reads, and nothing else
  ansible.builtin.debug:
    msg: "{{ [look] | mailhost.modoboa.report({}) }}"
  vars:
    look:
      host: "{{ inventory_hostname }}"
      instance: https://mail.example.com
      issues: true
      reached: true
      problems: []
      tenants: "{{ virtualhosts_tenants | mailhost.modoboa.tenant_plan(inventory_dir) }}"
      blocks: [mail.atlas.example]
"""

RETURN = r"""
_value:
  description: The report, as docs/report.md describes it.
  type: dict
  contains:
    generated:
      description: When it was made, in UTC.
      type: str
    danger_days:
      description: As given.
      type: float
    counts:
      description: How many portals there are, how many of them at each level, and how many differences.
      type: dict
      sample: {tenants: 12, bad: 1, attention: 2, good: 8, off: 1, drift: 4}
    hosts:
      description: The hosts, with C(reached) and C(problems).
      type: list
      elements: dict
    instances:
      description: The Modoboas, with C(reached) and C(problem).
      type: list
      elements: dict
    tenants:
      description: The portals, the worst first.
      type: list
      elements: dict
    digest:
      description: The same as long as nothing but the time is different.
      type: str
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report": build_report}
