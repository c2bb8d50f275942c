# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes of others so that the virtual hosts of a task get their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import Claims
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import (
    NginxError,
    reason,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Site,
    canonical,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import Nginx
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.takeover import (
    Takeover,
    again,
    takeover,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.trial import BROKEN
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)


@dataclass
class Takeovers:
    """By the name of the virtual host: what goes, or why it cannot."""

    found: dict[str, Takeover] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    claimed_in: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        params: Mapping[str, Any],
        hosts: Iterable[VirtualHost],
        common: Settings,
        layout: Layout,
        nginx: Nginx,
        recovered: Mapping[str, Site],
    ) -> Takeovers:
        """Look what nginx reads, if the task is to take names over.

        :param recovered: in check mode, what the disk would have of hosts of an interrupted run
        :raises NginxError: nginx cannot say, as its configuration is broken
        """
        found = cls()
        hosts = [host for host in hosts if host.state == "present"]
        if not params["adopt"] or not hosts:
            return found
        result = nginx.test()
        if not result.ok:
            raise NginxError(BROKEN + result.error)
        claims = Claims(result.loaded)
        names = {name for host in hosts for name in host.server_names}
        places = {canonical(str(layout.loaded(host.name))) for host in hosts}
        for host in hosts:
            found.claimed_in[host.name] = frozenset(claims.files(host.server_names))
            site = recovered.get(host.name)
            snippets = (common.common_snippet, host.snippet)
            try:
                going = (
                    again(site)
                    if site is not None and site.others
                    else takeover(host, layout, claims, names, places, common, snippets)
                )
            except NginxError as error:
                found.errors[host.name] = str(error)
            except OSError as error:
                found.errors[host.name] = f"cannot read a server block: {reason(error)}"
            else:
                if going is not None:
                    found.found[host.name] = going
        return found

    def note(self, steps: Sequence[Step]) -> None:
        """Fail the steps that cannot take over what they need, and those that share it with them."""
        for step in steps:
            step.claimed_in = self.claimed_in.get(step.name, frozenset())
            if step.name in self.errors:
                step.fail(self.errors[step.name])
        failed = [step for step in steps if step.error is not None]
        while failed:
            one = failed.pop()
            for step in steps:
                if step.error is None and step.shares_with(one):
                    step.fail(f"it is in one file with {one.name}, which failed: {one.error}")
                    failed.append(step)
