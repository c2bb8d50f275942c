#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: certificates from an ACME CA."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acme_cert
short_description: Issue and renew certificates from an ACME CA, one or hundreds at once
version_added: 0.1.0
description:
  - Makes sure that certificates are there, cover the wanted names, come from the wanted CA and have enough of their
    life left. Issues anew what does not, with a new private key each time.
  - Control of the names is proved over HTTP (HTTP-01, RFC 8555 section 8.3).
  - A list of certificates shares one account and one set of connections, and several are under way at once. One that
    fails is reported and does not stop the others; the task fails at the end.
  - The CA is asked only when something is to be done. In check mode it is never asked.
  - Key and chain of a certificate change in one step, together with the record of where they came from, so that a web
    server never finds a key that does not belong to the chain, whenever the module is interrupted.
  - Runs on the host that the certificates are for. Private keys do not leave it.
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
extends_documentation_fragment:
  - mailhost.modoboa.acme
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_acme
options:
  name:
    description:
      - Main name of one certificate, also the name of its folder. Always one of its names.
      - Mutually exclusive with O(certificates). With neither, only the account is looked after.
    type: str
  names:
    description:
      - Further names of the certificate O(name).
    type: list
    elements: str
  certificates:
    description:
      - Many certificates.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Main name of the certificate, also the name of its folder. Always one of its names.
        type: str
        required: true
      names:
        description:
          - Further names of the certificate.
        type: list
        elements: str
      key_type:
        description:
          - Kind of the private key; O(key_type) if not given.
        type: str
        choices: [P-256, P-384, RSA-2048, RSA-3072, RSA-4096]
      state:
        description:
          - Whether the certificate is to be there; O(state) if not given.
        type: str
        choices: [present, absent]
  state:
    description:
      - V(present) issues or renews what needs it.
      - V(absent) removes the certificate's folder with its private key. The certificate is not revoked.
    type: str
    choices: [present, absent]
    default: present
  key_type:
    description:
      - Kind of the private key.
    type: str
    choices: [P-256, P-384, RSA-2048, RSA-3072, RSA-4096]
    default: P-256
  challenge:
    description:
      - V(webroot) writes the answer to C(<storage>/webroot/.well-known/acme-challenge/<token>) while the CA looks, and
        removes it afterwards.
      - V(stateless) writes nothing. The web server answers every token with RV(account.thumbprint) itself, which works
        on any number of front ends.
    type: str
    choices: [webroot, stateless]
    default: webroot
  renew_days:
    description:
      - Renew when fewer days than this are left.
      - A certificate is never renewed in the first two thirds of its life (the first half if it lives for less than
        ten days), whatever this says. Otherwise a short-lived one would be renewed in every run.
    type: int
    default: 30
  force:
    description:
      - Issue anew whatever is there. Mind the CA's rate limits.
    type: bool
    default: false
  order_timeout:
    description:
      - Seconds that one certificate may take, from the order to the chain. Waiting as long as the CA asks for counts.
    type: float
    default: 180
  owner:
    description:
      - User, by name or number, whom chain, key and state file are to belong to.
    type: str
  group:
    description:
      - Group, by name or number, which chain, key and state file are to belong to.
      - The key can be read by its owner only, whatever its group is.
    type: str
seealso:
  - module: mailhost.modoboa.nginx_vhost
"""

EXAMPLES = r"""
- name: Issue or renew one certificate
  mailhost.modoboa.acme_cert:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    terms_agreed: true
    account_contact: [hostmaster@example.org]
    storage: /var/lib/modoboa/acme
    name: mail.customer.example
    names: [webmail.customer.example]

- name: Many at once, with the CA set in one place
  module_defaults:
    group/mailhost.modoboa.acme:
      acme_directory: https://acme-v02.api.letsencrypt.org/directory
      terms_agreed: true
      storage: /var/lib/modoboa/acme
  block:
    - name: Issue or renew what needs it
      mailhost.modoboa.acme_cert:
        certificates:
          - name: mail.alpha.example
          - name: mail.beta.example
            names: [webmail.beta.example]
            key_type: RSA-3072
          - name: mail.gone.example
            state: absent

- name: Create the account, for a web server that answers with its thumbprint
  mailhost.modoboa.acme_cert:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    terms_agreed: true
    storage: /var/lib/modoboa/acme
  register: acme
"""

RETURN = r"""
certificates:
  description: What became of each certificate, in the order of the task. Also returned when the task fails.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Main name and name of the folder.
      type: str
      sample: mail.customer.example
    names:
      description: All names that were asked for, sorted.
      type: list
      elements: str
      sample: [mail.customer.example, webmail.customer.example]
    changed:
      description: Whether it was issued or removed, or its files got another mode or owner.
      type: bool
    failed:
      description: Whether it failed.
      type: bool
    error:
      description: What went wrong and what to do about it; the same text for the same cause in each run.
      type: str
    step:
      description: Where it went wrong.
      type: str
      sample: authorization
    problem:
      description:
        - What the CA said in full (RFC 7807), with C(type), C(detail), C(status), C(url), C(identifier), C(retry_after)
          in seconds, and C(subproblems) which are the same again.
        - V(none) if it was not the CA that refused.
      type: dict
    reason:
      description: Why it was issued or left alone.
      type: str
      sample: it lacks webmail.customer.example
    issuer:
      description: Name of the issuing CA in RFC 4514 form.
      type: str
      sample: CN=R11,O=Let's Encrypt,C=US
    serial:
      description: Serial number in lowercase hexadecimal, without leading zeros.
      type: str
      sample: 5c1f0a9d3e
    not_before:
      description: Beginning of the validity, in UTC.
      type: str
      sample: "2026-11-22T14:00:00Z"
    not_after:
      description: End of the validity, in UTC.
      type: str
      sample: "2027-02-20T13:59:59Z"
    fullchain:
      description: Path of the chain, leaf first.
      type: str
      sample: /var/lib/modoboa/acme/certs/mail.customer.example/fullchain.pem
    privkey:
      description: Path of the private key.
      type: str
      sample: /var/lib/modoboa/acme/certs/mail.customer.example/privkey.pem
    directory:
      description: ACME directory that issued the certificate.
      type: str
      sample: https://acme-v02.api.letsencrypt.org/directory
account:
  description: The account at the CA.
  returned: always
  type: dict
  contains:
    uri:
      description: The account's URL at the CA; V(none) before it exists.
      type: str
    thumbprint:
      description:
        - Thumbprint of the account's key, for web servers that answer challenges by themselves.
        - V(none) before the key exists.
      type: str
    changed:
      description: Whether the account was created or its contact updated.
      type: bool
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import (
    account_from,
    ca_arguments,
    concurrency_from,
    network_from,
    ownership_from,
    storage_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import (
    Batch,
    BatchOptions,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    CERTIFICATE_KEY_TYPES,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import (
    how_to_install,
    missing_libraries,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import read_requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.result import (
    account_result,
    certificate_result,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.webroot import (
    Stateless,
    Webroot,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import finish, items_from

_STATES = ["present", "absent"]
_ITEM_OPTIONS = ("name", "names", "key_type", "state")


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    key_types = list(CERTIFICATE_KEY_TYPES)
    names = {"type": "list", "elements": "str"}
    return {
        **ca_arguments(),
        "name": {"type": "str"},
        "names": names,
        "certificates": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "names": names,
                "key_type": {"type": "str", "choices": key_types, "no_log": False},
                "state": {"type": "str", "choices": _STATES},
            },
        },
        "state": {"type": "str", "choices": _STATES, "default": "present"},
        "key_type": {"type": "str", "choices": key_types, "default": "P-256", "no_log": False},
        "challenge": {"type": "str", "choices": ["webroot", "stateless"], "default": "webroot"},
        "renew_days": {"type": "int", "default": 30},
        "force": {"type": "bool", "default": False},
        "order_timeout": {"type": "float", "default": 180.0},
        "owner": {"type": "str"},
        "group": {"type": "str"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("name", "certificates")],
        required_by={"names": ["name"]},
        supports_check_mode=True,
    )
    missing = missing_libraries()
    if missing:
        module.fail_json(
            msg=f"{missing_required_lib(', '.join(missing))} {how_to_install(missing)}"
        )
    parameters = module.params
    try:
        requests = read_requests(
            items_from(parameters, "certificates", _ITEM_OPTIONS),
            key_type=parameters["key_type"],
            state=parameters["state"],
        )
        storage = storage_from(parameters)
        account = account_from(parameters, storage)
        store = CertificateStore(storage, ownership_from(parameters))
        options = BatchOptions(
            directory=parameters["acme_directory"],
            renew_days=parameters["renew_days"],
            force=parameters["force"],
            concurrency=concurrency_from(parameters),
            order_timeout=parameters["order_timeout"],
            check_mode=module.check_mode,
        )
        responder = Webroot(storage) if parameters["challenge"] == "webroot" else Stateless()
        outcome = Batch(options, account, store, responder, network_from(parameters)).run(requests)
    except AcmeError as error:
        module.fail_json(msg=str(error))
    certificates = [certificate_result(item, store) for item in outcome.items]
    result = {"account": account_result(account, outcome), "changed": outcome.changed}
    if outcome.unreported_error:
        module.fail_json(msg=str(outcome.unreported_error), certificates=certificates, **result)
    finish(module, "certificates", "certificates", certificates, outcome.diff, **result)


if __name__ == "__main__":
    main()
