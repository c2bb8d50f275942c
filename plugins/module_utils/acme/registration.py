# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA is told, and asked, about an account (RFC 8555 section 7.3)."""

from __future__ import annotations

from dataclasses import dataclass

from .binding import Binding
from .errors import AcmeError, Problem, ProblemError
from .keys import AccountKey, make_key
from .network import Network
from .reply import Reply
from .waiting import Deadline

_CLOSED = ("deactivated", "revoked")


@dataclass(frozen=True)
class Registration:
    """An account as the CA knows it.

    :ivar url: empty once the CA has forgotten the account
    :ivar contact: addresses with ``mailto:``
    """

    url: str
    contact: tuple[str, ...]


class ClosedAccountError(AcmeError):
    """The key belongs to an account that was closed for good, by its holder or by the CA."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(
            "the CA has closed the account that is recorded here, and opens it no more:"
            f" {problem.text().rstrip('. ')}. Remove it with acme_account and state absent; the"
            " next run then creates another one, with another key.",
            problem=problem,
        )


def find(network: Network, key: AccountKey, deadline: Deadline) -> Registration | None:
    """Ask which account a key belongs to (RFC 8555 section 7.3.1); ``None`` if to none.

    :raises ClosedAccountError: to one that was deactivated or revoked
    :raises AcmeError: the CA cannot be asked
    """
    try:
        reply = network.post(
            network.endpoint("newAccount", deadline),
            {"onlyReturnExisting": True},
            deadline,
            what="to say which account the key belongs to",
            key=key,
        )
    except ProblemError as error:
        if error.problem.code == "accountDoesNotExist":
            return None
        if error.problem.code == "unauthorized":
            raise ClosedAccountError(error.problem) from error
        raise
    status = reply.json().get("status")
    if status in _CLOSED:
        raise ClosedAccountError(Problem(detail=f"its status is {status}", url=reply.url))
    return _registration(reply)


def register(
    network: Network,
    key: AccountKey,
    contact: tuple[str, ...],
    binding: Binding | None,
    deadline: Deadline,
) -> Registration:
    """Create an account, or get the one that the key has already.

    :raises AcmeError: the CA refused
    """
    url = network.endpoint("newAccount", deadline)
    payload = {"contact": contact, "termsOfServiceAgreed": True}
    if binding:
        payload["externalAccountBinding"] = binding.sign(key, url)
    try:
        reply = network.post(url, payload, deadline, what="the new account", key=key)
    except ProblemError as error:
        if binding and error.problem.code == "unauthorized":
            raise AcmeError(
                f"the CA refused the new account: {error.problem.text().rstrip('. ')}. Make sure"
                " that eab_kid, eab_hmac_key and eab_algorithm are what the CA handed out, for this"
                " directory, and that they were not used up by another account.",
                problem=error.problem,
            ) from error
        raise
    return _registration(reply)


def update_contact(network: Network, contact: tuple[str, ...], deadline: Deadline) -> None:
    """Tell the CA the contact of the account that ``network`` names (section 7.3.2).

    :raises AcmeError: the CA refused
    """
    network.post(
        _account_url(network), {"contact": contact}, deadline, what="the account's contact"
    )


def change_key(network: Network, new_key: AccountKey, deadline: Deadline) -> None:
    """Let the account that ``network`` names have another key from now on (section 7.3.5).

    :raises AcmeError: the CA refused
    """
    url = network.endpoint("keyChange", deadline)
    if network.account_key is None:
        raise AcmeError("there is no account key to replace")
    inner = {"account": _account_url(network), "oldKey": network.account_key.public_jwk()}
    network.post(url, new_key.sign_inner(inner, url), deadline, what="the account's new key")


def deactivate(network: Network, key: AccountKey, deadline: Deadline) -> None:
    """Close the account of a key for good (section 7.3.6), if it has one that is open.

    :raises AcmeError: the CA refused, or does not say whether the account is open
    """
    account = _open_account(network, key, deadline)
    if account is None:
        return
    network.account_key, network.account_url = key, account.url
    try:
        network.post(
            account.url, {"status": "deactivated"}, deadline, what="to deactivate the account"
        )
    except ProblemError:
        # A request is sent again when its answer gets lost, and is then refused: it was done.
        if _open_account(network, key, deadline):
            raise


def _open_account(network: Network, key: AccountKey, deadline: Deadline) -> Registration | None:
    try:
        return find(network, key, deadline)
    except ClosedAccountError as error:
        said = error.problem
        if said is None or said.code != "unauthorized":
            return None
        if not _serves_strangers(network, deadline):
            raise AcmeError(
                "the CA refuses whoever asks for an account, so that it is not certain whether this"
                f" one is closed: {said.text().rstrip('. ')}. Run again once the CA serves this"
                " host.",
                problem=said,
            ) from error
    # whatever refused the first question may have been gone before the second
    try:
        return find(network, key, deadline)
    except ClosedAccountError:
        return None


def _serves_strangers(network: Network, deadline: Deadline) -> bool:
    """Say whether the CA looks for the account of a key that it cannot know.

    A CA that refuses whoever asks, or what stands before it, says "unauthorized" as well.
    """
    try:
        find(network, AccountKey(make_key("P-256")), deadline)
    except ClosedAccountError:
        return False
    except ProblemError as error:
        if error.problem.code != "externalAccountRequired":
            raise
    return True


def _account_url(network: Network) -> str:
    if network.account_url is None:
        raise AcmeError("there is no account to name")
    return network.account_url


def _registration(reply: Reply) -> Registration:
    contact = reply.json().get("contact")
    if not reply.location:
        raise AcmeError("the CA did not say where the account is. Report this to the CA.")
    addresses = contact if isinstance(contact, list) else []
    return Registration(reply.location, tuple(str(each) for each in addresses))
