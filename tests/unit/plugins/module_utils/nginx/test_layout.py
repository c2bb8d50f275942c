# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where server blocks are, and what is not ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Site,
    canonical,
)

NAME = "a.example.com"
OWN = f"# Written by mailhost.modoboa.nginx_vhost: {NAME}, present.\n".encode()


def test_of(tmp_path: Path) -> None:
    available, enabled = tmp_path / "available", tmp_path / "enabled"
    available.mkdir()
    enabled.mkdir()
    assert Layout.of(str(available), str(enabled)) == Layout(available, enabled)
    assert Layout.of(str(available), "") == Layout(available, None)
    assert Layout.of(str(available), str(available)) == Layout(available, None)


@pytest.mark.parametrize(
    ("available", "enabled", "text"),
    [
        ("{}/none", "{}", "sites_available: there is no directory"),
        ("{}", "{}/none", "sites_enabled: there is no directory"),
        ("relative", "{}", "sites_available 'relative' is not an absolute path"),
    ],
)
def test_directories_have_to_be_there(
    tmp_path: Path, available: str, enabled: str, text: str
) -> None:
    with pytest.raises(NginxError, match=text):
        Layout.of(available.format(tmp_path), enabled.format(tmp_path))


def test_nothing_there(layout: Layout) -> None:
    assert layout.read(NAME) == Site()


@pytest.mark.parametrize(
    "site",
    [
        Site(OWN, None),
        Site(OWN, "link"),
        Site(None, "link"),
        Site(),
    ],
)
def test_read_what_was_put(layout: Layout, site: Site) -> None:
    link = str(layout.file(NAME)) if site.link else None
    site = Site(site.content, link)
    layout.put(NAME, Site(OWN, str(layout.file(NAME))))
    layout.put(NAME, site)
    assert layout.read(NAME) == site
    layout.put(NAME, site)
    layout.sync()
    assert layout.read(NAME) == site


def test_a_link_may_be_spelled_differently(layout: Layout) -> None:
    site = Site(OWN, f"../available/{NAME}.conf")
    layout.put(NAME, site)
    assert layout.read(NAME) == site
    assert layout.is_enabled(site)


def test_without_links(layout: Layout) -> None:
    single = Layout(layout.available, None)
    single.put(NAME, Site(OWN))
    assert single.read(NAME) == Site(OWN)
    assert single.is_enabled(Site(OWN))
    assert not single.is_enabled(Site())
    assert single.loaded(NAME) == layout.file(NAME)
    assert single.directories == [layout.available]
    assert not layout.is_enabled(Site(OWN))


def test_foreign_files(layout: Layout) -> None:
    file = layout.file(NAME)
    foreign = [b"server {}", OWN.replace(b"a.example", b"b.example")]
    for content in foreign:
        file.write_bytes(content)
        with pytest.raises(NginxError, match="not written by this collection"):
            layout.read(NAME)
    file.unlink()
    for target in (layout.available / "other", layout.available / "nowhere"):
        (layout.available / "other").write_bytes(OWN)
        file.symlink_to(target)
        with pytest.raises(NginxError, match="not written by this collection"):
            layout.read(NAME)
        file.unlink()
    file.mkdir()
    with pytest.raises(NginxError, match="Is a directory"):
        layout.read(NAME)


def test_foreign_links(layout: Layout) -> None:
    layout.put(NAME, Site(OWN))
    link = layout.link(NAME)
    assert link is not None
    link.write_text("server {}")
    with pytest.raises(NginxError, match="is no link to"):
        layout.read(NAME)
    link.unlink()
    link.symlink_to("/somewhere/else")
    with pytest.raises(NginxError, match="leads to /somewhere/else"):
        layout.read(NAME)


def test_nginx_never_sees_a_link_that_leads_nowhere(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = layout.link(NAME)
    assert link is not None

    def check() -> None:
        assert not link.is_symlink() or link.exists()

    originals = {"replace": Path.replace, "symlink_to": Path.symlink_to, "unlink": Path.unlink}
    for name, original in originals.items():

        def checked(
            self: Path,
            *arguments: object,
            original: object = original,
        ) -> object:
            result = original(self, *arguments)  # type: ignore[operator] # one of three methods
            check()
            return result

        monkeypatch.setattr(Path, name, checked)
    layout.put(NAME, Site(OWN, str(layout.file(NAME))))
    layout.put(NAME, Site())
    assert layout.read(NAME) == Site()


def test_canonical(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "real" / "link").symlink_to("/elsewhere")
    expected = os.path.realpath(tmp_path / "real") + "/link"
    assert canonical(f"{tmp_path}/alias//link") == expected
    assert canonical(f"{tmp_path}/real/link") == expected
