# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS-01 with the hook of the documentation, Debian's BIND, and a CA that asks that BIND."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bed import named
from bed.named import CHALLENGES, DELEGATED, OWN, Named
from bed.prefix import CHECKOUT

HOOK = CHECKOUT / "docs" / "example" / "nsupdate-hook.sh"
NAME, OTHER = OWN
VALUES = ["-begins-with_a-hyphen", "another"]

Hook = Callable[..., "subprocess.CompletedProcess[str]"]


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
