# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All changes of a run as one: written, tested, reloaded once, proven to be served, or undone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import remove_leftovers
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import (
    NginxError,
    reason,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.journal import Journal
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Site,
    canonical,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import (
    Nginx,
    TestResult,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.verification import (
    Verification,
)

_BROKEN = "nginx's configuration was broken already, so nothing was changed; repair it first: "


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
        self._baseline = TestResult(False)
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

    def predict(self, steps: Sequence[Step]) -> None:
        """Say what :meth:`commit` would come to, without a change."""
        if self._is_ready(steps):
            self.reloaded = self._needs_reload(steps)

    def commit(self, steps: Sequence[Step]) -> None:
        """Make it so. What goes wrong is noted with the step and undone; the others stand.

        :raises NginxError: an undo failed; the next run puts things back
        """
        if not self._is_ready(steps):
            return
        if not self._open_journal(steps):
            return
        try:
            try:
                self._write_and_reload(steps)
            except NginxError as error:
                self._fail(_changed(steps), str(error))
                # Whatever nginx has taken after all, it must end with what is on disk
                with contextlib.suppress(NginxError):
                    self._nginx.reload(self._timeout)
            self._layout.sync()
            self._journal.close()
        except OSError as error:
            raise NginxError(
                f"not everything could be put back: {reason(error)};"
                " the next run does it, once this can be written"
            ) from error

    def _write_and_reload(self, steps: Sequence[Step]) -> None:
        self._write(_writing(steps))
        if self._without_faults(steps) and self._needs_reload(steps):
            self._nginx.reload(self._timeout)
            self.reloaded = True
            self._verify(steps)

    # Before

    def _is_ready(self, steps: Sequence[Step]) -> bool:
        """Whether anything is to do, and can be: else the steps are failed, and nothing touched."""
        changing = _changed(steps)
        if not changing and not self.recovered:
            return False
        try:
            self._nginx.insist_on_running()
            self._baseline = self._nginx.test()
        except NginxError as error:
            self._fail_untouched(changing, str(error))
            return False
        if self._baseline.ok or _named(self._baseline, changing):
            return True
        self._fail_untouched(changing, _BROKEN + self._baseline.error)
        if not changing:
            raise NginxError(
                "an earlier run was interrupted and has been undone, but nginx cannot be reloaded:"
                f" {self._baseline.error}"
            )
        return False

    def _fail_untouched(self, steps: Iterable[Step], error: str) -> None:
        for step in steps:
            step.fail(error)

    def _needs_reload(self, steps: Iterable[Step]) -> bool:
        return self.recovered or any(step.reloads for step in steps)

    def _open_journal(self, steps: Iterable[Step]) -> bool:
        """From here on a kill leaves a trace."""
        changing = _changed(steps)
        writing = _writing(changing)
        if not writing:
            return True
        try:
            self._journal.open({step.name: step.before for step in writing})
        except OSError as error:
            self._fail_untouched(changing, f"cannot write: {reason(error)}; nothing was changed")
            return False
        return True

    # Writing and testing

    def _write(self, steps: Iterable[Step]) -> list[Step]:
        """Put the steps on disk.

        :returns: those that are; the others are undone and failed
        """
        written = []
        for step in steps:
            try:
                self._layout.put(step.name, step.after)
            except OSError as error:
                self._fail([step], f"cannot write: {reason(error)}")
            else:
                written.append(step)
        return written

    def _without_faults(self, steps: Sequence[Step]) -> bool:
        """Undo the steps that nginx does not take, or would not serve, found by testing.

        What is undone may be what something else needed, so a test without it has the last word.

        :returns: whether nginx takes what is on disk now
        """
        searched = None
        while True:
            result = self._nginx.test()
            changed = _changed(steps)
            if result.ok:
                self._undo_unread(_writing(changed), result)
                self._undo_conflicts(_writing(changed), result)
                if _changed(steps) == changed:
                    return True
                continue
            faulty = _named(result, changed)
            if faulty:
                self._fail(faulty, f"nginx does not accept the block: {result.error}")
                continue
            if changed == searched:
                # The search found nobody, and yet: it depends on something else, such as a resolver
                self._fail(changed, f"nginx does not accept the configuration: {result.error}")
                return False
            if not self._bisect(changed):
                return False
            searched = _changed(steps)

    def _bisect(self, changed: Sequence[Step]) -> bool:
        """nginx names no file that was written: see with which of them it stops working.

        :returns: whether it works without them
        """
        writing = _writing(changed)
        self._undo(writing)
        result = self._nginx.test()
        if not result.ok:
            self._fail(changed, _BROKEN + result.error)
            return False
        self._keep_what_works(writing)
        return True

    def _keep_what_works(self, steps: Sequence[Step]) -> None:
        steps = self._write(steps)
        if not steps:
            return
        result = self._nginx.test()
        if result.ok:
            return
        if len(steps) == 1:
            self._fail(steps, f"nginx does not accept the block: {_hint(result.error)}")
            return
        self._undo(steps)
        middle = len(steps) // 2
        self._keep_what_works(steps[:middle])
        self._keep_what_works(steps[middle:])

    def _undo_unread(self, written: Iterable[Step], result: TestResult) -> None:
        """A block in a directory that nginx does not read would never be served."""
        loaded = {canonical(path) for path in result.loaded}
        for step in written:
            path = self._layout.loaded(step.name)
            enabled = self._layout.is_enabled(step.after)
            if enabled and canonical(str(path)) not in loaded:
                self._fail(
                    [step],
                    f"nginx does not read {path}; add 'include {path.parent}/*.conf;' to the http"
                    f" section of {self._nginx.main_config}, or correct the option"
                    f" {'sites_enabled' if self._layout.enabled else 'sites_available'}",
                )

    def _undo_conflicts(self, written: Iterable[Step], result: TestResult) -> None:
        """nginx only warns of a name that two blocks claim, and then serves it from one of them."""
        new = result.conflicts - self._baseline.conflicts
        for step in written:
            for name in sorted(new.intersection(step.host.server_names)):
                own = str(self._layout.loaded(step.name))
                others = [path for path in result.claims(name) if canonical(path) != canonical(own)]
                self._fail(
                    [step],
                    f"another server block claims the name {name} already:"
                    f" {', '.join(others) or own}; leave it to one of them",
                )
                break

    # After the reload

    def _verify(self, steps: Sequence[Step]) -> None:
        """Undo the steps that are not served as they should be."""
        if self._verification is None:
            return
        # The others were found to be served as they should be before the reload
        serving = [step for step in steps if step.changed and step.serves]
        failures = self._verification.failures(serving)
        undone = [step for step in serving if step.name in failures and step.writes]
        for step in serving:
            if step.name in failures:
                self._fail([step], failures[step.name])
        if not undone:
            return
        result = self._nginx.test()
        if not result.ok:
            self._fail(
                _writing(steps),
                f"nginx does not take the configuration without {undone[0].name}: {result.error}",
            )
        self._nginx.reload(self._timeout)

    # Undoing

    def _fail(self, steps: Iterable[Step], error: str) -> None:
        """Put back what was there, and note why."""
        steps = list(steps)
        self._undo(steps)
        for step in steps:
            step.fail(error)

    def _undo(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._layout.put(step.name, step.before)


def _named(result: TestResult, steps: Iterable[Step]) -> list[Step]:
    """The steps that nginx's error is about."""
    return [step for step in steps if step.is_named_in(result.error, result.file)]


def _changed(steps: Iterable[Step]) -> list[Step]:
    return [step for step in steps if step.changed]


def _writing(steps: Iterable[Step]) -> list[Step]:
    return [step for step in steps if step.writes]


def _hint(error: str) -> str:
    if "server_names_hash" in error:
        return f"{error} (raise server_names_hash_bucket_size in the http section)"
    return error
