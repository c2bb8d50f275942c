# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change on the disk for each virtual host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.items import Item, change
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import certificate
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import Certificate
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import (
    NginxError,
    reason,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Other,
    Site,
    canonical,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.pages import Pages
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.takeover import Takeover
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)


@dataclass
class Step:
    """The way of one virtual host from what is there to what is wanted, and what became of it."""

    host: VirtualHost
    layout: Layout
    before: Site = field(default_factory=Site)
    after: Site = field(default_factory=Site)
    certificate: Certificate | None = None
    """The one on disk, where nginx is to serve it"""
    stale: bool = False
    """nginx serves another certificate than the one on disk"""
    served: Certificate | None = None
    damaged: bool = False
    """nginx serves it, but could not load the certificate on disk"""
    error: str | None = None
    takeover: Takeover | None = None
    """What goes of others so that the host gets its names"""
    claimed_in: frozenset[str] = frozenset()
    """Files of others that claim its names, and are to go"""
    pages: Pages = field(default_factory=dict)
    """What came of asking for its pages before its block was replaced"""

    @property
    def name(self) -> str:
        """The virtual host's name."""
        return self.host.name

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names that the host's server blocks claim."""
        return self.host.server_names

    @property
    def writes(self) -> bool:
        """Whether files or links change."""
        return self.error is None and self.after != self.before

    @property
    def takes_away(self) -> bool:
        """Whether nginx is not to read the host's block any more."""
        return self._is_loaded(self.before) and not self._is_loaded(self.after)

    @property
    def changed(self) -> bool:
        """Whether anything changes: on disk, or in the certificate that is served."""
        return self.error is None and (self.writes or self.stale)

    @property
    def reloads(self) -> bool:
        """Whether nginx has to hear of it."""
        return self.changed and (self._is_loaded(self.before) or self._is_loaded(self.after))

    @property
    def serves(self) -> bool:
        """Whether nginx is to serve the host over HTTPS in the end."""
        return self._is_loaded(self.after) and self._state(self.after) == "present"

    @property
    def is_online(self) -> bool:
        """Whether nginx is to answer for the host in the end."""
        return self._is_loaded(self.after)

    @property
    def served_before(self) -> bool:
        """Whether nginx should be serving the host over HTTPS already."""
        return self._is_loaded(self.before) and self._state(self.before) == "present"

    def shares_with(self, other: Step) -> bool:
        """Whether the two take over the same file, so that neither can without the other."""
        return not self.claimed_in.isdisjoint(other.claimed_in)

    def is_named_in(self, error: str, file: str | None) -> bool:
        """Whether nginx's error is about this host: its file, or its certificate's directory."""
        if f"/certs/{self.name}/" in error:
            return True
        if file is None:
            return False
        paths = {self.layout.file(self.name), self.layout.loaded(self.name)}
        return canonical(file) in {canonical(str(path)) for path in paths}

    def fail(self, error: str) -> None:
        """The host ends here, with nothing changed for it."""
        self.error = " ".join(error.split())
        self.after = self.before

    def _is_loaded(self, site: Site) -> bool:
        return self.layout.is_enabled(site)

    def _state(self, site: Site) -> str:
        """In the words of the option C(state)."""
        if site.content is None:
            return "absent"
        return state_of(self.name, site.content) or "absent"

    def result(self) -> Item:
        """The host's result."""
        site = self.after
        state = self._state(site)
        if state != "absent" and not self._is_loaded(site):
            state = "disabled"
        return {
            "name": self.name,
            "state": state,
            "changed": self.changed,
            "failed": self.error is not None,
            "error": self.error,
            "file": str(self.layout.file(self.name)),
            "damaged": self.damaged,
            "served": None if self.served is None else self.served.summary(),
            "adopted": self.takeover.result() if self.takeover and self.changed else None,
        }

    def diff(self, settings: Settings) -> list[dict[str, Any]]:
        """What changes, as Ansible shows it."""
        if not self.changed:
            return []
        entries = []
        if self.before.content != self.after.content:
            file = str(self.layout.file(self.name))
            entries.append(change(file, _lines(self.before.content), _lines(self.after.content)))
        if self.before.link != self.after.link:
            link = str(self.layout.link(self.name))
            entries.append(change(link, _link(self.before.link), _link(self.after.link)))
        if self.before.others != self.after.others:
            there = {other.path: other for other in self.after.others}
            entries += [
                change(other.path, _content(other), _content(there[other.path]))
                for other in self.before.others
            ]
        if self.stale:
            chain = settings.fullchain(self.name)
            entries.append(
                change(
                    f"certificate served for {self.name}",
                    f"another than the one in {chain}\n",
                    f"the one in {chain}\n",
                )
            )
        return entries


def changed_among(steps: Iterable[Step]) -> list[Step]:
    """The steps of which anything changes."""
    return [step for step in steps if step.changed]


def writing_among(steps: Iterable[Step]) -> list[Step]:
    """The steps of which files or links change."""
    return [step for step in steps if step.writes]


def plan(
    host: VirtualHost,
    layout: Layout,
    settings: Settings,
    rendered: Mapping[str, str],
    before: Site | None = None,
    certificate_expected: bool = False,
    takeover: Takeover | None = None,
) -> Step:
    """What has to change on the disk for one virtual host.

    :param rendered: the host's blocks by name of the block, from the controller
    :param before: what will be there by then, if that is not what is there now
    :param certificate_expected: whether the certificate would have been issued by now
    :param takeover: what goes of others, if something does
    :returns: the step; with its error if the host cannot have what it should
    """
    step = Step(host, layout, takeover=takeover)
    if takeover is not None:
        before = takeover.before
    try:
        step.before = step.after = layout.read(host.name) if before is None else before
        step.after = _wanted(step, settings, rendered, certificate_expected)
        if takeover is not None:
            step.after = replace(step.after, others=takeover.others)
    except NginxError as error:
        step.fail(str(error))
    except OSError as error:
        step.fail(f"cannot read the certificate: {reason(error)}")
    return step


def _wanted(
    step: Step, settings: Settings, rendered: Mapping[str, str], certificate_expected: bool
) -> Site:
    host, layout = step.host, step.layout
    if host.state == "absent":
        return Site()
    fullchain, private_key = settings.fullchain(host.name), settings.private_key(host.name)
    # Reading keys is what takes longest, with hundreds of hosts of which nothing changes
    in_use = host.state == "present" and step.served_before
    step.certificate = certificate.on_disk(fullchain, private_key, in_use)
    block = "present"
    if step.certificate is None and not certificate_expected:
        if host.state == "present":
            raise NginxError(
                f"{_no_certificate(fullchain, private_key)}; write the bootstrap block"
                " (state bootstrap), then issue one with acme_cert"
            )
        if host.state == "bootstrap" and step.served_before:
            _refuse_damaged(step, fullchain, private_key)
        block = "bootstrap"
    link = None
    if host.state == "disabled":
        if layout.enabled is None:
            raise NginxError(
                "a host can be disabled only by its link, and sites_enabled is empty;"
                " use state absent"
            )
    elif layout.enabled is not None:
        link = step.before.link or str(layout.file(host.name))
    return Site(rendered[block].encode("utf-8"), link)


def _refuse_damaged(step: Step, fullchain: str, private_key: str) -> None:
    """Keep a portal online whose certificate is there, and yet of no use.

    The running nginx has the old one, and the block that is there answers challenges as well, so
    that the host that issues can issue another. Somebody may be copying the two just now. It is not
    free: until they are whole again, nginx takes no change of other hosts either, and they say so.
    A portal that is offline without need is worse, and nobody would be told. Where a file is
    missing, the bootstrap block is the way out.

    :raises NginxError: both files are there
    """
    if certificate.are_there(fullchain, private_key):
        step.damaged = True
        raise NginxError(
            f"nginx serves this host, but could not load its certificate any more: {fullchain} and"
            f" {private_key} do not belong together, or are damaged, so its block was left as it"
            " is; complete the copy or issue another with acme_cert, or remove both for the"
            " bootstrap block"
        )


def check_new_certificate(step: Step, settings: Settings) -> None:
    """Fail a host whose certificate nginx has not loaded yet, and could not load.

    :param step: the host, which nginx serves already with another certificate
    """
    fullchain, private_key = settings.fullchain(step.name), settings.private_key(step.name)
    try:
        if certificate.on_disk(fullchain, private_key) is None:
            step.damaged = True
            step.fail(f"{_no_certificate(fullchain, private_key)}; issue another with acme_cert")
    except OSError as error:
        step.fail(f"cannot read the certificate: {reason(error)}")


def _no_certificate(fullchain: str, private_key: str) -> str:
    return (
        f"there is no certificate that nginx could load: {fullchain} and {private_key} are"
        " missing or do not belong together"
    )


def _lines(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8", "replace")


def _content(other: Other) -> str:
    if other.of and other.exists:
        return f"what was {other.of}\n"
    return _link(other.link) if other.link is not None else _lines(other.content)


def _link(target: str | None) -> str:
    return "" if target is None else f"link to {target}\n"
