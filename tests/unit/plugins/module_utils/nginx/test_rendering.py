# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks on their way from the controller."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import (
    Rendering,
    pack,
    unpack,
)
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=3),
    st.dictionaries(TEXTS, TEXTS, max_size=3),
)
def test_there_and_back(hosts: dict[str, dict[str, str]], catch_all: dict[str, str]) -> None:
    rendering = Rendering(hosts, catch_all)
    packed = pack(rendering)
    assert unpack(packed) == rendering
    assert packed.isascii()
    assert pack(rendering) == packed


def test_blocks_that_are_alike_take_little() -> None:
    text = "".join(f"directive{number} value{number};\n" for number in range(250))
    hosts = {f"h{number}": {"present": f"{number} {text}"} for number in range(100)}
    assert len(pack(Rendering(hosts))) < 100 * len(text) / 30


def packed(content: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(content).encode())).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "{}",
        base64.b64encode(b"rubbish").decode(),
        base64.b64encode(zlib.compress(b"rubbish")).decode(),
        base64.b64encode(zlib.compress(b"\xff")).decode(),
        packed({}),
        packed([]),
        packed(None),
        packed({"hosts": {}}),
    ],
)
def test_rubbish(text: str) -> None:
    with pytest.raises(ValueError, match="no packed rendering"):
        unpack(text)
