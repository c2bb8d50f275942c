# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS-01 with the hook of the documentation, Debian's BIND, and a CA that asks that BIND."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from bed import named
from bed.acme_bed import AcmeBed
from bed.acme_server import CaOptions
from bed.named import CHALLENGES, DELEGATED, OWN, Named
from bed.prefix import CHECKOUT

HOOK = CHECKOUT / "docs" / "example" / "nsupdate-hook.sh"
NAME, OTHER = OWN
VALUES = ["-begins-with_a-hyphen", "another"]

Hook = Callable[..., "subprocess.CompletedProcess[str]"]
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def bind() -> Iterator[Named]:
    """A BIND of the tests' own."""
    with named.standalone("dns-01") as running:
        yield running


@pytest.fixture(scope="module")
def hook(bind: Named) -> Hook:
    """Call the hook by hand, with the right key and server unless others are given."""

    def call(
        *arguments: str, key: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HOOK, "-k", key or bind.key, "-s", bind.server, *arguments],
            env={**os.environ, **bind.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


def challenge(name: str) -> str:
    return f"_acme-challenge.{name}."


def test_the_hook_adds_and_removes_one_value_of_several(bind: Named, hook: Hook) -> None:
    name = challenge(NAME)
    for value in VALUES:
        done = hook("present", name, value)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert bind.texts(name) == VALUES
    # again: what is there already is no failure
    assert hook("present", name, VALUES[0]).returncode == 0
    assert hook("cleanup", name, VALUES[0]).returncode == 0
    assert bind.texts(name) == VALUES[1:]
    for _attempt in range(2):
        assert hook("cleanup", name, VALUES[1]).returncode == 0
    assert bind.texts(name) == []


@pytest.mark.parametrize("arguments", [(), ("-r", "{server}")])
def test_the_hook_follows_an_alias(bind: Named, hook: Hook, arguments: tuple[str, ...]) -> None:
    options = [each.format(server=bind.server) for each in arguments]
    assert hook(*options, "present", challenge(DELEGATED), "value").returncode == 0
    assert bind.texts(f"{DELEGATED}.{CHALLENGES}") == ["value"]
    assert bind.texts(challenge(DELEGATED)) == ["value"]
    assert hook(*options, "cleanup", challenge(DELEGATED), "value").returncode == 0
    assert bind.texts(challenge(DELEGATED)) == []


def test_the_key_is_good_for_challenges_only(bind: Named, hook: Hook) -> None:
    for name in (f"{NAME}.", challenge("not-granted.example")):
        done = hook("present", name, "value")
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            "update failed: REFUSED",
            f"nsupdate-hook: {bind.server} refused to add {name}",
        ]


def test_another_key_is_refused(bind: Named, hook: Hook, tmp_path: Path) -> None:
    bind.make_key("acme", tmp_path / "other.key")
    done = hook("present", challenge(NAME), "value", key=tmp_path / "other.key")
    assert done.returncode == 1
    assert "BADSIG" in done.stderr
    assert bind.texts(challenge(NAME)) == []


def test_everything_can_come_from_the_environment(bind: Named) -> None:
    settings = {
        "NSUPDATE_KEY": str(bind.key),
        "NSUPDATE_SERVER": bind.server,
        "NSUPDATE_RESOLVER": bind.server,
    }
    environment = {**os.environ, **bind.environment, **settings}
    for action, expected in (("present", ["value"]), ("cleanup", [])):
        subprocess.run([HOOK, action, challenge(NAME), "value"], env=environment, check=True)
        assert bind.texts(challenge(NAME)) == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["present", "a.example.\nupdate delete example. SOA", "v"], "is not a name"),
        (["present", "_acme-challenge.portal.example.", 'v"\nsend'], "the value is not base64url"),
        (["renew", "_acme-challenge.portal.example.", "v"], "present or cleanup, not renew"),
        (["present", "_acme-challenge.portal.example."], "call it as described"),
        (
            ["-k", "/no/such/key", "present", "_acme-challenge.portal.example.", "v"],
            "cannot be read",
        ),
    ],
)
def test_the_hook_refuses_what_it_does_not_understand(
    hook: Hook, arguments: list[str], told: str
) -> None:
    done = hook(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("nsupdate-hook: ")
    assert told in done.stderr


def test_a_server_that_does_not_answer_is_told(bind: Named, hook: Hook) -> None:
    done = hook("-r", "127.0.0.1#1", "present", challenge(NAME), "value")
    assert done.returncode == 1
    assert "127.0.0.1#1 does not answer" in done.stderr


@pytest.fixture(scope="module")
def acme(bind: Named) -> Iterator[AcmeBed]:
    """A CA that asks BIND, and looks at every name anew."""
    options = CaOptions(dns_server=bind.address, authorization_reuse=0)
    with AcmeBed(f"dns-01-ca-{os.getpid()}", options=options) as running:
        yield running


@pytest.fixture(scope="module")
def run(acme: AcmeBed, bind: Named) -> Run:
    """Run the module with the hook, more or other options given."""
    common = {
        **acme.module_options(),
        "challenge": "dns",
        "dns_hook": [str(HOOK), "-k", str(bind.key), "-s", bind.server],
    }
    path = f"{acme.layout.prefix.bin}:{acme.ansible.environment()['PATH']}"

    def call(check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {**common, **options}
        return acme.ansible.run_module(
            "acme_cert", arguments, check=check, environment={"PATH": path}
        )

    return call


def left_over(bind: Named) -> list[str]:
    return [text for name in (*OWN, DELEGATED) for text in bind.texts(challenge(name))]


def test_a_wildcard_with_its_base_name(bind: Named, run: Run) -> None:
    options = {"name": NAME, "names": [f"*.{NAME}", OTHER]}
    predicted = run(check=True, **options)
    assert predicted["changed"]
    issued = run(**options)
    assert not issued["failed"], issued["msg"]
    (item,) = issued["certificates"]
    names = read_chain(Path(item["fullchain"]).read_bytes()).names
    assert names == {NAME, f"*.{NAME}", OTHER}
    assert not issued.get("warnings")
    assert left_over(bind) == []
    assert not run(**options)["changed"]


def test_a_delegated_wildcard_among_many(bind: Named, run: Run) -> None:
    certificates = [{"name": f"*.{DELEGATED}"}, {"name": f"*.{OTHER}"}, {"name": OTHER}]
    result = run(certificates=certificates, force=True)
    assert not result["failed"], result["msg"]
    assert all(item["changed"] for item in result["certificates"])
    assert left_over(bind) == []


def test_a_refused_record_is_told_and_stops_no_other(acme: AcmeBed, bind: Named, run: Run) -> None:
    certificates = [{"name": "not-granted.example"}, {"name": NAME}]
    result = run(certificates=certificates, force=True)
    bad, good = result["certificates"]
    assert good["changed"]
    assert bad["step"] == "hook"
    assert bad["error"] == (
        f'hook: the DNS hook {HOOK}, asked to "present _acme-challenge.not-granted.example. VALUE",'
        f" ended with 1: update failed: REFUSED / nsupdate-hook: {bind.server} refused to add"
        " _acme-challenge.not-granted.example. Run it by hand with these arguments, as the same"
        " user, to see why."
    )
    again = run(certificates=certificates, force=True)
    assert again["certificates"][0]["error"] == bad["error"]
    secret = bind.key.read_text().split('secret "')[1].split('"')[0]
    assert secret not in str(result)
    assert left_over(bind) == []


def test_what_a_killed_run_left_does_no_harm(bind: Named, run: Run, hook: Hook) -> None:
    hook("present", challenge(NAME), "left-over")
    result = run(name=f"*.{NAME}", names=[NAME], force=True)
    assert not result["failed"], result["msg"]
    # it is nobody's to remove
    assert left_over(bind) == ["left-over"]
    hook("cleanup", challenge(NAME), "left-over")


def test_what_the_ca_does_not_find_is_removed_again(bind: Named, run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "hook"
    wrong.write_text(
        f'#!/bin/sh\nshift 4\nexec {HOOK} -k {bind.key} -s {bind.server} "$1" "$2" w\n'
    )
    wrong.chmod(0o755)
    result = run(name=NAME, force=True, dns_hook=[str(wrong), "-k", "key", "-s", "server"])
    (item,) = result["certificates"]
    assert item["step"] == "authorization"
    assert item["problem"]["identifier"] == NAME
    assert left_over(bind) == []


def test_a_failing_cleanup_is_a_warning(bind: Named, run: Run, hook: Hook, tmp_path: Path) -> None:
    keeping = tmp_path / "hook"
    keeping.write_text(
        "#!/bin/sh\n[ $1 = present ] || { echo kept; exit 1; }\n"
        f'exec {HOOK} -k {bind.key} -s {bind.server} "$@"\n'
    )
    keeping.chmod(0o755)
    result = run(name=OTHER, force=True, dns_hook=[str(keeping)])
    assert not result["failed"], result["msg"]
    (warning,) = result["warnings"]
    assert "ended with 1: kept." in warning
    for value in bind.texts(challenge(OTHER)):
        hook("cleanup", challenge(OTHER), value)
    assert left_over(bind) == []
