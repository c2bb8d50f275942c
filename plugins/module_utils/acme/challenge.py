# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving control of names: authorizations and their challenges (RFC 8555 section 7.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any

from .compound import compound
from .errors import AcmeError, GarbledError, Problem, ProblemError
from .network import Network
from .reply import Reply
from .responder import Responder
from .waiting import Deadline, poll

with suppress(ImportError):  # libraries.py says what is missing
    import josepy
    from acme import challenges


_DNS_ADVICE = (
    "Make sure that the record of dns_hook is with every name server of the zone before the CA looks"
    " (see dns_wait), and that _acme-challenge leads to no other zone."
)
_ADVICE_WITHOUT_REASON = (
    "Make sure that the name leads to this host only, that TCP port 80 is open from the Internet, and"
    " that its web server passes /.well-known/acme-challenge/ to this host's webroot, or answers it"
    " with this account's thumbprint."
)


def authorize(
    network: Network,
    names: Collection[str],
    urls: list[str],
    responder: Responder,
    workers: Executor,
    deadline: Deadline,
) -> None:
    """Bring every authorization of an order to ``valid``, all of them at the same time.

    :param names: of the order; for no others is anything proved
    :param urls: of the authorizations
    :param responder: serves the answers while the CA looks
    :param workers: for short requests; other orders use it too, so nothing waits there
    :raises ProblemError: one or several names failed; each is a sub-problem with its identifier
    :raises AcmeError: the CA cannot be reached or is not understood
    :raises OSError: an answer cannot be placed
    """
    authorizations = [
        Authorization(network, url, responder.challenge_type, deadline) for url in urls
    ]
    run = workers.map if len(urls) > 1 else map  # one name, the usual case, needs no thread
    list(run(Authorization.look, authorizations))
    for authorization in authorizations:
        authorization.check(names)
    pending = [each for each in authorizations if each.pending]
    with _answers(pending, network, responder, deadline):
        list(run(Authorization.begin, pending))
        # The answers stay until the CA is done with every name, failed ones included. It works on
        # all of them at once: to wait for one after the other takes no longer.
        for authorization in pending:
            authorization.wait()
    problems = [each.problem for each in authorizations if each.problem]
    if problems:
        raise _error(problems, len(authorizations), responder)


@contextmanager
def _answers(
    pending: Collection[Authorization], network: Network, responder: Responder, deadline: Deadline
) -> Iterator[None]:
    """Have all answers in place for the duration of the block.

    What a hook takes, which has a limit of its own, is not the CA's. It may be the time of another
    certificate's hook, since their calls come one at a time, and that must fail nobody.
    """
    with ExitStack() as served:
        with deadline.standing_still():
            for authorization in pending:
                served.enter_context(authorization.serve(responder))
            if pending and responder.settle_seconds:
                network.sleep(responder.settle_seconds)
        try:
            yield
        finally:
            with deadline.standing_still():
                served.close()


def _error(problems: list[Problem], names: int, responder: Responder) -> ProblemError:
    # the CA lists names in an order of its own, another one each time
    problems = sorted(problems, key=lambda problem: problem.identifier or "")
    what = f"the CA could not verify control of the name{'s' if len(problems) > 1 else ''}"
    problem = compound(problems, names)
    advice = problem.advice()
    if responder.challenge_type == "dns-01":
        advice = _DNS_ADVICE
    elif any(each.type == "about:blank" for each in problems):
        advice = f"{advice} {_ADVICE_WITHOUT_REASON}".lstrip()
    return ProblemError(what, problem, advice=advice)


class Authorization:
    """One name's authorization on its way from ``pending`` to ``valid``."""

    def __init__(self, network: Network, url: str, challenge_type: str, deadline: Deadline) -> None:
        self._network = network
        self._url = url
        self._challenge_type = challenge_type
        self._deadline = deadline
        self._challenge_url = ""
        self._token = ""
        self._answer = ""
        self._identifier = ""
        self._name = ""
        self.pending = False
        self.problem: Problem | None = None

    def look(self) -> None:
        """Read from the CA which name this is, whether it is proved, and how to prove it.

        :raises AcmeError: the CA cannot be reached or is not understood
        """
        body = self._fetch().json()
        identifier = body.get("identifier")
        self._identifier = (
            str(identifier.get("value")) if isinstance(identifier, dict) else "a name"
        )
        # the identifier of a wildcard comes without it (RFC 8555 section 7.1.4)
        self._name = f"*.{self._identifier}" if body.get("wildcard") is True else self._identifier
        self._judge(body)
        if self.pending:
            self._choose_challenge(body)

    def check(self, names: Collection[str]) -> None:
        """Refuse to prove control of anything but these names.

        :raises AcmeError: it is for another one
        """
        if self._name not in names:
            raise AcmeError(
                f"the CA wants control of {self._name} proved, which was not ordered. Do not trust it."
            )

    def serve(self, responder: Responder) -> AbstractContextManager[None]:
        """Return a context in which the answer to the challenge is served."""
        return responder.answering(self._identifier, self._token, self._answer)

    def begin(self) -> None:
        """Tell the CA that the answer is in place (RFC 8555 section 7.5.1).

        :raises AcmeError: the CA cannot be reached, or refused for a name that it awaits
        """
        try:
            # a page for people instead would mean that the CA knows nothing
            self._network.post(
                self._challenge_url, {}, self._deadline, what=f"to look for {self._name}"
            ).json()
        except (ProblemError, GarbledError):
            # the answer to an earlier attempt got lost on the way, and the CA is past it
            self._judge(self._fetch().json())
            if self.pending:
                raise

    def wait(self) -> None:
        """Wait until the CA has decided.

        :raises AcmeError: the CA cannot be reached or does not come to an end
        """
        if self.pending:
            poll(
                self._decision,
                self._deadline,
                what=f"looking for {self._name}",
                sleep=self._network.sleep,
            )

    def _decision(self) -> tuple[bool | None, float | None]:
        reply = self._fetch()
        self._judge(reply.json())
        return (None if self.pending else True), reply.retry_after

    def _fetch(self) -> Reply:
        return self._network.post(self._url, None, self._deadline, what="to show an authorization")

    def _judge(self, body: dict[str, Any]) -> None:
        status = body.get("status")
        self.pending = status == "pending"
        if status in ("pending", "valid"):
            return
        error = next((each["error"] for each in _challenges(body) if each.get("error")), None)
        if error is None:
            error = {"detail": f"the authorization is {status}"}
        self.problem = Problem.from_json(error, url=self._url, identifier=self._name)

    def _choose_challenge(self, body: dict[str, Any]) -> None:
        offered = {str(each.get("type")): each for each in _challenges(body)}
        challenge = offered.get(self._challenge_type)
        if challenge is None or self._network.account_key is None:
            kinds = ", ".join(sorted(offered)) or "nothing"
            raise AcmeError(
                f"for {self._name} the CA offers {kinds}, but not {self._challenge_type}, which"
                " is needed. Choose another challenge: webroot and stateless need http-01, dns needs"
                " dns-01."
            )
        try:
            # a key authorization is made alike for every type (RFC 8555 section 8.1)
            known = challenges.HTTP01(token=josepy.decode_b64jose(str(challenge["token"])))
            self._challenge_url = str(challenge["url"])
        except (josepy.DeserializationError, KeyError) as error:
            raise AcmeError(
                f"the challenge that the CA sent for {self._name} is malformed. Run again later; if"
                " this goes on, tell whoever runs the CA."
            ) from error
        self._token = known.encode("token")
        self._answer = known.key_authorization(self._network.account_key.jwk)


def _challenges(body: dict[str, Any]) -> list[dict[str, Any]]:
    listed = body.get("challenges")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
