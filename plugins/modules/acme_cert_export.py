#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: certificates for another host."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acme_cert_export
short_description: Hand out certificates with their keys to another host that serves them
version_added: 0.1.0
description:
  - Of what M(mailhost.modoboa.acme_cert) keeps in a storage, hands out those certificates that another host does not
    have, as M(mailhost.modoboa.acme_cert_import) has told there. If it has all of them, nothing is sealed.
  - What is handed out is sealed for that host (HPKE, RFC 9180), so that neither the controller nor a log can read it.
  - A certificate that is damaged is an error of that certificate. The others are handed out.
  - Changes nothing. In check mode, it only says what differs.
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
extends_documentation_fragment:
  - mailhost.modoboa.acme.libraries
  - mailhost.modoboa.attributes
options:
  storage:
    description:
      - Folder that holds the certificates, as an absolute path.
    type: path
    required: true
  fingerprints:
    description:
      - What the other host has under each main name, as RV(mailhost.modoboa.acme_cert_import#module:fingerprints)
        says. Names that are not in it are not looked at.
    type: dict
    required: true
  recipient:
    description:
      - The other host's public key, RV(mailhost.modoboa.acme_cert_import#module:recipient).
      - Needed unless in check mode.
    type: str
  renewed:
    description:
      - Main names whose certificate was issued earlier in this run.
      - Only used in check mode, where those certificates are not there yet. The module then assumes that they are.
    type: list
    elements: str
    default: []
seealso:
  - module: mailhost.modoboa.acme_cert
  - module: mailhost.modoboa.acme_cert_import
"""

EXAMPLES = r"""
- name: Say which certificates this front end has
  mailhost.modoboa.acme_cert_import:
    storage: /var/lib/modoboa-virtualhosts
    names:
      - mail.atlas.example
      - mail.corvus.example
  register: had

- name: Hand out those that it has not
  mailhost.modoboa.acme_cert_export:
    storage: /var/lib/modoboa-virtualhosts
    fingerprints: "{{ had.fingerprints }}"
    recipient: "{{ had.recipient }}"
  delegate_to: mail1.example.com
  register: handed_out
  no_log: true
"""

RETURN = r"""
certificates:
  description: One entry a name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Main name.
      type: str
      sample: mail.atlas.example
    present:
      description: Whether there is a certificate.
      type: bool
    exported:
      description: Whether it is handed out. In check mode, whether it would be.
      type: bool
    failed:
      description: Whether there is something that cannot be handed out.
      type: bool
    error:
      description: What is wrong with it, or null.
      type: str
    changed:
      description: Always V(false).
      type: bool
offered:
  description: What O(mailhost.modoboa.acme_cert_import#module:offered) wants to know of those that are handed out.
  returned: always
  type: list
  elements: dict
sealed:
  description: The certificates and their keys in base64, for the recipient alone; null if there are none.
  returned: always
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import storage_from
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate_export import (
    Wish,
    hand_out,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import insist
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import finish


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    return {
        "storage": {"type": "path", "required": True},
        "fingerprints": {"type": "dict", "required": True},
        "recipient": {"type": "str"},
        "renewed": {"type": "list", "elements": "str", "default": []},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    insist(module)
    parameters, check_mode = module.params, module.check_mode
    recipient = None if check_mode else parameters["recipient"]
    if recipient is None and not check_mode:
        module.fail_json(msg="recipient is missing. Give what acme_cert_import has returned.")
    try:
        store = CertificateStore(storage_from(parameters))
        renewed = parameters["renewed"] if check_mode else []
        handover = hand_out(store, Wish(parameters["fingerprints"], recipient, renewed))
    except AcmeError as error:
        module.fail_json(msg=str(error))
    finish(
        module,
        "certificates",
        "certificates",
        handover.results,
        offered=handover.offered,
        sealed=handover.sealed,
    )


if __name__ == "__main__":
    main()
