#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: certificates from another host."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acme_cert_import
short_description: Take over certificates with their keys that another host has issued
version_added: 0.1.0
description:
  - Without O(offered), says which certificates there are, and gives a key to seal others with. With it, publishes those
    that M(mailhost.modoboa.acme_cert_export) has handed out on the host that issued them.
  - They are published as M(mailhost.modoboa.acme_cert) does, whole or not at all, in the same layout, with private keys
    that only their owner may read.
  - A certificate is refused if it does not belong to its key, is not for its name, is not what was offered, or
    is older than the one that is there and still valid, or has expired while that one has not. What is there then
    stays, and the others are published.
  - The key to seal with is made anew each time it is asked for, and removed as soon as it has opened something. Of two
    deliveries to a host at the same time, the earlier one fails, and has to be run again.
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
  names:
    description:
      - Main names of the certificates to tell about. Either this or O(offered) is needed.
    type: list
    elements: str
  offered:
    description:
      - What the other host says of those it has handed out, RV(mailhost.modoboa.acme_cert_export#module:offered).
    type: list
    elements: dict
    suboptions:
      name:
        description: Main name.
        type: str
        required: true
      fingerprint:
        description: Tells this certificate with its key from every other one.
        type: str
      serial:
        description: Serial number in lowercase hexadecimal.
        type: str
      not_before:
        description: Beginning of the validity, in UTC.
        type: str
      not_after:
        description: End of the validity, in UTC.
        type: str
  sealed:
    description:
      - The certificates and their keys, RV(mailhost.modoboa.acme_cert_export#module:sealed).
      - Not needed in check mode, or when all of them are here already.
    type: str
seealso:
  - module: mailhost.modoboa.acme_cert
  - module: mailhost.modoboa.acme_cert_export
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
    recipient: "{{ had.recipient | default(omit, true) }}"
  delegate_to: mail1.example.com
  register: handed_out
  no_log: true

- name: Publish them
  mailhost.modoboa.acme_cert_import:
    storage: /var/lib/modoboa-virtualhosts
    offered: "{{ handed_out.offered }}"
    sealed: "{{ handed_out.sealed | default(omit, true) }}"
  when: handed_out.offered | length > 0
"""

RETURN = r"""
fingerprints:
  description: What there is under each name; an empty text if there is nothing that can be read and served.
  returned: without O(offered)
  type: dict
recipient:
  description: This host's public key in base64; null in check mode.
  returned: without O(offered)
  type: str
certificates:
  description: One entry a certificate that was offered.
  returned: with O(offered)
  type: list
  elements: dict
  contains:
    name:
      description: Main name.
      type: str
      sample: mail.atlas.example
    changed:
      description: Whether it was published. In check mode, whether it would be.
      type: bool
    failed:
      description: Whether it was refused. What was there is there still.
      type: bool
    error:
      description: Why it was refused, or null.
      type: str
    renewed:
      description: Whether it is another certificate than before, and not only its files were put right.
      type: bool
    serial:
      description: Serial number of the certificate that is there now, or null.
      type: str
    not_after:
      description: End of its validity, or null.
      type: str
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import storage_from
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate_import import (
    Delivery,
    Offer,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError, during
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.identifier import (
    folder_name,
    normalized,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import insist
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.recipient import Recipient
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.travelling_pair import (
    fingerprint_of,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import finish


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    return {
        "storage": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str"},
        "offered": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "fingerprint": {"type": "str"},
                "serial": {"type": "str"},
                "not_before": {"type": "str"},
                "not_after": {"type": "str"},
            },
        },
        # Nobody but this host can read it, and nobody wants to see megabytes of it
        "sealed": {"type": "str", "no_log": True},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("names", "offered")],
        required_one_of=[("names", "offered")],
        supports_check_mode=True,
    )
    insist(module)
    try:
        storage = storage_from(module.params)
        if module.params["offered"] is None:
            _tell(module, storage)
        else:
            _take(module, storage)
    except AcmeError as error:
        module.fail_json(msg=str(error))


def _tell(module: AnsibleModule, storage: Path) -> None:
    """Say what is there, and whom to seal for.

    :raises AcmeError: a name is malformed, or the storage cannot be used
    """
    store = CertificateStore(storage)
    fingerprints = {}
    for name in module.params["names"]:
        folder = folder_name(normalized(name))
        try:
            fingerprints[name] = fingerprint_of(store, folder)
        except OSError:
            # To publish there then fails, for this name alone
            fingerprints[name] = ""
    with during("storage"):
        recipient = None if module.check_mode else Recipient(storage).public_key()
    module.exit_json(changed=False, fingerprints=fingerprints, recipient=recipient)


def _take(module: AnsibleModule, storage: Path) -> None:
    """Publish what was handed out.

    :raises AcmeError: what was sealed cannot be opened
    """
    offers = [Offer.of(item) for item in module.params["offered"]]
    now = datetime.now(timezone.utc)
    delivery = Delivery(CertificateStore(storage), Recipient(storage), now)
    sealed = module.params["sealed"]
    arrivals = delivery.predict(offers) if module.check_mode else delivery.take(offers, sealed)
    finish(
        module,
        "certificates",
        "certificates",
        [arrival.result() for arrival in arrivals],
        [arrival.diff() for arrival in arrivals if arrival.changed],
    )


if __name__ == "__main__":
    main()
