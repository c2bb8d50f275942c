# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each tenant is on its way through the chain, from what the steps so far have returned.

Here and not in Jinja, where the same takes as long as the steps themselves if there are hundreds of tenants. It is
asked often, and each look at a result costs, because Ansible hands them over as templates still: so whatever is not
needed for the answer is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_outcome import (
    Failures,
    Result,
    tenant_failures,
)

_RESULTS = {
    "issued": "certificates",
    "exported": "certificates",
    "imported": "certificates",
    "themed": "themes",
}
"""What the results of a step are called; those of the others are ``vhosts``."""

Entry = Mapping[str, Any]
"""A tenant as P(mailhost.modoboa.tenant_plan#filter) has it."""

_WAY = "provisioning, or virtualhosts_retry=true,"


class Chain:
    """The chain so far."""

    def __init__(
        self,
        plan: Iterable[Entry],
        steps: Mapping[str, Any],
        broken: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare.

        :param plan: from P(mailhost.modoboa.tenant_plan#filter)
        :param steps: what was registered of C(recorded), C(bootstrapped), C(issued), C(exported), C(imported),
            C(served), C(moved) and C(themed); a step that is missing, was skipped or could not be done at all has no
            results
        :param broken: C(step) and C(error) of a step that could not be done at all, so that all fail who are
            still in the chain
        """
        self._plan = list(plan)
        self._steps = steps
        self._broken = broken

    def failures(self) -> dict[str, Mapping[str, str]]:
        """Who failed, with the last step that failed and why."""
        found: dict[str, Mapping[str, str]] = {}
        if self._broken:
            error = self._broken["error"]
            everybody = [
                {"name": entry["hostname"], "failed": True, "error": error} for entry in self._plan
            ]
            found.update(tenant_failures(everybody, self._broken["step"]))
        for failures in self._failures():
            found.update(failures)
        return found

    def other_failures(self) -> dict[str, Mapping[str, str]]:
        """The same of what is no tenant's."""
        catch_alls = [
            {**catch_all, "name": "catch-all"}
            for step in ("bootstrapped", "served")
            if (catch_all := (self._steps.get(step) or {}).get("catch_all"))
        ]
        pruned = [item for item in self._of("served") if item["failed"] and item["pruned"]]
        return {
            **tenant_failures(catch_alls, ""),
            **tenant_failures(pruned, "removal of a block that is not listed"),
        }

    def open(self) -> list[Entry]:
        """Who is still in the chain."""
        failures = self.failures()
        if not failures:
            return self._plan
        return [entry for entry in self._plan if entry["hostname"] not in failures]

    def to_issue(self) -> list[Entry]:
        """Who is to have a certificate."""
        return [entry for entry in self.open() if not entry["disabled"]]

    def to_serve(self) -> list[Entry]:
        """Whose final block is to be written: all but those that the step before the certificate has left as is."""
        final = {
            item["name"]
            for item in self._of("bootstrapped")
            if item["state"] != "bootstrap" and not item["failed"]
        }.difference(self.renewed())
        return [entry for entry in self.open() if entry["hostname"] not in final]

    def to_move(self) -> list[Entry]:
        """Who is online while a mail domain of theirs is on another portal."""
        elsewhere = {item["name"] for item in self._of("recorded") if item["domains_elsewhere"]}
        if not elsewhere:
            return []
        return [entry for entry in self.to_issue() if entry["hostname"] in elsewhere]

    def to_theme(self) -> list[Entry]:
        """Who is to have a theme."""
        # All domains of a disabled tenant may be elsewhere, so that it has no record
        bare = {item["name"] for item in self._of("recorded") if not item["exists"]}
        return [
            entry for entry in self.open() if entry["hostname"] not in bare or not entry["disabled"]
        ]

    def in_modoboa(self) -> list[Entry]:
        """Who has a record, whether they failed or not. In check mode, would have."""
        there = {item["name"] for item in self._records() if item["exists"]}
        return [entry for entry in self._plan if entry["hostname"] in there]

    def created(self) -> list[str]:
        """Hostnames whose record is new in this run."""
        return [item["name"] for item in self._records() if item["created"]]

    def renewed(self) -> list[str]:
        """Hostnames whose certificate is new in this run."""
        # An adoption says nothing of issuing, and changes nothing else
        return [
            item["name"]
            for item in self._of("issued")
            if item.get("issued", item["changed"]) and not item["failed"]
        ]

    def _failures(self) -> Iterator[Failures]:
        yield tenant_failures(self._of("recorded"), "record")
        # Whose certificate is damaged is online with the one that nginx has loaded, answers the challenge, and gets
        # another
        blocks = [item for item in self._of("bootstrapped") if item["failed"]]
        yield tenant_failures([item for item in blocks if not item["damaged"]], "bootstrap block")
        yield tenant_failures(self._of("issued"), "certificate", _WAY)
        for step in ("exported", "imported"):
            yield tenant_failures(self._of(step), "copy of the certificate")
        blocks = [item for item in self._of("served") if item["failed"]]
        yield tenant_failures([item for item in blocks if not item["pruned"]], "final block")
        yield tenant_failures(self._of("moved"), "move")
        yield tenant_failures(self._of("themed"), "theme")

    def _records(self) -> list[Result]:
        return [*self._of("recorded"), *self._of("moved")]

    def _of(self, step: str) -> list[Result]:
        """The results of a step."""
        registered = self._steps.get(step) or {}
        name = _RESULTS.get(step, "vhosts")
        return list(registered.get(name) or ())


def tenant_chain(
    plan: Iterable[Entry],
    what: str,
    steps: Mapping[str, Any],
    broken: Mapping[str, str] | None = None,
) -> Any:
    """Answer one question about the chain.

    :param what: the name of one of :class:`Chain`'s answers
    :raises ValueError: there is no such answer
    """
    if what not in ANSWERS:
        raise ValueError(f"{what!r} is not one of {', '.join(ANSWERS)}")
    return getattr(Chain(plan, steps, broken), what)()


ANSWERS = [name for name in vars(Chain) if not name.startswith("_")]
"""What can be asked."""
