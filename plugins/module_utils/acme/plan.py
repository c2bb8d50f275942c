# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about one certificate, decided without asking the CA."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from ..items import change
from .certificate import Certificate
from .errors import AcmeError
from .identifier import name_of
from .memory import Failure
from .moment import timestamp
from .pair import NO_CERTIFICATE
from .renewal import Policy, decide
from .request import ABSENT, REVOKED, CertificateRequest
from .store import Stored


class Action(Enum):
    """What is to be done."""

    NOTHING = "nothing"
    ISSUE = "issue"
    REVOKE = "revoke"
    REMOVE = "remove"
    CORRECT_MODES = "correct modes"


@dataclass(frozen=True)
class Plan:
    """What is to be done about one certificate, and why.

    :ivar revoke: before it is removed, it is to be revoked
    :ivar diff: an entry of Ansible's ``diff`` result; ``None`` if nothing is to be done
    :ivar postponed: it failed lately, and is left alone for a while
    :ivar others: folders with the same certificate, which are to know that it is revoked
    :ivar warning: what the reader should know once it is done
    """

    action: Action
    reason: str
    revoke: bool = False
    diff: dict[str, Any] | None = None
    postponed: Failure | None = None
    others: Sequence[str] = ()
    warning: str | None = None


@dataclass(frozen=True)
class Revocation:
    """How certificates are revoked.

    :ivar first: those that are to be removed are revoked first
    :ivar compromised: somebody else may have the key, so whoever uses it has to do without
    :ivar others: folders that hold the same certificate, and are to stay in use
    """

    first: bool = False
    compromised: bool = False
    others: Sequence[str] = ()


def make_plan(
    request: CertificateRequest,
    stored: Stored,
    policy: Policy,
    revocation: Revocation,
    now: datetime,
) -> Plan:
    """Decide what is to be done.

    :param stored: what is there
    :raises AcmeError: the certificate cannot be revoked here
    """
    if request.state == ABSENT:
        return _removal(request, stored, policy, revocation, now)
    if request.state == REVOKED:
        return _revocation(request, stored, policy, revocation, now)
    decision = decide(request, stored, policy, now)
    if decision.due:
        before = _describe_stored(stored)
        after = _describe_wanted(request, policy.directory, decision.reason)
        return Plan(Action.ISSUE, decision.reason, diff=_change(request, before, after))
    if not stored.modes_fit:
        before = _describe_stored(stored)
        return Plan(
            Action.CORRECT_MODES,
            f"mode or owner of its files differs; {decision.reason}",
            diff=_change(
                request, f"{before}files: mode or owner differs\n", f"{before}files: as wanted\n"
            ),
            postponed=decision.postponed,
        )
    return Plan(Action.NOTHING, decision.reason, postponed=decision.postponed)


def _removal(
    request: CertificateRequest,
    stored: Stored,
    policy: Policy,
    revocation: Revocation,
    now: datetime,
) -> Plan:
    if not stored.present:
        return Plan(Action.NOTHING, "there is nothing to remove")
    diff = _change(request, _describe_stored(stored), "")
    if not revocation.first or _why_not_revoked(stored, policy, now) is not None:
        return Plan(Action.REMOVE, "to be removed", diff=diff)
    others = revocation.others
    if others and not revocation.compromised:
        return Plan(
            Action.REMOVE,
            "to be removed, but not revoked: others use the same certificate",
            diff=diff,
            warning=_spared(request, others),
        )
    return Plan(
        Action.REMOVE,
        "to be revoked and removed",
        revoke=True,
        diff=diff,
        others=others,
        warning=_hit(request, others),
    )


def _revocation(
    request: CertificateRequest,
    stored: Stored,
    policy: Policy,
    revocation: Revocation,
    now: datetime,
) -> Plan:
    why_not = _why_not_revoked(stored, policy, now)
    if why_not is not None:
        return Plan(Action.NOTHING, why_not)
    before = _describe_stored(stored)
    return Plan(
        Action.REVOKE,
        "to be revoked",
        diff=_change(request, before, f"{before}revoked: now\n"),
        others=revocation.others,
        warning=_hit(request, revocation.others),
    )


def _spared(request: CertificateRequest, others: Sequence[str]) -> str:
    names = ", ".join(name_of(each) for each in others)
    return (
        f"{request.name}: its certificate is removed, but not revoked, because {names} use the same one, until"
        " each is renewed. The last one of them that is removed takes it along. If it must not be trusted any"
        f" longer, set state to revoked for {name_of(others[0])}."
    )


def _hit(request: CertificateRequest, others: Sequence[str]) -> str | None:
    if not others:
        return None
    names = ", ".join(name_of(each) for each in others)
    return (
        f"{request.name}: {names} use the same certificate, which is revoked for them as well. The next run with"
        " state present issues another one for each; have it run at once."
    )


def _why_not_revoked(stored: Stored, policy: Policy, now: datetime) -> str | None:
    certificate, revoked = stored.readable, stored.memory.revoked
    if certificate is None and stored.fault == NO_CERTIFICATE:
        return "there is no certificate to revoke"
    if certificate is None:
        raise AcmeError(
            f"it cannot be revoked, because nobody can tell which certificate it is: {stored.fault}."
            " Put the chain back, or remove what is there without revoking it."
        )
    if revoked is not None and revoked.serial == certificate.serial:
        return f"it was revoked on {timestamp(revoked.at)}"
    if now >= certificate.not_after:
        return f"it expired on {timestamp(certificate.not_after)}, so there is nothing to revoke"
    # a CA that has not issued it says so itself
    if stored.origin and stored.origin.directory not in ("", policy.directory):
        raise AcmeError(
            f"it was issued by {stored.origin.directory}, and only that CA can revoke it. Set acme_directory to"
            " it, or remove the certificate without revoking it."
        )
    return None


def _change(request: CertificateRequest, before: str, after: str) -> dict[str, Any] | None:
    if before == after:
        return None
    return change(f"certificate {request.name}", before, after)


def _describe_stored(stored: Stored) -> str:
    certificate, origin = stored.certificate, stored.origin
    if certificate is None:
        return f"certificate: none that can be used ({stored.fault})\n" if stored.present else ""
    text = _description(
        certificate.names,
        _key_type(certificate, key_elsewhere=bool(origin and origin.key_elsewhere)),
        origin.directory if origin and origin.directory else "unknown",
        origin.profile if origin else None,
        f"{timestamp(certificate.not_before)} to {timestamp(certificate.not_after)}",
    )
    revoked = stored.memory.revoked
    if revoked and revoked.serial == certificate.serial:
        text += f"revoked: {timestamp(revoked.at)}\n"
    return text


def _describe_wanted(request: CertificateRequest, directory: str, reason: str) -> str:
    # the moments are not known before the CA has set them, and check mode shows the same
    validity = "from now on, for as long as the CA grants"
    key_type = "of the signing request" if request.csr else request.key_type
    text = _description(request.names, key_type, directory, request.profile, validity)
    return f"{text}issued because: {reason}\n"


def _key_type(certificate: Certificate, *, key_elsewhere: bool) -> str:
    return "of the signing request" if key_elsewhere else certificate.key_type


def _description(
    names: Iterable[str], key_type: str, directory: str, profile: str | None, validity: str
) -> str:
    return (
        f"names: {', '.join(sorted(names))}\n"
        f"key type: {key_type}\n"
        f"directory: {directory}\n"
        f"profile: {profile or 'the default of the CA'}\n"
        f"validity: {validity}\n"
    )
