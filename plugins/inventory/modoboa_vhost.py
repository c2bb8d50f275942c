# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: modoboa_vhost
short_description: Virtual hosts of a Modoboa server as hosts of the inventory
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Makes each virtual host of a Modoboa server a host of the inventory, named by its hostname, so that tenants can be
    picked with C(--limit), grouped, and spread over sliced jobs.
  - All of them are in the group C(modoboa_vhosts), and in C(modoboa_vhosts_pending), C(modoboa_vhosts_ready) or
    C(modoboa_vhosts_failed), and in C(modoboa_vhosts_enabled) or C(modoboa_vhosts_disabled). These groups are always
    there.
  - Their variables are C(modoboa_vhost_name), C(modoboa_vhost_pk), C(modoboa_vhost_creation), C(modoboa_vhost_enabled),
    C(modoboa_vhost_domains), C(modoboa_vhost_status), C(modoboa_vhost_error), C(modoboa_vhost_has_certificate),
    C(modoboa_vhost_certificate_valid_until) and C(modoboa_vhost_days_left), as
    M(mailhost.modoboa.modoboa_vhost_info) describes them, and C(modoboa_vhost_instance), the address of the server.
  - A virtual host is no machine. The plugin says nothing about connections, so that a play, group variables or
    O(compose) can.
  - The file's name ends in C(modoboa_vhost.yml) or C(modoboa_vhost.yaml).
extends_documentation_fragment:
  - mailhost.modoboa.modoboa_plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [mailhost.modoboa.modoboa_vhost]
  status:
    description: States of provisioning. Virtual hosts in any of these; all of them if not given.
    type: list
    elements: str
    choices: [pending, ready, failed]
  enabled:
    description: Only those that are enabled, or only those that are disabled.
    type: bool
notes:
  - O(url), O(token), O(username), O(password) and O(ca_path) may be templates, such as a lookup.
  - The cache keeps the server's whole list, for each O(url) its own. Conditions and C(modoboa_vhost_days_left) are
    worked out anew each time.
seealso:
  - module: mailhost.modoboa.modoboa_vhost_info
"""

EXAMPLES = r"""
# portals.modoboa_vhost.yml: the token comes from the environment (MODOBOA_TOKEN) or an AWX credential
---
plugin: mailhost.modoboa.modoboa_vhost
url: https://mail.example.org
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/modoboa_vhosts
cache_timeout: 900

# Tasks run on the front end that serves all of them, where they are not delegated elsewhere.
---
plugin: mailhost.modoboa.modoboa_vhost
url: https://mail.example.org
compose:
  ansible_host: "'front.example.org'"
  ansible_become: true

# Tasks run where Ansible does.
---
plugin: mailhost.modoboa.modoboa_vhost
url: https://mail.example.org
compose:
  ansible_connection: "'local'"

# Groups of one's own: who expires soon, and one a mail domain.
---
plugin: mailhost.modoboa.modoboa_vhost
url: https://mail.example.org
token: "{{ lookup('ansible.builtin.file', '~/.modoboa-token') }}"
enabled: true
strict: true
groups:
  expiring: modoboa_vhost_days_left is not none and modoboa_vhost_days_left < 14
keyed_groups:
  - key: modoboa_vhost_domains
    prefix: domain
"""

import hashlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.path import unfrackpath
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.address import base_url
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import (
    MISSING_REQUESTS,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connect,
    connection_options,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.errors import ModoboaError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHosts,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_info import (
    Question,
    VirtualHostInfo,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.virtual_host_inventory import (
    GROUP,
    SUBGROUPS,
    subgroups,
    variables,
)

if TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Makes virtual hosts known to Ansible as hosts."""

    NAME = "mailhost.modoboa.modoboa_vhost"

    def verify_file(self, path: str) -> bool:
        """Whether a file is meant for this plugin, by its name."""
        names = ("modoboa_vhost.yml", "modoboa_vhost.yaml")
        return bool(super().verify_file(path)) and path.endswith(names)

    def parse(
        self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True
    ) -> None:
        """Add the virtual hosts to an inventory.

        :raises AnsibleParserError: the file or the server is not as it should be
        """
        super().parse(inventory, loader, path, cache)
        if MISSING_REQUESTS is not None:
            raise AnsibleParserError(missing_required_lib("requests"))
        self._read_config_data(path)
        question = Question(statuses=self.get_option("status"), enabled=self.get_option("enabled"))
        connection = self._connection()
        try:
            instance = base_url(connection["url"])
            known = self._known(path, connection, cache)
        except ModoboaError as error:
            raise AnsibleParserError(str(error)) from None
        now = datetime.now(timezone.utc)
        self._add_groups()
        for info in known:
            if question.holds_for(info):
                self._add(info, variables(info, instance, now))

    def _connection(self) -> dict[str, Any]:
        """The options of the connection; a template may refer to variables of the command line."""
        self.templar.available_variables = self._vars
        options = {
            name: self.templar.template(self.get_option(name)) for name in connection_options()
        }
        if options["ca_path"]:  # Ansible would take an empty path for the working directory
            options["ca_path"] = unfrackpath(options["ca_path"], follow=False)
        return options

    def _known(
        self, path: str, connection: dict[str, Any], may_read: bool
    ) -> list[VirtualHostInfo]:
        """All virtual hosts, from the cache if that is wanted and has them.

        :param may_read: whether what the cache has will do
        """
        caches = self.get_option("cache")
        # The path says nothing about which server is asked: that may come from the environment
        server = hashlib.sha256(base_url(connection["url"]).encode()).hexdigest()[:16]
        key = f"{self.get_cache_key(path)}_{server}"
        if caches and may_read and key in self.cache:
            return [VirtualHostInfo.from_json(content) for content in self.cache[key]]
        contents = VirtualHosts(connect(connection)).entries()
        known = [VirtualHostInfo.from_json(content) for content in contents]
        if caches:
            self.cache[key] = contents
        return known

    def _add_groups(self) -> None:
        self.inventory.add_group(GROUP)
        for group in SUBGROUPS:
            self.inventory.add_group(group)
            self.inventory.add_child(GROUP, group)

    def _add(self, info: VirtualHostInfo, facts: dict[str, Any]) -> None:
        name = info.host.name
        self.inventory.add_host(name, group=GROUP)
        for group in subgroups(info):
            known = self.inventory.add_group(self._sanitize_group_name(group))
            self.inventory.add_child(GROUP, known)
            self.inventory.add_child(known, name)
        for variable, value in facts.items():
            self.inventory.set_variable(name, variable, value)
        strict = self.get_option("strict")
        composing = self.inventory.get_host(name).get_vars()
        self._set_composite_vars(self.get_option("compose"), composing, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), {}, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, name, strict=strict)
