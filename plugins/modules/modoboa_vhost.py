#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modoboa_vhost
short_description: Manage the virtual hosts of a Modoboa server
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Creates, enables, disables and removes virtual hosts, links mail domains to them, and reports how far their
    provisioning is.
  - Takes one virtual host or a list. A list is one process and few requests, however long it is. If some of its
    virtual hosts fail, the others are done all the same, and the task fails at the end.
  - This is about records on the server. Certificates are the business of M(mailhost.modoboa.acme_cert), server
    blocks that of M(mailhost.modoboa.nginx_vhost).
extends_documentation_fragment:
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_modoboa
  - mailhost.modoboa.modoboa
options:
  name:
    description:
      - Hostname of the virtual host, fully qualified and in lowercase.
      - Use either this and the options of one virtual host, or O(vhosts).
    type: str
  domains:
    description:
      - Mail domains to link to the virtual host. They have to exist. Linked domains that are not named here
        stay linked.
      - A domain is on one virtual host at most. If it is on another one, it is moved, and the diff says from
        where.
      - A virtual host comes into being when the first domain is linked to it, so at least one is needed for
        one that does not exist.
      - Ignored if O(state=absent).
    type: list
    elements: str
  state:
    description:
      - V(present) makes sure that it exists and is enabled.
      - V(disabled) makes sure that it exists and is disabled.
      - V(reported) leaves open whether it is enabled, and only links domains and reports. One that does not exist is
        an error.
      - V(absent) makes sure that it does not exist. Its domains remain, without a virtual host.
    type: str
    choices: [present, disabled, reported, absent]
    default: present
  status:
    description:
      - How far provisioning is, to be recorded on the server.
      - Without it the recorded status and error stay. A new virtual host is V(pending) by itself.
      - Servers that provision by themselves take no reports. The module then warns and reports nothing.
    type: str
    choices: [pending, ready, failed]
  error:
    description: Why provisioning failed. Goes with O(status=failed), and only with it.
    type: str
  certificate_valid_until:
    description:
      - Until when the certificate is valid, in ISO 8601 with a time zone, to be recorded on the server, with
        O(status) or without.
      - Without it the recorded moment stays. If neither it nor O(status) is set, nothing is reported.
    type: str
  vhosts:
    description: Several virtual hosts.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
        required: true
      domains:
        description: As O(domains).
        type: list
        elements: str
      state:
        description: As O(state). If it is not set, the module's O(state) is used.
        type: str
        choices: [present, disabled, reported, absent]
      status:
        description: As O(status).
        type: str
        choices: [pending, ready, failed]
      error:
        description: As O(error).
        type: str
      certificate_valid_until:
        description: As O(certificate_valid_until).
        type: str
  move:
    description:
      - Whether to take domains that are on another virtual host from there. People of a domain can no longer log in
        where it was, so a provisioner moves it when its new portal is online.
      - If V(false), such a domain stays where it is, which is no error; RV(vhosts[].domains_elsewhere) names it. A
        virtual host with no other domain does not come into being then.
    type: bool
    default: true
  created:
    description:
      - Names of virtual hosts that an earlier task of the same run has created. In check mode that task has not
        really created them, so this one takes them as there, pending and without domains.
      - Has no effect outside check mode.
    type: list
    elements: str
    default: []
seealso:
  - module: mailhost.modoboa.modoboa_theme
"""

EXAMPLES = r"""
- name: Connection options can be set once for all modules of the group
  hosts: localhost
  module_defaults:
    group/mailhost.modoboa.modoboa:
      url: https://mail.example.org
      token: "{{ vault_modoboa_token }}"
  tasks:
    - name: Put two mail domains on a virtual host of their own
      mailhost.modoboa.modoboa_vhost:
        name: mail.atlas.example
        domains:
          - atlas.example
          - atlas-group.example

    - name: Many at once
      mailhost.modoboa.modoboa_vhost:
        vhosts:
          - name: mail.atlas.example
            domains: [atlas.example]
          - name: mail.borealis.example
            domains: [borealis.example]
            state: disabled
          - name: mail.gone.example
            state: absent

    - name: Report what became of provisioning
      mailhost.modoboa.modoboa_vhost:
        vhosts:
          - name: mail.atlas.example
            status: ready
            certificate_valid_until: "2026-12-31T23:59:59Z"
          - name: mail.borealis.example
            status: failed
            error: The name does not resolve.

    - name: Record a renewed certificate, whatever the state of provisioning is
      mailhost.modoboa.modoboa_vhost:
        name: mail.atlas.example
        state: reported
        certificate_valid_until: "2027-03-31T23:59:59Z"
"""

RETURN = r"""
vhosts:
  description:
    - What became of each virtual host, in the order of the task.
    - Missing if the task as a whole failed, for example because the server could not be reached.
  returned: when the server could be reached
  type: list
  elements: dict
  contains:
    name:
      description: The hostname.
      type: str
      sample: mail.atlas.example
    pk:
      description: Primary key on the server, V(null) if the virtual host does not exist.
      type: int
      sample: 7
    created:
      description: Whether this task created it, or in check mode would have.
      type: bool
    domains:
      description: All mail domains that are linked to it.
      type: list
      elements: str
      sample: [atlas-group.example, atlas.example]
    enabled:
      description: Whether it is enabled, V(null) if it does not exist.
      type: bool
    status:
      description: The recorded state of provisioning, V(null) if it does not exist.
      type: str
      sample: ready
    error_recorded:
      description: The recorded error of provisioning, empty if there is none, V(null) if it does not exist.
      type: str
    certificate_valid_until:
      description: The recorded end of the certificate's validity, V(null) if there is none.
      type: str
      sample: "2026-12-31T23:59:59Z"
    exists:
      description: Whether it is there now; in check mode, whether it would be.
      type: bool
    domains_elsewhere:
      description: Domains of the task that are on another virtual host, and on which.
      type: dict
      sample: {}
    changed:
      description: Whether the task changed it.
      type: bool
    failed:
      description: Whether the task failed for it.
      type: bool
    error:
      description: Why the task failed for it, V(null) if it did not.
      type: str
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError, items_from
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import run
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connection_options,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
    Convergence,
    read_items,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
        WantedVirtualHost,
    )

STATES = ["present", "disabled", "reported", "absent"]


def item_options() -> dict[str, Any]:
    """The options of one virtual host, without the defaults of their state."""
    return {
        "name": {"type": "str"},
        "domains": {"type": "list", "elements": "str"},
        "state": {"type": "str", "choices": STATES},
        "status": {"type": "str", "choices": ["pending", "ready", "failed"]},
        "error": {"type": "str"},
        "certificate_valid_until": {"type": "str"},
    }


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    one, many = item_options(), item_options()
    one["state"]["default"] = "present"
    many["name"]["required"] = True
    return {
        **connection_options(),
        **one,
        "vhosts": {"type": "list", "elements": "dict", "options": many},
        "move": {"type": "bool", "default": True},
        "created": {"type": "list", "elements": "str", "default": []},
    }


def wanted_from(params: dict[str, Any]) -> list[WantedVirtualHost]:
    """The virtual hosts that the task describes.

    :raises ItemsError: it contradicts itself
    """
    items = items_from(params, "vhosts", item_options())
    for item in items:
        item["state"] = item["state"] or params["state"]
    return read_items(items)


def converge(
    module: AnsibleModule, wanted: Sequence[WantedVirtualHost], client: Client
) -> list[Outcome]:
    """Make the virtual hosts as wanted."""
    convergence = Convergence(
        client,
        check_mode=module.check_mode,
        created=module.params["created"],
        move=module.params["move"],
        warn=module.warn,
    )
    return convergence.bring_about(wanted)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[
            ["vhosts", option]
            for option in ("name", "domains", "status", "error", "certificate_valid_until")
        ],
        required_one_of=[["name", "vhosts"]],
        supports_check_mode=True,
    )
    try:
        wanted = wanted_from(module.params)
    except ItemsError as error:
        module.fail_json(msg=str(error))
    else:
        run(module, "vhosts", "virtual hosts", partial(converge, module, wanted))


if __name__ == "__main__":
    main()
