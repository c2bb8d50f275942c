# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of acme_cert_adopt: certificates, the account that ordered them, and certbot's renewals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..items import Item, change
from .account_folder import AccountFolder
from .adoption import Adopter, Adoption, Wanted
from .certbot import Certbot, Lineage
from .certbot_readers import Readers
from .errors import AcmeError, during
from .keys import AccountKey
from .moment import timestamp
from .store import CertificateStore

# A disk makes many files durable at once in hardly more time than one
_AT_ONCE = 8
# certbot's timer may have it at work just now
_PATIENCE = 60.0


@dataclass(frozen=True)
class Options:
    """What is to be taken over.

    :ivar directory: the ACME directory whose account is meant
    :ivar account: whether to take over certbot's account, where there is none yet
    :ivar stop: whether certbot is to renew the certificates no more
    :ivar dependants: where programs other than nginx say whose certificates they read
    :ivar in_use: chains that somebody else is known to read
    """

    directory: str
    account: bool
    stop: bool
    check_mode: bool
    dependants: Sequence[Path] = ()
    in_use: Sequence[str] = ()


@dataclass
class Outcome:
    """What became of everything, in the words of the module's results."""

    certificates: list[Item] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    lineages: list[Item] = field(default_factory=list)
    diff: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run(
    wanted: Sequence[Wanted], storage: Path, certbot: Certbot, options: Options, now: datetime
) -> Outcome:
    """Take over what is there; in check mode, say what that would be.

    :raises AcmeError: certbot's folder cannot be read
    """
    store = CertificateStore(storage)
    adopter = Adopter(store, certbot, now)
    adoptions = [Adoption(each) for each in wanted]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(
            threads.map(lambda each: adopter.adopt(each, check_mode=options.check_mode), adoptions)
        )
    outcome = Outcome([each.result(store, now) for each in adoptions])
    outcome.diff += [each.diff() for each in adoptions if each.changed]
    folder = AccountFolder(storage, options.directory)
    outcome.account = {"changed": False, "thumbprint": None, "source": None, "error": None}
    if options.account:
        _adopt_account(folder, certbot, adoptions, options, outcome)
    if options.stop:
        done = {
            name
            for each, result in zip(adoptions, outcome.certificates)
            if result["present"]
            for name in each.wanted.names
        }
        _stop(certbot, adopter.lineages, done, options, outcome)
    return outcome


def _adopt_account(
    folder: AccountFolder,
    certbot: Certbot,
    adoptions: Iterable[Adoption],
    options: Options,
    outcome: Outcome,
) -> None:
    try:
        with during("account"):
            if folder.holds_anything():
                return
            name = _account_of(certbot, adoptions, options.directory)
            if name is None:
                return
            key = certbot.account_key(options.directory, name)
            if not options.check_mode:
                with folder.lock():
                    if folder.holds_anything():
                        return
                    folder.adopt_key(key)
    except AcmeError as error:
        # A certificate can be ordered with another account as well
        outcome.account["error"] = str(error)
        outcome.warnings.append(f"certbot's account is not taken over: {error}")
        return
    described = AccountKey(key)
    outcome.account.update(changed=True, thumbprint=described.thumbprint, source=name)
    after = f"directory: {options.directory}\nkey: {described.key_type}, thumbprint {described.thumbprint}\n"
    outcome.diff.append(change("ACME account", "", after))


def _account_of(certbot: Certbot, adoptions: Iterable[Adoption], directory: str) -> str | None:
    """Return the account that has ordered most of the certificates, or the only one there is."""
    names = certbot.account_names(directory)
    counts = Counter(
        each.found.lineage.account
        for each in adoptions
        if each.found and each.found.lineage and each.found.lineage.server == directory
    )
    known = [(-count, name) for name, count in counts.items() if name in names]
    if known:
        return min(known)[1]
    return names[0] if len(names) == 1 else None


def _stop(
    certbot: Certbot,
    lineages: Iterable[Lineage],
    done: set[str],
    options: Options,
    outcome: Outcome,
) -> None:
    """Let certbot renew no more what is renewed from here on, unless somebody else needs it, too."""
    concerned = [
        (each, each.certificate.names)
        for each in lineages
        if each.renewed and each.certificate and each.certificate.names & done
    ]
    readers = Readers(options.dependants if concerned else (), options.in_use)
    read_by = {lineage.name: readers.of(lineage) for lineage, _names in concerned}
    stopping = [
        lineage for lineage, names in concerned if names <= done and not read_by[lineage.name]
    ]
    errors = {} if options.check_mode or not stopping else _stop_each(certbot, stopping)
    stopped = [lineage for lineage in stopping if lineage.name not in errors]
    for lineage, names in concerned:
        others, files = sorted(names - done), read_by[lineage.name]
        error = errors.get(lineage.name)
        outcome.lineages.append(
            {
                "name": lineage.name,
                "changed": lineage in stopped,
                "failed": error is not None,
                "error": str(error) if error else None,
                "other_names": others,
                "read_by": files,
                "file": str(lineage.configuration),
                "hooks": dict(lineage.hooks),
            }
        )
        if others:
            outcome.warnings.append(_still_renewed(lineage, others))
        elif files:
            outcome.warnings.append(_still_read(lineage, files))
        elif lineage in stopped:
            before, after = lineage.configuration, lineage.stopped_configuration
            header = f"certbot's renewal of {lineage.name}"
            outcome.diff.append(change(header, f"{before}\n", f"{after}\n"))
            outcome.warnings += [
                f"certbot ran {command!r} ({hook}) when it renewed {lineage.name}; from now on nobody does"
                for hook, command in lineage.hooks.items()
            ]
    if stopped:
        outcome.warnings.append(_renewed_no_more(certbot, stopped))


def _stop_each(certbot: Certbot, lineages: Sequence[Lineage]) -> dict[str, AcmeError]:
    """Have certbot renew lineages no more.

    :returns: what went wrong, by the names of those that it goes on renewing
    """
    errors: dict[str, AcmeError] = {}
    left = [lineage.name for lineage in lineages]
    try:
        with during("certbot"), certbot.lock(_PATIENCE):
            for lineage in lineages:
                left.remove(lineage.name)
                try:
                    with during("certbot"):
                        certbot.stop(lineage)
                except AcmeError as error:
                    errors[lineage.name] = error
    except AcmeError as error:
        errors.update(dict.fromkeys(left, error))
    return errors


def _renewed_no_more(certbot: Certbot, stopped: Iterable[Lineage]) -> str:
    folders = ", ".join(str(lineage.fullchain.parent) for lineage in stopped)
    hooks = ", ".join(certbot.hook_files())
    return (
        f"nobody renews what is in {folders} any more: whoever reads it has to read the storage instead"
        + (f"; for these certificates certbot runs no more {hooks}" if hooks else "")
    )


def _still_read(lineage: Lineage, files: Sequence[str]) -> str:
    return (
        f"certbot goes on renewing {lineage.name}, as {', '.join(files)} says that somebody else reads"
        f" it; but it cannot prove the names by files in its own webroot any more. Have them read the"
        f" storage instead, and be reloaded when it changes, before it expires on"
        f" {timestamp(lineage.certificate.not_after) if lineage.certificate else 'a day to come'}"
    )


def _still_renewed(lineage: Lineage, others: Sequence[str]) -> str:
    rest = " ".join([*(f"-d {name}" for name in others), *lineage.proof])
    return (
        f"certbot goes on renewing {lineage.name}, which has more names than those taken over"
        f" ({', '.join(others)}), and will fail for those that were. If the others need a"
        f" certificate: certbot certonly --cert-name {lineage.name} {rest}"
    )
