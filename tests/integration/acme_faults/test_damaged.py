# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert on a storage in which something is damaged: it says so, or one run mends it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from bed.acme_bed import AcmeBed
from integration.acme_faults.module import Options, run, watched
from integration.acme_faults.storage import (
    check_pairs,
    check_privacy,
    check_tidy,
    make_storage,
)

THERE, OPEN = "a-there.damaged.example", "b-open.damaged.example"
GARBAGE = bytes(range(256)) * 8
DEEP = b"[" * 100_000

Damage = Callable[[Path], None]


def _cut(path: Path, keep: Callable[[bytes], bytes]) -> None:
    """Put another content in the place of a file, or of a link to one."""
    content = keep(path.read_bytes())
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o600)


def _cut_within(path: Path) -> None:
    """Cut the file that a link leads to."""
    content = path.read_bytes()
    path.resolve().write_bytes(content[: len(content) // 2])


def _replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("of an operator\n")


def _replace_by_link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


DAMAGES: dict[str, Damage] = {
    "empty": lambda path: _cut(path, lambda _content: b""),
    "cut after a byte": lambda path: _cut(path, lambda content: content[:1]),
    "cut in the middle": lambda path: _cut(path, lambda content: content[: len(content) // 2]),
    "cut near the end": lambda path: _cut(path, lambda content: content[:-9]),
    "garbage": lambda path: _cut(path, lambda _content: GARBAGE),
    "brackets without end": lambda path: _cut(path, lambda _content: DEEP),
    "cut behind its link": _cut_within,
    "a directory": _replace_by_directory,
    "a link to nowhere": lambda path: _replace_by_link(path, "nowhere"),
    "a link to itself": lambda path: _replace_by_link(path, path.name),
}
# Below the storage; the account's folder is named after the CA
FILES = [
    *(f"certs/{THERE}/{file}" for file in ("fullchain.pem", "privkey.pem", "state.json")),
    f"certs/{THERE}/renewal.json",
    *(f"certs/{OPEN}/{file}" for file in ("order/order.json", "order/privkey.pem")),
    f"certs/{OPEN}/renewal.json",
    *(f"account/*/{file}" for file in ("account.json", "key.pem")),
]


@pytest.fixture(scope="module")
def before(ca: AcmeBed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with a certificate, and with an order that the CA has issued a certificate for."""

    def interrupt(request: requests.PreparedRequest) -> None:
        if request.path_url.startswith("/certZ/"):
            raise requests.ReadTimeout

    ca.dns.add(THERE, OPEN)
    storage = make_storage(ca, tmp_path_factory.mktemp("before") / "storage")
    options = {**ca.module_options(), "storage": str(storage)}
    assert run({**options, "name": THERE}).result["changed"]
    with watched(before=interrupt):
        assert run({**options, "name": OPEN}).result["failed"]
    return storage


def damaged(before: Path, folder: Path, file: str, damage: Damage) -> Path:
    """Return a copy of a storage in which one file is damaged."""
    storage = folder / "storage"
    shutil.rmtree(storage, ignore_errors=True)
    shutil.copytree(before, storage, symlinks=True)
    (path,) = storage.glob(file)
    damage(path)
    return storage


@pytest.fixture
def options(ca: AcmeBed) -> Options:
    """The options for both certificates; the storage is not among them."""
    certificates = [{"name": THERE}, {"name": OPEN}]
    return {**ca.module_options(), "certificates": certificates, "retry": True}


@pytest.mark.parametrize("file", FILES)
def test_whatever_is_damaged_one_run_mends_it(
    options: Options, before: Path, tmp_path: Path, file: str
) -> None:
    for name, damage in DAMAGES.items():
        storage = damaged(before, tmp_path, file, damage)
        options = {**options, "storage": str(storage)}
        began = time.time()
        mended = run(options)
        assert not mended.result["failed"], (name, mended.result["msg"])
        check_pairs(storage, THERE, OPEN)
        check_privacy(storage)
        check_tidy(storage, began)
        silent = run(options)
        assert not silent.result["changed"], name
        assert silent.asked == [], name


@pytest.mark.parametrize("file", ["order.json", "privkey.pem"])
def test_half_an_order_is_no_order(
    options: Options, before: Path, tmp_path: Path, file: str
) -> None:
    damage = DAMAGES["cut in the middle"]
    storage = damaged(before, tmp_path, f"certs/{OPEN}/order/{file}", damage)
    assert run({**options, "storage": str(storage)}).orders == 1


def test_a_record_that_is_damaged_costs_no_certificate(
    options: Options, before: Path, tmp_path: Path
) -> None:
    for file in (f"certs/{THERE}/renewal.json", "account/*/account.json"):
        for damage in DAMAGES.values():
            storage = damaged(before, tmp_path, file, damage)
            mended = run({**options, "storage": str(storage)})
            assert not mended.certificates[THERE]["changed"]
            assert mended.orders == 0


def test_a_damaged_account_key_is_set_aside_and_a_new_account_made(
    options: Options, before: Path, tmp_path: Path
) -> None:
    storage = damaged(before, tmp_path, "account/*/key.pem", DAMAGES["cut in the middle"])
    (key,) = storage.glob("account/*/key.pem")
    half = key.read_bytes()
    mended = run({**options, "storage": str(storage)})
    assert mended.result["account"]["changed"]
    assert (key.parent / "key.pem.unreadable").read_bytes() == half
    assert key.read_bytes() != half
    # without consent nothing is made, and nothing moved
    storage = damaged(before, tmp_path, "account/*/key.pem", DAMAGES["cut in the middle"])
    refused = run({**options, "storage": str(storage), "terms_agreed": False})
    assert "set terms_agreed to true" in refused.certificates[OPEN]["error"]
    assert not refused.certificates[THERE]["failed"]
    assert key.read_bytes() == half


def test_what_lies_in_the_place_of_a_folder_is_named(
    options: Options, before: Path, tmp_path: Path
) -> None:
    storage = damaged(before, tmp_path, f"certs/{THERE}/versions", shutil.rmtree)
    (storage / "certs" / THERE / "versions").symlink_to("nowhere")
    done = run({**options, "storage": str(storage)})
    error = done.certificates[THERE]["error"]
    assert f"in {storage}/certs/{THERE}/versions. A link that leads nowhere, or" in error
    assert not done.certificates[OPEN]["failed"]
