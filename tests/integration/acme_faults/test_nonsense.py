# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert with a CA that answers nonsense here and there, chosen at random."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bed.acme_bed import AcmeBed
from integration.acme_faults.faults import Answer, Exchange, Fault
from integration.acme_faults.module import run
from integration.acme_faults.proxy import STEPS, FaultyProxy
from integration.acme_faults.storage import check_pairs, check_privacy, make_storage

NAMES = ["a.nonsense.example", "b.nonsense.example"]
VALUES: list[Any] = [
    *(None, [], {}, "", 0, -1, 1e308, float("inf"), 10**400, True, [None], [{}], [[]], {"a": None}),
    *("x", "https://127.0.0.1:1/x", "ftp://x", "https://[::1", "https://h:99999999/x", "//", "\0"),
    *("valid", "invalid", "pending", "ready", "processing", "x" * 5000, "\xfc\n\r\x1b[31m"),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+01:00"),
]
HEADERS = {
    "Location": ["", "nonsense", "ftp://x", "https://[::1"],
    "Replay-Nonce": ["", "!", "x", "\xff"],
    "Retry-After": ["", "soon", "-1", "9" * 400, "Mon, 01 Jan 0001 00:00:00 GMT", "1e5"],
    "Link": ["", '<>;rel="alternate"', '<https://[::1>;rel="alternate"', "<:::>;rel=alternate"],
}
STATUSES = [200, 201, 204, 301, 304, 400, 401, 403, 409, 418, 429, 500, 599]


class Nonsense(Fault):
    """One thing in the answer is another one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def happen(self, exchange: Exchange) -> None:
        change: Callable[[Answer], Answer] = self._chance.choices(
            [self._another_body, self._another_header, self._another_status], [6, 3, 1]
        )[0]
        exchange.send(change(exchange.answered))

    def _another_status(self, answer: Answer) -> Answer:
        return replace(answer, status=self._chance.choice(STATUSES))

    def _another_header(self, answer: Answer) -> Answer:
        name = self._chance.choice(list(HEADERS))
        kept = [header for header in answer.headers if header[0] != name]
        return replace(answer, headers=[*kept, (name, self._chance.choice(HEADERS[name]))])

    def _another_body(self, answer: Answer) -> Answer:
        try:
            document = json.loads(answer.body)
        except ValueError:
            return replace(answer, body=self._scattered(answer.body))
        return replace(answer, body=json.dumps(self._another(document)).encode())

    def _scattered(self, body: bytes) -> bytes:
        changed = bytearray(body)
        for _byte in range(self._chance.randrange(1, 30) if body else 0):
            changed[self._chance.randrange(len(changed))] = self._chance.randrange(256)
        return bytes(changed)

    def _another(self, value: Any) -> Any:
        """Return a JSON value with another one somewhere in it."""
        if isinstance(value, dict) and value and self._chance.random() < 0.9:
            name = self._chance.choice(list(value))
            if self._chance.random() < 0.1:
                return {key: kept for key, kept in value.items() if key != name}
            return {**value, name: self._another(value[name])}
        if isinstance(value, list) and value and self._chance.random() < 0.7:
            position = self._chance.randrange(len(value))
            return [*value[:position], self._another(value[position]), *value[position + 1 :]]
        return self._chance.choice(VALUES)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.extended) for seed in range(1, 8))]
)
def test_whatever_a_ca_answers_is_foreseen_and_passes(
    ca: AcmeBed, tmp_path: Path, seed: int
) -> None:
    ca.dns.add(*NAMES)
    chance = random.Random(seed)
    with FaultyProxy(ca) as proxy:
        for number in range(20):
            storage = make_storage(ca, tmp_path / str(number))
            options = {
                **ca.module_options(),
                "acme_directory": proxy.directory_url,
                "storage": str(storage),
                "name": NAMES[0],
                "names": NAMES[1:],
                "order_timeout": 2,
                "retry": True,
            }
            steps = chance.sample(list(STEPS), 2)
            for step in steps:
                proxy.fail(step, *[Nonsense(chance)] * chance.choice([1, 2]))
            item = run(options).certificates[NAMES[0]]
            assert "unexpected" not in str(item["error"]), (number, steps)
            check_pairs(storage, NAMES[0])
            check_privacy(storage)
            proxy.heal()
            mended = run({**options, "order_timeout": 30})
            assert not mended.result["failed"], (number, steps, item["error"], mended.result["msg"])
