# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx takes what was written, and whose block is at fault if it does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.catch_all import CatchAll
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Site,
    canonical,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import (
    Step,
    changed_among,
    writing_among,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    TestResult,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.search import (
    ENOUGH,
    Search,
    named,
    words,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.staging import Staging

_PATH = re.compile(r'^open\(\) "(/[^"]+)" failed', re.MULTILINE)
BROKEN = "nginx's configuration was broken already, so nothing was changed; repair it first: "


class Trial:
    """Leaves of the written steps those that nginx takes and would serve.

    That the configuration was sound before is not asked beforehand: with hundreds of hosts, nginx
    takes a second to read it. It is found out when something is wrong: by putting everything back.
    """

    def __init__(
        self, layout: Layout, nginx: Nginx, staging: Staging, catch_all: CatchAll | None = None
    ) -> None:
        self._layout = layout
        self._nginx = nginx
        self._staging = staging
        self._catch_all = catch_all
        self._conflicts_before: frozenset[str] | None = None
        self._named: list[tuple[Step, Site]] = []
        self._words: Counter[str] = Counter()
        self._has_searched = False
        self.broken = ""
        """What was wrong with the configuration before anything was written; empty if nothing"""

    def start_from(self, result: TestResult) -> None:
        """Take note of how everything was, if nginx was asked."""
        if result.ok:
            self._conflicts_before = result.conflicts

    def passes(self, steps: Sequence[Step], result: TestResult | None = None) -> bool:
        """Undo the steps that nginx does not take, or would not serve, found by testing.

        What is undone may be what something else needed, so a test without it has the last word.

        :param result: what nginx says about what is on disk, if it was asked
        :returns: whether nginx takes what is on disk now
        :raises NginxError: nginx cannot be run
        :raises OSError: something cannot be put back
        """
        searched = None
        while True:
            if self._fail_companions(steps):
                result = None
            if result is None:
                result = self._nginx.test()
            changed = changed_among(steps)
            if result.ok:
                self._undo_unread(writing_among(changed), result)
                self._undo_conflicts(self._movable(changed), result)
                if changed_among(steps) == changed and not self._decide(result):
                    return True
            elif self._give_way(result):
                pass
            elif faulty := self._faulty(result, changed, changed == searched):
                self._staging.fail(faulty, f"nginx does not accept the block: {result.error}")
            elif changed == searched:
                # The search found nobody, and yet: it depends on something else, such as a resolver
                error = f"nginx does not accept the configuration: {result.error}"
                self._staging.fail(changed, error)
                return False
            elif not self._search(changed):
                return False
            else:
                searched = changed_among(steps)
            result = None

    def _fail_companions(self, steps: Sequence[Step]) -> bool:
        """Undo the steps that take over a file that has come back with one that failed.

        :returns: whether there was any
        """
        failed = [step for step in steps if step.error is not None and step.claimed_in]
        count = len(failed)
        for one in failed:
            companions = [step for step in steps if step.error is None and step.shares_with(one)]
            self._staging.fail(
                companions, f"it is in one file with {one.name}, which failed: {one.error}"
            )
            # Who shares another file with one of these fails as well
            failed += companions
        return len(failed) > count

    def _faulty(
        self, result: TestResult, changed: Sequence[Step], searched: bool
    ) -> Sequence[Step]:
        """The steps that nginx's error is about, unless it says the same of one after the other.

        :param searched: whether a search was of no use
        """
        faulty = named(result, changed)
        if faulty and not searched:
            self._words[words(result.error)] += 1
            if self._words[words(result.error)] > ENOUGH:
                return []
        if not self._has_searched:
            self._named += [(step, step.after) for step in writing_among(faulty)]
        return faulty or _mentioning(result, changed)

    def _search(self, changed: Sequence[Step]) -> bool:
        """nginx names no file that was written, or too many: see with which it stops working.

        :returns: whether it works without them
        """
        writing = self._movable(changed)
        self._staging.undo(writing)
        result = self._nginx.test()
        if self._give_way(result):
            writing = self._movable(writing)
            result = self._nginx.test()
        if not result.ok:
            self.broken = result.error
            self._staging.fail(changed, BROKEN + result.error)
            return False
        writing += self._second_chance()
        self._has_searched = True
        Search(self._nginx, self._staging, result).keep_what_works(writing)
        return True

    def _second_chance(self) -> list[Step]:
        """The steps that nginx named: of files that exclude each other, it names only the later."""
        steps = []
        for step, after in self._named:
            step.error, step.after = None, after
            steps.append(step)
        self._named = []
        return steps

    def _movable(self, steps: Iterable[Step]) -> list[Step]:
        """The written steps that can be undone for a test: not a catch-all that had to go."""
        return [
            step
            for step in writing_among(steps)
            if not (step is self._catch_all and self._catch_all.yielded)
        ]

    def _give_way(self, result: TestResult) -> bool:
        """A second default server fails no portal: the catch-all is the one that goes.

        :returns: whether it went
        """
        if self._catch_all is None or not self._catch_all.clashes(result):
            return False
        self._staging.undo([self._catch_all])
        self._catch_all.give_way(result)
        self._staging.write(writing_among([self._catch_all]))
        return True

    def _decide(self, result: TestResult) -> bool:
        """Bring back the parts of the catch-all that have no rival, once these are known.

        :returns: whether what is on disk may have changed
        """
        if self._catch_all is None or self._catch_all.decided or not self._catch_all.is_wanted:
            return False
        self._staging.undo([self._catch_all])
        self._catch_all.decide(result)
        self._staging.write(writing_among([self._catch_all]))
        return True

    def _undo_unread(self, written: Iterable[Step], result: TestResult) -> None:
        """A block in a directory that nginx does not read would never be served."""
        loaded = {canonical(path) for path in result.loaded}
        for step in written:
            path = self._layout.loaded(step.name)
            enabled = self._layout.is_enabled(step.after)
            if enabled and canonical(str(path)) not in loaded:
                self._staging.fail(
                    [step],
                    f"nginx does not read {path}; add 'include {path.parent}/*.conf;' to the http"
                    f" section of {self._nginx.main_config}, or correct the option"
                    f" {'sites_enabled' if self._layout.enabled else 'sites_available'}",
                )

    def _undo_conflicts(self, written: Sequence[Step], result: TestResult) -> None:
        """nginx only warns of a name that two blocks claim, and then serves it from one of them."""
        blocks = {canonical(str(self._layout.loaded(step.name))): step for step in written}
        names = {name for step in written for name in step.server_names}
        claims = {name: list(map(canonical, result.claims(name))) for name in result.conflicts}
        suspect = {name for name in claims if name in names or blocks.keys() & set(claims[name])}
        if not suspect:
            return
        for name in sorted(suspect - self._conflicts_without(written)):
            self._undo_claim(name, claims[name], blocks)

    def _undo_claim(self, name: str, claims: Sequence[str], blocks: Mapping[str, Step]) -> None:
        """Undo the blocks that claim a name which another block claims.

        :param claims: the files that do
        :param blocks: the written ones, by their files
        """
        owners = {path: step for path, step in blocks.items() if name in step.server_names}
        # A snippet or a template can claim the name of another host, whether that is written or not
        strangers = {path: blocks[path] for path in claims if path in blocks.keys() - owners.keys()}
        for own, step in (strangers or owners).items():
            if step.error is not None:
                continue
            others = ", ".join(path for path in claims if path != own) or own
            error = (
                f"another server block claims the name {name} already: {others};"
                " leave it to one of them"
            )
            if strangers:
                error = (
                    f"the block claims the name {name}, which is none of this host's, and which"
                    f" another server block claims: {others}; see what its snippet or template does"
                )
            self._staging.fail([step], error)

    def _conflicts_without(self, written: Sequence[Step]) -> frozenset[str]:
        """The names that were claimed more than once before: they are no fault of this run."""
        if self._conflicts_before is None:
            self._staging.undo(written)
            self._conflicts_before = self._nginx.test().conflicts
            self._staging.write(written)
        return self._conflicts_before


def _mentioning(result: TestResult, steps: Iterable[Step]) -> list[Step]:
    """The written steps with a path that nginx cannot open, such as a log in no directory.

    nginx says of such a path not where it found it, and a snippet for all hosts may have it: then
    a search would test each of them.
    """
    path = _PATH.search(result.error)
    if path is None:
        return []
    # Not as the beginning of another path
    mention = re.compile(re.escape(path.group(1).encode()) + rb"(?![\w./-])")
    return [step for step in writing_among(steps) if mention.search(step.after.content or b"")]
