# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings as a task wants them, and how to get there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings import Settings

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

# What Ansible makes of a value that a template gives as text
_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SECRET = re.compile(r"password|passphrase|secret|token|hmac|(private|api|license)_key")
_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a dictionary",
}


class Convergence:
    """One run: read, compare, write what differs, read back."""

    def __init__(self, wanted: Mapping[str, Any], *, check_mode: bool = False) -> None:
        """``wanted`` has the settings that the task mentions; the others stay as they are."""
        self._wanted = wanted
        self._check_mode = check_mode
        self.before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}

    @property
    def changed(self) -> bool:
        """Whether they are different now; in check mode, whether they would be."""
        return self.before != self.after

    def bring_about(self, client: Client) -> None:
        """Make the settings as wanted.

        :raises ModoboaError: a name or a value is wrong, or the server does not keep one
        """
        settings = Settings(client)
        self.before = self.after = before = settings.read()
        wanted = checked(self._wanted, before)
        changes = {name: value for name, value in wanted.items() if value != before[name]}
        target = {**before, **changes}
        if self._check_mode:
            self.after = target
        elif changes:
            written = settings.write(before, changes)
            self.after = settings.read()
            _verify(written, self.after)

    def secrets(self) -> set[str]:
        """The values of settings whose names say that they are secret, for Ansible to hide."""
        return {
            value
            for settings in (self._wanted, self.before, self.after)
            for name, value in settings.items()
            if isinstance(value, str) and value and _SECRET.search(name.lower())
        }


def checked(wanted: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted settings with values of the types that the server's own have.

    :raises ValidationError: with every name that is unknown and every value of a wrong type
    """
    problems = []
    values = {}
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        problems.append(
            f"the server has no settings {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    for name in sorted(set(wanted) & set(known)):
        try:
            values[name] = _of_type(wanted[name], known[name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise errors.ValidationError("; ".join(problems))
    return values


def _of_type(value: Any, example: Any) -> Any:
    """A value as the type of another; what a setting without a value takes is not known here.

    :raises ValueError: it is of another type
    """
    if example is None or type(value) is type(example):
        return value
    kind = type(example)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    if kind is bool and isinstance(value, str) and value.strip().lower() in _TRUTH:
        return _TRUTH[value.strip().lower()]
    raise ValueError(f"write {_NAMES.get(kind, kind.__name__)}")


def _verify(written: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Compare what the server has now with what was written; the rest may be another's work.

    :raises IgnoredFieldError: it is not the same
    """
    ignored = [name for name in written if name not in after or after[name] != written[name]]
    if ignored:
        raise errors.IgnoredFieldError(
            f"the server accepted, but did not keep, {', '.join(ignored)}; look into its log"
        )
