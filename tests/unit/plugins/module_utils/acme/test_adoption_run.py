# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account and certbot's renewals, after the certificates."""

from __future__ import annotations

import fcntl
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import adoption_run
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_folder import (
    AccountFolder,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.adoption import Wanted
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.adoption_run import (
    Options,
    Outcome,
    run,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certbot import Certbot
from unit.plugins.module_utils.acme.certbot_folder import SERVER, CertbotFolder
from unit.plugins.module_utils.acme.issuing import NOW


class Host:
    """A host with certbot and a storage."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.certbot = CertbotFolder(path / "letsencrypt")
        self.in_use: list[str] = []

    def once(self, *names: str, check: bool = False, account: bool = True) -> Outcome:
        """One run, of which every name is a certificate."""
        wanted = [Wanted(name, (name,)) for name in names]
        options = Options(
            SERVER,
            account=account,
            stop=True,
            check_mode=check,
            dependants=[self.path / "postfix"],
            in_use=self.in_use,
        )
        return run(wanted, self.path / "storage", Certbot(self.certbot.path), options, NOW)

    def run(self, *names: str, account: bool = True) -> Outcome:
        """Predict, then do it; both have to come to the same."""
        predicted = self.once(*names, check=True, account=account)
        done = self.once(*names, account=account)
        assert predicted == done
        assert "PRIVATE" not in repr(done)
        return done

    @property
    def renewed(self) -> list[str]:
        """What certbot renews."""
        return sorted(path.stem for path in (self.certbot.path / "renewal").glob("*.conf"))

    @property
    def thumbprint(self) -> str | None:
        """Of the account in the storage."""
        key = AccountFolder(self.path / "storage", SERVER).read().key
        return key.thumbprint if key else None


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_account_is_the_one_that_has_ordered_most(host: Host) -> None:
    host.certbot.add_account("1")
    wanted = host.certbot.add_account("2", key_type="P-256")
    for number, account in enumerate(["2", "1", "2"]):
        host.certbot.add_lineage(f"{number}.example", account=account)
    done = host.run("0.example", "1.example", "2.example")
    assert done.account == {"changed": True, "thumbprint": wanted, "source": "2", "error": None}
    assert host.thumbprint == wanted
    assert not host.run("0.example").account["changed"]


def test_the_only_account_is_taken_over_without_a_lineage(host: Host) -> None:
    wanted = host.certbot.add_account("1")
    host.certbot.add_account("2", server="https://other.test/directory")
    assert host.run("a.example").account["thumbprint"] == wanted


def test_of_two_accounts_nobody_has_used_none_is_taken(host: Host) -> None:
    host.certbot.add_account("1")
    host.certbot.add_account("2")
    assert not host.run("a.example").account["changed"]
    assert not host.run("a.example", account=False).account["changed"]
    assert host.thumbprint is None


def test_a_damaged_account_fails_nobody(host: Host) -> None:
    host.certbot.add_account("1")
    host.certbot.add_lineage("a.example", account="1")
    file = host.certbot.path / "accounts/ca.test/directory/1/private_key.json"
    file.write_text("{}")
    done = host.run("a.example")
    assert done.certificates[0]["changed"]
    assert "no account key" in done.account["error"]
    assert "certbot's account is not taken over" in done.warnings[0]


def test_certbot_renews_what_was_taken_over_no_more(host: Host) -> None:
    host.certbot.add_lineage("a.example", hook="systemctl reload postfix")
    host.certbot.add_lineage("b.example")
    done = host.run("a.example")
    assert [(each["name"], each["changed"]) for each in done.lineages] == [("a.example", True)]
    assert host.renewed == ["b.example"]
    assert "systemctl reload postfix" in done.warnings[0]
    assert (
        f"nobody renews what is in {host.certbot.path}/live/a.example any more" in done.warnings[1]
    )
    again = host.run("a.example")
    assert (again.lineages, again.diff, again.warnings) == ([], [], [])


def test_certbot_goes_on_where_others_need_it(host: Host) -> None:
    host.certbot.add_lineage("all", ["a.example", "b.example", "c.example"])
    done = host.run("a.example", "b.example")
    assert done.lineages[0]["other_names"] == ["c.example"]
    command = "certbot certonly --cert-name all -d c.example --webroot -w /var/www"
    assert command in done.warnings[0]
    assert host.renewed == ["all"]
    host.run("a.example", "b.example", "c.example")
    assert host.renewed == []


def test_certbot_goes_on_where_others_read_it(host: Host) -> None:
    live = host.certbot.add_lineage("a.example").parent
    host.certbot.add_lineage("a.example-0001", ["a.example"])
    host.certbot.add_lineage("b.example")
    (host.path / "postfix").mkdir()
    file = host.path / "postfix" / "main.cf"
    file.write_text(f"# {live}-0001/x\nsmtpd_tls_cert_file = {live}/fullchain.pem\n")
    host.in_use = [f"{host.certbot.path}/live/b.example/fullchain.pem"]
    done = host.run("a.example", "b.example")
    assert {each["name"]: each["read_by"] for each in done.lineages} == {
        "a.example": [str(file)],
        "a.example-0001": [],
        "b.example": host.in_use,
    }
    assert host.renewed == ["a.example", "b.example"]
    assert f"as {file} says that somebody else reads it" in done.warnings[0]
    assert "before it expires on 2027-02-19" in done.warnings[0]


def test_programs_that_certbot_runs_for_all_are_told(host: Host) -> None:
    host.certbot.add_lineage("a.example")
    hook = host.certbot.path / "renewal-hooks" / "deploy" / "mail.sh"
    hook.parent.mkdir(parents=True)
    hook.write_text("#!/bin/sh\n")
    assert "mail.sh" not in host.once("a.example", check=True).warnings[-1]
    hook.chmod(0o755)
    assert f"certbot runs no more {hook}" in host.run("a.example").warnings[-1]


def test_certbot_goes_on_with_what_could_not_be_taken_over(host: Host) -> None:
    chain = host.certbot.add_lineage("a.example")
    chain.with_name("privkey.pem").write_text("damaged")
    done = host.run("a.example")
    assert done.certificates[0]["failed"]
    assert done.lineages == []
    assert host.renewed == ["a.example"]


def test_certbot_at_work_is_not_disturbed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.certbot.add_lineage("a.example")
    monkeypatch.setattr(fcntl, "lockf", _refuse)
    monkeypatch.setattr(adoption_run, "_PATIENCE", 0)
    done = host.once("a.example")
    assert done.lineages[0]["failed"]
    assert "certbot is at work" in done.lineages[0]["error"]
    assert host.renewed == ["a.example"]


def test_one_that_has_gone_meanwhile_fails_alone(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.example", "b.example", "c.example"]
    for name in names:
        host.certbot.add_lineage(name, hook=f"reload {name}")
    lock = Certbot.lock

    def delete_before(certbot: Certbot, patience: float = 0) -> AbstractContextManager[None]:
        (host.certbot.path / "renewal" / "b.example.conf").unlink()
        return lock(certbot, patience)

    monkeypatch.setattr(Certbot, "lock", delete_before)
    done = host.once(*names)
    assert [(each["changed"], each["failed"]) for each in done.lineages] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    assert "b.example.conf has gone meanwhile" in done.lineages[1]["error"]
    assert host.renewed == []
    # Who is stopped now is not looked at again, so this is the one time to say it
    told = " ".join(done.warnings)
    assert "'reload a.example'" in told
    assert "'reload c.example'" in told
    assert "live/c.example any more" in told
    assert "b.example" not in told


def test_an_odd_lineage_fails_nobody(host: Host) -> None:
    host.certbot.add_lineage("a.example")
    old = host.certbot.add_lineage("old.example")
    old.unlink()
    old.symlink_to(old.name)
    odd = "privkey = /a\0b\nfullchain = /a\0b\n"
    (host.certbot.path / "renewal" / "odd.conf").write_text(odd)
    for chain in (None, host.certbot.path / "live/a.example/fullchain.pem", old, Path("/a\0b")):
        wanted = [Wanted("a.example", ("a.example",)), Wanted("b.example", ("b.example",), chain)]
        options = Options(SERVER, account=False, stop=False, check_mode=True)
        done = run(wanted, host.path / "storage", Certbot(host.certbot.path), options, NOW)
        assert [each["changed"] for each in done.certificates] == [True, False]
        assert [each["failed"] for each in done.certificates] == [False, chain is not None]
    assert "unexpected ValueError: " in done.certificates[1]["error"]


def _refuse(*_arguments: object) -> None:
    raise BlockingIOError
