# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that dies at a given moment, while the CA in the memory of the test lives on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from unit.plugins.module_utils.acme.authority import Authority

_CALLS = ("open", "mkdir", "replace", "fsync", "fchmod", "unlink", "rmdir", "chmod")


class Killed(BaseException):
    """The end of the run: from here on it does nothing more, not even clean up."""


def dies_after(steps: int, authority: Authority, work: Callable[[], object]) -> bool:
    """Let ``work`` die before that many steps are done; say whether it came so far.

    A step is a call to the kernel, a request on its way to the CA, or the answer on its way back.
    Once it is dead every further step fails as well, so that nothing is cleaned up. Locks end with
    the block that holds them, as the kernel ends those of a process.
    """
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **more: Any) -> Any:
            step()
            return call(*args, **more)

        return instead

    send = authority.send

    def send_and_answer(*args: Any, **more: Any) -> Any:
        step()
        answer = send(*args, **more)
        step()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(os, name, before(getattr(os, name)))
        patch.setattr(authority, "send", send_and_answer)
        try:
            work()
        except Killed:
            return True
    return False
