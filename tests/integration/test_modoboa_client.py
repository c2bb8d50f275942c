# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against real servers: each kind of error as they cause it, and their pace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import connect
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.domain import Domains
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHosts,
)
from bed import Bed
from bed.modoboa import Account
from bed.template import INSTANCE, MENTIONED
from integration.published_contract.server import PublishedContract
from integration.second_modoboa import SecondModoboa

NAME = "mail.client.test"
NO_CREDENTIALS: dict[str, Any] = {
    "token": None,
    "username": None,
    "password": None,
    "ca_path": None,
    "validate_certs": True,
    "allow_plain_http": False,
    "timeout": 30,
}


@pytest.fixture(scope="module")
def domain_administrator(bed: Bed) -> Account:
    """Somebody who may do little; and a virtual host."""
    bed.modoboa.create_domain("client.test", virtualhost=NAME)
    account = bed.modoboa.create_domain("less.client.test", admin_password="Planted-Secret-3")
    assert account
    return account


@pytest.fixture(scope="module")
def client(bed: Bed, domain_administrator: Account) -> Client:
    """The administrator's."""
    return connect_to(bed)


@pytest.fixture(scope="module")
def without_extension(bed: Bed) -> Iterator[SecondModoboa]:
    """A Modoboa that does not know the extension."""
    folder = bed.modoboa.directory / INSTANCE
    text = (folder / "settings.py").read_text()
    (folder / "settings_without.py").write_text(MENTIONED.sub("", text))
    with SecondModoboa.running(bed, f"{INSTANCE}.settings_without") as server:
        yield server


def connect_to(bed: Bed, **options: Any) -> Client:
    """Connect to the bed's Modoboa."""
    modoboa = bed.modoboa
    known = {"url": modoboa.url, "token": modoboa.token, "ca_path": str(modoboa.ca_path)}
    return connect({**NO_CREDENTIALS, **known, **options})


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "words"),
    [
        ("GET", "virtualhosts/for_domain/999999/", None, errors.NotFoundError, "(404: No "),
        (
            "POST",
            "virtualhosts/{key}/retry_provisioning/",
            None,
            errors.ConflictError,
            "only failed provisioning can be retried",
        ),
        (
            "POST",
            "virtualhosts/{key}/set_state/",
            {"enabled": "perhaps"},
            errors.ValidationError,
            "(400: enabled: Must be a valid boolean.)",
        ),
        ("PATCH", "virtualhosts/{key}/", {}, errors.ValidationError, "does not offer this"),
        ("GET", "no/such/address/", None, errors.NotFoundError, "(404: an HTML page"),
    ],
)
def test_refusals(
    client: Client, method: str, path: str, content: Any, kind: type[Exception], words: str
) -> None:
    path = path.format(key=VirtualHosts(client).all()[NAME].pk)
    with pytest.raises(errors.ModoboaError) as caught:
        client.send(method, path, json=content)
    check(caught.value, kind, f"{method} /api/v2/{path}: ", words)


def test_unknown_token(bed: Bed) -> None:
    with pytest.raises(errors.ModoboaError) as caught:
        connect_to(bed, token="0" * 40).get("virtualhosts/")
    check(caught.value, errors.AuthenticationError, "GET /api/v2/virtualhosts/: ", "Invalid token")


def test_user_who_may_not(bed: Bed, domain_administrator: Account) -> None:
    user = {"username": domain_administrator.username, "password": domain_administrator.password}
    client = connect_to(bed, token=None, **user)
    with pytest.raises(errors.ModoboaError) as caught:
        client.get("virtualhosts/")
    check(caught.value, errors.NotAllowedError, "GET /api/v2/virtualhosts/: ", "permission")


def test_certificate_of_nobody_known(bed: Bed) -> None:
    with pytest.raises(errors.ModoboaError) as caught:
        connect_to(bed, ca_path=None).get("virtualhosts/")
    check(caught.value, errors.ServerUnreachableError, "GET /api/v2/virtualhosts/", "as ca_path")


def test_port_of_https_without_tls(bed: Bed) -> None:
    with pytest.raises(errors.ModoboaError) as caught:
        connect_to(bed, url=bed.modoboa.url.replace("https:", "http:")).get("virtualhosts/")
    check(caught.value, errors.ValidationError, "GET /api/v2/virtualhosts/: ", "400 The plain HTTP")


def test_server_without_virtual_hosts(without_extension: SecondModoboa) -> None:
    client = connect({**NO_CREDENTIALS, **without_extension.connection()})
    told = r"install the extension .*\(GET /api/v2/virtualhosts/: not found \(404"
    with pytest.raises(errors.NoVirtualHostsError, match=told):
        VirtualHosts(client).all()
    with pytest.raises(errors.NoVirtualHostsError, match=r"OPTIONS .* install the extension"):
        Domains(client).virtual_host_field()
    assert not client.offers("virtualhosts/bulk/", "POST")


def test_what_servers_offer(client: Client, published_contract: PublishedContract) -> None:
    less = connect({**NO_CREDENTIALS, **published_contract.connection()})
    for path in ("virtualhosts/bulk/", "virtualhosts/report/", "virtualhosts/license/"):
        assert client.offers(path, "POST")
        assert not less.offers(path, "POST")


def test_pace_of_the_server_is_kept(published_contract: PublishedContract, client: Client) -> None:
    patient = connect({**NO_CREDENTIALS, **published_contract.connection()})
    key = VirtualHosts(patient).all()[NAME].pk
    started = time.monotonic()
    for _each in range(12):
        patient.send("POST", f"virtualhosts/{key}/set_state/", json={"enabled": True})
    # Five a second are let through
    assert 1 < time.monotonic() - started < 10


def check(error: errors.ModoboaError, kind: type[Exception], start: str, words: str) -> None:
    """It is of that kind alone, names the request, and has the server's words, but no page."""
    assert error.__class__ is kind
    assert str(error).startswith(start)
    assert words in str(error)
    assert "<" not in str(error)
