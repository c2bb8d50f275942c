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
    life left. Issues anew what does not, with a new private key each time unless O(reuse_key) is set.
  - Control of the names is proved over HTTP (HTTP-01, RFC 8555 section 8.3), or over DNS (DNS-01, section 8.4) with a
    command of your own, which wildcards need.
  - A list of certificates shares one account and one set of connections, and several are under way at once. One that
    fails is reported and does not stop the others; the task fails at the end.
  - The CA is asked only when something is to be done, and now and then when it would like a certificate to be renewed
    (RFC 9773). In check mode it is never asked.
  - What failed is left alone for 1, 10 and 100 minutes, then for a day at a time, and for as long as the CA itself asks
    for; until then the certificate fails with the same error again. See O(retry) and O(force).
  - An order that an interrupted run has left is picked up by the next one.
  - Key and chain of a certificate change in one step, together with the record of where they came from, so that a web
    server never finds a key that does not belong to the chain, whenever the module is interrupted.
  - Runs on the host that the certificates are for. Private keys do not leave it.
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
extends_documentation_fragment:
  - mailhost.modoboa.acme
  - mailhost.modoboa.acme.libraries
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_acme
options:
  name:
    description:
      - Main name of one certificate, also the name of its folder (for a wildcard with V(_) in place of V(*)). Always
        one of its names.
      - Host names in lowercase, also with letters outside ASCII, which become A-labels; wildcards; IP addresses, where
        the CA certifies them.
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
      state:
        description:
          - Whether the certificate is to be there, or revoked. O(state) if not given.
        type: str
        choices: [present, revoked, absent]
      key_type:
        description:
          - Kind of the private key. O(key_type) if not given.
        type: str
        choices: [P-256, P-384, RSA-2048, RSA-3072, RSA-4096]
      reuse_key:
        description:
          - Whether a new certificate is for the private key that is there. O(reuse_key) if not given.
        type: bool
      csr:
        description:
          - File with a certificate signing request of your own. O(csr) if not given.
        type: path
      profile:
        description:
          - One of the profiles that the CA offers. O(profile) if not given.
        type: str
      preferred_chain:
        description:
          - Common name of the root that the chain should lead to. O(preferred_chain) if not given.
        type: str
      challenge:
        description:
          - How control of the names is proved. O(challenge) if not given.
        type: str
        choices: [webroot, stateless, dns]
  state:
    description:
      - V(present) issues or renews what needs it.
      - V(revoked) tells the CA to revoke the certificate, see O(revocation_reason). The files stay, so that a web
        server goes on until V(present) issues another one. Of one that was adopted for several, all are marked, with a
        warning, and V(present) issues another one for each.
      - V(absent) removes the certificate's folder with its private key. See O(revoke).
    type: str
    choices: [present, revoked, absent]
    default: present
  key_type:
    description:
      - Kind of the private key.
    type: str
    choices: [P-256, P-384, RSA-2048, RSA-3072, RSA-4096]
    default: P-256
  reuse_key:
    description:
      - Whether a new certificate is for the private key that is there, if that is of the wanted kind. A new key with
        each certificate limits what a stolen one is good for.
    type: bool
    default: false
  csr:
    description:
      - File on the host with a certificate signing request of your own, in PEM or DER. The names are those of the
        request; O(name) is one of them, and O(names) is left out. The private key stays where it is, and no
        C(privkey.pem) is written.
    type: path
  profile:
    description:
      - One of the profiles that the CA offers, such as V(shortlived). The CA's default if not given. A certificate with
        another profile is issued anew.
    type: str
  preferred_chain:
    description:
      - Common name of the root that the chain should lead to, where the CA offers several. If none does, the first
        chain is taken and a warning given. Has an effect when the certificate is issued.
    type: str
  challenge:
    description:
      - V(webroot) writes the answer to C(<storage>/webroot/.well-known/acme-challenge/<token>) while the CA looks, and
        removes it afterwards.
      - V(stateless) writes nothing. The web server answers every token with RV(account.thumbprint) itself, which works
        on any number of front ends.
      - V(dns) lets O(dns_hook) write a DNS record. Needed for wildcards; not possible for IP addresses.
    type: str
    choices: [webroot, stateless, dns]
    default: webroot
  renew_days:
    description:
      - Renew when fewer days than this are left. Where the CA offers renewal information (RFC 9773) and suggests an
        earlier moment, that one counts.
      - A certificate is not renewed for this in the first two thirds of its life (the first half if it lives for less
        than ten days), whatever this says. Otherwise a short-lived one would be renewed in every run.
    type: int
    default: 30
  run_interval:
    description:
      - Hours that may pass until the module runs again. A renewal whose suggested moment comes before is done now,
        so that it falls into the window in which the CA does not count it. At most a twentieth of the certificate's
        life.
    type: float
    default: 12
  force:
    description:
      - Issue anew whatever is there, and whatever failed lately. Mind the CA's rate limits.
    type: bool
    default: false
  retry:
    description:
      - Do not wait after failures, but try again now what is due. Meant for people who have just repaired something.
      - A time that the CA itself has named is waited for all the same.
    type: bool
    default: false
  only_renew:
    description:
      - Whether to order nothing where there is no certificate, as for one that was removed while the names were being
        gathered. Nothing fails then; RV(certificates[].present) tells. Goes before O(force).
      - A certificate whose files are damaged, or partly gone, is issued anew all the same.
    type: bool
    default: false
  revoke:
    description:
      - Whether certificates that are to be V(absent) are revoked first. One that cannot be revoked stays.
      - One that was adopted for several, and is used by others that stay, is removed without, with a warning; for the
        reason V(key_compromise) it is revoked for all.
    type: bool
    default: false
  revocation_reason:
    description:
      - Reason that the CA is told (RFC 5280 section 5.3.1). For V(key_compromise) the certificate's own key signs the
        request, where it is there, so that the CA does not certify it again.
    type: str
    choices: [unspecified, key_compromise, affiliation_changed, superseded, cessation_of_operation]
    default: unspecified
  look_first:
    description:
      - Whether to see, before the CA is asked, that every name resolves, and that a challenge of our own is answered at
        each of its addresses, up to eight. A name that fails is reported and costs none of the CA's limits.
      - After a minute for a certificate, what was not looked at is the CA's to judge. So is a redirect to loopback,
        link-local and private addresses, which is followed only from a name that is at one of these itself.
      - Set this to V(false) where this host cannot reach its own public address.
      - Wildcards, and what O(challenge=dns) proves, are not looked at.
    type: bool
    default: true
  look_port:
    description:
      - Port for O(look_first). Public CAs ask on 80; this is for laboratories.
    type: int
    default: 80
  look_resolver:
    description:
      - Address of a name server to resolve names with for O(look_first), such as V(192.0.2.53) or V([2001:db8::53]:53),
        where this host's own resolver sees other addresses than the Internet does. Needs the library dnspython.
    type: str
  dns_hook:
    description:
      - Command, with its first arguments, that writes and removes DNS records for O(challenge=dns). It is called with
        V(present) or V(cleanup), the name of the TXT record with a dot at its end, and its value, and has to add to
        what is there, not replace it. One call at a time.
      - It should return when the name servers know the record.
    type: list
    elements: str
  dns_hook_timeout:
    description:
      - Seconds that one call of O(dns_hook) may take.
    type: float
    default: 120
  dns_wait:
    description:
      - Seconds to wait after the last record of a certificate was written, where O(dns_hook) does not wait itself.
    type: float
    default: 0
  order_timeout:
    description:
      - Seconds that one certificate may take, from the order to the chain. Waiting as long as the CA asks for counts.
        The time of O(dns_hook), of waiting for its turn, of O(dns_wait), and of O(look_first) does not.
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
  - module: mailhost.modoboa.acme_account
  - module: mailhost.modoboa.acme_cert_info
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

- name: A wildcard, proved over DNS
  mailhost.modoboa.acme_cert:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    terms_agreed: true
    storage: /var/lib/modoboa/acme
    name: "*.customer.example"
    names: [customer.example]
    challenge: dns
    dns_hook: [/usr/local/bin/nsupdate-hook.sh, -k, /etc/acme/acme.key, -s, 192.0.2.53]

- name: An address, where the CA certifies those for a few days
  mailhost.modoboa.acme_cert:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    terms_agreed: true
    storage: /var/lib/modoboa/acme
    name: 192.0.2.25
    profile: shortlived
    run_interval: 6

- name: Revoke what a stolen key is for, and issue another one
  mailhost.modoboa.acme_cert:
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa/acme
    name: mail.customer.example
    state: "{{ item }}"
    revocation_reason: key_compromise
  loop: [revoked, present]

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
      description: Whether it was issued, revoked or removed, or its files got another mode or owner.
      type: bool
    issued:
      description: Whether it was issued. In check mode, whether it would be.
      type: bool
    failed:
      description: Whether it failed.
      type: bool
    error:
      description: What went wrong and what to do about it; the same text for the same cause in each run.
      type: str
    step:
      description:
        - Where it went wrong. V(storage), V(probe) (see O(look_first)), V(directory), V(account), V(order), V(hook),
          V(authorization), V(finalization), V(download), V(revocation) or V(removal).
      type: str
      sample: authorization
    problem:
      description:
        - What the CA said in full (RFC 7807), with C(type), C(detail), C(status), C(url), C(identifier), C(instance),
          C(retry_after) in seconds, and C(subproblems) which are the same again.
        - V(none) if neither the CA nor the look at the names found fault with it.
      type: dict
    postponed:
      description:
        - Whether nothing was tried, because it failed lately. The error is that of the last attempt, and
          RV(certificates[].failures.next_attempt) says when it is tried again.
      type: bool
    reason:
      description: Why it was issued or left alone.
      type: str
      sample: it lacks webmail.customer.example
    present:
      description: Whether a certificate that can be used is there now. In check mode, whether it would be.
      type: bool
    issuer:
      description: Name of the issuing CA in RFC 4514 form.
      type: str
      sample: CN=R11,O=Let's Encrypt,C=US
    key_type:
      description: Kind of the certificate's key.
      type: str
      sample: P-256
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
      description: Path of the private key; V(none) if the certificate was issued for a signing request of your own.
      type: str
      sample: /var/lib/modoboa/acme/certs/mail.customer.example/privkey.pem
    directory:
      description: ACME directory that issued the certificate.
      type: str
      sample: https://acme-v02.api.letsencrypt.org/directory
    profile:
      description: Profile that was asked for; V(none) for the CA's default.
      type: str
    renewal:
      description: When the certificate is to be renewed; V(none) if there is none.
      type: dict
      contains:
        moment:
          description: From when on, in UTC.
          type: str
          sample: "2027-01-21T14:00:00Z"
        source:
          description:
            - Where that comes from. V(renewal_information) of the CA, V(renew_days), or V(lifetime) for the share of
              its life that a certificate is left alone.
          type: str
        explanation:
          description: A page that says why the CA suggests it, if the CA names one.
          type: str
    failures:
      description: How the last attempts went; V(none) if the last one was good.
      type: dict
      contains:
        count:
          description: How many have failed in a row.
          type: int
        last:
          description: When the last one failed, in UTC.
          type: str
        last_error:
          description: Why.
          type: str
        next_attempt:
          description: Not before then is it tried again by itself, in UTC.
          type: str
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
      description:
        - Whether the account was created, found again or registered anew, its contact updated, or a change of its key
          that was interrupted brought to an end.
      type: bool
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import (
    account_from,
    ca_arguments,
    network_from,
    ownership_from,
    storage_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate_arguments import (
    batch_options_from,
    certificate_arguments,
    optional_libraries,
    requests_from,
    ways_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import insist
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.result import (
    account_result,
    certificate_result,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import finish


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    return {**ca_arguments(), **certificate_arguments()}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("name", "certificates")],
        required_by={"names": ["name"]},
        supports_check_mode=True,
    )
    parameters = module.params
    insist(module, optional_libraries(parameters))
    try:
        storage = storage_from(parameters)
        ways = ways_from(parameters, storage)
        requests = requests_from(parameters, ways)
        store = CertificateStore(storage, ownership_from(parameters))
        batch = Batch(
            batch_options_from(parameters, module.check_mode),
            account_from(parameters, storage),
            store,
            network_from(parameters),
            ways,
        )
        outcome = batch.run(requests)
    except AcmeError as error:
        module.fail_json(msg=str(error))
    for warning in [*outcome.warnings, *ways.warnings]:
        module.warn(warning)
    certificates = [
        certificate_result(item, store, parameters["renew_days"]) for item in outcome.items
    ]
    result = {"account": account_result(batch.account, outcome), "changed": outcome.changed}
    if outcome.unreported_error:
        module.fail_json(msg=str(outcome.unreported_error), certificates=certificates, **result)
    finish(module, "certificates", "certificates", certificates, outcome.diff, **result)


if __name__ == "__main__":
    main()
