#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modoboa_vhost_info
short_description: Tell what virtual hosts a Modoboa server has, and how they are doing
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Returns everything that the server knows of some or all virtual hosts, for reports and for assertions.
  - Changes nothing.
  - Conditions narrow the answer down; all that are given have to hold. A server that can do that by itself is asked to,
    so that it sends less. The answer is the same.
extends_documentation_fragment:
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_modoboa
  - mailhost.modoboa.modoboa
options:
  names:
    description:
      - Hostnames of virtual hosts, in lowercase. All of them if not given, none of them if the list is empty.
      - One that does not exist is no error; RV(missing) names it.
    type: list
    elements: str
  status:
    description: States of provisioning. Virtual hosts in any of these, so none if the list is empty.
    type: list
    elements: str
    choices: [pending, ready, failed]
  enabled:
    description: Only those that are enabled, or only those that are disabled.
    type: bool
  domain:
    description: A mail domain. Only the virtual host that it is linked to.
    type: str
  expiring_within:
    description:
      - Only those whose certificate expires within so many days, or has expired.
      - Those without a certificate are left out, since nothing of theirs expires.
    type: float
  theme:
    description:
      - Whether to tell the themes, too.
      - With a server that lists themes, that costs nothing. With others it is a request for each virtual host, and one
        for each logo.
    type: bool
    default: false
seealso:
  - module: mailhost.modoboa.modoboa_vhost
  - module: mailhost.modoboa.modoboa_theme
  - plugin: mailhost.modoboa.modoboa_vhost
    plugin_type: inventory
  - module: mailhost.modoboa.acme_cert_info
"""

EXAMPLES = r"""
- name: Reports and assertions, with the connection set once
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/mailhost.modoboa.modoboa:
      url: https://mail.example.org
      token: "{{ vault_modoboa_token }}"
  tasks:
    - name: Ask for those that are in use and expire soon
      mailhost.modoboa.modoboa_vhost_info:
        enabled: true
        expiring_within: 14
      register: expiring

    - name: Insist that there is none
      ansible.builtin.assert:
        that: expiring.vhosts | length == 0
        fail_msg: >-
          {% for vhost in expiring.vhosts %}{{ vhost.name }} expires in {{ vhost.days_left }} days
          ({{ vhost.error or 'no error is recorded' }}). {% endfor %}
        quiet: true

    - name: Ask for everything
      mailhost.modoboa.modoboa_vhost_info:
      register: all

    - name: Report the state of each
      ansible.builtin.debug:
        msg: |-
          {% for vhost in all.vhosts %}
          {{ '%-40s %-8s %5s days  %s' | format(
             vhost.name, vhost.status, vhost.days_left | default('-', true), vhost.domains | join(', ')) }}
          {% endfor %}

    - name: Insist that a mail domain is on a portal, and that this portal is ready
      mailhost.modoboa.modoboa_vhost_info:
        domain: atlas.example
        status: [ready]
      register: portal
      failed_when: portal is failed or portal.vhosts | length != 1

    - name: Compare a theme with what it should be
      mailhost.modoboa.modoboa_vhost_info:
        names: [mail.atlas.example]
        theme: true
      register: themed
      failed_when: themed is failed or themed.missing or themed.vhosts[0].theme.colors.primary != '#1565c0'
"""

RETURN = r"""
vhosts:
  description: The virtual hosts, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The hostname.
      type: str
      sample: mail.atlas.example
    pk:
      description: Primary key on the server.
      type: int
      sample: 7
    creation:
      description: When it came into being, in UTC; V(none) if the server does not tell.
      type: str
      sample: "2026-06-01T08:00:00Z"
    enabled:
      description: Whether it is enabled.
      type: bool
    domains:
      description: The mail domains that are linked to it, sorted.
      type: list
      elements: str
      sample: [atlas-group.example, atlas.example]
    status:
      description: How far its provisioning is.
      type: str
      sample: ready
    error:
      description: The last error of its provisioning, empty if there is none.
      type: str
    has_certificate:
      description: Whether there is a certificate.
      type: bool
    certificate_valid_until:
      description: The end of the certificate's validity, in UTC; V(none) if there is no certificate.
      type: str
      sample: "2026-12-31T23:59:59Z"
    days_left:
      description:
        - Whole days until then, by the clock of the machine the module runs on. Negative if it has expired,
          V(none) if there is no certificate.
      type: int
      sample: 62
    theme:
      description: What the virtual host has of its own; V(none) unless O(theme=true).
      type: dict
      contains:
        colors:
          description: The colours, empty where the instance's own is used.
          type: dict
          sample: {primary: "#1565c0", primary_light: "", primary_dark: "", secondary: "#ffb300", label: ""}
        logos:
          description:
            - The SHA-256 of each logo's content, V(none) where the instance's own is used. Kinds that the server does
              not have are missing.
          type: dict
          sample:
            login: 4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a
            menu:
            creation_form:
            favicon:
        logo_urls:
          description: Where the logos are, as the server tells it; empty where the instance's own is used.
          type: dict
          sample: {login: /media/virtualhosts/4b22.svg, menu: "", creation_form: "", favicon: ""}
        page_title:
          description: The title of pages, empty where the instance's own is used, V(none) if the server has none.
          type: str
        sender_address:
          description: The sender of mails that reset a password, in the same way.
          type: str
missing:
  description: Those of O(names) that no virtual host has, sorted.
  returned: success
  type: list
  elements: str
  sample: []
"""

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connect,
    connection_options,
    require_library,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.errors import ModoboaError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_info import (
    Question,
    ask,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# A century
MOST_DAYS = 36500


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    return {
        **connection_options(),
        "names": {"type": "list", "elements": "str"},
        "status": {"type": "list", "elements": "str", "choices": ["pending", "ready", "failed"]},
        "enabled": {"type": "bool"},
        "domain": {"type": "str"},
        "expiring_within": {"type": "float"},
        "theme": {"type": "bool", "default": False},
    }


def question_from(params: Mapping[str, Any], now: datetime) -> Question:
    """What the task wants to know.

    :raises ValueError: an option makes no sense
    """
    for name in params["names"] or ():
        check_hostname(name)
    days = params["expiring_within"]
    if days is not None and not 0 <= days <= MOST_DAYS:
        raise ValueError(f"expiring_within is {days:g} days. Choose 0 to {MOST_DAYS}.")
    domain = params["domain"]
    if domain == "":
        raise ValueError("domain is empty. Name a mail domain, or leave the option out.")
    return Question(
        names=params["names"],
        statuses=params["status"],
        enabled=params["enabled"],
        domain=None if domain is None else domain.lower(),
        expiring_before=None if days is None else now + timedelta(days=days),
        with_theme=params["theme"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    require_library(module)
    now = datetime.now(timezone.utc).replace(microsecond=0)
    try:
        question = question_from(module.params, now)
        reply = ask(connect(module.params), question)
    except (ModoboaError, ValueError) as error:
        module.fail_json(msg=str(error))
    else:
        vhosts = [{**info.facts(now), "theme": info.theme_facts()} for info in reply.found]
        module.exit_json(changed=False, vhosts=vhosts, missing=reply.missing)


if __name__ == "__main__":
    main()
