# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All changes of a run as one: written, tested, reloaded once, proven to be served, or undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import remove_leftovers
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
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.staging import Staging
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.trial import (
    BROKEN,
    Trial,
    named,
)
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
        self.reloaded = False
        """Whether nginx took a new configuration; in check mode: would have to"""
        self.recovered = False
        """Whether an earlier run was killed, so that nobody knows what nginx has loaded"""

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
            if self.recovered:
                self._journal.recover()
            for directory in self._layout.directories:
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
        changing = changed_among(steps)
        if not changing and not self.recovered:
            return
        try:
            self._nginx.insist_on_running()
            result = self._nginx.test()
        except NginxError as error:
            _fail_untouched(changing, str(error))
            return
        if result.ok or named(result, changing):
            self.reloaded = self._needs_reload(steps)
            return
        _fail_untouched(changing, BROKEN + result.error)
        if not changing:
            raise NginxError(_NOT_RELOADED + result.error)

    def commit(self, steps: Sequence[Step], look: Look = _see_nothing) -> None:
        """Make it so. What goes wrong is noted with the step and undone; the others stand.

        :param look: notes which steps are stale, and fails those whose new certificate is of no
            use. It may do so while nginx tests what was written
        :raises NginxError: an undo failed, and the next run puts things back; or an earlier run was
            interrupted, and nginx cannot be reloaded
        """
        writing = writing_among(steps)
        if not writing:
            look()
            look = _see_nothing
        if not changed_among(steps) and not self.recovered:
            return
        alone = not changed_among(steps)
        try:
            self._nginx.insist_on_running()
            if writing:
                # From here on a kill leaves a trace
                self._journal.open({step.name: step.before for step in writing})
        except NginxError as error:
            look()
            _fail_untouched(changed_among(steps), str(error))
            return
        except OSError as error:
            look()
            text = f"cannot write: {reason(error)}; nothing was changed"
            _fail_untouched(changed_among(steps), text)
            return
        try:
            in_step = self._write_and_reload(steps, look)
            self._layout.sync()
            if in_step or not self.recovered:
                self._journal.close()
            self._staging.end(writing)
        except OSError as error:
            raise NginxError(
                f"not everything could be put back: {reason(error)};"
                " the next run does it, once this can be written"
            ) from error
        if self._trial.broken and alone:
            raise NginxError(_NOT_RELOADED + self._trial.broken)

    def _write_and_reload(self, steps: Sequence[Step], look: Look) -> bool:
        """Put the steps on disk, and into nginx.

        :returns: whether nginx has what is on disk, as far as it knows of it
        """
        try:
            written = self._staging.write(writing_among(steps))
            with ThreadPoolExecutor(1) as pool:
                # Both wait for other processes
                seen = pool.submit(look)
                result: TestResult | None = self._nginx.test()
                seen.result()
            spoiled = [step for step in written if step.error is not None]
            if spoiled:
                self._staging.undo(spoiled)
                result = None
            if not self._trial.passes(steps, result):
                return False
            if self._needs_reload(steps):
                self._nginx.reload(self._timeout)
                self.reloaded = True
                self._verify(steps)
        except NginxError as error:
            self._staging.fail(changed_among(steps), str(error))
            # Whatever nginx has taken after all, it must end with what is on disk
            try:
                self._nginx.reload(self._timeout)
            except NginxError:
                return False
        return True

    def _needs_reload(self, steps: Iterable[Step]) -> bool:
        return self.recovered or any(step.reloads for step in steps)

    def _verify(self, steps: Sequence[Step]) -> None:
        """Undo the steps that are not served as they should be.

        :raises NginxError: nginx does not take what is then on disk
        """
        if self._verification is None:
            return
        # The others were found to be served as they should be before the reload
        serving = [step for step in steps if step.changed and step.serves]
        failures = self._verification.failures(serving)
        undone = [step for step in serving if step.name in failures and step.writes]
        for step in serving:
            if step.name in failures:
                self._staging.fail([step], failures[step.name])
        if not undone:
            return
        result = self._nginx.test()
        if not result.ok:
            self._staging.fail(
                writing_among(steps),
                f"nginx does not take the configuration without {undone[0].name}: {result.error}",
            )
        self._nginx.reload(self._timeout)


def _fail_untouched(steps: Iterable[Step], error: str) -> None:
    for step in steps:
        step.fail(error)
