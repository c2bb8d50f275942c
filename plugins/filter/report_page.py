# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_page import page

DOCUMENTATION = r"""
name: report_page
short_description: Make a page of HTML of a report about portals
version_added: 0.1.0
author: the mailhost.modoboa contributors
description:
  - The page is complete in itself, and has no script. Logos are in it, read from the controller's files. Whatever is
    inserted is escaped.
positional: _input, title
options:
  _input:
    description: From P(mailhost.modoboa.report#filter).
    type: dict
    required: true
  title:
    description: The heading.
    type: str
    default: Portals
"""

EXAMPLES = r"""
- name: Write a page
  ansible.builtin.copy:
    content: "{{ report | mailhost.modoboa.report_page('Portals of the north') }}"
    dest: /srv/www/portals/index.html
    mode: "0640"
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report_page": page}
