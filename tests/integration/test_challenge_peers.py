# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts behind one name that ask each other for the answer to a challenge."""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from bed.prefix import find
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS

NAME = "mail.atlas.example"
ANSWER = "token.thumbprint"


class Peer(BareFrontEnd):
    """One of the hosts."""

    def put(self, token: str) -> None:
        """Have the answer."""
        (self.storage / "webroot/.well-known/acme-challenge" / token).write_text(ANSWER)

    def ask(self, token: str, name: str = NAME, place: str = "challenge") -> tuple[int, str]:
        """Ask as the CA does, or as a peer."""
        connection = http.client.HTTPConnection(ADDRESS, self.http_port, timeout=10)
        try:
            path = f"/.well-known/acme-{place}/{token}"
            connection.request("GET", path, headers={"Host": name})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def asked(self) -> int:
        """How often a challenge was looked for here."""
        time.sleep(0.1)  # nginx writes it after the answer
        lines = (self.directory / "access.log").read_text().splitlines()
        return sum("/.well-known/acme-challenge" in line for line in lines)


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    """Three hosts that know of each other."""
    with ExitStack() as stack:
        made = []
        for _number in range(3):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="peer-"))
            made.append(Peer(Path(folder), find().bin / "nginx"))
        everybody = [f"{ADDRESS}:{peer.http_port}" for peer in made]
        for peer in made:
            peer.start()
            stack.callback(peer.stop)
            done = peer.apply(
                name=NAME, state="bootstrap", catch_all="present", challenge_peers=everybody
            )
            assert not any(each["failed"] for each in done.results), done.results
        yield made


def test_a_peer_that_redirects(peers: list[Peer]) -> None:
    first, second, third = peers
    name = "mail.old.example"
    # A block by somebody else, as an installer writes it
    (first.enabled / "other.conf").write_text(
        f"server {{ listen {ADDRESS}:{first.http_port}; server_name {name};"
        " return 301 https://$host$request_uri; }"
    )
    first.stop()
    first.start()
    first.put("here")
    third.put("there")
    for _time in range(4):
        assert second.ask("there", name=name) == (200, ANSWER)
        assert second.ask("here", name=name) == (200, ANSWER)
        assert second.ask("nowhere", name=name)[0] == 404

    # What somebody from outside chooses goes no further than the token
    assert second.ask("there?x=chosen") == (200, ANSWER)
    time.sleep(0.1)  # nginx writes it after the answer
    assert "chosen" in (second.directory / "access.log").read_text()
    assert "chosen" not in (third.directory / "access.log").read_text()


def test_whoever_is_asked_answers(peers: list[Peer]) -> None:
    first, second, third = peers
    third.put("there")
    for peer in peers:
        assert peer.ask("there") == (200, ANSWER)
        # a name that is no tenant's yet is answered by the catch-all
        assert peer.ask("there", name="mail.new.example") == (200, ANSWER)

    # Who has it asks nobody; and nobody asks on behalf of a peer
    before = [peer.asked() for peer in peers]
    assert third.ask("there") == (200, ANSWER)
    assert first.ask("there", place="challenge-peer")[0] == 404
    after = [peer.asked() for peer in peers]
    assert [b - a for a, b in zip(before, after)] == [1, 0, 1]

    # What nobody has is asked for once each, in no circle
    assert second.ask("nowhere")[0] == 404
    assert [b - a for a, b in zip(after, [peer.asked() for peer in peers])] == [1, 2, 1]
    for peer in (second, third):
        for place in ("challenge", "challenge-peer"):
            for path in ("not..a-token", "", "../there", "there/", "%2e%2e/there"):
                assert peer.ask(path, place=place)[0] != 200

    # One that is down keeps nobody from an answer
    first.stop()
    begun = time.monotonic()
    assert second.ask("there") == (200, ANSWER)
    assert time.monotonic() - begun < 5
