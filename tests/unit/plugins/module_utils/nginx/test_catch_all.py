# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catch-all beside the default servers of others; an nginx of paper finds the second one."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import CATCH_ALL
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.catch_all import (
    CatchAll,
    plan_catch_all,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from unit.plugins.module_utils.nginx.hosts import block, linked, step
from unit.plugins.module_utils.nginx.paper import Paper, files_of, transaction

HTTP = "listen *:80 default_server; listen [::]:80 default_server;\n"
HTTPS = "listen *:443 ssl default_server;\n"
PARTS = {"http": HTTP, "https": HTTPS}
OLD, NEW = "a.example.com", "b.example.com"


@pytest.fixture
def nginx(layout: Layout) -> Paper:
    """It runs, and one host is there."""
    layout.put(OLD, linked(layout, OLD, block(OLD, "bootstrap", "new")))
    return Paper(layout)


def other(layout: Layout, content: str | None, name: str = "default") -> str:
    """A file of somebody else's. Returns its path."""
    assert layout.enabled is not None
    path = layout.enabled / name
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    return str(path)


def plan(layout: Layout, state: str = "present") -> CatchAll:
    return plan_catch_all(state, PARTS, layout)


def commit(nginx: Paper, state: str = "present", *more: str) -> CatchAll:
    """Make it so, and see that it was predicted, and that it stays."""
    layout = nginx.layout
    expected = plan(layout, state)
    transaction(nginx).predict([*(step(layout, name) for name in more), expected])
    done = plan(layout, state)
    hosts = [step(layout, name) for name in more]
    transaction(nginx).commit([*hosts, done])
    assert done.error is None
    assert [host.error for host in hosts] == [None] * len(hosts)
    assert (done.after, done.left_out) == (expected.after, expected.left_out)
    assert layout.read(CATCH_ALL) == done.after
    assert nginx.loaded == nginx.on_disk() or not done.changed
    tests = nginx.tests
    again = plan(layout, state)
    transaction(nginx).commit([step(layout, OLD), again])
    assert (again.changed, again.left_out) == (False, done.left_out)
    assert nginx.tests == tests, "nothing is asked when it is known"
    return done


def test_complete(nginx: Paper) -> None:
    done = commit(nginx)
    assert done.result() == {
        "state": "present",
        "changed": True,
        "failed": False,
        "error": None,
        "file": str(nginx.layout.file(CATCH_ALL)),
        "left_out": {},
    }
    assert done.after.content is not None
    assert (HTTP + "\n" + HTTPS).encode() in done.after.content
    gone = commit(nginx, "absent")
    assert (gone.result()["state"], gone.changed) == ("absent", True)
    assert nginx.layout.read(CATCH_ALL) == Site()


@pytest.mark.parametrize("name", ["default", "0-default"])
def test_somebody_else_has_a_default_server(nginx: Paper, name: str) -> None:
    path = other(nginx.layout, f"server {{ {HTTP} }}", name)
    done = commit(nginx)
    assert done.left_out == {"http": path}
    assert HTTP.encode() not in (done.after.content or b"")
    assert f"# Without http: {path} has the default server." in (done.after.content or b"").decode()
    # When it goes, that part comes
    other(nginx.layout, "server { listen [::]:80; }", name)
    assert commit(nginx).left_out == {}
    other(nginx.layout, None, name)
    assert commit(nginx).changed is False


@pytest.mark.parametrize("name", ["default", "0-default"])
def test_a_default_server_for_one_of_two_addresses(nginx: Paper, name: str) -> None:
    """On the other, unknown names get no portal."""
    path = other(nginx.layout, "server { listen [::]:80 default_server; }", name)
    done = commit(nginx)
    assert done.left_out == {"http at [::]:80": path}
    text = (done.after.content or b"").decode()
    assert f"# Without http at [::]:80: {path} has the default server.\nlisten *:80 default" in text
    assert "listen [::]:80" not in text
    other(nginx.layout, None, name)
    assert commit(nginx).left_out == {}


def test_another_address_is_no_rival(nginx: Paper) -> None:
    other(nginx.layout, "listen 127.0.0.1:80 default_server; listen 8080 default_server;")
    assert commit(nginx).left_out == {}


def test_a_file_that_went(nginx: Paper) -> None:
    other(nginx.layout, HTTP)
    commit(nginx)
    other(nginx.layout, None)
    assert commit(nginx).left_out == {}


@pytest.mark.parametrize("name", ["default", "0-default"])
def test_a_default_server_that_came_later(nginx: Paper, name: str) -> None:
    """It fails no portal: the catch-all gives way, when nginx is next made to test."""
    layout = nginx.layout
    commit(nginx)
    path = other(layout, HTTPS, name)
    unnoticed = plan(layout)
    transaction(nginx).commit([step(layout, OLD), unnoticed])
    assert (unnoticed.changed, unnoticed.error) == (False, None)

    predicted = [step(layout, NEW), plan(layout)]
    transaction(nginx).predict(predicted)
    assert [entry.error for entry in predicted] == [None, None]
    steps = [step(layout, NEW), plan(layout)]
    run = transaction(nginx)
    run.commit(steps)
    assert [(entry.error, entry.changed) for entry in steps] == [(None, True)] * 2
    assert isinstance(steps[1], CatchAll)
    assert steps[1].left_out == {"https": path}
    assert predicted[1].result() == steps[1].result()
    assert run.reloaded
    assert nginx.loaded == nginx.on_disk()
    assert HTTP in nginx.loaded[str(layout.link(CATCH_ALL))]
    assert commit(nginx).changed is False


def test_a_default_server_of_a_new_host(nginx: Paper) -> None:
    layout = nginx.layout
    steps = [step(layout, NEW, HTTPS), plan(layout)]
    transaction(nginx).commit(steps)
    assert [entry.error for entry in steps] == [None, None]
    assert steps[1].result()["left_out"] == {"https": str(layout.link(NEW))}


@pytest.mark.parametrize("names_files", [True, False])
def test_a_faulty_host_beside_it(nginx: Paper, names_files: bool) -> None:
    layout = nginx.layout
    commit(nginx)
    other(layout, HTTPS)
    nginx.names_files = names_files
    names = [f"{letter}.example.com" for letter in "bcdef"]
    steps = [step(layout, name, "broken" if "d" in name[0] else "new") for name in names]
    catch_all = plan(layout)
    transaction(nginx).commit([*steps, catch_all])
    assert [entry.name for entry in steps if entry.error] == ["d.example.com"]
    assert catch_all.left_out.keys() == {"https"}
    assert nginx.loaded == nginx.on_disk()


def test_two_others_that_exclude_each_other(nginx: Paper) -> None:
    """That was broken before, and leaving out the catch-all mends nothing."""
    layout = nginx.layout
    commit(nginx)
    other(layout, HTTPS, "x")
    other(layout, HTTPS, "y")
    before = files_of(layout)
    steps = [step(layout, NEW), plan(layout)]
    transaction(nginx).commit(steps)
    assert "was broken already" in (steps[0].error or "")
    assert files_of(layout) == before


def test_a_file_by_hand(nginx: Paper) -> None:
    file = nginx.layout.file(CATCH_ALL)
    file.write_text("# by hand\n")
    steps = [step(nginx.layout, NEW), plan(nginx.layout)]
    transaction(nginx).commit(steps)
    assert steps[0].error is None
    assert "was not written by this collection" in (steps[1].error or "")
    assert file.read_text() == "# by hand\n"


def test_a_part_that_nginx_does_not_take(nginx: Paper) -> None:
    layout = nginx.layout
    catch_all = plan_catch_all("present", {**PARTS, "quic": "broken\n"}, layout)
    host = step(layout, NEW)
    transaction(nginx).commit([host, catch_all])
    assert host.error is None
    assert "does not accept the block" in (catch_all.error or "")
    assert (catch_all.result()["state"], layout.read(CATCH_ALL)) == ("absent", Site())
    assert nginx.loaded == nginx.on_disk()


def test_undecided_while_the_rest_is_broken(nginx: Paper) -> None:
    layout = nginx.layout
    path = other(layout, HTTP)
    commit(nginx)
    Path(path).unlink()
    nginx.main_is_broken = True
    before = files_of(layout)
    for act in (transaction(nginx).predict, transaction(nginx).commit):
        catch_all = plan(layout)
        act([step(layout, OLD), catch_all])
        assert "was broken already" in (catch_all.error or "")
        assert files_of(layout) == before


def test_undecided_while_nginx_does_not_run_and_is_broken(nginx: Paper) -> None:
    path = other(nginx.layout, HTTP)
    commit(nginx)
    Path(path).unlink()
    nginx.main_is_broken, nginx.running = True, False
    for act in (transaction(nginx).predict, transaction(nginx).commit):
        catch_all = plan(nginx.layout)
        act([catch_all])
        assert catch_all.error == "nginx is not running"
