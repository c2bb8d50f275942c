#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modoboa_extension
short_description: Name an extension in the settings.py of a Modoboa instance
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Puts an extension at the end of C(MODOBOA_APPS), or takes it out of settings.py. The package itself, the database
    and the restart that the application needs are left to other tasks. The role P(mailhost.modoboa.extension#role)
    does all of it.
  - The file is read as Python reads it, and never run. What is not about the extension stays as it is, and so do the
    file's mode, owner, access lists, and a symbolic link to it. What cannot be changed safely is an error.
extends_documentation_fragment:
  - mailhost.modoboa.attributes
options:
  settings_file:
    description: The settings.py of the instance on the machine that the module runs on.
    type: path
    required: true
  name:
    description: The extension's Python package.
    type: str
    default: modoboa_virtualhosts
  state:
    description:
      - V(present) names the extension in C(MODOBOA_APPS), after all others, unless it is in there already.
      - V(absent) takes it out, and the statements with which C(modoboa-admin.py deploy) imports its settings.
    type: str
    choices: [present, absent]
    default: present
  backup:
    description: Whether to keep a copy of O(settings_file) beside it when it changes.
    type: bool
    default: false
seealso:
  - module: mailhost.modoboa.modoboa_license
"""

EXAMPLES = r"""
- name: Name the extension
  mailhost.modoboa.modoboa_extension:
    settings_file: /srv/modoboa/instance/instance/settings.py
    backup: true
  notify: Restart the application

- name: Take it out again
  mailhost.modoboa.modoboa_extension:
    settings_file: /srv/modoboa/instance/instance/settings.py
    state: absent
  notify: Restart the application
"""

RETURN = r"""
listed:
  description: Whether C(MODOBOA_APPS) had the extension before the task.
  returned: success
  type: bool
backup_file:
  description: The copy of the file as it was.
  returned: when there is one
  type: str
  sample: /srv/modoboa/instance/instance/settings.py.5b0cf1d2.2026-06-01@08:00:00~
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import change
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import (
    application_list,
    errors,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings_file import (
    SettingsFile,
)


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    return {
        "settings_file": {"type": "path", "required": True},
        "name": {"type": "str", "default": "modoboa_virtualhosts"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "backup": {"type": "bool", "default": False},
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Make the file as wanted, and return the results.

    :raises FileError: it is as it was
    """
    params, name = module.params, module.params["name"]
    before = SettingsFile.read(params["settings_file"])
    if params["state"] == "present":
        after = application_list.with_name(before, name)
    else:
        after = application_list.without_name(before, name)
    changed = before.text != after.text
    results: dict[str, Any] = {"changed": changed, "listed": name in application_list.names(before)}
    if changed and not module.check_mode:
        copy = after.write(backup=params["backup"])
        if copy:
            results["backup_file"] = copy
    if module._diff:
        shown = [described(file, name) for file in (before, after)]
        results["diff"] = [change(str(before.path), *shown)] if changed else []
    return results


def described(file: SettingsFile, name: str) -> dict[str, Any]:
    """What a diff shows: nothing of the rest of the file, which has secrets."""
    return {
        application_list.SETTING: application_list.names(file),
        "statements_that_import_it": len(application_list.imports(file, name)),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        results = run(module)
    except errors.FileError as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**results)


if __name__ == "__main__":
    main()
