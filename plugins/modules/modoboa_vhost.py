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
  - Creates, enables, disables and removes virtual hosts, links mail domains to them and creates those if asked to,
    reports how far provisioning is, and waits for it where the server does it by itself.
  - Takes one virtual host or a list. A list is one process and few requests, however long it is. If some of its
    virtual hosts fail, the others are done all the same, and the task fails at the end.
  - It needs the published API of Modoboa's virtual hosts and no more. Where the server has the endpoint of this
    collection's extension that takes many virtual hosts at once, it is used; else they are written one by one, as
    fast as the server allows.
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
      - Mail domains to link to the virtual host. They have to exist, unless O(create_domains) is set. Linked domains
        that are not named here stay linked, unless O(exclusive) is.
      - A domain is on one virtual host at most. If it is on another one, it is moved, and the diff says from
        where.
      - A virtual host comes into being when the first domain is linked to it, so at least one is needed for
        one that does not exist.
      - Ignored if O(state=absent).
    type: list
    elements: str
  exclusive:
    description:
      - Whether linked domains that O(domains) does not name are unlinked. They are on no virtual host then. An empty
        list takes all of them off; without O(domains), all of them stay.
      - A domain that another virtual host of the same task names is moved there instead, see O(move).
      - The published API does not say how a domain is unlinked. The module writes an empty hostname, and fails for the
        virtual host if the server does not take that.
    type: bool
    default: false
  create_domains:
    description:
      - Create domains that do not exist, with these settings. An empty dictionary leaves all of them to the server.
      - They are applied to domains that the task creates, and to no other.
      - It is C(POST /api/v2/domains/) of Modoboa, which takes five domains a second.
    type: dict
    suboptions: &create_domains
      quota:
        description:
          - How much all mailboxes of a domain may hold together, such as V(10GB) or V(500MB). V(0) is no limit.
        type: str
      default_mailbox_quota:
        description:
          - How much a new mailbox may hold, in the same way.
        type: str
      admin:
        description:
          - An account that administers the domain, one for each domain.
        type: dict
        suboptions:
          username:
            description:
              - Its name in front of the V(@). The domain comes after it.
            type: str
            required: true
          password:
            description:
              - Its password, the same in all domains that the task creates.
            type: str
            required: true
          with_mailbox:
            description:
              - Whether it has a mailbox of that name.
            type: bool
            default: false
          with_aliases:
            description:
              - Whether mail to C(postmaster) goes to that mailbox.
            type: bool
            default: false
  state:
    description:
      - V(present) makes sure that it exists and is enabled.
      - V(disabled) makes sure that it exists and is disabled.
      - V(reported) leaves open whether it is enabled, and only links domains and reports. One that does not exist is
        an error.
      - V(absent) makes sure that it does not exist. Its domains remain, without a virtual host. One that has a domain
        which another of the same task is to take, stays and fails if that one fails.
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
      - Neither goes with O(state=absent).
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
      exclusive:
        description: As O(exclusive). If it is not set, the module's O(exclusive) is used.
        type: bool
      create_domains:
        description: As O(create_domains). If it is not set, the module's O(create_domains) is used.
        type: dict
        suboptions: *create_domains
  move:
    description:
      - Whether to take domains that are on another virtual host from there. People of a domain can no longer log in
        where it was, so a provisioner moves it when its new portal is online.
      - If V(false), such a domain stays where it is, which is no error; RV(vhosts[].domains_elsewhere) names it. A
        virtual host with no other domain does not come into being then.
      - Domains of a virtual host that this task removes are free, so this does not hold them back.
    type: bool
    default: true
  retry:
    description:
      - Whether the server provisions those again that have failed. A server that does not provision by itself marks
        them as V(pending) for whoever does.
      - Not for those that are O(state=disabled), or whose O(status) is set.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until those with O(state=present) are V(ready). One whose provisioning fails, or is not done by
        then, fails.
      - Servers that take reports leave provisioning to others. The module then warns and does not wait.
      - Check mode does not wait, and takes it that the server will succeed.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds that O(wait) may take, for all of them together, up to V(86400).
    type: float
    default: 600
  prune:
    description:
      - Whether to remove all virtual hosts of the server that O(vhosts) does not name, whoever made them. Their mail
        domains remain.
      - One that has a domain which a virtual host of the task is to take, stays and fails if that one fails.
      - Needs O(vhosts), and refuses a list that leaves nothing, which is more often a mistake than a wish.
      - What was pruned is among the results, with RV(vhosts[].pruned) set.
    type: bool
    default: false
  keep:
    description:
      - Names of virtual hosts that O(prune) leaves alone though O(vhosts) does not name them.
    type: list
    elements: str
    default: []
  allow_empty:
    description:
      - Whether O(prune) may remove every virtual host of the server.
    type: bool
    default: false
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

    - name: Exactly these virtual hosts with exactly these domains, which are created as needed
      mailhost.modoboa.modoboa_vhost:
        vhosts:
          - name: mail.atlas.example
            domains: [atlas.example]
          - name: mail.borealis.example
            domains: [borealis.example, borealis-group.example]
        exclusive: true
        create_domains:
          quota: 50GB
          default_mailbox_quota: 1GB
          admin:
            username: admin
            password: "{{ vault_first_password }}"
        prune: true
        keep: [mail.by-hand.example]

    - name: Wait for a server that provisions by itself, and have it try again what failed
      mailhost.modoboa.modoboa_vhost:
        name: mail.atlas.example
        domains: [atlas.example]
        retry: true
        wait: true
        wait_timeout: 300

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
    - What became of each virtual host, in the order of the task. Those that were pruned come last.
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
    domains_created:
      description: Domains that this task created, or in check mode would have.
      type: list
      elements: str
      sample: []
    retried:
      description: Whether the server provisions it again because of O(retry).
      type: bool
    pruned:
      description: Whether O(vhosts) does not name it, and O(prune) removes it.
      type: bool
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
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_run import (
    Convergence,
    Manner,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
    check_prune,
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

LONGEST_WAIT = 86400

# What holds for all items that do not say otherwise
SHARED = ("state", "exclusive", "create_domains")


def item_options() -> dict[str, Any]:
    """The options of one virtual host, without the defaults of those that are shared."""
    return {
        "name": {"type": "str"},
        "domains": {"type": "list", "elements": "str"},
        "exclusive": {"type": "bool"},
        "create_domains": {"type": "dict", "options": new_domain_options()},
        "state": {"type": "str", "choices": STATES},
        "status": {"type": "str", "choices": ["pending", "ready", "failed"]},
        "error": {"type": "str"},
        "certificate_valid_until": {"type": "str"},
    }


def new_domain_options() -> dict[str, Any]:
    """The settings of domains that are created."""
    admin = {
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "with_mailbox": {"type": "bool", "default": False},
        "with_aliases": {"type": "bool", "default": False},
    }
    return {
        "quota": {"type": "str"},
        "default_mailbox_quota": {"type": "str"},
        "admin": {"type": "dict", "options": admin},
    }


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    one, many = item_options(), item_options()
    one["state"]["default"] = "present"
    one["exclusive"]["default"] = False
    many["name"]["required"] = True
    return {
        **connection_options(),
        **one,
        "vhosts": {"type": "list", "elements": "dict", "options": many},
        "move": {"type": "bool", "default": True},
        "retry": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "float", "default": 600},
        "prune": {"type": "bool", "default": False},
        "keep": {"type": "list", "elements": "str", "default": []},
        "allow_empty": {"type": "bool", "default": False},
        "created": {"type": "list", "elements": "str", "default": []},
    }


def wanted_from(params: dict[str, Any]) -> list[WantedVirtualHost]:
    """The virtual hosts that the task describes.

    :raises ItemsError: it contradicts itself
    """
    if not 0 <= params["wait_timeout"] <= LONGEST_WAIT:  # so that no number at all is refused, too
        raise ItemsError(f"wait_timeout is not between 0 and {LONGEST_WAIT} seconds")
    items = items_from(params, "vhosts", item_options())
    for item in items:
        for option in SHARED:
            if item[option] is None:
                item[option] = params[option]
    wanted = read_items(items)
    if params["prune"]:
        check_prune(wanted, params["keep"], params["allow_empty"])
    return wanted


def manner_from(params: dict[str, Any], check_mode: bool) -> Manner:
    """How the task wants it done."""
    return Manner(
        check_mode=check_mode,
        created=params["created"],
        move=params["move"],
        retry=params["retry"],
        keep=params["keep"] if params["prune"] else None,
        wait=params["wait_timeout"] if params["wait"] else None,
    )


def converge(
    module: AnsibleModule, wanted: Sequence[WantedVirtualHost], client: Client
) -> list[Outcome]:
    """Make the virtual hosts as wanted."""
    manner = manner_from(module.params, module.check_mode)
    return Convergence(client, manner, warn=module.warn).bring_about(wanted)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[
            ["vhosts", option]
            for option in ("name", "domains", "status", "error", "certificate_valid_until")
        ],
        required_one_of=[["name", "vhosts"]],
        required_if=[["prune", True, ["vhosts"]]],
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
