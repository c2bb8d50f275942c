# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What certbot keeps, read as it writes it."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certbot import Certbot
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import AccountKey
from unit.plugins.module_utils.acme.certbot_folder import SERVER, CertbotFolder


@pytest.fixture
def folder(tmp_path: Path) -> CertbotFolder:
    return CertbotFolder(tmp_path / "letsencrypt")


def test_a_host_without_certbot_has_none(tmp_path: Path) -> None:
    certbot = Certbot(tmp_path / "nowhere")
    assert certbot.lineages() == []
    assert certbot.account_names(SERVER) == []


def test_lineages_are_read(folder: CertbotFolder) -> None:
    chain = folder.add_lineage("a.example", ["a.example", "b.example"], account="1", hook="true")
    (folder.path / "renewal" / "b.example.conf").write_text("version = 5.8.0\n")
    (lineage,) = Certbot(folder.path).lineages()
    assert (lineage.name, lineage.fullchain) == ("a.example", chain)
    assert (lineage.server, lineage.account, lineage.hooks) == (SERVER, "1", {"renew_hook": "true"})
    assert lineage.proof == ("--webroot", "-w", "/var/www")
    assert lineage.certificate is not None
    assert lineage.certificate.names == {"a.example", "b.example"}
    assert lineage.renewed


def test_a_lineage_without_a_chain_has_no_certificate(folder: CertbotFolder) -> None:
    folder.add_lineage("a.example").unlink()
    (lineage,) = Certbot(folder.path).lineages()
    assert lineage.certificate is None


def test_a_lineage_that_is_not_renewed_any_more_is_found(folder: CertbotFolder) -> None:
    folder.add_lineage("a.example")
    certbot = Certbot(folder.path)
    (lineage,) = certbot.lineages()
    with certbot.lock():
        certbot.stop(lineage)
    (stopped,) = certbot.lineages()
    assert not stopped.renewed
    assert stopped.stopped_configuration == stopped.configuration
    assert not list((folder.path / "renewal").glob("*.conf"))
    assert not (folder.path / ".certbot.lock").exists()
    # After a way back, the file of the first time is kept as well
    stopped.configuration.rename(lineage.configuration)
    lineage.stopped_configuration.write_text("older")
    certbot.stop(lineage)
    assert lineage.stopped_configuration.read_text() != "older"
    older = lineage.stopped_configuration
    assert older.with_name(f"{older.name}-2").read_text() == "older"


def test_certbot_at_work_is_left_alone(folder: CertbotFolder) -> None:
    # As certbot does it; locks of one process do not exclude each other, so it is refused otherwise
    (folder.path / ".certbot.lock").symlink_to("elsewhere")
    with pytest.raises(OSError, match=r"\.certbot\.lock"), Certbot(folder.path).lock():
        pass


def test_lock_refused(folder: CertbotFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(AcmeError, match="certbot is at work"), Certbot(folder.path).lock():
        pass


@pytest.mark.parametrize("key_type", ["RSA-2048", "P-256"])
def test_accounts_are_read(folder: CertbotFolder, key_type: str) -> None:
    thumbprint = folder.add_account("1", key_type=key_type)
    folder.add_lineage("a.example", account="1")
    certbot = Certbot(folder.path)
    assert certbot.account_names(SERVER) == ["1"]
    assert AccountKey(certbot.account_key(SERVER, "1")).thumbprint == thumbprint
    assert certbot.account_url(certbot.lineages()[0]) == "https://ca.test/account/1"


def test_a_damaged_account_is_refused(folder: CertbotFolder) -> None:
    folder.add_account("1")
    for text in ("", "{", "{}", '{"kty": "oct", "k": "AAAA"}'):
        file = folder.path / "accounts/ca.test/directory/1/private_key.json"
        file.write_text(text)
        with pytest.raises(AcmeError, match="no account key"):
            Certbot(folder.path).account_key(SERVER, "1")


def test_an_account_that_is_not_there_has_no_url(folder: CertbotFolder) -> None:
    folder.add_lineage("a.example", account="2")
    folder.add_lineage("b.example", server="")
    certbot = Certbot(folder.path)
    assert [certbot.account_url(each) for each in certbot.lineages()] == [None, None]
