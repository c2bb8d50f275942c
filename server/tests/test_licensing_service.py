# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The reference licensing service, over HTTP."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from licensing_service import LicensingService


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicensingService]:
    service = LicensingService(tmp_path_factory.mktemp("licensing") / "licences.db")
    with service.running():
        yield service


def register(service: LicensingService, key: str, installation: str) -> requests.Response:
    body = {"key": key, "installation": installation, "hostname": "modoboa.test", "product": "x"}
    return requests.post(service.url, json=body, timeout=30)


def test_register_again_and_again(service: LicensingService) -> None:
    key, digest = service.sell(), ""
    for _time in range(3):
        answer = register(service, key, "one")
        assert answer.status_code == 200
        digest = hashlib.sha256(key.encode()).hexdigest()
        assert answer.json() == {"key_sha256": digest, "licensee": "Example Hosting"}
    assert f"{digest} 1/1 Example Hosting" in service.manage("list")


def test_the_last_place_is_given_once(service: LicensingService) -> None:
    key = service.sell(installations=2)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _number: register(service, key, str(uuid.uuid4())), range(8))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [403] * 6


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/register", None, 405),
        ("POST", "/elsewhere", b"{}", 404),
        ("POST", "/register", None, 400),
        ("POST", "/register", b"no JSON", 400),
        ("POST", "/register", b"[]", 400),
        ("POST", "/register", b'{"key": "k"}', 400),
        ("POST", "/register", b'{"key": 7, "installation": "i", "hostname": ""}', 400),
        ("POST", "/register", b'{"key": "\\ud800", "installation": "i", "hostname": ""}', 400),
        ("POST", "/register", b'{"key": "", "installation": "i", "hostname": ""}', 400),
        ("POST", "/register", b" " * 20_000, 400),
        ("POST", "/register", b"[" * 10_000, 400),
        ("POST", "/register", b'{"key": "k", "installation": "i", "hostname": ""}', 403),
    ],
)
def test_refusals(
    service: LicensingService, method: str, path: str, body: bytes | None, status: int
) -> None:
    url = service.url.replace("/register", path)
    answer: Any = requests.request(method, url, data=body, timeout=30)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_keys_are_not_kept(service: LicensingService) -> None:
    key = service.sell()
    register(service, key, "one")
    assert key.encode() not in service.file.read_bytes()
