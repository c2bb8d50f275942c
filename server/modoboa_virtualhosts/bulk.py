# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Many virtual hosts at once: made, linked, themed and reported with a handful of queries.

What each is to be is said in full, so the same request again changes nothing. One that cannot be
done is left as it is, and stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from modoboa.admin.models import Domain

from . import links, logos, redirect_uris, reports
from .models import VirtualHost, VirtualHostDomain, validate_hostname
from .reports import Report
from .theme import logo_field

# How many names one query asks for: databases limit the parameters of a query
_CHUNK = 500
# How often all is tried when other requests make the same virtual hosts at the same time
_TRIES = 3


@dataclass(frozen=True)
class WantedVirtualHost:
    """What a virtual host is to be; what is left out stays as it is."""

    name: str
    # Names of domains to put on it. Those that it has besides stay on it.
    domains: tuple[str, ...] = ()
    # Other fields of the model, with their values
    values: Mapping[str, Any] = field(default_factory=dict)
    # By type; None for the instance's own
    logos: Mapping[str, logos.CheckedImage | None] = field(default_factory=dict)
    report: Report | None = None


@dataclass
class Outcome:
    """What became of one."""

    name: str
    virtual_host: VirtualHost | None = None
    created: bool = False
    changed: bool = False
    error: str | None = None


@dataclass(frozen=True)
class _KnownDomain:
    pk: int
    # Of the virtual host that it is on
    on: int | None


def bring_about(wanted: Sequence[WantedVirtualHost]) -> list[Outcome]:
    """Make all virtual hosts what they are to be; one outcome each, in their order."""
    for _try in range(_TRIES - 1):
        try:
            return _Change(wanted).make()
        except IntegrityError:
            continue  # somebody else made one of them meanwhile: look again
    return _Change(wanted).make()


class _Change:
    """One request's change, in one transaction."""

    def __init__(self, wanted: Sequence[WantedVirtualHost]) -> None:
        self._wanted = wanted
        self._outcomes = [Outcome(each.name) for each in wanted]
        self._hosts: dict[str, VirtualHost] = {}
        self._domains: dict[str, _KnownDomain] = {}
        self._claimed: dict[str, str] = {}

    def make(self) -> list[Outcome]:
        with transaction.atomic():
            self._hosts = reports.find_all({each.name for each in self._wanted})
            named = {name for each in self._wanted for name in each.domains}
            self._domains = _find_domains(named)
            seen: set[str] = set()
            for each, outcome in zip(self._wanted, self._outcomes, strict=True):
                outcome.error = self._objection(each, seen)
                seen.add(each.name)
                if not outcome.error:
                    self._claimed.update(dict.fromkeys(each.domains, each.name))
            self._write()
        return self._outcomes

    def _objection(self, each: WantedVirtualHost, seen: set[str]) -> str | None:
        if each.name in seen:
            return _("The same virtual host is named twice.")
        known = each.name in self._hosts
        if not known:
            for check in (validate_hostname, links.refuse_primary):
                try:
                    check(each.name)
                except ValidationError as error:
                    return " ".join(error.messages)
        for name in each.domains:
            if name not in self._domains:
                return _("There is no domain '%(name)s'.") % {"name": name}
            if name in self._claimed:
                return _("The domain '%(name)s' is also to be on '%(other)s'.") % {
                    "name": name,
                    "other": self._claimed[name],
                }
        if not known and not each.domains:
            return _("There is no virtual host '%(name)s': name a domain to make it.") % {
                "name": each.name
            }
        return None

    def _write(self) -> None:
        made: list[VirtualHost] = []
        changes: dict[VirtualHost, set[str]] = {}
        todo = [
            (each, outcome)
            for each, outcome in zip(self._wanted, self._outcomes, strict=True)
            if not outcome.error
        ]
        for each, outcome in todo:
            virtual_host = self._hosts.get(each.name)
            outcome.created = virtual_host is None
            if virtual_host is None:
                virtual_host = VirtualHost(name=each.name)
                made.append(virtual_host)
            fields = _fill(virtual_host, each)
            if not outcome.created:
                changes[virtual_host] = fields
            outcome.virtual_host = virtual_host
            outcome.changed = outcome.created or bool(fields)
        self._create(made)
        for each, outcome in todo:
            # Only now has each of them a key, which is in the names of files
            outcome.virtual_host = virtual_host = self._hosts[each.name]
            fields = _put_logos(virtual_host, each)
            changes.setdefault(virtual_host, set()).update(fields)
            outcome.changed = outcome.changed or bool(fields)
        reports.save_all(changes)
        self._link(todo)

    def _create(self, made: Sequence[VirtualHost]) -> None:
        if not made:
            return
        VirtualHost.objects.bulk_create(made)
        # Asked for, since not every database tells the keys of what was just written
        self._hosts |= reports.find_all(each.name for each in made)
        # Once for all of them, where saving one by one would do it each time
        redirect_uris.synchronize()

    def _link(self, todo: Iterable[tuple[WantedVirtualHost, Outcome]]) -> None:
        new: list[VirtualHostDomain] = []
        moved: dict[int, VirtualHost] = {}
        for each, outcome in todo:
            virtual_host = self._hosts[each.name]
            for name in each.domains:
                domain = self._domains[name]
                if domain.on == virtual_host.pk:
                    continue
                outcome.changed = True
                if domain.on is None:
                    new.append(VirtualHostDomain(domain_id=domain.pk, virtualhost=virtual_host))
                else:
                    moved[domain.pk] = virtual_host
        VirtualHostDomain.objects.bulk_create(new)
        for chunk in _chunks(moved):
            found = list(VirtualHostDomain.objects.filter(domain_id__in=chunk))
            for link in found:
                link.virtualhost = moved[link.domain_id]
            VirtualHostDomain.objects.bulk_update(found, ["virtualhost"])


def _fill(virtual_host: VirtualHost, wanted: WantedVirtualHost) -> set[str]:
    """Write what is wanted into a record, without saving it; returns the fields that changed."""
    changed = {
        name for name, value in wanted.values.items() if getattr(virtual_host, name) != value
    }
    for name in changed:
        setattr(virtual_host, name, wanted.values[name])
    if wanted.report:
        changed |= reports.record(virtual_host, wanted.report)
    return changed


def _put_logos(virtual_host: VirtualHost, wanted: WantedVirtualHost) -> set[str]:
    """Write what is wanted into a record, without saving it; returns the fields that changed."""
    return {
        logo_field(kind)
        for kind, image in wanted.logos.items()
        if logos.put(virtual_host, kind, image)
    }


def _find_domains(names: Iterable[str]) -> dict[str, _KnownDomain]:
    return {
        name: _KnownDomain(pk, on)
        for chunk in _chunks(names)
        for name, pk, on in Domain.objects.filter(name__in=chunk).values_list(
            "name", "pk", "virtualhost_link__virtualhost_id"
        )
    }


def _chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    every = list(values)
    return (every[start : start + _CHUNK] for start in range(0, len(every), _CHUNK))
