# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What state.json says of a published pair: where it came from, and what is in it.

It is written and replaced together with the pair. What it says of the certificate is believed only
while chain and key are, to the byte, what was published: it saves reading them anew in each run.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from .certificate import Certificate
from .document import read_object
from .moment import moment_of, timestamp

_FORMAT = 1


@dataclass(frozen=True)
class Origin:
    """Where a certificate came from.

    :ivar directory: the ACME directory that issued it; empty if nobody knows
    :ivar account: the URL of the account that ordered it, where that is known
    :ivar profile: the profile that was asked for; ``None`` for the CA's default
    :ivar key_elsewhere: it was ordered with the operator's own signing request
    :ivar order: the URL of its order, where that is known
    :ivar published: when it was put where it is, by this host's clock
    :ivar adopted: another client, or a person, has ordered it, and made its key
    """

    directory: str
    account: str | None = None
    profile: str | None = None
    key_elsewhere: bool = False
    order: str | None = None
    published: datetime | None = None
    adopted: bool = False


@dataclass(frozen=True)
class State:
    """The content of state.json.

    :ivar certificate: what the published chain holds, as far as it was recorded
    :ivar digest: of chain and key as they were published
    """

    origin: Origin
    certificate: Certificate | None = None
    digest: str | None = None

    def to_json(self) -> bytes:
        """Return the content of the file."""
        origin = self.origin
        document: dict[str, Any] = {
            "version": _FORMAT,
            "directory": origin.directory,
            "account": origin.account,
            "profile": origin.profile,
            "key_elsewhere": origin.key_elsewhere,
            "order": origin.order,
            "published": timestamp(origin.published) if origin.published else None,
        }
        if origin.adopted:
            document["adopted"] = True
        if self.certificate is not None:
            document["digest"] = self.digest
            document["certificate"] = _certificate_to_json(self.certificate)
        return (json.dumps(document, indent=2) + "\n").encode()


def read_state(content: bytes | None) -> State | None:
    """Read the file's content; ``None`` for a file that is missing or damaged."""
    document = read_object(content)
    if document is None or document.get("version") != _FORMAT:
        return None
    directory = _text(document, "directory")
    if directory is None:
        return None
    origin = Origin(
        directory=directory,
        account=_text(document, "account"),
        profile=_text(document, "profile"),
        key_elsewhere=document.get("key_elsewhere") is True,
        order=_text(document, "order"),
        published=_moment(document, "published"),
        adopted=document.get("adopted") is True,
    )
    try:
        return State(
            origin, _certificate_from_json(document["certificate"]), _text(document, "digest")
        )
    except (ValueError, KeyError, TypeError):
        # an older version of this collection wrote no more than the origin
        return State(origin)


def digest_of(chain: bytes, key: bytes | None) -> str:
    """Return what tells one published pair from every other."""
    return sha256(sha256(chain).digest() + sha256(key or b"").digest()).hexdigest()


def _certificate_to_json(certificate: Certificate) -> dict[str, Any]:
    return {
        "names": sorted(certificate.names),
        "key_type": certificate.key_type,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "not_before": timestamp(certificate.not_before),
        "not_after": timestamp(certificate.not_after),
        "public_key": b64encode(certificate.public_key).decode("ascii"),
        "renewal_id": certificate.renewal_id,
    }


def _certificate_from_json(document: Mapping[str, Any]) -> Certificate:
    return Certificate(
        names=frozenset(str(name) for name in document["names"]),
        key_type=str(document["key_type"]),
        issuer=str(document["issuer"]),
        serial=str(document["serial"]),
        not_before=moment_of(document["not_before"]),
        not_after=moment_of(document["not_after"]),
        public_key=b64decode(document["public_key"], validate=True),
        renewal_id=_text(document, "renewal_id"),
    )


def _moment(document: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return moment_of(document.get(name))
    except ValueError:
        return None


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
