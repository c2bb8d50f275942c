# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with an ACME server, as text that tells the reader what to do next.

The text of an error is the same for the same cause: order numbers, tokens, ports chosen by the
kernel and times are kept out of it, because the text is recorded and compared between runs. They
are in the problem, which is returned beside it.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREFIX = "urn:ietf:params:acme:error:"

_ADVICE = {
    "accountDoesNotExist": "The CA no longer knows this account; set terms_agreed to true so that"
    " it can be registered again.",
    "badCSR": "Choose a key_type that this CA accepts, or make the file that csr names anew, with a key"
    " and extensions that it accepts.",
    "badPublicKey": "Choose an account_key_type and a key_type that this CA accepts.",
    "badSignatureAlgorithm": "Choose an account_key_type that this CA accepts.",
    "caa": "Add a CAA record for this CA to the name's DNS zone, or remove the one that forbids it.",
    "connection": "Make sure that the name's A and AAAA records lead to this host and that TCP port"
    " 80 is open from the Internet.",
    "dns": "Make sure that the name has an A or AAAA record that leads to this host.",
    "dnssec": "Repair the DNSSEC signatures of the name's zone.",
    "externalAccountRequired": "This CA creates accounts only for those whom it already knows; set"
    " eab_kid and eab_hmac_key to what it handed out.",
    "incorrectResponse": "Make sure that the web server passes /.well-known/acme-challenge/ to"
    " this host's webroot, or answers it with this account's thumbprint.",
    "invalidContact": "Correct account_contact.",
    "rateLimited": "Wait until the time that the CA names (in the result, retry_after of the problem"
    " in seconds, or next_attempt of the failures). If it has paused the name, the problem's detail has"
    " an address to undo that.",
    "rejectedIdentifier": "Remove the name from the certificate; this CA does not certify it.",
    "serverInternal": "This is the CA's own fault; run again later.",
    "tls": "Repair the TLS settings of the web server that the challenge is redirected to.",
    "unauthorized": "Make sure that the name leads to this host only, and that its web server passes"
    " /.well-known/acme-challenge/ to this host's webroot, or answers it with this account's"
    " thumbprint.",
    "unsupportedContact": "Use mail addresses in account_contact.",
    "unsupportedIdentifier": "Remove the name from the certificate; this CA does not certify it.",
    "userActionRequired": "Open the address that the CA names, and do there what it asks for; most"
    " often it wants its new terms of service agreed.",
}

_ADVICE_WITHOUT_TYPE = (
    "Run again later. If this goes on, something between this host and the CA may be what answers."
)

_CHANGING = (
    # the port that the kernel chose for one connection: 10.0.0.1:40312->10.0.0.2:80
    (re.compile(r":\d{1,5}->"), "->"),
    (re.compile(r"<[^<>]* object at 0x[0-9a-f]+>:? ?"), ""),
    (re.compile(r" ?\(_ssl\.c:\d+\)"), ""),
    (
        re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?Z| UTC|[+-]\d\d:\d\d)?"),
        "[time]",
    ),
    # tokens, nonces, order names: base64url with letters of both cases
    (
        re.compile(
            r"(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?:(?=[\w-]*\d)[\w-]{20,}|[\w-]{40,})", re.ASCII
        ),
        "[token]",
    ),
    # numbers that only count requests up: /acme/authz/1234567/890
    (re.compile(r"(?<=/)\d{5,}(?=[/\s]|$)"), "[id]"),
)


def stable_text(text: str) -> str:
    """Return ``text`` on one line, without what differs between two runs that fail alike."""
    for pattern, replacement in _CHANGING:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


@dataclass(frozen=True)
class Problem:
    """A problem document of an ACME server (RFC 7807, RFC 8555 sections 6.7 and 6.7.1)."""

    type: str = "about:blank"
    detail: str = ""
    status: int | None = None
    url: str | None = None
    identifier: str | None = None
    retry_after: float | None = None
    subproblems: tuple[Problem, ...] = field(default=())
    instance: str | None = None

    @classmethod
    def from_json(
        cls,
        document: object,
        *,
        url: str | None = None,
        status: int | None = None,
        identifier: str | None = None,
        retry_after: float | None = None,
    ) -> Problem:
        """Read a problem document, and never fail: a CA in trouble answers all sorts of things."""
        if not isinstance(document, Mapping):
            return cls(url=url, status=status, identifier=identifier, retry_after=retry_after)
        own_status = document.get("status")
        own_identifier = document.get("identifier")
        if isinstance(own_identifier, Mapping) and own_identifier.get("value"):
            identifier = str(own_identifier["value"])
        subproblems = document.get("subproblems")
        instance = document.get("instance")
        return cls(
            type=str(document.get("type") or "about:blank"),
            detail=str(document.get("detail") or document.get("title") or ""),
            status=own_status if isinstance(own_status, int) else status,
            url=url,
            identifier=identifier,
            retry_after=retry_after,
            subproblems=tuple(cls.from_json(each) for each in subproblems)
            if isinstance(subproblems, list)
            else (),
            instance=instance if isinstance(instance, str) else None,
        )

    @classmethod
    def from_result(cls, document: Mapping[str, Any]) -> Problem:
        """Read what :meth:`as_result` gave.

        :raises KeyError: something is missing
        """
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        subproblems = tuple(cls.from_result(each) for each in fields.pop("subproblems"))
        return cls(**fields, subproblems=subproblems)

    @property
    def code(self) -> str:
        """The type without the prefix that all ACME errors share."""
        return self.type[len(PREFIX) :] if self.type.startswith(PREFIX) else self.type

    @property
    def passes(self) -> bool:
        """Whether it says nothing of what was asked for, so that asking again may help.

        The CA is busy or in trouble, or it was not the CA that answered: its own problems have a
        type (RFC 8555 section 6.7).
        """
        status = self.status or 0
        if status == 429 or status >= 500 or self.code == "badNonce":
            return True
        return self.type == "about:blank" and status >= 400 and status not in (404, 410)

    def text(self) -> str:
        """Return type, identifier, status, detail and every sub-problem, without advice."""
        text = "an error without a type" if self.type == "about:blank" else self.type
        if self.identifier:
            text += f" for {self.identifier}"
        if self.status:
            text += f" (HTTP {self.status})"
        if self.detail:
            text += f": {stable_text(self.detail)}"
        if self.code == "userActionRequired" and self.instance:
            text += f" See {self.instance}"
        for number, subproblem in enumerate(self.subproblems, 1):
            text += f"; sub-problem {number}: {subproblem.text()}"
        return text

    def advice(self) -> str:
        """Return what to do, for each kind of problem once."""
        sentences = []
        for problem in (self, *self.subproblems):
            sentence = _ADVICE.get(problem.code)
            if problem.type == "about:blank" and problem.passes:
                sentence = _ADVICE_WITHOUT_TYPE
            if sentence and sentence not in sentences:
                sentences.append(sentence)
        return " ".join(sentences)

    def as_result(self) -> dict[str, Any]:
        """Return the problem as the module's result shows it."""
        return {
            "type": self.type,
            "detail": self.detail,
            "status": self.status,
            "url": self.url,
            "identifier": self.identifier,
            "retry_after": self.retry_after,
            "instance": self.instance,
            "subproblems": [subproblem.as_result() for subproblem in self.subproblems],
        }


class AcmeError(Exception):
    """Something that ends the work on one certificate, or on the account.

    ``str()`` is one paragraph, the same in each run that fails alike. ``step`` says where it
    happened, ``problem`` what the CA said, if it said anything.
    """

    def __init__(
        self, text: str, *, step: str | None = None, problem: Problem | None = None
    ) -> None:
        super().__init__(text)
        self.step = step
        self.problem = problem

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{self.step}: {text}" if self.step else text


class ProblemError(AcmeError):
    """The CA answered with a problem document."""

    problem: Problem

    def __init__(
        self, what: str, problem: Problem, *, step: str | None = None, advice: str | None = None
    ) -> None:
        """Say what the CA answered, and what to do about it.

        :param what: the CA did or refused
        :param advice: in place of what is usual for this kind of problem
        """
        text = f"{what}: {problem.text()}".rstrip(". ") + "."
        advice = problem.advice() if advice is None else advice
        super().__init__(f"{text} {advice}" if advice else text, step=step, problem=problem)


class UnreachableError(AcmeError):
    """The CA gave no answer at all."""


class GarbledError(AcmeError):
    """There was an answer, but not as a CA answers: it was cut, or it is somebody else's."""


class OutOfTimeError(AcmeError):
    """The CA did not come to an end within the time allowed."""


def as_acme_error(error: Exception) -> AcmeError:
    """Return what ended the work on one certificate, whatever it was, so that the others go on."""
    if isinstance(error, AcmeError):
        return error
    return AcmeError(f"unexpected {type(error).__name__}: {stable_text(str(error))}")


@contextmanager
def during(step: str) -> Iterator[None]:
    """Name the step in every error of the block; a full or read-only disk becomes an AcmeError.

    :param step: what is being done, as ``AcmeError.step`` and the module's result name it
    :raises AcmeError: for an AcmeError or an OSError of the block
    """
    try:
        yield
    except AcmeError as error:
        if error.step is None:
            error.step = step
        raise
    except OSError as error:
        raise AcmeError(describe_os_error(error), step=step) from error


_SOMETHING_ELSE = (
    "A link that leads nowhere, or something else that does not belong there, is in the way. Move it"
    " away."
)


def describe_os_error(error: OSError) -> str:
    """Say what the operating system refused, where, and what to do."""
    reason = error.strerror or str(error)
    # temporary files have a random part in their name; the directory is what the reader needs
    where = Path(os.fsdecode(error.filename)).parent if error.filename else "the storage"
    advice = {
        errno.ENOSPC: "Free some space on that file system.",
        errno.EDQUOT: "Free some space or raise the quota.",
        errno.EROFS: "Remount that file system for writing, or choose another storage.",
        errno.EACCES: "Run the task with the rights of the storage's owner (become).",
        errno.EPERM: "Run the task with the rights of the storage's owner (become).",
        errno.ENOENT: _SOMETHING_ELSE,
        errno.ENOTDIR: _SOMETHING_ELSE,
        errno.EISDIR: _SOMETHING_ELSE,
        errno.ELOOP: _SOMETHING_ELSE,
    }.get(error.errno or 0, "")
    return f"{reason} in {where}. {advice}".rstrip()
