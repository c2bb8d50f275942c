# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which part of Modoboa asks for a parameter."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest
from modoboa.lib import sysutils
from modoboa.parameters import tools

from modoboa_virtualhosts import caller

MODULES = (
    "modoboa.core.api.v2.views",
    "modoboa.extensions.name",
    "modoboa_virtualhosts.x",
    "other",
)


def ask(parameter: Callable[[Any], Any], guess: Any) -> Any:
    return parameter(guess)


def parameter(guess: Any) -> Any:
    return guess()


@pytest.mark.parametrize("module", MODULES)
def test_the_name(module: str) -> None:
    expected = {"modoboa.core.api.v2.views": "core", "modoboa.extensions.name": "name"}
    asking = FunctionType(ask.__code__, {"__name__": module})
    found = asking(parameter, caller.guess_extension_name)
    assert found == expected.get(module, module.split(".")[0])


def test_the_same_as_modoboas_own() -> None:
    assert parameter(caller.guess_extension_name) == parameter(sysutils.guess_extension_name)


def test_in_place() -> None:
    assert vars(tools)["guess_extension_name"] is caller.guess_extension_name
