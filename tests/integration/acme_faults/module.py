# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert in the process of the test, with a look at what it asks the CA."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailhost.modoboa.plugins.modules import acme_cert
from bed.acme_bed import AcmeBed
from requests.adapters import HTTPAdapter

TIMEOUT = 120
Options = Mapping[str, Any]
# What is called before a request is sent, and with its answer afterwards
Before = Callable[[requests.PreparedRequest], None]
After = Callable[[requests.PreparedRequest, requests.Response], None]


@dataclass(frozen=True)
class Asked:
    """A request that was answered."""

    method: str
    path: str
    status: int

    @property
    def orders(self) -> bool:
        """Whether it placed an order; Pebble's own name for that."""
        return self.path == "/order-plz" and self.status < 300


@dataclass(frozen=True)
class Run:
    """What the module returned, and what it asked the CA for that."""

    result: dict[str, Any]
    asked: list[Asked]

    @property
    def certificates(self) -> dict[str, dict[str, Any]]:
        """The result of each certificate by its name."""
        return {item["name"]: item for item in self.result["certificates"]}

    @property
    def orders(self) -> int:
        """How many orders the CA accepted."""
        return sum(each.orders for each in self.asked)


def run(options: Options) -> Run:
    """Run the module to its end, whether it fails or not. Anything but a result is an error."""
    asked: list[Asked] = []

    def note(request: requests.PreparedRequest, answer: requests.Response) -> None:
        path = urlsplit(str(request.url)).path
        asked.append(Asked(str(request.method), path, answer.status_code))

    given = {name: value for name, value in options.items() if value is not None}
    written = io.StringIO()
    with (
        watched(after=note),
        patch_module_args(given),
        contextlib.redirect_stdout(written),
        contextlib.suppress(SystemExit),
    ):
        acme_cert.main()
    result: dict[str, Any] = {"failed": False, **json.loads(written.getvalue())}
    return Run(result, asked)


def run_elsewhere(
    bed: AcmeBed, options: Options, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run the module in a process of its own, and return its result.

    :param environment: variables besides what it needs itself
    """
    prefix = bed.layout.prefix
    arguments = {name: value for name, value in options.items() if value is not None}
    done = subprocess.run(
        [prefix.python("controller"), "-m", acme_cert.__name__],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={
            "PYTHONPATH": str(prefix.collections),
            "PATH": os.environ["PATH"],
            **(environment or {}),
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return {"failed": False, **json.loads(done.stdout)}


@contextmanager
def watched(before: Before | None = None, after: After | None = None) -> Iterator[None]:
    """Call something around every request of the block."""
    send = HTTPAdapter.send

    def instead(
        adapter: HTTPAdapter, request: requests.PreparedRequest, **how: Any
    ) -> requests.Response:
        if before:
            before(request)
        answer = send(adapter, request, **how)
        # with its body: an answer that breaks off has not arrived
        _body = answer.content
        if after:
            after(request, answer)
        return answer

    with patch.object(HTTPAdapter, "send", instead):
        yield


def payload_of(request: requests.PreparedRequest) -> dict[str, Any]:
    """Return what a signed request holds (RFC 8555 section 6.2); nothing for another one."""
    if not request.body:
        return {}
    encoded = json.loads(request.body)["payload"]
    content = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    document: dict[str, Any] = json.loads(content or b"{}")
    return document
