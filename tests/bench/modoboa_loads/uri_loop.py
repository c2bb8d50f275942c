# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way without modules: ansible.builtin.uri in a loop over the portals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import COLORS
from bench.modoboa_loads.portals import Portal
from bench.modoboa_loads.writer import Writer

# By name, of what a list has
KEYS = "{{ %s.json.results | items2dict(key_name='name', value_name='pk') }}"


class UriLoop(Writer):
    """It compares nothing, so it writes everything each time, and it looks at nothing afterwards."""

    title = "uri in a loop"

    def play(self, portals: Sequence[Portal]) -> dict[str, Any]:
        """Return the tasks: two lists, for the keys, and a loop for each kind of change."""
        modoboa = self.bed.modoboa
        everything = "?page_size=10000"
        return {
            "vars": {
                "api": f"{modoboa.url}/api/v2",
                "portals": [
                    {
                        "name": each.name,
                        "domain": each.domain,
                        "theme": {COLORS[name]: color for name, color in each.colors.items()},
                        "logo": str(each.logo),
                    }
                    for each in portals
                ],
            },
            "module_defaults": {
                "ansible.builtin.uri": {
                    "headers": {"Authorization": f"Token {modoboa.token}"},
                    "ca_path": str(modoboa.ca_path),
                    "body_format": "json",
                }
            },
            "tasks": [
                _read("domains", f"domains/{everything}"),
                _write(
                    "domains/{{ domains[item.domain] }}/",
                    method="PATCH",
                    body={"virtualhost": "{{ item.name }}"},
                ),
                _read("hosts", f"virtualhosts/{everything}"),
                _write(
                    "virtualhosts/{{ hosts[item.name] }}/theme/",
                    method="PUT",
                    body="{{ item.theme }}",
                ),
                _write(
                    "virtualhosts/{{ hosts[item.name] }}/theme_logo/",
                    method="POST",
                    body_format="form-multipart",
                    body={"logo_type": "login", "image": {"filename": "{{ item.logo }}"}},
                ),
            ],
        }


def _read(variable: str, path: str) -> dict[str, Any]:
    return {
        "ansible.builtin.uri": {"url": "{{ api }}/" + path},
        "register": f"{variable}_answer",
    }


def _write(path: str, **options: Any) -> dict[str, Any]:
    return {
        "ansible.builtin.uri": {"url": "{{ api }}/" + path, **options},
        "loop": "{{ portals }}",
        "loop_control": {"label": "{{ item.name }}"},
        "vars": {"domains": KEYS % "domains_answer", "hosts": KEYS % "hosts_answer"},
        # Modoboa lets through five writes of a kind a second
        "register": "answer",
        "until": "answer.status != 429",
        "retries": 20,
        "delay": 1,
    }
