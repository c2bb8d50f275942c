# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where packages are unpacked, and when again."""

from __future__ import annotations

from pathlib import Path

from bed.nginx_releases import NGINX_BOOKWORM, NGINX_SID, NGINX_TRIXIE
from bed.packages import PEBBLE_TRIXIE, SERVICES, Service
from bed.prefix import Prefix

HERE = Prefix(real=Path("/here"), path=Path("/here"))
ELSEWHERE = Prefix(real=Path("/elsewhere"), path=Path("/elsewhere"))


def test_no_program_meets_a_c_library_that_is_not_its_own() -> None:
    services = (SERVICES, PEBBLE_TRIXIE, NGINX_TRIXIE.service, NGINX_SID.service)
    assert len({service.root(HERE) for service in services}) == len(services)


def test_what_has_the_prefix_written_into_it_is_made_again_when_that_moves() -> None:
    for service, moves in ((PEBBLE_TRIXIE, False), (NGINX_TRIXIE.service, True)):
        assert (service.inputs(HERE) != service.inputs(ELSEWHERE)) is moves


def test_stamps_tell_services_apart() -> None:
    plain = Service(packages=("nginx",))
    complete = Service(packages=("nginx",), release="sid", complete=True)
    assert plain.inputs(HERE) != complete.inputs(HERE)


def test_each_nginx_has_a_name_of_its_own() -> None:
    releases = (NGINX_BOOKWORM, NGINX_TRIXIE, NGINX_SID)
    for release in releases:
        assert release.service.programs[release.name] == "usr/sbin/nginx"
    assert len({release.name for release in releases}) == len(releases)
