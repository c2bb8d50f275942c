# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modoboa's own test runner, which also writes down how each test came out."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any

from django.test.utils import iter_test_cases
from modoboa.core.signals import initial_data_loaded
from modoboa.lib.test_runners import CustomTestRunner

# Names the file: an object with the outcome of each test
RECORD = "RECORD_OF_TESTS"


RECEIVERS = tuple(initial_data_loaded.receivers)


def forget_receivers() -> None:
    """Disconnect what a failed test has left behind, which would fail all tests after it."""
    with initial_data_loaded.lock:
        initial_data_loaded.receivers = list(RECEIVERS)
        initial_data_loaded.sender_receivers_cache.clear()


class Recorder(unittest.TextTestResult):
    """A result that knows each test's outcome. The worst of several counts, as of subtests."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.outcomes: dict[str, str] = {}

    def addSuccess(self, test: Any) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it."""
        super().addSuccess(test)
        self.outcomes.setdefault(test.id(), "passed")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it."""
        super().addSkip(test, reason)
        self.outcomes.setdefault(test.id(), "skipped")

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it."""
        super().addExpectedFailure(test, err)
        self.outcomes.setdefault(test.id(), "passed")

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it."""
        super().addError(test, err)
        self.outcomes[test.id()] = "failed"

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it."""
        super().addFailure(test, err)
        self.outcomes[test.id()] = "failed"

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it."""
        super().addUnexpectedSuccess(test)
        self.outcomes[test.id()] = "failed"

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802 # as unittest spells it
        """Take note of it; nothing is said of those that pass."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.outcomes[test.id()] = "failed"


class Runner(CustomTestRunner):
    """Keeps each test's outcome to itself, and writes them down."""

    def build_suite(self, *arguments: Any, **options: Any) -> Any:
        """Return the tests, each of which cleans up."""
        suite = super().build_suite(*arguments, **options)
        for test in iter_test_cases(suite):
            test.addCleanup(forget_receivers)
        return suite

    def get_resultclass(self) -> type[unittest.TextTestResult]:
        """Return what takes note."""
        return Recorder

    def suite_result(self, suite: Any, result: Any, **options: Any) -> int:
        """Write the record, and return the number of failures."""
        Path(os.environ[RECORD]).write_text(json.dumps(result.outcomes))
        failures: int = super().suite_result(suite, result, **options)
        return failures
