# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling nginx and reading what it says; a stand-in for the program shows its faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import (
    first_line,
    is_ours,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    TestResult,
)
from unit.plugins.module_utils.nginx.commands import run_command

BROKEN = """\
nginx: [warn] conflicting server name "a.example.com" on 0.0.0.0:80, ignored
nginx: [emerg] unknown directive "servr" in /etc/nginx/sites-enabled/a.example.com.conf:3
nginx: configuration file /etc/nginx/nginx.conf test failed
"""
GOOD = """\
# configuration file /etc/nginx/nginx.conf:
include sites-enabled/*;

# configuration file /etc/nginx/sites-enabled/a.conf:
server {
    server_name a.example.com
        b.example.com;
}
# configuration file /etc/nginx/sites-enabled/b.conf:
server { }
    # server_name aa.example.com;
server { listen 80; server_name one.example.com; # server_name two.example.com;
    add_header X a#b; server_name three.example.com
        # four.example.com
        "five.example.com"; access_by "my_server_name six.example.com";
    proxy_server_name seven.example.com;
}
    server_name x.a.example.com xa.example.com a.example.com.au;
"""


class StandIn:
    """A program that says what it is told to, and the options of an Nginx that calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "nginx"
        self.pid = folder / "nginx.pid"

    def says(self, output: str = "", error: str = "", code: int = 0) -> None:
        (self.folder / "output").write_text(output)
        (self.folder / "error").write_text(error)
        self.program.write_text(
            f'#!/bin/sh\ncd {self.folder} || exit\necho "$@" > arguments\n'
            f"cat output; cat error >&2; exit {code}\n"
        )
        self.program.chmod(0o755)

    def nginx(self, reload: str = "signal", command: list[str] | None = None) -> Nginx:
        return Nginx(
            run_command, str(self.program), "/prefix", "/nginx.conf", str(self.pid), reload, command
        )


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """A program that says nothing."""
    program = StandIn(tmp_path)
    program.says()
    return program


def test_a_good_configuration(stand_in: StandIn) -> None:
    stand_in.says(GOOD, "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n")
    result = stand_in.nginx().test()
    assert result.ok
    assert list(result.loaded) == [
        "/etc/nginx/nginx.conf",
        "/etc/nginx/sites-enabled/a.conf",
        "/etc/nginx/sites-enabled/b.conf",
    ]
    assert (stand_in.folder / "arguments").read_text() == "-p /prefix -c /nginx.conf -T\n"


def test_files_are_known_by_their_first_line(stand_in: StandIn) -> None:
    line = first_line("a.example.com", "present")
    stand_in.says(f"# configuration file /etc/nginx/sites-enabled/a.conf:\n{line}server {{}}\n")
    (content,) = stand_in.nginx().test().loaded.values()
    assert is_ours(content)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("a.example.com", ["a.conf"]),
        ("b.example.com", ["a.conf"]),
        ("xa.example.com", ["b.conf"]),
        ("aa.example.com", []),
        ("one.example.com", ["b.conf"]),
        ("two.example.com", []),
        ("three.example.com", ["b.conf"]),
        ("four.example.com", []),
        ("five.example.com", ["b.conf"]),
        ("six.example.com", []),
        ("seven.example.com", []),
        ("example.com", []),
    ],
)
def test_who_claims_a_name(stand_in: StandIn, name: str, files: list[str]) -> None:
    stand_in.says(GOOD)
    claims = stand_in.nginx().test().claims(name)
    assert [Path(path).name for path in claims] == files


IN_THE_LOG = """\
2026/11/22 14:50:15 [emerg] 27707#27707: unknown directive "servr" in /etc/nginx/sites-enabled/a.example.com.conf:3
nginx: configuration file /etc/nginx/nginx.conf test failed
"""


@pytest.mark.parametrize("said", [BROKEN, IN_THE_LOG, IN_THE_LOG + BROKEN])
def test_a_broken_configuration(stand_in: StandIn, said: str) -> None:
    stand_in.says("", said, 1)
    result = stand_in.nginx().test()
    assert not result.ok
    assert result.error == (
        'unknown directive "servr" in /etc/nginx/sites-enabled/a.example.com.conf:3'
    )
    assert result.file == "/etc/nginx/sites-enabled/a.example.com.conf"


def test_conflicts(stand_in: StandIn) -> None:
    stand_in.says("", BROKEN, 0)
    assert stand_in.nginx().test().conflicts == {"a.example.com"}


@pytest.mark.parametrize(
    ("said", "error"),
    [("", "nginx says nothing more"), ("Segmentation fault\n", "Segmentation fault")],
)
def test_no_message_of_nginx(stand_in: StandIn, said: str, error: str) -> None:
    stand_in.says("", said, 139)
    result = stand_in.nginx().test()
    assert (result.ok, result.error, result.file) == (False, error, None)


def test_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(NginxError, match=r"Debian package nginx.*option nginx"):
        Nginx(run_command, str(tmp_path / "nginx"), None, None, "/run/nginx.pid", "signal")


def test_a_program_that_cannot_run(stand_in: StandIn) -> None:
    nginx = stand_in.nginx()
    stand_in.program.write_text("#!/no/such/interpreter\n")
    with pytest.raises(NginxError, match="cannot be run"):
        nginx.test()


@pytest.mark.parametrize("content", [None, "", "rubbish", "999999999", str(os.getpid())])
def test_not_running(stand_in: StandIn, content: str | None) -> None:
    if content is not None:
        stand_in.pid.write_text(content)
    for attempt in (stand_in.nginx().insist_on_running, lambda: stand_in.nginx().reload(1)):
        with pytest.raises(NginxError, match="nginx is not running"):
            attempt()


@pytest.fixture
def running(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """As if this process were nginx: it has no children and never gets any."""
    monkeypatch.setattr(Nginx, "_master", lambda _self: os.getpid())
    return stand_in


def test_a_reload_that_nginx_refuses(running: StandIn) -> None:
    with pytest.raises(NginxError, match=r"no new workers within 0\.1 seconds"):
        running.nginx("command", ["true"]).reload(0.1)


def test_a_reload_command_that_fails(running: StandIn) -> None:
    command = ["sh", "-c", "echo not  allowed >&2; exit 3"]
    with pytest.raises(NginxError, match=r"exit 3 failed \(3\): not allowed"):
        running.nginx("command", command).reload(1)


def test_no_systemd(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    nginx = running.nginx("systemd")
    monkeypatch.setattr("shutil.which", lambda *_arguments, **_more: None)
    with pytest.raises(NginxError, match=r"no program systemctl.*option reload"):
        nginx.reload(1)


def test_no_file_is_named() -> None:
    assert TestResult(False, 'host not found in upstream "x"').file is None
