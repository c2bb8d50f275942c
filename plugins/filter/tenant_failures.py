# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_outcome import (
    tenant_failures,
)

DOCUMENTATION = r"""
name: tenant_failures
short_description: Pick the failed ones among a module's results
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - Every module of this collection that takes a list returns one result an item. This filter keeps the failed ones.
positional: _input, step, way
options:
  _input:
    description: The results, for example RV(mailhost.modoboa.acme_cert#module:certificates).
    type: list
    elements: dict
    required: true
  step:
    description: The step of the chain that the results belong to. Empty where there is none.
    type: str
    required: true
  way:
    description:
      - How to try at once what M(mailhost.modoboa.acme_cert) leaves alone for a while, such as
        V(certificates_retry=true).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the tenants without a certificate
  ansible.builtin.debug:
    msg: "{{ issued.certificates | mailhost.modoboa.tenant_failures('certificate') }}"
"""

RETURN = r"""
_value:
  description:
    - Hostnames, each with the C(step) that failed, its C(error), and a C(message) of all three. The message of a
      certificate also says when it is tried again.
  type: dict
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tenant_failures": tenant_failures}
