# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of a storage at every moment, and after a run that came to its end.

Read with cryptography alone: the module's own reading is what is being tried.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from bed.acme_bed import AcmeBed
from cryptography import x509
from cryptography.hazmat.primitives import serialization

CHALLENGES = Path("webroot", ".well-known", "acme-challenge")
PUBLISHED = ("fullchain.pem", "privkey.pem", "state.json")


def make_storage(bed: AcmeBed, folder: Path) -> Path:
    """Make a storage whose challenges the bed's nginx serves."""
    webroot = bed.storage / "webroot"
    webroot.mkdir(exist_ok=True)
    folder.mkdir()
    (folder / "webroot").symlink_to(webroot)
    return folder


def certificate_folder(storage: Path, name: str) -> Path:
    """Return the folder of a certificate."""
    return storage / "certs" / name


def serial_of(storage: Path, name: str) -> int:
    """Return the serial number of the published certificate."""
    chain = (certificate_folder(storage, name) / "fullchain.pem").read_bytes()
    return x509.load_pem_x509_certificates(chain)[0].serial_number


def published_key(storage: Path, name: str) -> bytes:
    """Return the public half of the published key, as DER."""
    return _public(certificate_folder(storage, name) / "privkey.pem")


def key_of_order(storage: Path, name: str) -> bytes | None:
    """Return the public half of the key of an order under way, if there is one."""
    try:
        return _public(certificate_folder(storage, name) / "order" / "privkey.pem")
    except FileNotFoundError:
        return None


def make_due(storage: Path, name: str) -> None:
    """Let the CA have suggested to renew a certificate long ago."""
    memory = certificate_folder(storage, name) / "renewal.json"
    document = json.loads(memory.read_text())
    document["suggestion"]["moment"] = "2020-01-01T00:00:00Z"
    memory.write_text(json.dumps(document))


def check_pairs(storage: Path, *names: str) -> None:
    """Check that what is published under these names is whole and belongs together."""
    for name in names:
        folder = certificate_folder(storage, name)
        there = [file for file in PUBLISHED if (folder / file).exists()]
        assert there in ([], list(PUBLISHED)), name
        if there:
            chain = x509.load_pem_x509_certificates((folder / "fullchain.pem").read_bytes())
            assert len(chain) > 1, name
            assert _der(chain[0].public_key()) == published_key(storage, name), name


def check_privacy(storage: Path) -> None:
    """Check that nobody but the owner can read a key, wherever in the storage it is."""
    for path in _files(storage):
        if "key.pem" in path.name or b"PRIVATE KEY" in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    folders = [*storage.glob("certs/*/order"), *storage.glob("account/*")]
    assert [path for path in folders if stat.S_IMODE(path.stat().st_mode) != 0o700] == []


def check_tidy(storage: Path, since: float) -> None:
    """Check that nothing is left of a run.

    :param since: when it began: challenges that are older stay for a day
    """
    assert list(storage.glob("certs/*/order")) == []
    check_whole(storage)
    assert [path for path in (storage / CHALLENGES).glob("*") if path.stat().st_mtime > since] == []


def check_whole(storage: Path) -> None:
    """Check that nothing was begun and not ended, and that nothing piles up."""
    assert [path for path in _files(storage) if path.name.endswith(".mailhost-new")] == []
    for versions in storage.glob("certs/*/versions"):
        # the one in use, and the one before
        assert len(list(versions.iterdir())) <= 2, versions
        # what the module found in the place of its own files may lack one
        for version in versions.glob("[0-9]*"):
            assert sorted(path.name for path in version.iterdir()) == sorted(PUBLISHED), version


def _files(storage: Path) -> list[Path]:
    """Return all plain files, without those of the challenges, which beds share."""
    return [
        Path(folder, file)
        for folder, _folders, files in os.walk(storage)
        for file in files
        if not Path(folder, file).is_symlink()
    ]


def _public(path: Path) -> bytes:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    return _der(key.public_key())


def _der(key: object) -> bytes:
    # every kind of public key has it; there is no type for all of them that every version knows
    return key.public_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
