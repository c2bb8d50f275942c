# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking before the CA does: a name that would fail costs none of the CA's limits.

A CA counts failed authorizations; for some names a handful in an hour is all it allows.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Optional

from .compound import compound
from .errors import PREFIX, AcmeError, Problem, stable_text
from .fetch import Fetcher, FetchError, Page, some_of
from .identifier import is_address, is_wildcard
from .resolver import Resolver, ResolverError, SystemResolver
from .responder import Responder
from .waiting import Deadline

_STEP = "probe"
_CHALLENGES = "/.well-known/acme-challenge/"
_TOKEN_BYTES = 32
_SHOWN_CHARACTERS = 60
# Seconds for all names of a certificate, and all their addresses: others want to be looked at, too
_PATIENCE = 60.0
_HINT = (
    "If the CA sees what this host cannot (a network without a way back to its own public address,"
    " another view of the DNS), set look_first to false, or look_resolver to a public name server."
)

Verdict = Optional[Problem]
# map, or the same from an executor
Run = Callable[[Callable[[str], Verdict], Iterable[str]], Iterable[Verdict]]


class Probe:
    """Asks for a challenge of its own under each name, the way a CA would."""

    def __init__(
        self, responder: Responder, port: int = 80, resolver: Resolver | None = None
    ) -> None:
        """Answer with the responder that the CA will find.

        :param port: where the CA asks
        :param resolver: finds addresses; this host's own if not given
        """
        self._responder = responder
        self._resolver = resolver or SystemResolver()
        self._fetcher = Fetcher(self._resolver, port)

    def look(self, names: Iterable[str], thumbprint: str, run: Run = map) -> None:
        """Return if nothing speaks against asking the CA.

        Only what is proved over HTTP can be looked at; for other challenges nothing is done. What
        there is no time left for, or what leads into this host's own networks, is the CA's to judge.

        :param names: host names and IP addresses
        :param thumbprint: of the account's key
        :param run: applies a function to many names, in threads if it likes
        :raises AcmeError: names would fail; each is in the problem
        :raises OSError: an answer cannot be placed
        """
        if self._responder.challenge_type != "http-01":
            return
        wanted = sorted({name for name in names if not is_wildcard(name)})
        deadline = Deadline(_PATIENCE)
        found = run(
            lambda name: (
                self._judge(name, thumbprint, deadline) if deadline.remaining() > 0 else None
            ),
            wanted,
        )
        problems = [problem for problem in found if problem]
        if problems:
            raise _error(problems, len(wanted))

    def _judge(self, name: str, thumbprint: str, deadline: Deadline) -> Verdict:
        """Say what is wrong with one name."""
        try:
            addresses = [name] if is_address(name) else self._resolver.addresses(name)
        except ResolverError as error:
            return _problem("dns", name, str(error))
        if not addresses:
            return _problem("dns", name, f"{self._resolver.title} finds no A or AAAA record")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        answer = f"{token}.{thumbprint}"
        with self._responder.answering(name, token, answer):
            # the CA may choose any of them
            results = [
                (each, self._ask(name, each, token, answer, deadline))
                for each in some_of(addresses)
            ]
        found = [(each, error) for each, error in results if error and not error.open]
        failures = [(each, error) for each, error in found if not error.no_route]
        if not failures and len(found) < len(results):
            return None
        codes = [error.code for _address, error in found]
        texts = [f"at {address}, {error}" for address, error in failures or found]
        code = codes[0] if len(set(codes)) == 1 else "unauthorized"
        return _problem(code, name, "; ".join(texts).replace(token, "TOKEN"))

    def _ask(
        self, name: str, address: str, token: str, answer: str, deadline: Deadline
    ) -> FetchError | None:
        """Say what is wrong with one address."""
        try:
            page = self._fetcher.fetch(name, address, _CHALLENGES + token, deadline)
        except FetchError as error:
            return error
        if page.status == HTTPStatus.OK and page.body.rstrip() == answer.encode("ascii"):
            return None
        return FetchError(f"{page.url} answers {_what(page, token)}", "unauthorized")


def _what(page: Page, token: str) -> str:
    """Describe an answer that is not the right one."""
    if page.status != HTTPStatus.OK:
        return f"with HTTP status {page.status}"
    if page.body.startswith(f"{token}.".encode("ascii")):
        return "with the thumbprint of another account's key"
    text = page.body.decode("utf-8", errors="replace")
    text = "".join(each if each.isprintable() else " " for each in text)
    text = stable_text(text)[:_SHOWN_CHARACTERS].rstrip()
    return f"with something else, which begins {text!r}" if text else "with an empty page"


def _problem(code: str, name: str, detail: str) -> Problem:
    return Problem(type=PREFIX + code, identifier=name, detail=detail)


def _error(problems: list[Problem], names: int) -> AcmeError:
    what = "the names" if len(problems) > 1 else "the name"
    problem = compound(problems, names)
    text = f"the CA was not asked, because its look at {what} would fail: {problem.text()}"
    return AcmeError(f"{text}. {problem.advice()} {_HINT}", step=_STEP, problem=problem)
