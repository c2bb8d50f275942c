# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert with many names, some of which the CA cannot reach."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.acme_bed import AcmeBed
from integration.acme_faults.module import Options, run
from integration.acme_faults.storage import check_pairs, check_tidy, published_key

GOOD = [f"good{number}.unreachable.example" for number in range(14)]
REFUSING = [f"refusing{number}.unreachable.example" for number in range(2)]
UNKNOWN = [f"unknown{number}.unreachable.example" for number in range(2)]
BROKEN = [f"broken{number}.unreachable.example" for number in range(2)]
BAD = [*REFUSING, *UNKNOWN, *BROKEN]


@pytest.fixture(autouse=True)
def names(ca: AcmeBed) -> Iterator[None]:
    """Names that lead here, nowhere, to nobody who listens, and to a broken name server."""
    ca.dns.add(*GOOD, *BROKEN)
    ca.dns.add(*REFUSING, address="127.0.0.2")
    ca.dns.fail(*BROKEN)
    yield
    ca.dns.remove(*GOOD, *BROKEN, *REFUSING)
    ca.dns.heal(*BROKEN)


@pytest.fixture
def options(options: Options) -> Options:
    """The options for all of them, the bad ones among the good ones."""
    names = sorted([*GOOD, *BAD], key=lambda name: name[::-1])
    return {**options, "certificates": [{"name": name} for name in names]}


@pytest.mark.parametrize("look_first", [True, False], ids=["looked-at", "not-looked-at"])
def test_names_out_of_reach_stop_no_other_and_say_what_to_do(
    ca: AcmeBed, options: Options, storage: Path, look_first: bool
) -> None:
    options = {**options, "look_first": look_first}
    began = time.time()
    done = run(options)
    check_pairs(storage, *GOOD)
    assert done.orders == len(GOOD) + (0 if look_first else len(BAD))
    for name, item in done.certificates.items():
        assert item["failed"] == (name in BAD), item["error"]
        assert item["changed"] == (name in GOOD)
    for name in BAD:
        item = done.certificates[name]
        assert item["step"] == ("probe" if look_first else "authorization")
        assert item["problem"]["identifier"] == name
        assert name in item["error"]
        assert "Make sure that the name" in item["error"]
        assert f"{name}: {item['error']}" in done.result["msg"]
    check_tidy(storage, began)

    again = run(options)
    assert not again.result["changed"]
    assert again.asked == []
    for name in BAD:
        # a look costs nothing, so that it is taken in each run
        assert again.certificates[name]["postponed"] != look_first
        assert again.certificates[name]["error"] == done.certificates[name]["error"]

    # and once they can be reached, they are issued
    ca.dns.heal(*BROKEN)
    ca.dns.remove(*REFUSING)
    ca.dns.add(*BAD)
    keys = {name: published_key(storage, name) for name in GOOD}
    healed = run({**options, "retry": True})
    assert not healed.result["failed"], healed.result["msg"]
    assert healed.orders == len(BAD)
    assert {name: published_key(storage, name) for name in GOOD} == keys
    ca.dns.remove(*UNKNOWN)
