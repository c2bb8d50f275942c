# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import (
    connection,
    errors,
    sign_in,
)

PARAMS: dict[str, Any] = {
    "url": "https://mail.test",
    "token": "planted-secret-token",
    "username": None,
    "password": None,
    "ca_path": None,
    "validate_certs": True,
    "allow_plain_http": False,
    "timeout": 30,
}
BROKEN = "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n"


def test_secrets_are_marked() -> None:
    options = connection.connection_options()
    assert {name for name, option in options.items() if option.get("no_log")} == {
        "token",
        "password",
    }


def test_every_option_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "url": "https://mail.test",
        "token": "planted-secret-token",
        "username": "admin",
        "password": "secret",
        "ca_path": "/etc/own.pem",
        "validate_certs": "no",
        "allow_plain_http": "yes",
        "timeout": "7",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"MODOBOA_{name.upper()}", value)
    read = ArgumentSpecValidator(connection.connection_options()).validate({})
    assert not read.error_messages
    typed = {"validate_certs": False, "allow_plain_http": True, "timeout": 7}
    assert read.validated_parameters == {**given, **typed}
    # What a task says goes before it
    said = ArgumentSpecValidator(connection.connection_options()).validate({"timeout": 9})
    assert said.validated_parameters["timeout"] == 9


def test_token_needs_no_request() -> None:
    assert connection.connect(PARAMS).url == "https://mail.test/"


@pytest.mark.parametrize(
    "missing", [{"token": None}, {"token": ""}, {"token": None, "username": "admin"}]
)
def test_no_credentials(missing: dict[str, Any]) -> None:
    with pytest.raises(errors.AuthenticationError, match="MODOBOA_TOKEN"):
        connection.connect({**PARAMS, **missing})


def test_no_url() -> None:
    with pytest.raises(errors.ServerUnreachableError, match="the URL is empty"):
        connection.connect({**PARAMS, "url": ""})


def test_credentials_do_not_travel_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {**PARAMS, "url": "http://mail.test:8080/api/v2/"}
    by_name = {**plain, "token": None, "username": "admin", "password": "planted-secret"}
    monkeypatch.delattr(sign_in, "sign_in")
    for params in (plain, by_name):
        with pytest.raises(
            errors.AuthenticationError, match=r"http://mail\.test:8080/ has no TLS"
        ) as caught:
            connection.connect(params)
        assert "planted" not in str(caught.value)
    assert connection.connect({**plain, "allow_plain_http": True}).url == "http://mail.test:8080/"
    assert connection.connect({**PARAMS, "url": "http://[::1]:8000"}).url == "http://[::1]:8000/"


@pytest.mark.parametrize(
    "token", ["planted-secret\n", "Token planted", "planted\u2026", " planted"]
)
def test_token_that_is_none_is_refused_without_showing_it(token: str) -> None:
    # It would end in a traceback of the HTTP library, which shows the header in its own spelling
    with pytest.raises(errors.AuthenticationError, match="such as a line break") as caught:
        connection.connect({**PARAMS, "token": token})
    assert "planted" not in str(caught.value)


def test_timeout_that_is_none() -> None:
    with pytest.raises(errors.ServerUnreachableError, match="at least 1 second"):
        connection.connect({**PARAMS, "timeout": 0})


@pytest.mark.parametrize("content", [None, "no certificate", BROKEN])
def test_ca_file_that_is_none(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(errors.ServerUnreachableError, match="cannot read CA certificates"):
        connection.connect({**PARAMS, "ca_path": str(path)})


def test_ca_file_does_not_matter_without_verification() -> None:
    connection.connect({**PARAMS, "ca_path": "/nowhere", "validate_certs": False})


def test_password_is_exchanged_and_the_browser_session_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions = []

    def exchange(session: requests.Session, *given: Any, **options: Any) -> str:
        assert given == ("https://mail.test", "admin", "secret")
        assert options == {"verify": True, "timeout": 30}
        session.cookies.set("sessionid", "x")
        sessions.append(session)
        return "short-lived"

    monkeypatch.setattr(sign_in, "sign_in", exchange)
    connection.connect({**PARAMS, "token": None, "username": "admin", "password": "secret"})
    assert not sessions[0].cookies


def test_missing_library_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        def fail_json(self, **result: Any) -> None:
            raise SystemExit(result["msg"])

    monkeypatch.setattr(connection, "MISSING_REQUESTS", "Traceback: no module named requests")
    with pytest.raises(SystemExit) as caught:
        connection.require_library(Module())
    assert "python3-requests" in str(caught.value)
    assert "on PyPI" in str(caught.value)
