# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps nginx does not take, found by testing some of them at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    TestResult,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.staging import Staging

ENOUGH = 3
"""How many blocks are refused with the same words before the rest is asked for what they share"""

_POSITION = re.compile(r" in /\S+:[0-9]+(?=$|\n)")


def words(error: str) -> str:
    """An error of nginx's without its place, which is what blocks with the same mistake share."""
    return _POSITION.sub("", error)


def named(result: TestResult, steps: Iterable[Step]) -> list[Step]:
    """The steps that nginx's error is about."""
    return [step for step in steps if step.is_named_in(result.error, result.file)]


class Search:
    """Puts on disk those of some steps that nginx takes, and fails the others.

    A step is failed when nginx refuses it alone. A mistake that hundreds of blocks share, such as
    one in a snippet for all, would be searched for in each of them. So once some blocks have been
    refused with the same words, all that have what these share, and what no block has that nginx
    takes, are failed as well, provided that one more of them is refused.
    """

    def __init__(self, nginx: Nginx, staging: Staging, before: TestResult) -> None:
        """Start from a disk without the steps.

        :param before: what nginx says of it, which is that it takes it
        """
        self._nginx = nginx
        self._staging = staging
        self._taken: set[str] = set()
        for path, content in before.loaded.items():
            self._taken.update(_lines(content, Path(path).name[: -len(".conf")]))
        self._refused: dict[str, list[frozenset[str]]] = {}
        self._confirmed: dict[str, frozenset[str]] = {}

    def keep_what_works(self, steps: Sequence[Step]) -> None:
        """Search.

        :raises NginxError: nginx cannot be run
        :raises OSError: something cannot be put back
        """
        groups = self._samples(steps)
        sampled = {step.name for (step,) in groups}
        rest = [step for step in steps if step.name not in sampled]
        while groups and not self._takes(groups.pop(0)):
            pass
        # If all are refused, it is the rest that profits, else these are as good as others
        groups = [rest, *groups]
        while groups:
            group = self._without_alike(groups.pop())
            if not group:
                continue
            result = self._try(group)
            if result is None or len(group) == 1:
                continue
            # Of two that exclude each other, nginx names the later: it may be taken alone
            faulty = named(result, group)
            innocent = [step for step in group if step not in faulty]
            if faulty and innocent:
                groups += [innocent, faulty]
            else:
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]

    @staticmethod
    def _samples(steps: Sequence[Step]) -> list[list[Step]]:
        """Steps from all over, to be tried before the rest."""
        if len(steps) <= 2 * ENOUGH:
            return []
        return [[steps[(len(steps) - 1) * number // (ENOUGH - 1)]] for number in range(ENOUGH)]

    def _takes(self, group: Sequence[Step]) -> bool:
        return self._try(group) is None

    def _try(self, group: Sequence[Step]) -> TestResult | None:
        """Put a group on disk. A single step that nginx does not take fails.

        :returns: why nginx does not take the group, which is undone then; None if it takes it
        """
        group = self._staging.write(group)
        if not group:
            return None
        result = self._nginx.test()
        if result.ok:
            self._taken.update(*map(_wanted_lines, group))
            return None
        if len(group) > 1:
            self._staging.undo(group)
            return result
        (step,) = group
        self._refused.setdefault(words(result.error), []).append(_wanted_lines(step))
        what = "the configuration without it" if step.takes_away else "the block"
        self._staging.fail(group, f"nginx does not accept {what}: {_hint(result.error)}")
        return result

    def _without_alike(self, group: Sequence[Step]) -> list[Step]:
        """A group without those that have the mistake of blocks that were refused."""
        left = list(group)
        for error, blocks in list(self._refused.items()):
            if len(blocks) < ENOUGH:
                continue
            count, mistake = len(blocks), self._mistake(error)
            alike = self._with(mistake, left)
            if len(alike) > 1 and self._confirmed.get(error) != mistake:
                one = alike[len(alike) // 2]
                left.remove(one)
                if not self._takes([one]) and len(self._refused[error]) > count:
                    self._confirmed[error] = self._mistake(error)
                alike = self._with(self._mistake(error), left)
            if alike and self._confirmed.get(error) == self._mistake(error):
                self._staging.fail(
                    alike,
                    f"nginx does not accept the block: {_hint(error)}; it says so of"
                    f" {len(self._refused[error])} blocks, and this one has what these share",
                )
                left = [step for step in left if step not in alike]
        return left

    def _mistake(self, error: str) -> frozenset[str]:
        """The lines that the blocks share that were refused with an error; none if it is not known."""
        return frozenset.intersection(*self._refused[error]) - self._taken

    @staticmethod
    def _with(mistake: frozenset[str], steps: Iterable[Step]) -> list[Step]:
        return [step for step in steps if mistake and mistake <= _wanted_lines(step)]


def _wanted_lines(step: Step) -> frozenset[str]:
    return _lines((step.after.content or b"").decode("utf-8", "replace"), step.name)


def _lines(block: str, name: str) -> frozenset[str]:
    """The lines of a host's block, as other hosts would have them."""
    return frozenset((block.replace(name, "") if name else block).split("\n"))


def _hint(error: str) -> str:
    if "server_names_hash" in error:
        return f"{error} (raise server_names_hash_bucket_size in the http section)"
    return error
