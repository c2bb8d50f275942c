# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licence as a task wants it: its key in settings.py, and registered; and how to get there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.license import (
    SETTING,
    License,
    Licenses,
    fingerprint,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings_file import (
    SettingsFile,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

_PAUSE = 1.0


@dataclass(frozen=True)
class WantedLicense:
    """What a task says; the key is not in any representation of it."""

    key: str | None = field(default=None, repr=False)
    settings_file: str | None = None
    present: bool = True
    registered: bool = False
    wait_timeout: int = 0

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> WantedLicense:
        """Read the options of the module.

        :raises ItemsError: they contradict each other
        """
        key, file, present = params["key"], params["settings_file"], params["state"] == "present"
        if key is not None:
            key = key.strip()
            if not key:
                raise ItemsError("key is empty; state=absent removes it from settings.py")
            if not key.isprintable() or any(letter.isspace() for letter in key):
                raise ItemsError("key has blanks or control characters in it")
        if not present and (not file or params["registered"]):
            raise ItemsError("state=absent goes with settings_file, and without registered")
        if present and file and key is None:
            raise ItemsError("settings_file goes with the key to write, or with state=absent")
        if params["wait_timeout"] < 0:
            raise ItemsError("wait_timeout is a number of seconds, 0 or more")
        return cls(key, file, present, params["registered"], params["wait_timeout"])

    @property
    def asks_server(self) -> bool:
        """Whether the server is needed, and not only the file."""
        return self.registered or not self.settings_file

    def is_running(self, license_: License) -> bool:
        """Whether the application has the key of the task, as far as can be told."""
        if self.key is None or license_.fingerprint is None:
            return license_.configured is not False
        return license_.fingerprint == fingerprint(self.key)


@dataclass(frozen=True)
class Result:
    """What became of the licence; in check mode, what would."""

    before: dict[str, Any]
    after: dict[str, Any]
    license: License | None
    restart_needed: bool
    backup_file: str | None = None

    def facts(self) -> dict[str, Any]:
        """The licence as the module returns it."""
        found = self.license or License(locked=False)
        known = self.license is not None
        return {
            "key_fingerprint": self.after.get("key_fingerprint", found.fingerprint),
            "locked": found.locked if known else None,
            "needed": found.needed,
            # What is registered is the key that the application has, not that of the file
            "registered": None if self.restart_needed else found.registered,
            "licensee": found.licensee,
            "last_error": found.last_error,
        }


class Convergence:
    """One run: the file, then the server."""

    def __init__(
        self,
        wanted: WantedLicense,
        connect: Callable[[], Client],
        *,
        check_mode: bool = False,
        backup: bool = False,
        warn: Callable[[str], None] = lambda _text: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        :param connect: makes a client; called only if the server is needed
        :param check_mode: predict and write nothing
        :param backup: whether a copy of a file that changes stays beside it
        """
        self._wanted = wanted
        self._connect = connect
        self._check_mode = check_mode
        self._backup = backup
        self._warn = warn
        self._sleep = sleep
        self._clock = clock
        self._client: Client | None = None
        self._licenses: Licenses | None = None

    @property
    def has_written(self) -> bool:
        """Whether the server has accepted anything: the file is either whole or untouched."""
        return self._client is not None and self._client.has_written

    def bring_about(self) -> Result:
        """Make the licence as wanted.

        :raises ModoboaError: it is not as wanted, and the text says what to do
        """
        wanted = self._wanted
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if wanted.settings_file:
            file = SettingsFile.read(wanted.settings_file)
            target = self._target(file)
            before, after = _described(file), _described(target)
            if target != file:
                # First, so that credentials that are wrong are found before anything is touched
                found = self._read() if wanted.registered else None
                return Result(before, after, found, True, self._replace(target))
        if not wanted.asks_server:
            return Result(before, after, None, False)
        if not wanted.registered:
            found = self._read()
            has_another = wanted.key is not None and not wanted.is_running(found)
            return Result(before, after, found, has_another)
        return self._registered(before, after)

    def _target(self, file: SettingsFile) -> SettingsFile:
        if self._wanted.present:
            return file.with_value(SETTING, self._wanted.key or "")
        return file.without(SETTING)

    def _replace(self, new: SettingsFile) -> str | None:
        if self._wanted.registered:
            self._warn("The key is registered after the application was restarted: run again then.")
        if self._check_mode:
            return None
        return new.write(backup=self._backup)

    def _registered(self, before: dict[str, Any], after: dict[str, Any]) -> Result:
        """Have the key registered, once the application has it."""
        first = found = self._once_running()
        if not self._wanted.is_running(found):
            reason = _restart(found)
            if not self._wanted.settings_file:
                raise errors.ConflictError(reason)
            self._warn(reason)
            return Result(before, after, found, True)
        if not found.can_register:
            if found.locked:
                raise errors.LicenseRequiredError(
                    "virtual hosts are locked, and this server registers no keys over its API;"
                    " register the key in its web interface"
                )
        elif not found.registered:
            found = self._register(found)
        if first.can_register:
            before = {**before, "registered": first.registered}
            after = {**after, "registered": found.registered}
        return Result(before, after, found, False)

    def _register(self, found: License) -> License:
        if self._check_mode:
            # Whose it is, only who issues licences knows
            return replace(found, registered=True, locked=False, licensee=None, last_error="")
        # A worker of the application that is about to end may have answered, with the old key
        after = self._server().register()
        if not (after.registered and self._wanted.is_running(after)):
            raise errors.IgnoredFieldError(
                "the server accepted, but did not keep, the registration of the key; was its"
                " application restarted as a whole?"
            )
        return after

    def _once_running(self) -> License:
        """How things stand, as soon as the application has the key, or when it is time to go."""
        end = self._clock() + (0 if self._check_mode else self._wanted.wait_timeout)
        while True:
            try:
                found = self._read()
                if self._wanted.is_running(found) or self._clock() >= end:
                    return found
            except (errors.ServerUnavailableError, errors.ServerUnreachableError):
                if self._clock() >= end:
                    raise
            self._sleep(_PAUSE)

    def _read(self) -> License:
        return self._server().read()

    def _server(self) -> Licenses:
        if self._licenses is None:
            self._client = self._connect()
            self._licenses = Licenses(self._client)
        return self._licenses


def _described(file: SettingsFile) -> dict[str, Any]:
    """What a diff shows of a file: nothing from which the key could be told."""
    return {"key_fingerprint": fingerprint(file.value(SETTING)), "lines": file.count(SETTING)}


def _restart(found: License) -> str:
    which = "no licence key" if found.configured is False else "another licence key"
    return (
        f"the application works with {which}: write the key to settings.py and restart the"
        " application, then register it"
    )
