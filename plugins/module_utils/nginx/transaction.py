# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All changes of a run as one: written, tested, reloaded once, proven to be served, or undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import remove_leftovers
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.catch_all import CatchAll
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import (
    NginxError,
    reason,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.journal import Journal
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import (
    Step,
    changed_among,
    writing_among,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    TestResult,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.search import named
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.staging import Staging
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.trial import BROKEN, Trial
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.verification import (
    Verification,
)

Look = Callable[[], None]
_NOT_RELOADED = "an earlier run was interrupted and has been undone, but nginx cannot be reloaded: "


def _see_nothing() -> None:
    """Nobody looks at what is served."""


class Transaction:
    """Makes the disk and the running nginx have what the steps say."""

    def __init__(
        self,
        layout: Layout,
        nginx: Nginx,
        verification: Verification | None,
        timeout: float,
    ) -> None:
        self._layout = layout
        self._nginx = nginx
        self._verification = verification
        self._timeout = timeout
        self._journal = Journal(layout)
        self._staging = Staging(layout)
        self._trial = Trial(layout, nginx, self._staging)
        self._catch_all: CatchAll | None = None
        self.reloaded = False
        """Whether nginx took a new configuration; in check mode: would have to"""
        self.recovered = False
        """Whether an earlier run was killed, so that nobody knows what nginx has loaded"""
        self.refused = False
        """Whether nginx as a whole took nothing, whatever host it was for; in check mode: would take"""

    def recover(self, check_mode: bool) -> dict[str, Site]:
        """Put back what a killed run left.

        :param check_mode: whether only to tell what would be put back
        :returns: in check mode, host → what would be there
        :raises NginxError: it cannot be put back
        """
        self.recovered = self._journal.interrupted
        if check_mode:
            return self._journal.sites()
        try:
            directories = {*self._layout.directories}
            if self.recovered:
                directories.update(
                    Path(other.path).parent
                    for site in self._journal.sites().values()
                    for other in site.others
                )
                self._journal.recover()
            for directory in directories:
                remove_leftovers(directory)
        except OSError as error:
            raise NginxError(
                f"an earlier run was interrupted and cannot be undone: {reason(error)}"
            ) from error
        return {}

    def predict(self, steps: Sequence[Step], look: Look = _see_nothing) -> None:
        """Say what :meth:`commit` would come to, without a change.

        :raises NginxError: an earlier run was interrupted, and nginx cannot be reloaded
        """
        look()
        result = self._ask_for_catch_all(steps)
        changing = changed_among(steps)
        if not self._has_work(changing):
            return
        try:
            self._nginx.insist_on_running()
            result = result or self._nginx.test()
        except NginxError as error:
            self._fail_untouched(changing, str(error))
            return
        if self._catch_all is not None and self._catch_all.clashes(result):
            self._catch_all.expect(result)
        elif not (result.ok or self.recovered or named(result, changing)):
            # What a killed run left, the run that follows undoes before it asks nginx
            self._refuse(changing, result.error)
            return
        self.reloaded = self._needs_reload(steps)

    def commit(self, steps: Sequence[Step], look: Look = _see_nothing) -> None:
        """Make it so. What goes wrong is noted with the step and undone; the others stand.

        :param look: notes which steps are stale, and fails those whose new certificate is of no
            use. It may do so while nginx tests what was written
        :raises NginxError: an undo failed, and the next run puts things back; or an earlier run was
            interrupted, and nginx cannot be reloaded
        """
        self._ask_for_catch_all(steps)
        writing = writing_among(steps)
        if not writing:
            look()
            look = _see_nothing
        alone = not changed_among(steps)
        if not self._has_work(changed_among(steps)):
            return
        at_stake = self._at_stake(writing)
        problem = self._why_not(at_stake)
        if problem:
            look()
            self._fail_untouched(changed_among(steps), problem)
            return
        try:
            in_step = self._write_and_reload(steps, look)
            self._layout.sync()
            self._staging.end_others(at_stake)
            # Else nginx may have what was undone since, and the next run has to reload it
            if in_step or not (self.recovered or self.reloaded):
                self._journal.close()
            self._staging.end(at_stake)
        except OSError as error:
            raise NginxError(
                f"not everything could be put back: {reason(error)};"
                " the next run does it, once this can be written"
            ) from error
        if self._trial.broken and alone:
            self._refuse([], self._trial.broken)

    # Before

    def _ask_for_catch_all(self, steps: Iterable[Step]) -> TestResult | None:
        """Find out which parts of the catch-all are somebody else's, if that is not known.

        :returns: how everything was, if nginx was asked
        """
        self._catch_all = next((step for step in steps if isinstance(step, CatchAll)), None)
        self._trial = Trial(self._layout, self._nginx, self._staging, self._catch_all)
        if self._catch_all is None or self._catch_all.decided:
            return None
        try:
            result = self._nginx.test()
        except NginxError:
            # It will fail again, where it is noted
            return None
        self._trial.start_from(result)
        if result.ok:
            self._catch_all.decide(result)
        return result

    def _has_work(self, changing: Sequence[Step]) -> bool:
        undecided = self._catch_all is not None and not self._catch_all.decided
        return bool(changing) or self.recovered or undecided

    def _at_stake(self, writing: Sequence[Step]) -> list[Step]:
        """The steps that may be written: the catch-all may have to go, though it is as it should be."""
        catch_all = self._catch_all
        if catch_all is None or not catch_all.is_wanted or catch_all in writing:
            return list(writing)
        return [*writing, catch_all]

    def _why_not(self, at_stake: Iterable[Step]) -> str | None:
        """What keeps the run from changing anything; else a kill leaves a trace from here on."""
        sites = {step.name: step.before for step in at_stake}
        try:
            self._nginx.insist_on_running()
            if sites:
                self._journal.open(sites)
        except NginxError as error:
            return str(error)
        except OSError as error:
            return f"cannot write: {reason(error)}; nothing was changed"
        return None

    def _refuse(self, changing: Sequence[Step], error: str) -> None:
        """Nothing can be done with a configuration that was broken before.

        :raises NginxError: an earlier run was interrupted, and nobody else would say so
        """
        self._fail_untouched(changing, BROKEN + error)
        if self.recovered and not changing:
            raise NginxError(_NOT_RELOADED + error)

    def _fail_untouched(self, changing: Iterable[Step], error: str) -> None:
        self.refused = True
        for step in changing:
            step.fail(error)
        if self._catch_all is not None and not self._catch_all.decided:
            self._catch_all.fail(error)

    # The change

    def _write_and_reload(self, steps: Sequence[Step], look: Look) -> bool:
        """Put the steps on disk, and into nginx.

        :returns: whether nginx has what is on disk, as far as it knows of it
        """
        try:
            written = self._staging.write(writing_among(steps))
            result = self._test_while(look, written)
            if not self._trial.passes(steps, result):
                self.refused = True
                return False
            if self._needs_reload(steps):
                self._nginx.reload(self._timeout)
                self.reloaded = True
                self._verify(steps)
        except NginxError as error:
            return self._fall_back(steps, str(error))
        return True

    def _fall_back(self, steps: Sequence[Step], error: str) -> bool:
        """Put back what was written, and let nginx take that, whatever it has taken after all.

        What was not written is no reason for it to fail: renewed certificates get in.

        :returns: whether nginx has what is on disk
        """
        self.refused = True
        self._staging.fail(writing_among(steps), error)
        try:
            self._nginx.reload(self._timeout)
        except NginxError:
            self._staging.fail(changed_among(steps), error)
            return False
        if changed_among(steps):
            self.reloaded = True
            self._verify(steps)
        return True

    def _test_while(self, look: Look, written: Iterable[Step]) -> TestResult | None:
        """Test what was written while somebody looks at what is served: both wait for others.

        :returns: what nginx says of what is on disk; None if that has changed since
        :raises NginxError: nginx cannot be run
        """
        try:
            with ThreadPoolExecutor(1) as pool:
                seen = pool.submit(look)
                result = self._nginx.test()
                seen.result()
        finally:
            spoiled = [step for step in written if step.error is not None]
            self._staging.undo(spoiled)
        return None if spoiled else result

    def _needs_reload(self, steps: Iterable[Step]) -> bool:
        return self.recovered or any(step.reloads for step in steps)

    def _verify(self, steps: Sequence[Step]) -> None:
        """Undo the steps that are not served as they should be.

        :raises NginxError: nginx does not take what is then on disk
        """
        if self._verification is None:
            return
        # The others were found to be served as they should be before the reload
        online = [step for step in steps if step.changed and step.is_online]
        failures = self._verification.failures(online)
        undone = [step for step in online if step.name in failures and step.writes]
        for step in online:
            if step.name not in failures:
                continue
            companions = [each for each in online if each is not step and each.shares_with(step)]
            self._staging.fail([step], failures[step.name])
            self._staging.fail(
                [each for each in companions if each.name not in failures],
                f"it was taken over together with {step.name}, which failed",
            )
        if not undone:
            return
        result = self._nginx.test()
        if not result.ok:
            self._staging.fail(
                writing_among(steps),
                f"nginx does not take the configuration without {undone[0].name}: {result.error}",
            )
        self._nginx.reload(self._timeout)
