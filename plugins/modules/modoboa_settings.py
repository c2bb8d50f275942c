#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modoboa_settings
short_description: Manage the global settings of virtual hosts on a Modoboa server
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Reads and changes the ACME and nginx settings that a server keeps for whoever provisions its virtual hosts, such as
    the contact of the ACME account. Those that a task does not mention stay as they are.
  - The roles and modules of this collection have variables and options of their own, and do not read these settings.
extends_documentation_fragment:
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_modoboa
  - mailhost.modoboa.modoboa
options:
  settings:
    description:
      - Settings by name. Without any, the module only reads.
      - Which ones there are, the server says. A name that it does not have is an error that lists those it has. So is a
        value of another type than the present one. Nothing is changed then.
      - The extension of this collection has V(acme_storage), V(acme_directory_url), V(acme_contact) (a list),
        V(acme_renewal_threshold) (days), V(nginx_configuration_directory), V(nginx_enabled_sites_directory) and
        V(nginx_upstream).
    type: dict
    default: {}
seealso:
  - module: mailhost.modoboa.modoboa_license
"""

EXAMPLES = r"""
- name: Say whom the CA may write to, and renew early
  mailhost.modoboa.modoboa_settings:
    url: https://mail.example.org
    token: "{{ vault_modoboa_token }}"
    settings:
      acme_contact: [hostmaster@example.org]
      acme_renewal_threshold: 40

- name: Read all settings
  mailhost.modoboa.modoboa_settings:
    url: https://mail.example.org
    token: "{{ vault_modoboa_token }}"
  register: found
"""

RETURN = r"""
settings:
  description:
    - All settings by name, as they are after the task, in check mode as they would be.
    - Values whose names say that they are secret are hidden.
  returned: success
  type: dict
  sample:
    acme_contact: [hostmaster@example.org]
    acme_directory_url: https://acme-v02.api.letsencrypt.org/directory
    acme_renewal_threshold: 40
    acme_storage: /var/lib/modoboa-virtualhosts
    nginx_configuration_directory: /etc/nginx/sites-available
    nginx_enabled_sites_directory: /etc/nginx/sites-enabled
    nginx_upstream: unix:/run/uwsgi/app/modoboa_instance/socket
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import change
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import difference
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connect,
    connection_options,
    require_library,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_settings import (
    Convergence,
)


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    return {**connection_options(), "settings": {"type": "dict", "default": {}}}


def run(module: AnsibleModule) -> None:
    """Make the settings as wanted, and end the module."""
    convergence = Convergence(module.params["settings"], check_mode=module.check_mode)
    error = None
    try:
        convergence.bring_about(connect(module.params))
    except errors.ModoboaError as reason:
        error = str(reason)
    module.no_log_values.update(convergence.secrets())
    results: dict[str, Any] = {"changed": convergence.changed}
    if module._diff:
        results["diff"] = diff(convergence)
    if error is not None:
        module.fail_json(msg=error, **results)
    module.exit_json(settings=convergence.after, **results)


def diff(convergence: Convergence) -> list[dict[str, Any]]:
    """What changed, in Ansible's shape."""
    if not convergence.changed:
        return []
    return [change("settings", *difference(convergence.before, convergence.after))]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    require_library(module)
    run(module)


if __name__ == "__main__":
    main()
