# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx serves, for every name, the certificate that is on disk, and answers challenges."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import (
    served,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.challenge_answer import (
    wrong_answer,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step

_AT_ONCE = 8
_PAUSE = 0.03
_PATIENCE = 1.0


@dataclass(frozen=True)
class Verification:
    """Where to look, and how long."""

    address: str
    port: int
    timeout: float
    http_port: int = 80
    thumbprint: str | None = None
    """What follows the token in the answers to challenges; None if nginx does not know it"""

    @classmethod
    def at(
        cls,
        address: str | None,
        listen_addresses: Sequence[str],
        port: int,
        timeout: float,
        http_port: int = 80,
        thumbprint: str | None = None,
    ) -> Verification:
        """From the options; without an address, by one that nginx listens on."""
        listening = {"*": "127.0.0.1", "[::]": "::1"}
        where = address or listening.get(listen_addresses[0], listen_addresses[0])
        return cls(where.strip("[]"), port, timeout, http_port, thumbprint)

    def find_stale(self, steps: Sequence[Step]) -> None:
        """Note what is served now, and where that is not what is on disk."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._look, steps))

    def failures(self, steps: Sequence[Step]) -> dict[str, str]:
        """Make sure that nginx serves, and answers challenges with, what is on disk.

        A worker that was told to finish may be about to close its socket still: so a wrong answer
        counts only when it stays wrong.

        :param steps: hosts that nginx has just loaded
        :returns: host → what is wrong, for those where something is
        """
        deadline = time.monotonic() + _PATIENCE
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            errors = pool.map(lambda step: self._wait(step, deadline), steps)
            return {step.name: error for step, error in zip(steps, errors) if error is not None}

    def _look(self, step: Step) -> None:
        try:
            step.served = served(self.address, self.port, step.name, self.timeout)
        except OSError:
            step.served = None
        step.stale = step.served != step.certificate
        if not step.stale:
            # Which has been read already
            step.served = step.certificate

    def _wait(self, step: Step, deadline: float) -> str | None:
        checks: list[Callable[[Step, str], str | None]] = []
        if step.serves:
            checks.append(self._error)
        if self.thumbprint is not None and step.writes:
            checks.append(self._challenge_error)
        for check in checks:
            for name in step.server_names:
                while True:
                    error = check(step, name)
                    if error is None:
                        break
                    if time.monotonic() > deadline:
                        return error
                    time.sleep(_PAUSE)
        return None

    def _challenge_error(self, _step: Step, name: str) -> str | None:
        where = f"{self.address} port {self.http_port}"
        try:
            wrong = wrong_answer(
                self.address, self.http_port, name, self.thumbprint or "", self.timeout
            )
        except OSError as error:
            return (
                f"no HTTP connection for {name} at {where}: {error.strerror or error};"
                " verify_address has to be an address that nginx listens on"
            )
        if wrong is None:
            return None
        return (
            f"for {name}, nginx at {where} answers a challenge with {wrong};"
            " look for another server block that claims this name, or for what the templates and"
            " snippets make of the challenge path"
        )

    def _error(self, step: Step, name: str) -> str | None:
        where = f"{self.address} port {self.port}"
        try:
            certificate = served(self.address, self.port, name, self.timeout)
        except OSError as error:
            said = getattr(error, "reason", None) or error.strerror or str(error)
            return (
                f"no TLS connection for {name} at {where}: {said};"
                " verify_address has to be an address that nginx listens on"
            )
        if certificate != step.certificate:
            return (
                f"for {name}, nginx at {where} serves another certificate than the one on disk;"
                " look for another server block that claims this name"
            )
        if name == step.name:
            step.served = certificate
        return None
