# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes of others, and that all of it comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.files import remove_leftovers
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import Claims
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.journal import Journal
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Other,
    Site,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.takeover import (
    Takeover,
    again,
    takeover,
)
from unit.plugins.module_utils.nginx.hosts import block, host, settings
from unit.plugins.module_utils.nginx.paper import files_of

NAME = "a.example"
TEXT = f"server {{ server_name {NAME}; }}"


def claims(layout: Layout) -> Claims:
    """What nginx would say: it reads the directory with the links."""
    main = f"http {{ include {layout.enabled}/*; }}"
    assert layout.enabled is not None
    files = sorted(path for path in layout.enabled.iterdir() if not path.name.startswith("."))
    return Claims(
        {"/etc/nginx/nginx.conf": main, **{str(each): each.read_text() for each in files}}
    )


def found(layout: Layout) -> Takeover:
    common = settings(layout.available)
    going = takeover(host(NAME), layout, claims(layout), host(NAME).server_names, (), common)
    assert going is not None
    return going


def enabled(layout: Layout, name: str) -> Path:
    assert layout.enabled is not None
    return layout.enabled / name


def test_nothing_goes_where_nobody_claims_the_name(layout: Layout) -> None:
    common = settings(layout.available)
    assert takeover(host(NAME), layout, claims(layout), [NAME], (), common) is None


def test_it_comes_back_as_it_was_from_disk_and_from_the_journal(layout: Layout) -> None:
    plain, secret = enabled(layout, "atlas"), enabled(layout, "secret")
    plain.write_text(TEXT)
    secret.write_text(TEXT)
    secret.chmod(0o600)
    (layout.available / "birch").write_text(TEXT)
    enabled(layout, "birch").symlink_to("../available/birch")
    before = files_of(layout)
    going = found(layout)
    after = Site(block(NAME).encode(), str(layout.file(NAME)), going.others)
    for way in ("put", "journal"):
        Journal(layout).open({NAME: going.before})
        layout.swap(NAME, going.before, after, layout.stage(NAME, after))
        assert not any(enabled(layout, name).exists() for name in ("atlas", "birch", "secret"))
        assert enabled(layout, ".atlas.adopted").read_text() == TEXT
        if way == "put":
            layout.put(NAME, going.before)
        else:
            # A power failure may take the copies that were kept
            for path in layout.directories:
                remove_leftovers(path)
            Journal(layout).recover()
        Journal(layout).close()
        assert files_of(layout) == before
        assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_is_kept_belongs_to_whom_it_did(layout: Layout) -> None:
    plain = enabled(layout, "atlas")
    plain.write_text(TEXT)
    plain.chmod(0o640)
    os.chown(plain, 0, 4)
    going = found(layout)
    after = Site(block(NAME).encode(), str(layout.file(NAME)), going.others)
    layout.swap(NAME, going.before, after, layout.stage(NAME, after))
    status = enabled(layout, ".atlas.adopted").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, 4, 0o640)


def test_a_name_that_is_taken_is_not_used_twice(layout: Layout) -> None:
    enabled(layout, "atlas").write_text(TEXT)
    enabled(layout, ".atlas.adopted").write_text("an earlier one")
    assert found(layout).files[0]["kept"] == str(enabled(layout, ".atlas.adopted-2"))


def test_who_has_been_there_since_is_respected(layout: Layout) -> None:
    plain = enabled(layout, "atlas")
    plain.write_text(TEXT)
    going = found(layout)
    after = Site(block(NAME).encode(), str(layout.file(NAME)), going.others)
    Journal(layout).open({NAME: going.before})
    layout.swap(NAME, going.before, after, layout.stage(NAME, after))
    plain.write_text("somebody has corrected it")
    Journal(layout).recover()
    assert plain.read_text() == "somebody has corrected it"
    # What it was is not lost either
    assert enabled(layout, ".atlas.adopted").read_text() == TEXT


@pytest.mark.parametrize("is_link", [True, False])
def test_what_was_in_the_place_of_our_link_comes_back(layout: Layout, is_link: bool) -> None:
    place = enabled(layout, f"{NAME}.conf")
    if is_link:
        (layout.available / "atlas").write_text(TEXT)
        place.symlink_to(layout.available / "atlas")
    else:
        place.write_text(TEXT)
    before, going = files_of(layout), found(layout)
    after = Site(block(NAME).encode(), str(layout.file(NAME)), going.others)
    Journal(layout).open({NAME: going.before})
    layout.swap(NAME, going.before, after, layout.stage(NAME, after))
    assert place.resolve() == layout.file(NAME)
    Journal(layout).recover()
    Journal(layout).close()
    assert files_of(layout) == before


def test_a_file_of_others_that_nobody_reads_is_still_refused(layout: Layout) -> None:
    enabled(layout, "atlas").write_text(TEXT)
    layout.file(NAME).write_text("something else")
    with pytest.raises(NginxError, match="was not written by this collection"):
        found(layout)


def test_a_link_in_the_place_of_our_file_is_refused(layout: Layout) -> None:
    enabled(layout, "atlas").write_text(TEXT)
    layout.file(NAME).symlink_to("nowhere")
    with pytest.raises(NginxError, match="is a link"):
        found(layout)


def test_an_interrupted_one_is_predicted_to_go_again() -> None:
    there, kept = Other("/a", b"x"), Other("/a.adopted", of="/a")
    going = again(Site(others=(there, kept)))
    assert [other.exists for other in going.others] == [False, True]
