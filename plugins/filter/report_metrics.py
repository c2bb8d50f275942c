# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_metrics import metrics

DOCUMENTATION = r"""
name: report_metrics
short_description: Make metrics of a report about portals
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - The text is what the textfile collector of Prometheus's node exporter reads.
positional: _input
options:
  _input:
    description: From P(mailhost.modoboa.report#filter).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write metrics
  ansible.builtin.copy:
    content: "{{ report | mailhost.modoboa.report_metrics }}"
    dest: /var/lib/prometheus/node-exporter/modoboa_portals.prom
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The metrics, in Prometheus's text format.
  type: str
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report_metrics": metrics}
