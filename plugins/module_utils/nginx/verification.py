# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx serves, for every name, the certificate that is on disk, and answers challenges."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import (
    Certificate,
    served,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.challenge_answer import (
    wrong_answer,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.pages import (
    Pages,
    pages_of,
    worse_page,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step

_AT_ONCE = 8
_PAUSE = 0.03
_PATIENCE = 1.0

_Answer = TypeVar("_Answer")


class _Silence:
    """Whether nobody answers at all, so that hundreds of hosts need not be waited for."""

    def __init__(self) -> None:
        self._timeouts = 0
        self._answered = False

    def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Ask, unless the first have waited in vain, and nobody else has had an answer.

        :raises OSError: there is no answer
        """
        if self._timeouts >= _AT_ONCE and not self._answered:
            raise TimeoutError("timed out")
        try:
            answer = question()
        except OSError as error:
            if isinstance(error, socket.timeout):
                self._timeouts += 1
            raise
        self._answered = True
        return answer


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
        silence = _Silence()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda step: self._look(step, silence), steps))

    def note_pages(self, steps: Sequence[Step]) -> None:
        """Note what comes of asking for pages of hosts whose block is by somebody else yet."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for step, pages in zip(steps, pool.map(self._pages, steps)):
                step.pages = pages

    def failures(self, steps: Sequence[Step]) -> dict[str, str]:
        """Make sure that nginx serves, and answers challenges with, what is on disk.

        A worker that was told to finish may be about to close its socket still: so a wrong answer
        counts only when it stays wrong.

        :param steps: hosts that nginx has just loaded
        :returns: host → what is wrong, for those where something is
        """
        silence = _Silence()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            errors = pool.map(lambda step: self._wait(step, silence), steps)
            return {step.name: error for step, error in zip(steps, errors) if error is not None}

    def _served(self, name: str, silence: _Silence) -> Certificate:
        return silence.ask(lambda: served(self.address, self.port, name, self.timeout))

    def _look(self, step: Step, silence: _Silence) -> None:
        try:
            step.served = self._served(step.name, silence)
        except OSError:
            step.served = None
        step.stale = step.served != step.certificate
        if not step.stale:
            # Which has been read already
            step.served = step.certificate

    def _wait(self, step: Step, silence: _Silence) -> str | None:
        # Of its own: with hundreds of hosts, the last are asked seconds after the first
        deadline = time.monotonic() + _PATIENCE
        checks: list[Callable[[Step, str, _Silence], str | None]] = []
        if step.serves:
            checks.append(self._error)
        if self.thumbprint is not None and step.writes:
            checks.append(self._challenge_error)
        if step.pages and step.serves:
            checks.append(self._page_error)
        for check in checks:
            for name in step.server_names:
                while True:
                    error = check(step, name, silence)
                    if error is None:
                        break
                    if time.monotonic() > deadline:
                        return error
                    time.sleep(_PAUSE)
        return None

    def _pages(self, step: Step) -> Pages:
        return pages_of(self.address, self.port, step.name, self.timeout)

    def _page_error(self, step: Step, name: str, _silence: _Silence) -> str | None:
        # Further names lead to it
        worse = worse_page(step.pages, self._pages(step)) if name == step.name else None
        if worse is None:
            return None
        host = step.host
        return (
            f"for {name}, {worse}; see whether application ({host.application}, with the protocol"
            f" {host.application_protocol}) and frontend_root ({host.frontend_root}) are right"
        )

    def _challenge_error(self, _step: Step, name: str, silence: _Silence) -> str | None:
        where = f"{self.address} port {self.http_port}"
        try:
            wrong = silence.ask(
                lambda: wrong_answer(
                    self.address, self.http_port, name, self.thumbprint or "", self.timeout
                )
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

    def _error(self, step: Step, name: str, silence: _Silence) -> str | None:
        where = f"{self.address} port {self.port}"
        try:
            certificate = self._served(name, silence)
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
