# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is accepted is a block for exactly that name, and nothing else; whatever is not is named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
    settings,
    virtual_hosts,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import (
    catch_all_blocks,
    server_blocks,
)
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from integration.bare_front_end import BareFrontEnd
from integration.configuration_reader import SHARED, read_twice, reader, replaced, tree

PATIENT = examples(
    deadline=None,
    max_examples=50,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# What means something to nginx, and what looks like it
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\t\n\r \"'`;{}$\\#()|~^*%,:=@[]\0\x7f\u00a0\u2028\ufeff"),
        st.sampled_from("abc.-_/0"),
        st.characters(codec="utf-8"),
    ),
    max_size=30,
)
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAME = st.builds(
    lambda labels: ".".join([*labels, "example"]), st.lists(LABEL, min_size=1, max_size=4)
)
# A part of a path: whatever can be seen, and means nothing to nginx
PART = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="/\\\"'`;{}$#:"),
    min_size=1,
    max_size=25,
).filter(lambda text: text.strip("."))
PORT = st.integers(1024, 65535)
LOOPBACK = st.builds("127.{}.{}.{}".format, *[st.integers(1, 254)] * 3)
APPLICATION = st.one_of(
    st.builds("unix:/{}".format, PART),
    st.builds("{}:{}".format, LOOPBACK, PORT),
    st.builds("[{}]:{}".format, st.ip_addresses(v=6), PORT),
)


@st.composite
def options_from(
    draw: st.DrawFn, good: dict[str, st.SearchStrategy[Any]]
) -> tuple[dict[str, Any], str]:
    """Options that are good, or all but one; and which one that is."""
    options = {option: draw(strategy) for option, strategy in good.items()}
    option = draw(st.sampled_from(["", *good]))
    if option:
        options[option] = draw(spoiled(options[option]))
    return options, option


def spoiled(good: Any) -> st.SearchStrategy[Any]:
    """A value with something hostile in it, or that is nothing else; it may be good still."""
    if isinstance(good, int):
        return st.integers(-3, 2**31 + 3)
    if isinstance(good, list):
        return st.permutations([*good, ""]).flatmap(
            lambda texts: spoiled(texts[0]).map(lambda bad: [*texts[1:], bad])
        )
    cut = st.integers(0, len(good))
    return st.builds(lambda bad, at: good[:at] + bad + good[at:], HOSTILE, cut) | HOSTILE


def paths(folder: str) -> st.SearchStrategy[str]:
    """Paths in a directory that is there."""
    return st.builds(f"{folder}/{{}}".format, PART)


@pytest.fixture(scope="module")
def front_end() -> Iterator[BareFrontEnd]:
    """An nginx that reads, and a certificate that all names share."""
    with reader() as created:
        yield created


def validated(front_end: BareFrontEnd, options: dict[str, Any]) -> dict[str, Any]:
    """The options as the plugin gets them."""
    result = ArgumentSpecValidator(arguments.argument_spec()).validate(front_end.options(**options))
    assert not result.error_messages
    params: dict[str, Any] = result.validated_parameters
    return params


# Values

HOSTS: dict[str, st.SearchStrategy[Any]] = {
    "name": NAME,
    "names": st.lists(NAME, max_size=2),
    "application": APPLICATION,
    "client_max_body_size": st.from_regex(r"[0-9]{1,9}[kKmMgG]?", fullmatch=True),
    "frontend_root": paths("/srv"),
    "static_root": paths("/srv"),
    "media_root": paths("/srv"),
    "hsts_max_age": st.integers(-1, 2**31 - 1),
    "access_log": st.one_of(st.just("off"), paths("LOGS")),
    "error_log": paths("LOGS"),
}


def host_of(front_end: BareFrontEnd, options: dict[str, Any], spoilt: str) -> VirtualHost | None:
    """The host, or None if it was refused with the option named that is at fault."""
    for option in ("access_log", "error_log"):
        options[option] = options[option].replace("LOGS", f"{front_end.directory}/temporary")
    problem = ""
    try:
        (host,) = virtual_hosts(validated(front_end, options))
    except ItemsError as error:
        problem = str(error)
    if not problem:
        return host
    named = "hostname" if spoilt in ("name", "names") else spoilt
    assert spoilt
    assert named in problem
    return None


def plain_for(host: VirtualHost) -> tuple[VirtualHost, dict[str, str]]:
    """A host of the same form, of which all values are plain; and which of its values is which."""
    extra = [f"plain{number}.example" for number in range(len(host.server_names) - 1)]
    plain = VirtualHost(
        name="plain.example",
        server_names=("plain.example", *extra),
        state=host.state,
        application="unix:/plain-application",
        application_protocol=host.application_protocol,
        client_max_body_size="123454321",
        frontend_root="/plain-frontend",
        static_root="/plain-static",
        media_root="/plain-media",
        hsts_max_age=987656789 if host.hsts_max_age >= 0 else -1,
        hsts_include_subdomains=host.hsts_include_subdomains,
        access_log="/plain-log" if host.access_log not in ("", "off") else host.access_log,
        error_log="/plain-errors" if host.error_log else "",
    )
    values = dict(zip(plain.server_names, host.server_names))
    for field in ("application", "client_max_body_size", "access_log", "error_log"):
        values[getattr(plain, field)] = getattr(host, field)
    for field in ("frontend_root", "static_root", "media_root", "hsts_max_age"):
        values[str(getattr(plain, field))] = str(getattr(host, field))
    values = {key: value for key, value in values.items() if key not in ("", "off", "-1")}
    return plain, values


def opens_logs(front_end: BareFrontEnd, host: VirtualHost) -> bool:
    """Whether the host's log files are where nginx may make some; a path made up can lead anywhere."""
    written = [log for log in (host.access_log, host.error_log) if log not in ("", "off")]
    parts = [log.rpartition("/") for log in written]
    return all(
        folder == f"{front_end.directory}/temporary" and name not in ("", ".", "..")
        for folder, _slash, name in parts
    )


@PATIENT
@given(
    chosen=st.lists(options_from(HOSTS), min_size=5, max_size=30),
    state=st.sampled_from(["present", "bootstrap", "disabled"]),
    protocol=st.sampled_from(["http", "uwsgi"]),
    subdomains=st.booleans(),
)
def test_hosts(
    front_end: BareFrontEnd,
    chosen: list[tuple[dict[str, Any], str]],
    state: str,
    protocol: str,
    subdomains: bool,
) -> None:
    common = settings(validated(front_end, {"name": "a.example"}), check_mode=False)
    text, expected = "", []
    claimed: set[str] = set()
    for options, spoilt in chosen:
        options |= {"state": state, "application_protocol": protocol}
        options["hsts_include_subdomains"] = subdomains
        host = host_of(front_end, options, spoilt)
        if host is None or claimed.intersection(host.server_names):
            continue
        claimed.update(host.server_names)
        plain, values = plain_for(host)
        blocks = server_blocks(host, common, front_end.build)
        for block, plain_text in server_blocks(plain, common, front_end.build).items():
            same = replaced(tree(front_end.directory, plain_text), values)
            assert tree(front_end.directory, blocks[block]) == same
        if not opens_logs(front_end, host):
            continue
        link = front_end.storage / "certs" / host.name
        if not link.exists():
            link.symlink_to(SHARED)
        text += blocks["present"]
        # Over HTTP, and over HTTPS
        expected += [*host.server_names] * 2
    names, error = read_twice(front_end, text)
    assert error == ""
    assert sorted(names) == sorted(expected)


# What all hosts have in common

SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "storage": paths("/var/lib"),
    "http_port": st.integers(1, 30000),
    "https_port": st.integers(30001, 65535),
    "listen_addresses": st.lists(
        st.one_of(st.just("*"), LOOPBACK, st.builds("[{}]".format, st.ip_addresses(v=6))),
        min_size=1,
        max_size=3,
    ),
    "thumbprint": st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True),
    "challenge_host": st.one_of(NAME, st.builds("{}:{}".format, NAME, PORT)),
}
PLAIN = Settings(
    storage="/plain-storage",
    challenge="webroot",
    thumbprint="plain-thumbprint",
    http_port=54321,
    https_port=54322,
    listen_addresses=("192.0.2.1",),
    catch_all="present",
    challenge_host="plain-challenge.example",
)


@PATIENT
@given(
    chosen=options_from(SETTINGS),
    challenge=st.sampled_from(["webroot", "stateless", "redirect"]),
    build=st.builds(Build, st.sampled_from([(1, 22, 1), (1, 26, 3)]), st.booleans()),
)
def test_settings(
    front_end: BareFrontEnd, chosen: tuple[dict[str, Any], str], challenge: str, build: Build
) -> None:
    options, spoilt = chosen
    options |= {"name": "a.example", "challenge": challenge, "catch_all": "present"}
    problem = ""
    try:
        common = settings(validated(front_end, options), check_mode=False)
    except ItemsError as error:
        problem = str(error)
    if problem:
        assert spoilt
        assert spoilt in problem
        return
    plain = dataclasses.replace(
        PLAIN,
        challenge=challenge,
        listen_addresses=tuple(f"192.0.2.{n + 1}" for n in range(len(common.listen_addresses))),
    )
    values = dict(zip(plain.listen_addresses, common.listen_addresses))
    for field in ("storage", "thumbprint", "http_port", "https_port", "challenge_host"):
        values[str(getattr(plain, field))] = str(getattr(common, field))
    if common.https_port == 443:
        # Which no address needs to name
        values |= {f"{where}:{plain.https_port}": where for where in ("$host", "//a.example")}
    host = VirtualHost("a.example", ("a.example", "b.example"), "present")
    found = server_blocks(host, common, build) | catch_all_blocks(common, build)
    for block, text in (server_blocks(host, plain, build) | catch_all_blocks(plain, build)).items():
        same = replaced(tree(front_end.directory, text), values)
        assert tree(front_end.directory, found[block]) == same
