# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run remembers for the next: renewal.json beside a certificate.

A module that is started by a schedule has no other memory. A damaged file, or a damaged part of
one, counts as nothing remembered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from .document import read_object
from .errors import AcmeError, Problem
from .moment import moment_of, timestamp

_FORMAT = 1
Part = TypeVar("Part")


@dataclass(frozen=True)
class Suggestion:
    """When the CA would like a certificate to be renewed (RFC 9773).

    :ivar certificate: its ``renewal_id``: the suggestion is void for every other
    :ivar start: of the window; ``None``, like end and moment, if the CA has suggested nothing
    :ivar moment: chosen at random in the window, once
    :ivar ask_again: not before then is the CA asked for it again
    :ivar failures: how often in a row asking has failed
    :ivar explanation: a page that says why the window is where it is
    """

    certificate: str
    ask_again: datetime
    start: datetime | None = None
    end: datetime | None = None
    moment: datetime | None = None
    failures: int = 0
    explanation: str | None = None


@dataclass(frozen=True)
class Failure:
    """How the last attempts to issue have gone.

    :ivar count: how many in a row
    :ivar terms: a digest of what was asked for: a pause is void once something else is wanted
    :ivar at: when the last one failed
    :ivar next_attempt: not before then, unless the operator says so
    :ivar limited: the CA itself named that moment
    """

    count: int
    text: str
    step: str | None
    problem: Problem | None
    terms: str
    at: datetime
    next_attempt: datetime
    limited: bool = False

    def error(self) -> AcmeError:
        """Return the error as it was raised."""
        return AcmeError(self.text, step=self.step, problem=self.problem)


@dataclass(frozen=True)
class Revoked:
    """The CA was told to revoke a certificate.

    :ivar serial: of that certificate: the mark is void for every other
    """

    serial: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Memory:
    """The content of renewal.json."""

    suggestion: Suggestion | None = None
    failure: Failure | None = None
    revoked: Revoked | None = None

    def to_json(self) -> bytes:
        """Return the content of the file."""
        document = {
            "version": _FORMAT,
            "suggestion": _to_json(self.suggestion),
            "failure": _to_json(self.failure),
            "revoked": _to_json(self.revoked),
        }
        return (json.dumps(document, indent=2) + "\n").encode()


def read_memory(content: bytes | None) -> Memory:
    """Read the file's content, as far as it makes sense."""
    document = read_object(content)
    if document is None or document.get("version") != _FORMAT:
        return Memory()
    return Memory(
        suggestion=_part(document, "suggestion", _suggestion),
        failure=_part(document, "failure", _failure),
        revoked=_part(document, "revoked", _revoked),
    )


def _to_json(part: Suggestion | Failure | Revoked | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {name: _plain(value) for name, value in vars(part).items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    return value.as_result() if isinstance(value, Problem) else value


def _part(
    document: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], Part]
) -> Part | None:
    try:
        return read(document[name])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _suggestion(document: Mapping[str, Any]) -> Suggestion:
    window = [document.get(name) for name in ("start", "end", "moment")]
    start, end, moment = (moment_of(each) if each else None for each in window)
    return Suggestion(
        certificate=str(document["certificate"]),
        ask_again=moment_of(document["ask_again"]),
        start=start,
        end=end,
        moment=moment,
        failures=int(document["failures"]),
        explanation=document.get("explanation"),
    )


def _failure(document: Mapping[str, Any]) -> Failure:
    problem = document.get("problem")
    return Failure(
        count=int(document["count"]),
        text=str(document["text"]),
        step=document.get("step"),
        problem=Problem.from_result(problem) if problem else None,
        terms=str(document["terms"]),
        at=moment_of(document["at"]),
        next_attempt=moment_of(document["next_attempt"]),
        limited=document["limited"] is True,
    )


def _revoked(document: Mapping[str, Any]) -> Revoked:
    return Revoked(
        serial=str(document["serial"]),
        at=moment_of(document["at"]),
        reason=str(document["reason"]),
    )
