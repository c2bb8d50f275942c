# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of acme_cert beside those that all ACME modules share, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..items import items_from
from .arguments import concurrency_from, seconds_from
from .batch import BatchOptions
from .dns_hook import DnsHook
from .errors import AcmeError
from .issuance import Ways
from .keys import CERTIFICATE_KEY_TYPES
from .probe import Probe
from .renewal import Policy
from .request import (
    ABSENT,
    DNS,
    ITEM_OPTIONS,
    PRESENT,
    REVOKED,
    STATELESS,
    WEBROOT,
    CertificateRequest,
    read_requests,
)
from .resolver import LIBRARY, resolver_from
from .responder import Responder
from .revocation import REASONS
from .webroot import Stateless, Webroot

_NAMES = {"type": "list", "elements": "str"}
# Hours: a year
_LONGEST_INTERVAL = 8760
_DEFAULTS = {"state": PRESENT, "key_type": "P-256", "reuse_key": False, "challenge": WEBROOT}


def certificate_arguments() -> dict[str, Any]:
    """Return the options that say which certificates, and how they are looked after."""
    item = _item_arguments()
    return {
        "name": {"type": "str"},
        "names": _NAMES,
        "certificates": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str", "required": True}, "names": _NAMES, **item},
        },
        **{name: {**option, **_default(name)} for name, option in item.items()},
        "renew_days": {"type": "int", "default": 30},
        "run_interval": {"type": "float", "default": 12.0},
        "force": {"type": "bool", "default": False},
        "retry": {"type": "bool", "default": False},
        "only_renew": {"type": "bool", "default": False},
        "revoke": {"type": "bool", "default": False},
        "revocation_reason": {"type": "str", "choices": list(REASONS), "default": "unspecified"},
        "look_first": {"type": "bool", "default": True},
        "look_port": {"type": "int", "default": 80},
        "look_resolver": {"type": "str"},
        "dns_hook": {"type": "list", "elements": "str"},
        "dns_hook_timeout": {"type": "float", "default": 120.0},
        "dns_wait": {"type": "float", "default": 0.0},
        "order_timeout": {"type": "float", "default": 180.0},
        "owner": {"type": "str"},
        "group": {"type": "str"},
    }


def optional_libraries(parameters: Mapping[str, Any]) -> list[str]:
    """Return the import names of libraries that only some options need."""
    return [LIBRARY] if parameters["look_resolver"] else []


def policy_from(parameters: Mapping[str, Any]) -> Policy:
    """Return how renewals are decided.

    :raises AcmeError: an option makes no sense
    """
    days, hours = parameters["renew_days"], parameters["run_interval"]
    if days < 0:
        raise AcmeError(f"renew_days is {days}. Give 0 or more.")
    if not 0 <= hours <= _LONGEST_INTERVAL:
        raise AcmeError(f"run_interval is {hours:g} hours. Choose 0 to {_LONGEST_INTERVAL}.")
    return Policy(
        directory=parameters["acme_directory"],
        renew_days=parameters["renew_days"],
        run_interval=timedelta(hours=parameters["run_interval"]),
        force=parameters["force"],
        retry=parameters["retry"],
        only_renew=parameters["only_renew"],
    )


def batch_options_from(parameters: Mapping[str, Any], check_mode: bool) -> BatchOptions:
    """Return what holds for all certificates of a run.

    :raises AcmeError: an option makes no sense
    """
    return BatchOptions(
        policy=policy_from(parameters),
        concurrency=concurrency_from(parameters),
        order_timeout=seconds_from(parameters, "order_timeout"),
        check_mode=check_mode,
        revoke=parameters["revoke"],
        revocation_reason=parameters["revocation_reason"],
    )


def ways_from(parameters: Mapping[str, Any], storage: Path) -> Ways:
    """Return how names are proved.

    :raises AcmeError: an option makes no sense
    """
    responders: dict[str, Responder] = {WEBROOT: Webroot(storage), STATELESS: Stateless()}
    if parameters["dns_hook"] is not None:
        responders[DNS] = DnsHook(
            parameters["dns_hook"],
            seconds_from(parameters, "dns_hook_timeout"),
            parameters["dns_wait"],
        )
    port = parameters["look_port"]
    if not 0 < port < 65536:
        raise AcmeError(f"look_port is {port}. Give the number of a TCP port.")
    resolver = resolver_from(parameters["look_resolver"])
    probes = {}
    if parameters["look_first"]:
        probes = {name: Probe(each, port, resolver) for name, each in responders.items()}
    return Ways(responders, probes)


def requests_from(parameters: Mapping[str, Any], ways: Ways) -> list[CertificateRequest]:
    """Return what is asked for, checked.

    :raises AcmeError: something makes no sense; every such item is named
    """
    items = items_from(parameters, "certificates", ITEM_OPTIONS)
    return read_requests(items, parameters, ways.responders)


def _item_arguments() -> dict[str, Any]:
    return {
        "state": {"type": "str", "choices": [PRESENT, REVOKED, ABSENT]},
        "key_type": {"type": "str", "choices": list(CERTIFICATE_KEY_TYPES), "no_log": False},
        "reuse_key": {"type": "bool", "no_log": False},
        "csr": {"type": "path"},
        "profile": {"type": "str"},
        "preferred_chain": {"type": "str"},
        "challenge": {"type": "str", "choices": [WEBROOT, STATELESS, DNS]},
    }


def _default(name: str) -> dict[str, Any]:
    return {"default": _DEFAULTS[name]} if name in _DEFAULTS else {}
