#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modoboa_license
short_description: Manage the licence of virtual hosts on a Modoboa server
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Keeps the licence key in an instance's settings.py, has the server register it, or tells how the licence stands.
  - The extension C(modoboa_virtualhosts) as it is needs no licence. A vendor who offers one asks for the setting
    C(MODOBOA_PRO_LICENSE_KEY).
  - The key is shown nowhere, only its fingerprint, which is the beginning of its SHA-256.
  - The application reads settings.py when it starts. Restarting it is left to a handler; the key is registered
    after that, in another task.
extends_documentation_fragment:
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_modoboa
  - mailhost.modoboa.modoboa
options:
  url:
    description:
      - Address of the Modoboa server, such as V(https://mail.example.org). Only needed with O(registered=true) and
        without O(settings_file), since otherwise no server is asked.
      - The environment variable E(MODOBOA_URL) is used if the option is not set.
    type: str
    required: false # unlike for the other modules
  settings_file:
    description:
      - The settings.py of the instance on the machine that the module runs on. Without it no file is looked at.
      - The key is there on exactly one line, at the place where it was first, or at the end. All else in the file stays
        as it is, and so do its mode, owner, access lists, and a symbolic link to it.
      - The file is compiled by the Python of the module before it takes the place of the old one, and never run. What
        cannot be changed safely, such as a key that is set inside a condition, is an error.
    type: path
  key:
    description:
      - The licence key. Needed to write it to O(settings_file).
      - Without O(settings_file) it is what the application has to work with, so that it is an error if that was not
        restarted since. Without it, the server registers whichever key it has.
    type: str
  state:
    description:
      - V(present) makes sure that O(key) is in O(settings_file).
      - V(absent) makes sure that no key is there. The server locks virtual hosts again once it was restarted.
    type: str
    choices: [present, absent]
    default: present
  registered:
    description:
      - Whether to make sure that the server has registered the key. A key that is registered is not registered again.
      - A task that also changes O(settings_file) does not register, since the application has to be restarted first. It
        warns, and RV(restart_needed) says so.
      - Servers that have only the published contract register no keys over their API. Then it is an error if virtual
        hosts are locked, and nothing is done if they are not.
    type: bool
    default: false
  wait_timeout:
    description:
      - With O(registered=true), seconds to wait for an application that was just restarted, until it answers and has
        the key.
    type: int
    default: 0
  backup:
    description: Whether to keep a copy of O(settings_file) beside it when it changes. An old key is in there, too.
    type: bool
    default: false
notes:
  - If neither O(settings_file) nor O(registered=true) is set, the module only tells how the licence stands.
  - A server tells by its fingerprint which key it works with, if it has the extension of this collection. With others
    the module cannot tell whether the application was restarted.
seealso:
  - module: mailhost.modoboa.modoboa_settings
"""

EXAMPLES = r"""
- name: Licence the instance
  hosts: modoboa
  tasks:
    - name: Write the key
      mailhost.modoboa.modoboa_license:
        settings_file: /srv/modoboa/instance/instance/settings.py
        key: "{{ vault_license_key }}"
        backup: true
      notify: Restart the application

    - name: Restart it now, if the key has changed
      ansible.builtin.meta: flush_handlers

    - name: Register the key
      mailhost.modoboa.modoboa_license:
        url: https://mail.example.org
        token: "{{ vault_modoboa_token }}"
        key: "{{ vault_license_key }}"
        registered: true
        wait_timeout: 60
      delegate_to: localhost

  handlers:
    - name: Restart the application
      ansible.builtin.service:
        name: uwsgi
        state: restarted

- name: Look how the licence stands
  hosts: localhost
  tasks:
    - name: Ask the server
      mailhost.modoboa.modoboa_license:
        url: https://mail.example.org
        token: "{{ vault_modoboa_token }}"
      register: found

- name: Take the licence away
  hosts: modoboa
  tasks:
    - name: Take the key out of settings.py
      mailhost.modoboa.modoboa_license:
        settings_file: /srv/modoboa/instance/instance/settings.py
        state: absent
      notify: Restart the application

  handlers:
    - name: Restart the application
      ansible.builtin.service:
        name: uwsgi
        state: restarted
"""

RETURN = r"""
license:
  description:
    - How the licence stands after the task, in check mode as it would.
    - What only the server knows is V(null) if it was not asked, or does not tell.
  returned: success
  type: dict
  contains:
    key_fingerprint:
      description:
        - The beginning of the SHA-256 of the key in settings.py, empty if there is none.
        - Without O(settings_file) that of the key that the application has.
      type: str
      sample: 9f86d081884c7d65
    needed:
      description: Whether virtual hosts need a licence on this server at all.
      type: bool
    registered:
      description:
        - Whether the key is registered.
        - V(null) if RV(restart_needed), since the server then has another key.
      type: bool
    locked:
      description: Whether virtual hosts are locked for want of a registered key.
      type: bool
    licensee:
      description: Whose licence was registered last. V(null) in check mode if it would be registered.
      type: str
      sample: Example Hosting
    last_error:
      description: Why the last attempt to register failed, empty if it did not.
      type: str
restart_needed:
  description:
    - Whether the application has to be restarted before it works with the key.
    - If the server is not asked, whether this task has changed the file.
  returned: success
  type: bool
backup_file:
  description: The copy of the file as it was.
  returned: when there is one
  type: str
  sample: /srv/modoboa/instance/instance/settings.py.5b0cf1d2.2026-06-01@08:00:00~
"""

from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError, change
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import difference
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connect,
    connection_options,
    require_library,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_license import (
    Convergence,
    Result,
    WantedLicense,
)


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    connection = connection_options()
    connection["url"]["required"] = False
    return {
        **connection,
        "settings_file": {"type": "path"},
        "key": {"type": "str", "no_log": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "registered": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 0},
        "backup": {"type": "bool", "default": False},
    }


def results(result: Result, *, diff: bool) -> dict[str, Any]:
    """What the module returns."""
    changed = result.before != result.after
    returned = {
        "changed": changed,
        "license": result.facts(),
        "restart_needed": result.restart_needed,
    }
    if result.backup_file:
        returned["backup_file"] = result.backup_file
    if diff:
        shown = change("licence", *difference(result.before, result.after))
        returned["diff"] = [shown] if changed else []
    return returned


def run(module: AnsibleModule, wanted: WantedLicense) -> None:
    """Make the licence as wanted, and end the module."""
    if wanted.asks_server:
        require_library(module)
    convergence = Convergence(
        wanted,
        partial(connect, module.params),
        check_mode=module.check_mode,
        backup=module.params["backup"],
        warn=module.warn,
    )
    try:
        result = convergence.bring_about()
    except errors.ModoboaError as error:
        module.fail_json(msg=str(error), changed=convergence.has_written)
    else:
        module.exit_json(**results(result, diff=module._diff))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        wanted = WantedLicense.from_params(module.params)
    except ItemsError as error:
        module.fail_json(msg=str(error))
    else:
        run(module, wanted)


if __name__ == "__main__":
    main()
