#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what certificates there are."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acme_cert_info
short_description: Tell what certificates from an ACME CA there are, and how they are doing
version_added: 0.1.0
description:
  - Reads what M(mailhost.modoboa.acme_cert) keeps in a storage. Who issued each certificate, how long it is valid, when
    it is to be renewed and why then, and what went wrong lately.
  - Asks no CA and changes nothing.
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
      - Main names of the certificates to tell about. All of them if not given, none if the list is empty.
      - A name without a certificate has an entry, too.
    type: list
    elements: str
  expiring_within:
    description:
      - Tell only about certificates that expire within so many days, or cannot be used at all.
    type: float
  renew_days:
    description:
      - As for M(mailhost.modoboa.acme_cert); the moment of the next renewal depends on it.
    type: int
    default: 30
seealso:
  - module: mailhost.modoboa.acme_cert
"""

EXAMPLES = r"""
- name: Look at all certificates
  mailhost.modoboa.acme_cert_info:
    storage: /var/lib/modoboa/acme
  register: stored

- name: Complain of those that nobody has managed to renew
  ansible.builtin.assert:
    that: item.seconds_left | default(0, true) > 14 * 24 * 3600
    fail_msg: >-
      {{ item.name }}: {{ item.fault or (item.failures or {}).last_error | default('nobody has tried to renew it') }}
    quiet: true
  loop: "{{ stored.certificates }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
certificates:
  description: What there is, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Main name.
      type: str
      sample: mail.customer.example
    present:
      description: Whether there is a certificate that can be used.
      type: bool
    fault:
      description: What is missing or wrong; V(none) if nothing is.
      type: str
      sample: privkey.pem is missing
    names:
      description: All names of the certificate, sorted.
      type: list
      elements: str
    seconds_left:
      description: Seconds until it expires, negative if it has; V(none) if there is none.
      type: int
    due:
      description: Whether it is time to renew it, or it was revoked or cannot be used.
      type: bool
    revoked:
      description: Whether M(mailhost.modoboa.acme_cert) had it revoked.
      type: bool
    adopted:
      description:
        - Whether M(mailhost.modoboa.acme_cert_adopt) took it over. What somebody else has chosen stays then until it is
          due, such as further names, as long as it serves all that are wanted.
      type: bool
    order_open:
      description: Whether an interrupted run has left an order that the next one picks up.
      type: bool
    issuer:
      description: Name of the issuing CA in RFC 4514 form.
      type: str
    serial:
      description: Serial number in lowercase hexadecimal, without leading zeros.
      type: str
    key_type:
      description: Kind of the certificate's key.
      type: str
      sample: P-256
    not_before:
      description: Beginning of the validity, in UTC.
      type: str
    not_after:
      description: End of the validity, in UTC.
      type: str
    fullchain:
      description: Path of the chain, leaf first.
      type: str
    privkey:
      description: Path of the private key; V(none) if the certificate was issued for a signing request of your own.
      type: str
    directory:
      description: ACME directory that issued the certificate.
      type: str
    profile:
      description: Profile that was asked for; V(none) for the CA's default.
      type: str
    renewal:
      description:
        - When it is to be renewed, as in RV(mailhost.modoboa.acme_cert#module:certificates[].renewal).
      type: dict
    failures:
      description:
        - How the last attempts went, as in RV(mailhost.modoboa.acme_cert#module:certificates[].failures).
      type: dict
"""

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import storage_from
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.inventory import Question, look
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import insist
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore

# A century
_MOST_DAYS = 36500


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    return {
        "storage": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str"},
        "expiring_within": {"type": "float"},
        "renew_days": {"type": "int", "default": 30},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    insist(module)
    parameters = module.params
    within = parameters["expiring_within"]
    if within is not None and not 0 <= within <= _MOST_DAYS:
        module.fail_json(msg=f"expiring_within is {within:g} days. Choose 0 to {_MOST_DAYS}.")
    question = Question(
        names=parameters["names"],
        expiring_within=None if within is None else timedelta(days=within),
        renew_days=parameters["renew_days"],
    )
    try:
        store = CertificateStore(storage_from(parameters))
        certificates = look(store, question, datetime.now(timezone.utc))
    except AcmeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, certificates=certificates)


if __name__ == "__main__":
    main()
