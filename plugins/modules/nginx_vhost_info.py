#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: who serves some names with nginx."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nginx_vhost_info
short_description: Tell which server blocks by others serve some names, and with which certificate
version_added: 0.1.0
description:
  - Reads what nginx reads (C(nginx -T)), and finds the server blocks that claim names and were not written by
    M(mailhost.modoboa.nginx_vhost).
  - Changes nothing.
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
extends_documentation_fragment:
  - mailhost.modoboa.attributes
options:
  vhosts:
    description:
      - The virtual hosts to ask about.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Hostname, in lowercase.
        type: str
        required: true
      names:
        description:
          - More names of it.
        type: list
        elements: str
        default: []
  nginx:
    description:
      - The nginx program, as for M(mailhost.modoboa.nginx_vhost).
    type: str
    default: nginx
  prefix:
    description:
      - The prefix directory to call nginx with, where it is not the one it was built with.
    type: path
  config:
    description:
      - The main configuration file to call nginx with, where it is not the one it was built with.
    type: path
seealso:
  - module: mailhost.modoboa.nginx_vhost
  - module: mailhost.modoboa.acme_cert_adopt
"""

EXAMPLES = r"""
- name: See who serves a name
  mailhost.modoboa.nginx_vhost_info:
    vhosts:
      - name: mail.atlas.example
        names: [webmail.atlas.example]
  register: there

- name: Take over the certificate that it is served with
  mailhost.modoboa.acme_cert_adopt:
    name: mail.atlas.example
    fullchain: "{{ there.vhosts[0].certificate.fullchain | default(omit) }}"
    privkey: "{{ there.vhosts[0].certificate.privkey | default(omit) }}"
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa-virtualhosts
"""

RETURN = r"""
vhosts:
  description: One result a virtual host, in the order of the task.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Hostname of the virtual host.
      type: str
      sample: mail.atlas.example
    files:
      description: Files with server blocks by others that claim one of its names, as nginx reads them.
      type: list
      elements: str
      sample: [/etc/nginx/sites-enabled/atlas]
    certificate:
      description:
        - The paths C(fullchain) and C(privkey) of the certificate that such a block serves its hostname with. Empty if
          there is none, or none that is in a file of a certain name.
      type: dict
      sample:
        fullchain: /etc/letsencrypt/live/mail.atlas.example/fullchain.pem
        privkey: /etc/letsencrypt/live/mail.atlas.example/privkey.pem
in_use:
  description: The chains of server blocks by others that claim any other name, sorted.
  returned: success
  type: list
  elements: str
  sample: [/etc/letsencrypt/live/shop.example/fullchain.pem]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import Claims
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import Nginx


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    return {
        "vhosts": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "names": {"type": "list", "elements": "str", "default": []},
            },
        },
        "nginx": {"type": "str", "default": "nginx"},
        "prefix": {"type": "path"},
        "config": {"type": "path"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    parameters = module.params
    try:
        nginx = Nginx(
            module.run_command,
            parameters["nginx"],
            parameters["prefix"],
            parameters["config"],
            pid="",
            reload="signal",
        )
        result = nginx.test()
        if not result.ok:
            module.fail_json(msg=f"nginx does not take its configuration: {result.error}")
        claims = Claims(result.loaded)
    except NginxError as error:
        module.fail_json(msg=str(error))
    names = {name for vhost in parameters["vhosts"] for name in (vhost["name"], *vhost["names"])}
    module.exit_json(
        changed=False,
        vhosts=[_entry(claims, vhost) for vhost in parameters["vhosts"]],
        in_use=claims.chains_beside(names),
    )


def _entry(claims: Claims, vhost: dict[str, Any]) -> dict[str, Any]:
    paths = claims.certificate(vhost["name"])
    return {
        "name": vhost["name"],
        "files": claims.files([vhost["name"], *vhost["names"]]),
        "certificate": dict(zip(("fullchain", "privkey"), paths)) if paths else {},
    }


if __name__ == "__main__":
    main()
