# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant wants of its server block, in the words of M(mailhost.modoboa.nginx_vhost)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import virtual_hosts

Tenant = Mapping[str, Any]
Logs = Mapping[str, Any]

_LOGS = ("access_log", "error_log")
_HOSTNAME = "{hostname}"
# What the role gives the task for all tenants; here it only has to be something
_TASK = {
    "application": "unix:/run/application",
    "frontend_root": "/srv/frontend",
    "static_root": "/srv/static",
    "media_root": "/srv/media",
    "storage": "/srv/storage",
}


def server_block(tenant: Tenant, logs: Logs | None = None) -> dict[str, Any]:
    """The item of a tenant for M(mailhost.modoboa.nginx_vhost).

    :param tenant: a tenant without errors
    :param logs: C(access_log) and C(error_log) of tenants that name none; in them and in the
        tenant's own, C({hostname}) stands for the tenant's hostname
    """
    hostname = tenant["hostname"]
    own = {key: value for key, value in (tenant.get("nginx") or {}).items() if value is not None}
    # What YAML makes of off is for the module to name
    common = {log: path for log, path in (logs or {}).items() if path not in (None, "")}
    block = {**common, **own}
    for log in _LOGS:
        if isinstance(block.get(log), str):
            block[log] = block[log].replace(_HOSTNAME, hostname)
    return {**block, "name": hostname, "names": list(tenant.get("names") or [])}


def faults_of_blocks(tenants: Sequence[Tenant], logs: Logs | None = None) -> list[list[str]]:
    """What M(mailhost.modoboa.nginx_vhost) would say of them.

    :param tenants: their names have no errors
    :param logs: as for :func:`server_block`
    :returns: for each its errors
    """
    # Hundreds at once take as long as a few alone, and as a rule there is nothing to be said
    if all(_is_mapping(tenant) for tenant in tenants) and not any(_faults(tenants, logs)):
        return [[] for _tenant in tenants]
    return [_faults_of(tenant, logs) for tenant in tenants]


def _faults_of(tenant: Tenant, logs: Logs | None) -> list[str]:
    if not _is_mapping(tenant):
        return [f"nginx is {tenant['nginx']!r}; write options of nginx_vhost below it"]
    prefix = tenant["hostname"] + ": "
    return [f"nginx: {error.replace(prefix, '')}" for error in _faults([tenant], logs)]


def _is_mapping(tenant: Tenant) -> bool:
    return isinstance(tenant.get("nginx") or {}, Mapping)


def _faults(tenants: Sequence[Tenant], logs: Logs | None) -> list[str]:
    validated = ArgumentSpecValidator(arguments.argument_spec()).validate(
        {**_TASK, "vhosts": [server_block(tenant, logs) for tenant in tenants]}
    )
    if validated.error_messages:
        return [str(error) for error in validated.error_messages]
    try:
        virtual_hosts(validated.validated_parameters)
    except ItemsError as error:
        return [str(error)]
    return []
