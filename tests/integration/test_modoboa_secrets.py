# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a modoboa_* task is shown anywhere, whatever becomes of the task."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from bed.ansible import Run
from integration.process_list import ProcessList

BREAKS_REQUESTS = """
import requests
def broken(self, method, url, **options):
    raise RuntimeError("planted fault")
requests.Session.request = broken
"""
CONNECTION = {"url": "{{ url }}", "ca_path": "{{ ca_path }}", "token": "{{ real_token }}"}
NAME = "mail.secrets.test"


@dataclass(frozen=True)
class Planted:
    """A secret with something in it that occurs nowhere else, however it is quoted or encoded."""

    before: str = ""
    after: str = ""
    core: str = field(default_factory=lambda: f"Planted{secrets.token_hex(12)}")

    @property
    def text(self) -> str:
        """The secret."""
        return f"{self.before}{self.core}{self.after}"


@dataclass(frozen=True)
class Case:
    """A task, and what it ends with: the words of its error, or without any."""

    module: str
    arguments: Mapping[str, Any]
    error: str = ""
    check: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


PLANTED = {
    "token": Planted(),
    "broken_token": Planted(after="\n"),
    "password": Planted(before="é%41&\"'<\\{ ", after=" ü"),
    "wrong_password": Planted(after="\\n'\""),
    "domain_password": Planted(after="&%41'\"é1"),
    "second_domain_password": Planted(after="1"),
    "key": Planted(),
    "old_key": Planted(),
    "setting": Planted(),
}


def password(name: str, password: str) -> dict[str, Any]:
    """Sign in instead of giving a token."""
    return {"token": "", "username": name, "password": f"{{{{ {password} }}}}"}


def with_admin(name: str, secret: str) -> dict[str, Any]:
    """A domain that is created with somebody who administers it."""
    admin = {"username": "boss", "password": f"{{{{ {secret} }}}}", "with_mailbox": True}
    return {"domains": [name], "create_domains": {"quota": "1GB", "admin": admin}}


VHOST = [
    Case("vhost", {"name": NAME, **with_admin("one.secrets.test", "domain_password")}, check=True),
    Case("vhost", {"name": NAME, **with_admin("one.secrets.test", "domain_password")}),
    Case(
        "vhost",
        {
            "vhosts": [
                {
                    "name": NAME,
                    "domains": ["no.test"],
                },
                {"name": f"x.{NAME}", **with_admin("two.secrets.test", "second_domain_password")},
            ]
        },
        "1 of 2 virtual hosts failed",
    ),
    Case(
        "vhost",
        {"name": NAME, "nam": 1, **with_admin("x.test", "domain_password")},
        "Unsupported parameters",
    ),
]
THEME = [
    Case("theme", {"name": NAME, "colors": {"primary": "#102030"}}),
    Case("theme", {"name": "no.host.test", "colors": {"primary": "#102030"}}, "no such"),
]
INFO = [
    Case("vhost_info", {"names": [NAME], "theme": True}),
    Case("vhost_info", {"token": "{{ token }}"}, "does not accept the credentials"),
]
SETTINGS = [
    Case("settings", {"settings": {"acme_renewal_threshold": 30}}),
    Case("settings", {"settings": {"acme_eab_hmac_key": "{{ setting }}"}}, "acme_eab_hmac_key"),
]
LICENSE = [
    Case(
        "license", {"settings_file": "{{ file }}", "key": "{{ key }}", "backup": True}, check=True
    ),
    Case("license", {"settings_file": "{{ file }}", "key": "{{ key }}", "backup": True}),
    Case("license", {"settings_file": "{{ broken_file }}", "key": "{{ key }}"}, "broken.py"),
    Case("license", {"settings_file": "{{ file }}", "state": "absent"}),
    Case("license", {"key": "{{ key }}", "registered": True}, "key"),
]
CREDENTIALS = [
    Case("vhost_info", {"token": "{{ broken_token }}"}, "a line break at its end"),
    Case("vhost", {"name": NAME, **password("super@secrets.test", "password")}),
    Case(
        "vhost", {"name": NAME, **password("super@secrets.test", "wrong_password")}, "this password"
    ),
]


# Each module breaks off in a traceback, with the fewest options that it takes
LEAST: Mapping[str, Mapping[str, Any]] = {
    "vhost": {"name": NAME},
    "theme": {"name": NAME},
    "vhost_info": {},
    "settings": {},
    "license": {"registered": True, "key": "{{ key }}"},
}
BROKEN = [
    Case(
        module,
        {**arguments, "token": "{{ token }}"},
        "planted fault",
        environment={"PYTHONPATH": "{{ breaks_requests }}"},
    )
    for module, arguments in LEAST.items()
]
CASES = [*VHOST, *THEME, *INFO, *SETTINGS, *LICENSE, *CREDENTIALS, *BROKEN]


@pytest.fixture(scope="module")
def variables(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the playbook is given: the secrets, and what is there for them."""
    folder = tmp_path_factory.mktemp("secrets")
    bed.modoboa.create_domain("secrets.test")
    bed.modoboa.create_account("super@secrets.test", PLANTED["password"].text, role="SuperAdmins")
    key = PLANTED["old_key"].text
    (folder / "settings.py").write_text(f"DEBUG = False\nMODOBOA_PRO_LICENSE_KEY = '{key}'\n")
    (folder / "broken.py").write_text(f"MODOBOA_PRO_LICENSE_KEY = '{key}' +\n")
    (folder / "sitecustomize.py").write_text(BREAKS_REQUESTS)
    return {
        **{name: secret.text for name, secret in PLANTED.items()},
        "url": bed.modoboa.url,
        "ca_path": str(bed.modoboa.ca_path),
        "real_token": bed.modoboa.token,
        "file": str(folder / "settings.py"),
        "broken_file": str(folder / "broken.py"),
        "breaks_requests": str(folder),
    }


def test_no_secret_is_shown(bed: Bed, variables: dict[str, str], tmp_path: Path) -> None:
    cores = {bed.modoboa.token: "real_token"}
    cores |= {secret.core: name for name, secret in PLANTED.items()}
    with ProcessList(cores) as processes:
        run = run_all(bed, CASES, CONNECTION, tmp_path, variables)
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in run.stdout
    assert "Traceback" in run.stdout
    # The looking itself: modules have been seen at work
    assert any("AnsiballZ_modoboa_" in command for command in processes.commands)
    assert processes.found == set()
    assert leaks(bed, run, cores) == []


def test_no_secret_of_the_environment_is_shown(
    bed: Bed, variables: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        "MODOBOA_URL": bed.modoboa.url,
        "MODOBOA_CA_PATH": str(bed.modoboa.ca_path),
        "MODOBOA_USERNAME": "super@secrets.test",
        "MODOBOA_PASSWORD": PLANTED["password"].text,
    }
    cases = [Case("vhost_info", {}), Case("theme", {"name": "no.host.test"}, "no such")]
    cores = {PLANTED["password"].core: "password"}
    with ProcessList(cores, environments=False) as processes:
        run = run_all(bed, cases, {}, tmp_path, variables, environment)
    assert processes.found == set()
    assert leaks(bed, run, cores) == []


def run_all(
    bed: Bed,
    cases: Sequence[Case],
    defaults: Mapping[str, str],
    folder: Path,
    variables: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run cases in one play, as talkative as users make it when they look for a fault."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/mailhost.modoboa.modoboa": dict(defaults)},
        "tasks": [
            {
                f"mailhost.modoboa.modoboa_{case.module}": dict(case.arguments),
                "ignore_errors": True,
                "check_mode": case.check,
                "environment": dict(case.environment),
            }
            for case in cases
        ],
    }
    playbook = folder / "playbook.yml"
    playbook.write_text(json.dumps([play], indent=1))
    run = bed.ansible.run_playbook(
        playbook,
        extra_vars=variables,
        diff=True,
        arguments=["-vvv"],
        environment={"ANSIBLE_DISPLAY_TRACEBACK": "always", **(environment or {})},
    )
    unexpected = [
        (case, result.status, result.result.get("msg"))
        for case, result in zip(cases, run.results, strict=True)
        if (result.status == "ok") == bool(case.error)
        or case.error not in str(result.result.get("msg", ""))
    ]
    assert not unexpected
    return run


def leaks(bed: Bed, run: Run, cores: Mapping[str, str]) -> list[tuple[str, str]]:
    """Which secrets are where they should not be: output, results, logs, and files left behind."""
    shown = {"output": run.stdout, "errors": run.stderr, "results": repr(run.results)}
    for folder in (bed.logs, bed.directory / "ansible"):
        for file in folder.rglob("*"):
            if file.is_file():
                shown[str(file)] = file.read_text(errors="replace")
    return [
        (name, place)
        for place, text in shown.items()
        for core, name in cores.items()
        if core in text
    ]
