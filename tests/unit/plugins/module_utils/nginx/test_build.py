# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx says of itself."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build

DEBIAN_12 = """\
nginx version: nginx/1.22.1
built with OpenSSL 3.0.20 7 Apr 2026 (running with OpenSSL 3.0.19 27 Jan 2026)
TLS SNI support enabled
configure arguments: --with-http_ssl_module --with-http_v2_module --with-http_auth_request_module
"""
DEBIAN_13 = """\
nginx version: nginx/1.26.3
built by gcc 14.2.0 (Debian 14.2.0-19)
built with OpenSSL 3.5.7 9 Jun 2026
TLS SNI support enabled
configure arguments: --with-http_ssl_module --with-http_v2_module --with-http_v3_module
"""


def test_debian() -> None:
    assert Build.of(DEBIAN_12) == Build((1, 22, 1), False, (3, 0, 19), True)
    assert Build.of(DEBIAN_13) == Build((1, 26, 3), True, (3, 5, 7), False)


@pytest.mark.parametrize(
    ("first_lines", "version"),
    [
        ("nginx version: openresty/1.27.1.2", (1, 27, 1, 2)),
        ("nginx version: nginx/1.29.0 (Ubuntu)", (1, 29, 0)),
        ("Angie version: Angie/1.10.0\nnginx version: nginx/1.27.4", (1, 27, 4)),
        ("Tengine version: Tengine/3.1.0\r\nnginx version: nginx/1.24.0\r\n", (1, 24, 0)),
    ],
)
def test_others(first_lines: str, version: tuple[int, ...]) -> None:
    assert Build.of(f"{first_lines}\nconfigure arguments:\n") == Build(version, False)


def test_what_the_shell_says_before() -> None:
    assert Build.of(f"Welcome!\n{DEBIAN_12}").version == (1, 22, 1)


@pytest.mark.parametrize("library", ["BoringSSL", "LibreSSL 4.1.0", "AWS-LC 1.55.0"])
def test_another_library(library: str) -> None:
    build = Build.of(f"nginx version: nginx/1.29.0\nbuilt with {library}\n")
    assert build.openssl == ()
    assert not build.hybrid_group


@pytest.mark.parametrize(
    "output", ["", "sh: 1: nginx: not found", "nginx version: nginx", "nginx version: nginx/x"]
)
def test_something_else(output: str) -> None:
    with pytest.raises(ValueError, match="not what nginx says"):
        Build.of(output)


@pytest.mark.parametrize(
    ("version", "expected"),
    [((1, 22, 1), False), ((1, 25, 0), False), ((1, 25, 1), True), ((1, 30), True), ((2,), True)],
)
def test_http2_directive(version: tuple[int, ...], expected: bool) -> None:
    assert Build(version, False).http2_directive == expected


@pytest.mark.parametrize(
    ("openssl", "expected"), [((), False), ((3, 4, 9), False), ((3, 5), True), ((4, 0, 0), True)]
)
def test_hybrid_group(openssl: tuple[int, ...], expected: bool) -> None:
    assert Build((1, 30), True, openssl).hybrid_group == expected
