#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: certificates of other clients, taken over."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acme_cert_adopt
short_description: Take over certificates that certbot, or somebody, has brought to a host
version_added: 0.1.0
description:
  - Looks for the certificate that a host has already for each name, makes sure that it can be used, and puts a copy of
    it into the storage of M(mailhost.modoboa.acme_cert). That module then renews it when it is due, and not before.
  - Until then, kind of the key, profile, CA, and names that are in it besides do not matter. A certificate that lacks a
    name, has expired, is self-signed or of a CA for trials, or does not belong to its key is refused.
  - The CA is not asked. What is taken over stays where it is; nothing of certbot's is changed, unless
    O(certbot_renewal=stopped).
  - A certificate that M(mailhost.modoboa.acme_cert) has ordered itself is never replaced while it can be used, nor one
    that was taken over, unless O(fullchain) names one that lasts longer.
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
extends_documentation_fragment:
  - mailhost.modoboa.acme.libraries
  - mailhost.modoboa.attributes
options:
  name:
    description:
      - Main name of the certificate. Either this or O(certificates) is needed.
    type: str
  names:
    description:
      - More names that it has to serve.
    type: list
    elements: str
    default: []
  fullchain:
    description:
      - File with the chain that a web server uses for the name, as M(mailhost.modoboa.nginx_vhost_info) finds it. It is
        looked at before those of certbot.
    type: path
  privkey:
    description:
      - File with its private key; the same file if not set.
    type: path
  certificates:
    description:
      - The certificates, if there is more than one.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Main name.
        type: str
        required: true
      names:
        description:
          - More names.
        type: list
        elements: str
        default: []
      fullchain:
        description:
          - File with the chain, see the option O(fullchain).
        type: path
      privkey:
        description:
          - File with its private key, see the option O(privkey).
        type: path
  acme_directory:
    description:
      - URL of the ACME directory that certificates are ordered from, for example
        V(https://acme-v02.api.letsencrypt.org/directory).
    type: str
    required: true
  storage:
    description:
      - Folder of M(mailhost.modoboa.acme_cert), as an absolute path.
    type: path
    required: true
  certbot:
    description:
      - Configuration folder of certbot. It need not exist.
    type: path
    default: /etc/letsencrypt
  account:
    description:
      - Whether to take over the key of certbot's account for O(acme_directory), if there is no account in O(storage)
        yet. The CA then sees that a certificate is the successor of one by certbot (RFC 9773), and the account's limits
        go on.
      - Of several accounts it is the one that has ordered most of the certificates.
      - M(mailhost.modoboa.acme_account) then asks the CA which account the key belongs to.
    type: bool
    default: true
  certbot_renewal:
    description:
      - V(stopped) renames C(renewal/LINEAGE.conf) to C(renewal/LINEAGE.conf.adopted), for each lineage whose names are
        all among those of this task's certificates that are in O(storage), and that nobody is known to read (see
        O(dependants) and O(in_use)). Rename it back to have certbot renew it again.
      - Only do that once nothing uses certbot's files any more.
    type: str
    choices: [unchanged, stopped]
    default: unchanged
  taken_over:
    description:
      - Main names of certificates that an earlier task has taken over. They are not looked for again, and what is in
        O(storage) counts; in check mode, they count as being there.
    type: list
    elements: str
    default: []
  dependants:
    description:
      - Files and folders with the configuration of other programs. certbot goes on renewing a lineage whose folder in
        C(live) is mentioned there. They need not exist.
    type: list
    elements: path
    default: [/etc/postfix, /etc/dovecot, /etc/exim4, /etc/apache2/sites-enabled]
  in_use:
    description:
      - Files with chains that somebody is known to read, as M(mailhost.modoboa.nginx_vhost_info) finds them. certbot
        goes on renewing the lineages that they belong to.
    type: list
    elements: path
    default: []
seealso:
  - module: mailhost.modoboa.acme_cert
  - module: mailhost.modoboa.nginx_vhost
  - module: mailhost.modoboa.nginx_vhost_info
"""

EXAMPLES = r"""
- name: Take over a certificate of certbot's, and its account
  mailhost.modoboa.acme_cert_adopt:
    name: mail.atlas.example
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa-virtualhosts

- name: Take over one that was bought
  mailhost.modoboa.acme_cert_adopt:
    name: mail.birch.example
    fullchain: /etc/ssl/birch/chain.pem
    privkey: /etc/ssl/birch/key.pem
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa-virtualhosts

- name: Let certbot renew no more what is served from the storage
  mailhost.modoboa.acme_cert_adopt:
    certificates:
      - name: mail.atlas.example
      - name: mail.corvus.example
        names: [webmail.corvus.example]
    taken_over: [mail.atlas.example, mail.corvus.example]
    acme_directory: https://acme-v02.api.letsencrypt.org/directory
    storage: /var/lib/modoboa-virtualhosts
    certbot_renewal: stopped
"""

RETURN = r"""
certificates:
  description: One result a certificate, in the order of the task.
  returned: unless an option makes no sense
  type: list
  elements: dict
  contains:
    name:
      description: Main name.
      type: str
      sample: mail.atlas.example
    changed:
      description: Whether it was taken over; in check mode, would be.
      type: bool
    failed:
      description: Whether there is a certificate that cannot be used. Then nothing changed.
      type: bool
    error:
      description: What is wrong and what to do about it, or null.
      type: str
    present:
      description: Whether there is one in O(storage) now that serves all names. In check mode, whether there would be.
      type: bool
    source:
      description: File of the chain that was found, or null if there is nothing to take over.
      type: str
      sample: /etc/letsencrypt/live/mail.atlas.example/fullchain.pem
    lineage:
      description: certbot's name for it, or null.
      type: str
      sample: mail.atlas.example
    fullchain:
      description: Where the chain is published.
      type: str
    names:
      description: Names in the certificate, sorted.
      type: list
      elements: str
    key_type:
      description: Kind of its key, or null.
      type: str
      sample: RSA-2048
    not_after:
      description: End of the validity in UTC, or null.
      type: str
account:
  description: What became of certbot's account.
  returned: unless an option makes no sense
  type: dict
  contains:
    changed:
      description: Whether its key was taken over; in check mode, would be.
      type: bool
    thumbprint:
      description: Thumbprint of that key, or null.
      type: str
    source:
      description: certbot's name for the account, or null.
      type: str
    error:
      description: Why it could not be taken over, or null. The task does not fail for that.
      type: str
lineages:
  description: The lineages of certbot that have names of the certificates, with O(certbot_renewal=stopped).
  returned: unless an option makes no sense
  type: list
  elements: dict
  contains:
    name:
      description: certbot's name for it.
      type: str
    changed:
      description: Whether certbot renews it no more; in check mode, would.
      type: bool
    failed:
      description: Whether that could not be done.
      type: bool
    error:
      description: Why not, or null.
      type: str
    other_names:
      description: Names in it that are none of the certificates'. If there are any, certbot goes on renewing it.
      type: list
      elements: str
    read_by:
      description: Who else reads it, as far as is known. If there is anybody, certbot goes on renewing it.
      type: list
      elements: str
      sample: [/etc/postfix/main.cf]
    file:
      description: Its file in C(renewal) as it was.
      type: str
    hooks:
      description: Commands that certbot runs when it renews it.
      type: dict
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.adoption import read_wanted
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.adoption_run import (
    Options,
    run,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import (
    directory_from,
    storage_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certbot import Certbot
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.libraries import insist
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import finish, items_from

_ITEM = ("name", "names", "fullchain", "privkey")
_DEPENDANTS = ["/etc/postfix", "/etc/dovecot", "/etc/exim4", "/etc/apache2/sites-enabled"]


def argument_spec() -> dict[str, Any]:
    """Return the module's options."""
    paths = {
        # Where the key is, not the key
        "fullchain": {"type": "path"},
        "privkey": {"type": "path", "no_log": False},
    }
    names = {"type": "list", "elements": "str", "default": []}
    return {
        "name": {"type": "str"},
        "names": names,
        **paths,
        "certificates": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str", "required": True}, "names": names, **paths},
        },
        "acme_directory": {"type": "str", "required": True},
        "storage": {"type": "path", "required": True},
        "certbot": {"type": "path", "default": "/etc/letsencrypt"},
        "account": {"type": "bool", "default": True},
        "certbot_renewal": {
            "type": "str",
            "choices": ["unchanged", "stopped"],
            "default": "unchanged",
        },
        "taken_over": {"type": "list", "elements": "str", "default": []},
        "dependants": {"type": "list", "elements": "path", "default": _DEPENDANTS},
        "in_use": {"type": "list", "elements": "path", "default": []},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[(option, "certificates") for option in _ITEM],
        required_one_of=[("name", "certificates")],
        supports_check_mode=True,
    )
    insist(module)
    parameters = module.params
    try:
        wanted = read_wanted(
            items_from(parameters, "certificates", _ITEM), parameters["taken_over"]
        )
        options = Options(
            directory=directory_from(parameters),
            account=parameters["account"],
            stop=parameters["certbot_renewal"] == "stopped",
            check_mode=module.check_mode,
            dependants=[Path(path) for path in parameters["dependants"]],
            in_use=parameters["in_use"],
        )
        certbot = Certbot(Path(parameters["certbot"]))
        now = datetime.now(timezone.utc)
        outcome = run(wanted, storage_from(parameters), certbot, options, now)
    except AcmeError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    finish(
        module,
        "certificates",
        "certificates",
        outcome.certificates,
        outcome.diff,
        outcome.lineages,
        account=outcome.account,
        lineages=outcome.lineages,
        changed=outcome.account["changed"],
    )


if __name__ == "__main__":
    main()
