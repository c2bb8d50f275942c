# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change for one host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import certificate, plan
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import Certificate
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from unit.plugins.module_utils.nginx.hosts import block, host, linked, rendered, settings

NAME = "a.example.com"
ISSUED = Certificate(b"issued")


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host has a certificate."""
    monkeypatch.setattr(certificate, "on_disk", lambda *_arguments: ISSUED)


def planned(
    layout: Layout, state: str, before: Site | None = None, expected: bool = False
) -> plan.Step:
    if before is not None:
        layout.put(NAME, before)
    return plan.plan(
        host(NAME, state),
        layout,
        settings(layout.available),
        rendered(NAME),
        certificate_expected=expected,
    )


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize("state", ["present", "bootstrap"])
def test_with_a_certificate_there_is_https(layout: Layout, state: str) -> None:
    step = planned(layout, state)
    assert step.after == linked(layout, NAME, block(NAME, "present"))
    assert step.certificate == ISSUED
    assert (step.changed, step.reloads, step.serves, step.served_before) == (
        True,
        True,
        True,
        False,
    )
    assert step.result() == {
        "name": NAME,
        "state": "present",
        "changed": True,
        "failed": False,
        "error": None,
        "file": str(layout.file(NAME)),
        "damaged": False,
        "served": None,
        "adopted": None,
    }


def test_without_one_it_waits(layout: Layout) -> None:
    step = planned(layout, "bootstrap")
    assert step.after == linked(layout, NAME, block(NAME, "bootstrap"))
    assert (step.changed, step.serves, step.result()["state"]) == (True, False, "bootstrap")


@pytest.mark.parametrize("missing", [None, "fullchain.pem", "privkey.pem"])
@pytest.mark.parametrize("block_there", ["present", "bootstrap", None])
def test_a_damaged_one_takes_no_portal_offline(
    layout: Layout, missing: str | None, block_there: str | None
) -> None:
    """Somebody may be copying it. Where a file is missing, the bootstrap block is the way out."""
    folder = layout.available / "certs" / NAME
    folder.mkdir(parents=True)
    for file in {"fullchain.pem", "privkey.pem"} - {missing}:
        (folder / file).write_text("half of it")
    before = None if block_there is None else linked(layout, NAME, block(NAME, block_there, "old"))
    step = planned(layout, "bootstrap", before)
    if missing is None and block_there == "present":
        assert "do not belong together, or are damaged" in (step.error or "")
        result = step.result()
        assert (result["state"], result["changed"], result["damaged"]) == ("present", False, True)
    else:
        assert (step.error, step.damaged) == (None, False)
        assert step.after == linked(layout, NAME, block(NAME, "bootstrap"))


def test_present_needs_one(layout: Layout) -> None:
    before = linked(layout, NAME, block(NAME, "bootstrap"))
    step = planned(layout, "present", before)
    assert step.error is not None
    assert f"certs/{NAME}/fullchain.pem" in step.error
    assert "acme_cert" in step.error
    result = step.result()
    assert (result["state"], result["changed"], result["failed"]) == ("bootstrap", False, True)
    assert step.diff(settings(layout.available)) == []


def test_one_that_would_be_there_by_now(layout: Layout) -> None:
    step = planned(layout, "present", expected=True)
    assert (step.error, step.result()["state"]) == (None, "present")


def test_one_that_cannot_be_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *_arguments: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(certificate, "on_disk", refuse)
    step = planned(layout, "bootstrap")
    assert step.error is not None
    assert "cannot read the certificate: Permission denied" in step.error


@pytest.mark.usefixtures("issued")
def test_nothing_to_do(layout: Layout) -> None:
    step = planned(layout, "present", linked(layout, NAME, block(NAME)))
    assert (step.changed, step.reloads, step.served_before) == (False, False, True)
    assert step.diff(settings(layout.available)) == []


@pytest.mark.usefixtures("issued")
def test_a_link_by_another_spelling_stays(layout: Layout) -> None:
    before = Site(block(NAME).encode(), f"../available/{NAME}.conf")
    assert not planned(layout, "present", before).changed


@pytest.mark.usefixtures("issued")
def test_disabled(layout: Layout) -> None:
    step = planned(layout, "disabled", linked(layout, NAME, block(NAME)))
    assert step.after == Site(block(NAME).encode())
    assert (step.reloads, step.serves, step.result()["state"]) == (True, False, "disabled")


def test_disabled_from_nothing_is_no_news_for_nginx(layout: Layout) -> None:
    step = planned(layout, "disabled")
    assert (step.changed, step.reloads) == (True, False)


def test_disabled_needs_links(layout: Layout) -> None:
    step = planned(Layout(layout.available, None), "disabled")
    assert step.error is not None
    assert "sites_enabled is empty" in step.error


@pytest.mark.parametrize(
    ("before", "changed", "reloads"),
    [
        (Site(), False, False),
        (Site(block(NAME).encode()), True, False),
        (Site(block(NAME).encode(), f"../available/{NAME}.conf"), True, True),
        (Site(None, f"../available/{NAME}.conf"), True, False),
    ],
)
def test_absent(layout: Layout, before: Site, changed: bool, reloads: bool) -> None:
    step = planned(layout, "absent", before)
    assert (step.changed, step.reloads, step.result()["state"]) == (changed, reloads, "absent")


def test_a_foreign_file_is_left(layout: Layout) -> None:
    layout.file(NAME).write_text("server {}")
    step = planned(layout, "absent")
    assert step.error is not None
    assert "left as it is" in step.error
    assert not step.changed


@pytest.mark.usefixtures("issued")
def test_diff(layout: Layout) -> None:
    step = planned(layout, "present", Site(block(NAME, "bootstrap").encode()))
    file, link = layout.file(NAME), layout.link(NAME)
    assert step.diff(settings(layout.available)) == [
        {
            "before_header": str(file),
            "after_header": str(file),
            "before": block(NAME, "bootstrap"),
            "after": block(NAME, "present"),
        },
        {
            "before_header": str(link),
            "after_header": str(link),
            "before": "",
            "after": f"link to {file}\n",
        },
    ]


@pytest.mark.usefixtures("issued")
def test_a_new_certificate_alone(layout: Layout) -> None:
    step = planned(layout, "present", linked(layout, NAME, block(NAME)))
    step.stale = True
    assert (step.writes, step.changed, step.reloads) == (False, True, True)
    (entry,) = step.diff(settings(layout.available))
    assert entry["before_header"] == f"certificate served for {NAME}"
    assert entry["before"] != entry["after"]


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (ISSUED, None),
        (None, "do not belong together; issue another with acme_cert"),
        (PermissionError(13, "Permission denied"), "cannot read the certificate: Permission"),
    ],
)
def test_a_new_certificate_has_to_be_whole(
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    found: Certificate | PermissionError | None,
    error: str | None,
) -> None:
    def read(_fullchain: str, _private_key: str, in_use: bool = False) -> Certificate | None:
        if in_use:
            return ISSUED
        if isinstance(found, PermissionError):
            raise found
        return found

    monkeypatch.setattr(certificate, "on_disk", read)
    step = planned(layout, "present", linked(layout, NAME, block(NAME)))
    step.stale = True
    plan.check_new_certificate(step, settings(layout.available))
    assert (step.error is None) == (error is None)
    assert (error or "") in (step.error or "")
    assert step.changed == (error is None)
    assert step.damaged == ("do not belong" in (error or ""))


def test_a_failure_changes_nothing(layout: Layout) -> None:
    step = planned(layout, "bootstrap")
    step.fail("one\n  two")
    assert step.result()["error"] == "one two"
    assert (step.changed, step.after) == (False, Site())


@pytest.mark.parametrize(
    ("error", "file", "named"),
    [
        ("{available}/a.example.com.conf", "{available}/a.example.com.conf", True),
        ("{enabled}/a.example.com.conf", "{enabled}//a.example.com.conf", True),
        ('cannot load certificate "/x/certs/a.example.com/fullchain.pem"', None, True),
        ('cannot load certificate "/x/certs/b.a.example.com/fullchain.pem"', None, False),
        ("{enabled}/b.example.com.conf", "{enabled}/b.example.com.conf", False),
        ("something", None, False),
    ],
)
def test_who_is_at_fault(layout: Layout, error: str, file: str | None, named: bool) -> None:
    def here(text: str) -> str:
        return text.format(available=layout.available, enabled=layout.enabled)

    step = planned(layout, "bootstrap")
    assert step.is_named_in(here(error), None if file is None else here(file)) == named


def test_directories_through_a_link(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(layout.available)
    step = planned(layout, "bootstrap")
    assert step.is_named_in("x", f"{tmp_path}/alias/{NAME}.conf")
