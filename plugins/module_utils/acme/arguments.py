# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that all ACME modules share, and what they become.

Documented in the doc fragment ``acme``.
"""

from __future__ import annotations

import grp
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from ..files import Ownership
from .account import Account
from .account_plan import AccountOptions
from .binding import BINDING_ALGORITHMS, read_binding
from .contact import contact_addresses
from .errors import AcmeError
from .keys import ACCOUNT_KEY_TYPES
from .network import Network
from .rollover import RolloverRule
from .trust import Trust

_MOST_CONCURRENT = 64
_MOST_SECONDS = 24 * 3600


def ca_arguments() -> dict[str, Any]:
    """Return the options that say which CA, how to reach it, and with which account."""
    return {
        "acme_directory": {
            "type": "str",
            "required": True,
            "fallback": (env_fallback, ["ACME_DIRECTORY_URL"]),
        },
        "ca_path": {"type": "path"},
        "validate_certs": {"type": "bool", "default": True},
        "timeout": {"type": "float", "default": 30.0},
        "account_contact": {"type": "list", "elements": "str"},
        "terms_agreed": {"type": "bool", "default": False},
        "account_key_type": {
            "type": "str",
            "choices": list(ACCOUNT_KEY_TYPES),
            "no_log": False,
        },
        "eab_kid": {"type": "str", "fallback": (env_fallback, ["ACME_EAB_KID"])},
        "eab_hmac_key": {
            "type": "str",
            "no_log": True,
            "fallback": (env_fallback, ["ACME_EAB_HMAC_KEY"]),
        },
        "eab_algorithm": {
            "type": "str",
            "choices": list(BINDING_ALGORITHMS),
            "default": BINDING_ALGORITHMS[0],
        },
        "storage": {"type": "path", "required": True},
        "concurrency": {"type": "int", "default": 8},
    }


def storage_from(parameters: Mapping[str, Any]) -> Path:
    """Return the storage folder.

    :raises AcmeError: the path is relative
    """
    storage = Path(parameters["storage"])
    if not storage.is_absolute():
        raise AcmeError(f"storage is {str(storage)!r}. Give an absolute path.")
    return storage


def directory_from(parameters: Mapping[str, Any]) -> str:
    """Return the URL of the CA's directory.

    :raises AcmeError: it is no URL of a web server
    """
    directory = str(parameters["acme_directory"])
    with suppress(ValueError):
        parts = urlsplit(directory)
        # a port that is no number is found only by who asks for it
        if parts.scheme in ("https", "http") and parts.hostname and parts.port != 0:
            return directory
    raise AcmeError(f"acme_directory is {directory!r}. Give the https:// URL of a directory.")


def account_from(
    parameters: Mapping[str, Any], storage: Path, rollover: RolloverRule | None = None
) -> Account:
    """Return the account at the chosen directory.

    :param rollover: when its key is changed; ``None`` never does
    :raises AcmeError: an option makes no sense
    """
    contact = parameters["account_contact"]
    options = AccountOptions(
        contact=None if contact is None else contact_addresses(contact),
        terms_agreed=parameters["terms_agreed"],
        key_type=parameters["account_key_type"] or ACCOUNT_KEY_TYPES[0],
        binding=read_binding(
            parameters["eab_kid"], parameters["eab_hmac_key"], parameters["eab_algorithm"]
        ),
        rollover=rollover,
        # a module without the option looks after nothing but the account, and always asks
        force=parameters.get("force", True),
    )
    return Account(storage, directory_from(parameters), options)


def network_from(parameters: Mapping[str, Any]) -> Network:
    """Return the connection to the CA; nothing is sent yet.

    :raises AcmeError: an option makes no sense
    """
    trust = Trust(parameters["ca_path"], parameters["validate_certs"])
    trust.insist()
    return Network(
        directory_from(parameters),
        trust=trust,
        timeout=seconds_from(parameters, "timeout"),
        connections=concurrency_from(parameters),
    )


def concurrency_from(parameters: Mapping[str, Any]) -> int:
    """Return how much may be under way at once.

    :raises AcmeError: it is out of bounds
    """
    concurrency = int(parameters["concurrency"])
    if not 1 <= concurrency <= _MOST_CONCURRENT:
        raise AcmeError(f"concurrency is {concurrency}. Choose 1 to {_MOST_CONCURRENT}.")
    return concurrency


def seconds_from(parameters: Mapping[str, Any], name: str) -> float:
    """Return how long something may take.

    :param name: of the option
    :raises AcmeError: it is out of bounds
    """
    seconds = float(parameters[name])
    if not 0 < seconds <= _MOST_SECONDS:
        raise AcmeError(f"{name} is {seconds:g}. Give more than 0 and at most {_MOST_SECONDS}.")
    return seconds


def ownership_from(parameters: Mapping[str, Any]) -> Ownership:
    """Return whom the certificate files are to belong to.

    :param parameters: ``owner`` and ``group``, by name or number
    :raises AcmeError: this host knows no such user or group
    """
    owner, group = parameters["owner"], parameters["group"]
    uid = gid = -1
    try:
        if owner:
            uid = int(owner) if owner.isdecimal() else pwd.getpwnam(owner).pw_uid
        if group:
            gid = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise AcmeError(f"{error.args[0]}. Create it first, or name another.") from error
    return Ownership(uid, gid)
