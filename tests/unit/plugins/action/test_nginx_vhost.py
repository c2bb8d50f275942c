# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half: options checked, blocks rendered, the module called with both."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.mailhost.modoboa.plugins.action.nginx_vhost import ActionModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import unpack

COMMON = {
    "storage": "/var/lib/storage",
    "application": "unix:/run/a.sock",
    "frontend_root": "/srv/frontend",
    "static_root": "/srv/static",
    "media_root": "/srv/media",
}


class Task:
    """As much of a task as the plugin looks at."""

    def __init__(self, args: dict[str, Any], check_mode: bool) -> None:
        self.args = args
        self.check_mode = check_mode
        self.async_val = 0
        self.diff = False


class Connection:
    """No connection at all."""

    class _shell:  # noqa: N801 # Ansible's name
        tmpdir = None


NGINX = "nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.20 7 Apr 2026\n"


def said(text: str, commands: list[str] | None = None) -> Any:
    """Stands for what commands on the host print."""

    def execute(_self: ActionModule, command: str) -> dict[str, Any]:
        if commands is not None:
            commands.append(command)
        return {"stdout": "", "stderr": text}

    return execute


def run(
    monkeypatch: pytest.MonkeyPatch, check_mode: bool = False, **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plugin's result, and the arguments that the module got."""
    passed: dict[str, Any] = {}

    def execute(_self: ActionModule, **call: Any) -> dict[str, Any]:
        passed.update(call["module_args"])
        return {"changed": True, "invocation": {"module_args": {"rendered": {}, "name": "x"}}}

    monkeypatch.setattr(ActionModule, "_execute_module", execute)
    monkeypatch.setattr(ActionModule, "_low_level_execute_command", said(NGINX))
    task = Task({**COMMON, **options}, check_mode)
    plugin = ActionModule(task, Connection(), None, None, None, None)
    return plugin.run(task_vars={}), passed


def test_blocks_are_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [
        {"name": "a.example.com"},
        {"name": "b.example.com", "state": "bootstrap"},
        {"name": "c.example.com", "state": "absent"},
    ]
    result, passed = run(monkeypatch, vhosts=hosts)
    assert result["changed"]
    rendered = unpack(passed["rendered"]).hosts
    assert {host: list(blocks) for host, blocks in rendered.items()} == {
        "a.example.com": ["present"],
        "b.example.com": ["bootstrap", "present"],
        "c.example.com": [],
    }
    text = rendered["a.example.com"]["present"]
    assert state_of("a.example.com", text.encode()) == "present"
    assert passed["vhosts"] == hosts


def test_blocks_stay_out_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _passed = run(monkeypatch, name="a.example.com")
    assert result["invocation"] == {"module_args": {"name": "x"}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "A.example.com"}, "has upper-case letters"),
        ({"name": "a.example.com; include /etc/passwd"}, "is malformed"),
        ({"name": "a.example.com", "names": ["b.example.com\n}"]}, "is malformed"),
        ({"name": "a.example.com", "static_root": '/srv/"; root /'}, "means something to nginx"),
        ({"name": "a.example.com", "application": "unix:/a;b"}, "means something to nginx"),
        ({"name": "a.example.com", "storage": "/var/$uri"}, "means something to nginx"),
        ({"name": "a.example.com", "storage": "~/storage"}, "is not an absolute path"),
        ({"name": "a.example.com", "frontend_root": "~"}, "is not an absolute path"),
        ({"name": "a.example.com", "media_root": "$HOME/media"}, "means something to nginx"),
        (
            {"vhosts": [{"name": "a.example.com", "static_root": "~/static"}]},
            "static_root '~/static' is not an absolute path",
        ),
        ({"name": "a.example.com", "challenge": "stateless"}, "thumbprint"),
        ({"name": "a.example.com", "listen_addresses": ["*:80 default_server"]}, "is no address"),
        ({"vhosts": [{"name": "a.example.com"}, {"name": "a.example.com"}]}, "listed 2 times"),
    ],
)
def test_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str
) -> None:
    result, passed = run(monkeypatch, **options)
    assert result["failed"]
    assert message in result["msg"]
    assert passed == {}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"name": "a.example.com", "vhosts": []},
        {"name": "a.example.com", "state": "gone"},
        {"name": "a.example.com", "nmae": "typo"},
        {"name": "a.example.com", "reload": "command"},
    ],
)
def test_options_that_do_not_fit(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    with pytest.raises(AnsibleError):
        run(monkeypatch, **options)


def test_no_account_yet_in_check_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    result, passed = run(monkeypatch, check_mode=True, name="a.example.com", challenge="stateless")
    assert not result.get("failed")
    rendered = unpack(passed["rendered"]).hosts
    assert "known-when-the-account" in rendered["a.example.com"]["present"]
