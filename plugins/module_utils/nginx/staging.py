# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and links of steps: changed, and put back as they were."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Union

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import files
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import reason
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step

# A disk makes many files durable at once in hardly more time than one
_AT_ONCE = 8

Staged = Union[Path, None, OSError]


class Staging:
    """Changes the disk for steps, all of which can be undone without room on the disk."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def write(self, steps: Iterable[Step]) -> list[Step]:
        """Put the steps on disk.

        :returns: those that are; the others are undone and failed
        :raises OSError: something cannot be put back
        """
        steps = list(steps)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            staged = list(pool.map(self._stage, steps))
        return [step for step, result in zip(steps, staged) if self._swap(step, result)]

    def fail(self, steps: Iterable[Step], error: str) -> None:
        """Put back what was there, and note why.

        :raises OSError: something cannot be put back
        """
        steps = list(steps)
        self.undo(steps)
        for step in steps:
            step.fail(error)

    def undo(self, steps: Iterable[Step]) -> None:
        """Put back what was there.

        :raises OSError: something cannot be put back
        """
        for step in steps:
            self._layout.put(step.name, step.before)

    def end(self, steps: Iterable[Step]) -> None:
        """Nothing is put back from here on.

        :raises OSError: what was kept for that cannot be removed
        """
        for step in steps:
            self._layout.forget(step.name)

    def end_others(self, steps: Iterable[Step]) -> None:
        """The same for files of others, which the next run knows of from the journal only.

        :raises OSError: what was kept for that cannot be removed
        """
        for step in steps:
            for other in step.before.others:
                files.forget(Path(other.path))

    def _stage(self, step: Step) -> Staged:
        if step.after.content == step.before.content:
            return None
        try:
            return self._layout.stage(step.name, step.after)
        except OSError as error:
            return error

    def _swap(self, step: Step, staged: Staged) -> bool:
        try:
            if isinstance(staged, OSError):
                raise staged
            self._layout.swap(step.name, step.before, step.after, staged)
        except OSError as error:
            if isinstance(staged, Path):
                with contextlib.suppress(OSError):
                    staged.unlink()
            self.fail([step], f"cannot write: {reason(error)}")
            return False
        return True
