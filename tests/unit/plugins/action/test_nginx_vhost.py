# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half: options checked, blocks rendered, the module called with both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mailhost.modoboa.plugins.action.nginx_vhost import ActionModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import unpack
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block_templates import (
    _templates,
)

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

    def get_search_path(self) -> list[str]:
        """Where templates may be."""
        return []


class Connection:
    """No connection at all."""

    class _shell:  # noqa: N801 # Ansible's name
        tmpdir = None


NGINX = "nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.20 7 Apr 2026\n"
WITH_HTTP3 = "nginx version: nginx/1.26.3\nconfigure arguments: --with-http_v3_module\n"


def run(
    monkeypatch: pytest.MonkeyPatch,
    check_mode: bool = False,
    said: str = NGINX,
    commands: list[str] | None = None,
    **options: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plugin's result, and the arguments that the module got.

    :param said: what nginx on the host says of itself
    :param commands: takes the commands that are run on the host
    """
    passed: dict[str, Any] = {}

    def command(_self: ActionModule, text: str) -> dict[str, Any]:
        if commands is not None:
            commands.append(text)
        return {"rc": 0, "stdout": "", "stderr": said}

    def execute(_self: ActionModule, **call: Any) -> dict[str, Any]:
        passed.update(call["module_args"])
        return {"changed": True, "invocation": {"module_args": {"rendered": {}, "name": "x"}}}

    monkeypatch.setattr(ActionModule, "_execute_module", execute)
    monkeypatch.setattr(ActionModule, "_low_level_execute_command", command)
    task = Task({**COMMON, **options}, check_mode)
    plugin = ActionModule(task, Connection(), None, DataLoader(), None, None)
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
        {"name": "a.example.com", "challenge": "redirect"},
        {"name": "a.example.com", "prune": True},
        {"name": "a.example.com", "http2": "directive"},
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


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, "nginx -V"),
        ({"nginx": "/opt/my nginx/nginx"}, "'/opt/my nginx/nginx' -V"),
        ({"nginx": "nginx; touch /x"}, "'nginx; touch /x' -V"),
        ({"state": "absent"}, None),
        ({"state": "absent", "catch_all": "present"}, "nginx -V"),
    ],
)
def test_nginx_is_asked_only_where_blocks_are_needed(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], command: str | None
) -> None:
    commands: list[str] = []
    run(monkeypatch, commands=commands, name="a.example.com", **options)
    path = 'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"'
    assert commands == ([] if command is None else [f"{path} {command}"])


def test_blocks_follow_from_what_nginx_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, words in ((NGINX, "ssl http2;"), (WITH_HTTP3, "http2 on;")):
        _result, passed = run(monkeypatch, said=said, name="a.example.com", catch_all="present")
        rendering = unpack(passed["rendered"])
        assert words in rendering.hosts["a.example.com"]["present"]
        assert ("quic" in rendering.catch_all) == (said == WITH_HTTP3)


@pytest.mark.parametrize(
    ("said", "options", "message"),
    [
        ("sh: 1: nginx: not found\n", {}, "nginx -V on the host: sh: 1: nginx: not found; install"),
        ("", {"nginx": "/bin/true"}, "/bin/true -V on the host: that is not what nginx says"),
        (NGINX, {"http3": "always"}, "nginx 1.22.1 on the host was built without it"),
    ],
)
def test_an_nginx_that_will_not_do(
    monkeypatch: pytest.MonkeyPatch, said: str, options: dict[str, Any], message: str
) -> None:
    result, passed = run(monkeypatch, said=said, name="a.example.com", **options)
    assert result["failed"]
    assert message in result["msg"]
    assert passed == {}


def test_templates_of_an_operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    template = tmp_path / "present.conf.j2"
    template.write_text("# {{ host.name }}\n")
    options: dict[str, Any] = {"name": "a.example.com", "templates": str(tmp_path)}
    _result, passed = run(monkeypatch, **options)
    text = unpack(passed["rendered"]).hosts["a.example.com"]["present"]
    # What tells our files is not left to a template
    assert state_of("a.example.com", text.encode()) == "present"
    assert text.endswith("\n# a.example.com\n")
    template.write_text("\n{{ nothing }}\n")
    # A process of Ansible works on one task; these are two
    _templates.cache_clear()
    result, passed = run(monkeypatch, **options)
    assert result["msg"] == f"template {template}, line 2: 'nothing' is undefined"
    assert passed == {}


def test_a_directory_of_templates_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    result, passed = run(monkeypatch, name="a.example.com", templates="/nowhere/templates")
    assert result["failed"]
    assert result["msg"].startswith("templates: ")
    assert "/nowhere/templates" in result["msg"]
    assert passed == {}
