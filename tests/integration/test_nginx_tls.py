# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS of the server blocks, as sslyze finds it and Mozilla wants it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bed.nginx_releases import NginxRelease
from integration.front_end import ADDRESS
from integration.nginx_releases import EACH_NGINX, front_end_of
from integration.nginx_tools import run_script

NAME = "a.example.com"
# Of the intermediate profile, without those for clients that know no curves
SUITES = ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
FOUND: dict[str, Any] = {
    "issues": {
        # The tests have no CA that sslyze trusts; no finding about what nginx does
        "certificate_path_validation": f"Certificate path validation failed for CN={NAME}."
    },
    "curves": ["X25519", "secp256r1", "secp384r1"],
    "compression": False,
    "early data": False,
    "ccs injection": False,
    "fallback scsv": True,
    "heartbleed": False,
    "robot": "NOT_VULNERABLE_RSA_NOT_SUPPORTED",
    "secure renegotiation": True,
    "renegotiation by the client": False,
    "extended master secret": True,
    "resumption by id": True,
    "resumption by ticket": "NOT_SUPPORTED",
    "hsts": 31536000,
}


def check(release: NginxRelease, algorithm: str, **options: Any) -> None:
    """Compare exactly, so that whatever is new fails, too."""
    with front_end_of(release) as front_end:
        issue = front_end.issue if algorithm == "ecdsa" else front_end.issue_rsa
        issue(NAME)
        outcome = front_end.apply(vhosts=[{"name": NAME}], **options)
        assert [item["error"] for item in outcome.results] == [None]
        found = json.loads(run_script("scan_tls.py", ADDRESS, str(front_end.https_port), NAME))
    suites = found.pop("suites")
    assert found == FOUND
    assert suites == {
        **{version: [] for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")},
        "tls_1_2": [f"TLS_ECDHE_{algorithm.upper()}_WITH_{suite}" for suite in SUITES],
        "tls_1_3": [f"TLS_{suite}" for suite in SUITES],
    }


@pytest.mark.parametrize("release", EACH_NGINX)
def test_nothing_weak(release: NginxRelease) -> None:
    check(release, "ecdsa", catch_all="present")


@pytest.mark.extended
@pytest.mark.parametrize("release", EACH_NGINX)
def test_nothing_weak_with_an_rsa_key(release: NginxRelease) -> None:
    check(release, "rsa", catch_all="present")


@pytest.mark.parametrize("release", EACH_NGINX)
def test_nothing_weak_without_a_catch_all(release: NginxRelease) -> None:
    check(release, "ecdsa")
