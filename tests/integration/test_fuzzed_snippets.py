# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a snippet says that is accepted, it says in its own place: nginx is the judge."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet import Snippet, snippet
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import (
    ValueRefusedError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import server_blocks
from hypothesis import HealthCheck, event, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from integration.bare_front_end import BareFrontEnd
from integration.configuration_reader import SHARED, read_twice, reader

SPACE = st.text(st.sampled_from(" \t\r\n"), min_size=1, max_size=3)
TRICKY = st.lists(
    st.sampled_from(
        [
            *("a", "b", "}", "#", "'", '"', ")", "(", "$host", "${host}", "=", "/", "ü"),
            *("\\\\", "\\;", "\\{", "\\ ", "\\'", '\\"', "\\\n"),
        ]
    ),
    max_size=6,
).map("".join)


def word(text: str) -> str:
    """Not empty, and not begun by what begins something else."""
    return f"a{text}"


WORD = st.one_of(
    TRICKY.map(word),
    TRICKY.map(lambda text: '"' + text.replace('"', "") + "; } {" + '"'),
    TRICKY.map(lambda text: "'" + text.replace("'", "") + "; } {" + "'"),
)
COMMENT = st.builds("#{}\n".format, TRICKY.map(lambda text: text.replace("\n", "") + " } { ; '"))
DIRECTIVE = st.builds("set $a{}{};".format, SPACE, WORD)
LOCATION = st.integers(0, 10**9).map("/l{}".format)


def block(content: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A block with whatever in it."""
    return st.one_of(
        st.builds("location {}{}{{{}}}".format, LOCATION, SPACE, content),
        st.builds("if ($a){{{}}}".format, DIRECTIVE),
    )


TEXT = st.recursive(
    st.one_of(COMMENT, DIRECTIVE, SPACE, st.just("")),
    lambda inner: st.one_of(block(inner), st.lists(inner, max_size=4).map("".join)),
    max_leaves=8,
)
# Letters would be directives that nginx does not know, which it says before anything else
DAMAGE = st.sampled_from([*"{};\"'#\\$ \n", "}}", "} server {", '";', "${", "\\\n", ""])


@pytest.fixture(scope="module")
def front_end() -> Iterator[BareFrontEnd]:
    """An nginx that reads."""
    with reader() as created:
        yield created


def portal(front_end: BareFrontEnd, own: Snippet) -> str:
    """A portal's blocks with a snippet."""
    common = Settings(
        storage=str(front_end.storage),
        challenge="webroot",
        thumbprint=None,
        http_port=front_end.http_port,
        https_port=front_end.https_port,
        listen_addresses=("127.0.0.1",),
    )
    host = VirtualHost(
        name=SHARED,
        server_names=(SHARED,),
        state="present",
        application="127.0.0.1:9",
        frontend_root="/srv",
        static_root="/srv",
        media_root="/srv",
        snippet=own,
    )
    return server_blocks(host, common, front_end.build)["present"]


@examples(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TEXT, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 2), DAMAGE), max_size=2))
def test_snippets(front_end: BareFrontEnd, text: str, damages: list[tuple[int, int, str]]) -> None:
    for where, length, instead in damages:
        at = where % (len(text) + 1)
        text = text[:at] + instead + text[at + length :]
    try:
        accepted = snippet("snippet", text)
    except ValueRefusedError:
        event("refused")
        assert damages
        return
    configuration = portal(front_end, accepted)
    names, error = read_twice(front_end, configuration)
    event(f"accepted: {error.partition(' in ')[0][:20] or 'read'}")
    if not error:
        # Over HTTP and over HTTPS, and no server of another name, or of none
        assert names == [SHARED, SHARED]
        return
    # What nginx does not take is in the snippet, or what it takes of ours is not there for a second time
    first = configuration[: configuration.index(accepted)].count("\n") + 1
    position = re.search(r":([0-9]+)$", error)
    assert position is None or (
        first <= int(position.group(1)) < first + accepted.count("\n")
        or "duplicate location" in error
    )
