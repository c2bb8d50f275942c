# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of nginx_vhost, from the task's options to a result for each virtual host."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.items import Item
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import (
    CATCH_ALL,
    state_of,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.catch_all import (
    CatchAll,
    plan_catch_all,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.lock import locked, patience
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import (
    Step,
    check_new_certificate,
    plan,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    RunCommand,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.prune import (
    named_hosts,
    unnamed_hosts,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.reach import (
    shadowing,
    unshared_sockets,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import (
    Rendering,
    unpack,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.takeovers import Takeovers
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.transaction import Transaction
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.verification import (
    Verification,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
    settings,
    virtual_hosts,
)


@dataclass(frozen=True)
class Outcome:
    """What became of the run."""

    results: list[Item]
    catch_all: Item | None
    diff: list[dict[str, Any]]
    reloaded: bool
    recovered: bool
    warnings: list[str] = field(default_factory=list)
    refused: bool = False


def run(params: Mapping[str, Any], check_mode: bool, run_command: RunCommand) -> Outcome:
    """Make the virtual hosts as asked for; in check mode, say what would become of them.

    :param params: the module's options
    :param run_command: the module's way to run programs
    :raises ItemsError: an option is wrong; nothing was touched
    :raises NginxError: nothing can be done for any of them
    """
    hosts = virtual_hosts(params)
    common = settings(params, check_mode)
    named = named_hosts(hosts, params["keep"]) if params["prune"] else None
    rendered = _blocks(params["rendered"], hosts, common)
    layout = Layout.of(params["sites_available"], params["sites_enabled"])
    nginx = Nginx(
        run_command,
        params["nginx"],
        params["prefix"],
        params["config"],
        params["pid"],
        params["reload"],
        params["reload_command"],
    )
    verification = _verification(params, common)
    transaction = Transaction(layout, nginx, verification, params["timeout"])
    renewed = frozenset(params["renewed"])
    wait = patience(params["timeout"])
    with contextlib.nullcontext() if check_mode else locked(layout.available, wait):
        recovered = transaction.recover(check_mode)
        pruned = [] if named is None else unnamed_hosts(layout, named, recovered)
        takeovers = Takeovers.of(params, hosts, common, layout, nginx, recovered)
        steps: list[Step] = [
            plan(
                host,
                layout,
                common,
                rendered.hosts.get(host.name, {}),
                before=recovered.get(host.name),
                certificate_expected=check_mode and host.name in renewed,
                takeover=takeovers.found.get(host.name),
            )
            for host in [*hosts, *pruned]
        ]
        takeovers.note(steps)
        catch_all = None
        if common.catch_all is not None:
            before = recovered.get(CATCH_ALL)
            catch_all = plan_catch_all(common.catch_all, rendered.catch_all, layout, before)
        every = steps if catch_all is None else [*steps, catch_all]
        look = functools.partial(_find_stale, steps, common, verification, renewed, check_mode)
        if check_mode:
            transaction.predict(every, look)
        else:
            transaction.commit(every, look)
    unnamed = {host.name for host in pruned}
    return Outcome(
        [{**step.result(), "pruned": step.name in unnamed} for step in steps],
        None if catch_all is None else catch_all.result(),
        [entry for step in every for entry in step.diff(common)],
        transaction.reloaded,
        transaction.recovered,
        _warnings(nginx, steps, catch_all, common),
        transaction.refused,
    )


def _warnings(
    nginx: Nginx, steps: Sequence[Step], catch_all: CatchAll | None, common: Settings
) -> list[str]:
    """What fails nobody, as far as it is known: nginx is asked only when something changes."""
    warnings = unshared_sockets(nginx.loaded, steps, catch_all)
    if any(step.is_online for step in steps):
        warnings += shadowing(nginx.loaded, common)
    return warnings


def _find_stale(
    steps: Sequence[Step],
    common: Settings,
    verification: Verification | None,
    renewed: frozenset[str],
    check_mode: bool,
) -> None:
    """Note which hosts need a reload for nothing but their certificate, and what others serve."""
    adopting = [step for step in steps if step.takeover is not None and step.error is None]
    if adopting and verification is not None and not check_mode:
        verification.note_pages(adopting)
    serving = [step for step in steps if step.error is None and step.served_before and step.serves]
    if verification is not None:
        verification.find_stale(serving)
    if verification is None or check_mode:
        for step in serving:
            step.stale = step.stale or step.name in renewed
    for step in serving:
        # In check mode, what is there now is not what would be there by then
        if step.stale and not (check_mode and step.name in renewed):
            check_new_certificate(step, common)


def _verification(params: Mapping[str, Any], common: Settings) -> Verification | None:
    if not params["verify"]:
        return None
    return Verification.at(
        params["verify_address"],
        common.listen_addresses,
        common.https_port,
        params["timeout"],
        common.http_port,
        common.thumbprint if common.challenge == "stateless" else None,
    )


def _blocks(packed: str | None, hosts: Iterable[VirtualHost], common: Settings) -> Rendering:
    """The blocks from the controller, for exactly these hosts, and for the catch-all.

    :raises NginxError: the action plugin was bypassed
    """
    try:
        rendering = unpack(packed) if packed else Rendering()
    except ValueError:
        rendering = Rendering()
    for host in hosts:
        if host.state == "absent":
            continue
        blocks = rendering.hosts.get(host.name) or {}
        wanted = {"present"} if host.state == "present" else {"present", "bootstrap"}
        if any(state_of(host.name, blocks.get(block, "").encode()) != block for block in wanted):
            raise _not_rendered(host.name)
    if common.catch_all == "present" and not rendering.catch_all:
        raise _not_rendered("the catch-all")
    return rendering


def _not_rendered(what: str) -> NginxError:
    return NginxError(
        f"there is no rendered server block for {what}: nginx_vhost was called without"
        " its action plugin, which renders them on the controller; call it as"
        " mailhost.modoboa.nginx_vhost in a task"
    )
