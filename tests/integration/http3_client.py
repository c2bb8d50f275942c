# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a server over HTTP/3; run in the environment ``nginx-tools``.

    http3_client.py ADDRESS PORT NAME CONNECTIONS PATH...

Makes connections at once and asks for all paths in each. Prints JSON: for each connection a list of
[status, headers, body], or the code of the error with which the server refused it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections import defaultdict
from collections.abc import Sequence

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent

PATIENCE = 20

Answer = tuple[int, dict[str, str], str]


class Http3(QuicConnectionProtocol):  # type: ignore[misc] # mypy does not see aioquic
    """One connection."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        self.refused: int | None = None
        self._http = H3Connection(self._quic)
        self._headers: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytes] = defaultdict(bytes)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    async def get(self, authority: str, path: str) -> Answer:
        """Status, headers and body."""
        stream = self._quic.get_next_available_stream_id()
        headers = {":method": "GET", ":scheme": "https", ":authority": authority, ":path": path}
        self._http.send_headers(
            stream,
            [(name.encode(), value.encode()) for name, value in headers.items()],
            end_stream=True,
        )
        answer = self._waiting[stream] = asyncio.get_running_loop().create_future()
        self.transmit()
        return await asyncio.wait_for(answer, PATIENCE)

    def quic_event_received(self, event: QuicEvent) -> None:
        """Collect what belongs to the answers."""
        if isinstance(event, ConnectionTerminated):
            self.refused = event.error_code
        for found in self._http.handle_event(event):
            if not isinstance(found, (HeadersReceived, DataReceived)):
                continue
            stream = found.stream_id
            if isinstance(found, HeadersReceived):
                self._headers[stream] = {
                    name.decode(): value.decode() for name, value in found.headers
                }
            else:
                self._bodies[stream] += found.data
            if found.stream_ended:
                headers = self._headers[stream]
                answer = (int(headers[":status"]), headers, self._bodies[stream].decode())
                self._waiting.pop(stream).set_result(answer)


async def ask(address: str, port: int, name: str, paths: Sequence[str]) -> list[Answer] | int:
    """What one connection gets."""
    configuration = QuicConfiguration(
        alpn_protocols=H3_ALPN,
        is_client=True,
        server_name=name,
        verify_mode=ssl.CERT_NONE,
    )
    created: list[Http3] = []

    def create(*arguments: object, **named: object) -> Http3:
        created.append(Http3(*arguments, **named))
        return created[0]

    try:
        async with connect(
            address, port, configuration=configuration, create_protocol=create
        ) as connection:
            assert isinstance(connection, Http3)
            authority = name if port == 443 else f"{name}:{port}"
            return list(await asyncio.gather(*(connection.get(authority, path) for path in paths)))
    except ConnectionError:
        refused = created[0].refused
        if refused is None:
            raise
        return refused


async def main() -> None:
    """Ask, and print the answers."""
    address, port, name, connections, *paths = sys.argv[1:]
    answers = await asyncio.gather(
        *(ask(address, int(port), name, paths) for _number in range(int(connections)))
    )
    print(json.dumps(answers))


if __name__ == "__main__":
    asyncio.run(main())
