# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.danger_zone import danger_zone

DOCUMENTATION = r"""
name: danger_zone
short_description: Find certificates that end soon and were not renewed
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - A certificate is renewed long before its end. When that has failed until its danger zone begins, somebody has to
    look.
positional: _input, days
options:
  _input:
    description: The certificates, for example RV(mailhost.modoboa.acme_cert_info#module:certificates).
    type: list
    elements: dict
    required: true
  days:
    description:
      - How many days before its end the danger zone of a certificate begins. It is never more than a sixth of the
        certificate's life, so that one of few days is not always in danger.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Look at all certificates
  mailhost.modoboa.acme_cert_info:
    storage: /var/lib/mailhost-modoboa
  register: stored

- name: Complain of those that end within ten days
  ansible.builtin.assert:
    that: in_danger == []
    fail_msg: "{{ in_danger }}"
  vars:
    in_danger: "{{ stored.certificates | mailhost.modoboa.danger_zone(10) | selectattr('failed') }}"
"""

RETURN = r"""
_value:
  description:
    - Each certificate with its C(name), C(not_after), C(danger_from) which is when its danger zone begins, C(failed) if
      that is over, and then an C(error).
  type: list
  elements: dict
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"danger_zone": danger_zone}
