#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the account at an ACME CA."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acme_account
short_description: Create, change and deactivate the account at an ACME CA
version_added: 0.1.0
description:
  - Makes sure that there is an account at the CA, with the wanted contact and a key of the wanted kind and age; or
    deactivates it for good.
  - M(mailhost.modoboa.acme_cert) creates the account it needs by itself, and finds the one that this module made. This
    module is for what it never does, which is to change the key or to deactivate the account, and for having the
    account before the first certificate.
  - An account is found again whatever happened. If only its key is left in O(storage), the CA is asked which account
    the key belongs to.
  - The CA is asked only when something is to be done. In check mode it is never asked.
  - When the key is changed (RFC 8555 section 7.3.5), the new key is on disk before the CA is told, and the old one
    stays until the CA has agreed. A run that is interrupted in between leaves both; the next one, of this module or of
    M(mailhost.modoboa.acme_cert), asks the CA which of them it knows and goes on with that.
  - Certificates are not touched. Those that were issued stay valid whatever happens to the account.
  - Runs on the host that has the storage. The private key does not leave it.
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
extends_documentation_fragment:
  - mailhost.modoboa.acme
  - mailhost.modoboa.acme.libraries
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_acme
attributes:
  idempotent:
    support: full
    details:
      - With O(new_key=true) every run gives the account another key, as its name says.
options:
  state:
    description:
      - V(present) creates the account if there is none, and changes what differs.
      - V(absent) deactivates the account at the CA, which cannot be undone, and then removes its folder from O(storage)
        with everything in it. An account that the CA does not know, or has closed already, counts as deactivated.
        While the CA refuses whoever asks, nothing is removed.
    type: str
    choices: [present, absent]
    default: present
  new_key:
    description:
      - Give the account a new key, in every run. An account that is created in this run has a new key anyway.
    type: bool
    default: false
  key_max_age:
    description:
      - Give the account a new key when the one it has is older than this many days.
    type: int
notes:
  - A new key has another thumbprint. Web servers that answer challenges by themselves contain the thumbprint, on each
    front end, and have to be given the new one before the next certificate is issued. Run what configures them with
    RV(account.thumbprint) in the same play.
  - The account's key is changed by O(new_key) and O(key_max_age), and if O(account_key_type) is set and differs from
    what is there. If O(account_key_type) is not set, the kind of the key stays as it is.
  - Change the key when no certificates are being issued with the same storage. An order that is under way would fail;
    the next run places it again.
  - Options that have to do with certificates only, such as O(concurrency), are accepted so that defaults can be set for
    the whole action group, and have no effect.
seealso:
  - module: mailhost.modoboa.acme_cert
"""

EXAMPLES = r"""
- name: Make sure of the account
  mailhost.modoboa.acme_account:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    terms_agreed: true
    account_contact: [hostmaster@example.org]
    storage: /var/lib/modoboa/acme
  register: acme

- name: An account at a CA that creates them for its customers only
  mailhost.modoboa.acme_account:
    acme_directory: https://acme.ca.example/directory
    terms_agreed: true
    eab_kid: kid-1
    eab_hmac_key: "{{ vault_eab_hmac_key }}"
    storage: /var/lib/modoboa/acme

- name: An RSA key from now on, and a new one every half year
  mailhost.modoboa.acme_account:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa/acme
    account_key_type: RSA-3072
    key_max_age: 180

- name: A new key at once, because a backup was stolen
  mailhost.modoboa.acme_account:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa/acme
    new_key: true

- name: Deactivate the account for good
  mailhost.modoboa.acme_account:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa/acme
    state: absent
"""

RETURN = r"""
account:
  description:
    - The account as it is after the run, or, if the run deactivated it, as it was. In check mode as it is before.
    - Also returned when the task fails, as far as the storage can be read.
  returned: always, unless an option makes no sense
  type: dict
  contains:
    uri:
      description: The account's URL at the CA; V(none) if there is none.
      type: str
      sample: https://acme-v02.api.letsencrypt.org/acme/acct/1234567
    thumbprint:
      description:
        - Thumbprint of the account's key, for web servers that answer challenges by themselves.
        - V(none) if there is no key.
      type: str
      sample: zOSGBD9UUhWpqZuvWrhVOcCm9iTFOjtBn0cJu3RYJPA
    contact:
      description: The addresses that the CA was told, as URLs; V(none) if there is no account.
      type: list
      elements: str
      sample: ["mailto:hostmaster@example.org"]
    key_type:
      description: Kind of the account's key; V(none) if there is no key.
      type: str
      sample: P-256
    status:
      description:
        - V(valid) if an account is recorded in O(storage).
        - V(deactivated) if this run deactivated it.
        - V(absent) if there is none.
      type: str
      sample: valid
    changed:
      description: Whether anything was changed, at the CA or in O(storage).
      type: bool
    reason:
      description: Why it was changed, or was to be changed when it failed; V(none) if everything was as wanted.
      type: str
      sample: the key is P-256, RSA-3072 is wanted
problem:
  description:
    - What the CA said in full (RFC 7807), with C(type), C(detail), C(status), C(url), C(identifier), C(instance),
      C(retry_after) in seconds, and C(subproblems) which are the same again.
    - V(none) if it was not the CA that refused.
  returned: when the task fails for something else than its options
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_arguments import (
    PRESENT,
    account_arguments,
    rollover_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_outcome import (
    look_after,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import (
    account_from,
    ca_arguments,
    network_from,
    storage_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import insist


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    return {**ca_arguments(), **account_arguments()}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    insist(module)
    parameters = module.params
    try:
        rollover = rollover_from(parameters)
        account = account_from(parameters, storage_from(parameters), rollover)
        network = network_from(parameters)
    except AcmeError as error:
        module.fail_json(msg=str(error))
    present = parameters["state"] == PRESENT
    outcome = look_after(account, network, present=present, check_mode=module.check_mode)
    result = {"account": outcome.account, "changed": outcome.account["changed"]}
    if module._diff:
        result["diff"] = outcome.diff
    if outcome.error:
        problem = outcome.error.problem
        module.fail_json(
            msg=str(outcome.error), problem=problem.as_result() if problem else None, **result
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
