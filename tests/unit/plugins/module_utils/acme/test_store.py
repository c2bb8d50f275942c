# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates on disk: found, published in one step, removed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_from_pem,
    key_to_pem,
    public_der,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.files import Ownership
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.issuing import NOW, pair

CA = "https://ca.test/directory"
NAME = "a.example"


def publish(store: CertificateStore, directory: str = CA) -> bytes:
    chain, key = pair([NAME])
    with store.lock(NAME):
        store.publish(NAME, chain, key_to_pem(key), Origin(directory), NOW)
    return chain


def folder(store: CertificateStore) -> Path:
    return store.chain_path(NAME).parent


def versions(store: CertificateStore) -> list[str]:
    return entries(folder(store) / "versions")


def put_plain_pair(store: CertificateStore) -> bytes:
    """Put files there as another tool would."""
    chain, key = pair([NAME])
    folder(store).mkdir(parents=True)
    store.chain_path(NAME).write_bytes(chain)
    store.key_path(NAME).write_bytes(key_to_pem(key))
    return chain


def matching(store: CertificateStore) -> bool:
    key = key_from_pem(store.key_path(NAME).read_bytes())
    chain = read_chain(store.chain_path(NAME).read_bytes())
    return key is not None and public_der(key.public_key()) == chain.public_key


def test_nothing_there(store: CertificateStore) -> None:
    stored = store.read(NAME)
    assert not stored.present
    assert stored.certificate is None
    assert stored.fault == "there is no certificate"


def test_published_layout(store: CertificateStore, tmp_path: Path) -> None:
    chain = publish(store)
    assert (tmp_path / "certs" / NAME / "fullchain.pem").read_bytes() == chain
    stored = store.read(NAME)
    assert stored.certificate == read_chain(chain)
    assert stored.origin == Origin(CA)
    assert stored.fault is None
    assert stored.modes_fit
    assert matching(store)


def test_modes_whatever_the_umask_is(store: CertificateStore) -> None:
    before = os.umask(0o077)
    try:
        publish(store)
    finally:
        os.umask(before)
    assert store.chain_path(NAME).stat().st_mode & 0o777 == 0o644
    assert store.key_path(NAME).stat().st_mode & 0o777 == 0o600
    assert folder(store).stat().st_mode & 0o777 == 0o755


def test_key_is_private_from_its_first_byte(
    store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    sync = os.fsync

    def watch(descriptor: int) -> None:
        if "privkey" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            modes.append(os.fstat(descriptor).st_mode & 0o777)
        sync(descriptor)

    opened = os.open

    def open_and_look(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        descriptor = opened(path, flags, mode, **more)
        if "privkey" in str(path):
            modes.append(os.fstat(descriptor).st_mode & 0o777)
        return descriptor

    monkeypatch.setattr(os, "fsync", watch)
    monkeypatch.setattr(os, "open", open_and_look)
    publish(store)
    assert len(modes) >= 2
    assert set(modes) == {0o600}


def test_the_version_before_stays_and_older_ones_go(store: CertificateStore) -> None:
    for _time in range(4):
        publish(store)
    assert len(versions(store)) == 2
    assert matching(store)


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        ("fullchain.pem", b"", "fullchain.pem cannot be used: it is not a whole chain"),
        (
            "fullchain.pem",
            b"-----BEGIN CERTIFICATE-----\nMIIB",
            "fullchain.pem cannot be used: it is not a whole chain",
        ),
        (
            "fullchain.pem",
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "fullchain.pem cannot be used: a certificate in it is damaged",
        ),
        ("fullchain.pem", pair([NAME])[0], "privkey.pem does not belong to fullchain.pem"),
        ("privkey.pem", b"\0\xff", "privkey.pem cannot be used"),
        ("privkey.pem", key_to_pem(pair([NAME])[1])[:80], "privkey.pem cannot be used"),
        ("state.json", b"{", "state.json is missing or damaged"),
        ("state.json", b"\xff\xfe", "state.json is missing or damaged"),
        ("state.json", b"[]", "state.json is missing or damaged"),
        ("state.json", b'{"version": 1, "directory": 5}', "state.json is missing or damaged"),
        ("state.json", b'{"version": 99, "directory": ""}', "state.json is missing or damaged"),
    ],
)
def test_damage_is_unknown_and_heals(
    store: CertificateStore, file: str, content: bytes, fault: str
) -> None:
    publish(store)
    (folder(store) / file).write_bytes(content)
    assert (store.read(NAME).fault or "").startswith(fault)
    publish(store)
    assert store.read(NAME).fault is None


@pytest.mark.parametrize("file", ["fullchain.pem", "privkey.pem", "state.json", "current"])
def test_missing_files_and_loops_are_unknown_and_heal(store: CertificateStore, file: str) -> None:
    for target in (None, file):
        publish(store)
        (folder(store) / file).unlink()
        if target:
            (folder(store) / file).symlink_to(target)
        assert store.read(NAME).fault
        publish(store)
        assert store.read(NAME).fault is None


def test_half_a_chain_is_not_a_chain(store: CertificateStore) -> None:
    chain = publish(store)
    store.chain_path(NAME).write_bytes(chain + chain[: len(chain) // 2])
    assert "not a whole chain" in (store.read(NAME).fault or "")


def test_files_of_another_tool_are_taken_over(store: CertificateStore) -> None:
    put_plain_pair(store)
    stored = store.read(NAME)
    assert stored.certificate is not None
    assert "state.json is missing" in (stored.fault or "")
    publish(store)
    assert store.read(NAME).fault is None
    assert store.chain_path(NAME).is_symlink()


def test_modes_are_corrected(store: CertificateStore) -> None:
    publish(store)
    store.key_path(NAME).chmod(0o644)
    assert not store.read(NAME).modes_fit
    with store.lock(NAME):
        store.correct_modes(NAME)
    assert store.read(NAME).modes_fit
    assert store.key_path(NAME).stat().st_mode & 0o777 == 0o600


def test_owner_is_looked_at(store: CertificateStore, tmp_path: Path) -> None:
    publish(store)
    status = store.key_path(NAME).stat()
    same = CertificateStore(tmp_path, Ownership(status.st_uid, status.st_gid))
    other = CertificateStore(tmp_path, Ownership(status.st_uid + 1))
    assert same.read(NAME).modes_fit
    assert not other.read(NAME).modes_fit


def test_remove_leaves_nothing(store: CertificateStore, tmp_path: Path) -> None:
    publish(store)
    store.remove(NAME)
    assert entries(tmp_path / "certs") == []
    assert not store.read(NAME).present
    store.remove(NAME)


def test_remove_leaves_what_a_link_leads_to(store: CertificateStore, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "privkey.pem").write_text("precious")
    (tmp_path / "certs").mkdir()
    folder(store).symlink_to(elsewhere)
    store.remove(NAME)
    assert (elsewhere / "privkey.pem").exists()
    assert not folder(store).is_symlink()


def test_a_lock_without_a_certificate_leaves_nothing(
    store: CertificateStore, tmp_path: Path
) -> None:
    with store.lock(NAME):
        assert not store.read(NAME).present
    assert entries(tmp_path / "certs") == []


def test_one_at_a_time(store: CertificateStore) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _time in range(5):
            with store.lock(NAME):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def killed_after(steps: int, work: Callable[[], object]) -> bool:
    """Run ``work`` in a process that dies without any cleaning up; say whether it came so far.

    It dies just before the call to the kernel with that number.
    """
    child = os.fork()
    if child == 0:
        left = steps

        def dying(call: Callable[..., Any]) -> Callable[..., Any]:
            def instead(*args: Any, **more: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    os._exit(9)
                return call(*args, **more)

            return instead

        names = ("open", "mkdir", "replace", "symlink", "fsync", "fchmod", "unlink", "rmdir")
        for name in names:
            setattr(os, name, dying(getattr(os, name)))
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("before", ["nothing", "a version", "plain files"])
def test_killed_at_any_moment(store: CertificateStore, before: str) -> None:
    """After each kill there is the old pair, the new pair or none, and one more run heals all."""
    for steps in range(200):
        if folder(store).exists():
            store.remove(NAME)
        old = None
        if before == "a version":
            old = publish(store)
        elif before == "plain files":
            old = put_plain_pair(store)
        chain, key = pair([NAME])

        def work(chain: bytes = chain, key: bytes = key_to_pem(key)) -> None:
            with store.lock(NAME):
                store.publish(NAME, chain, key, Origin(CA), NOW)

        killed = killed_after(steps, work)
        if old or store.chain_path(NAME).exists():
            assert store.chain_path(NAME).read_bytes() in (old, chain), f"killed at {steps}"
            assert matching(store), f"killed at {steps}"
        newest = publish(store)
        assert store.read(NAME).certificate == read_chain(newest)
        assert len(versions(store)) <= 2
        if not killed:
            assert steps > 10
            return
    pytest.fail("it never came to an end")


def test_killed_while_removing(store: CertificateStore) -> None:
    for steps in range(200):
        publish(store)
        killed = killed_after(steps, lambda: store.remove(NAME))
        # a web server finds both or none
        assert store.chain_path(NAME).exists() == store.key_path(NAME).exists()
        store.remove(NAME)
        assert not folder(store).exists()
        if not killed:
            return
    pytest.fail("it never came to an end")
