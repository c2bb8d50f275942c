# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default servers, for names that no server block has: each part beside those of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.items import Item
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import (
    CATCH_ALL,
    first_line,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import (
    Layout,
    Site,
    canonical,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    Socket,
    claimed_sockets,
    without_sockets,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import TestResult
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import VirtualHost

_NOTE = re.compile(r"^# Without (\w+(?: at \S+)?): (.+) has the default server\.$", re.MULTILINE)
_AT = " at "
_DUPLICATE = ("a duplicate default server for", "duplicate listen options for")


@dataclass
class CatchAll(Step):
    """The step of the catch-all.

    nginx takes one default server for an address and port. Where somebody else's file has it, the
    part of the catch-all for it is left out, or listens there no more if it has other addresses,
    with a note of the file in its place. A run that finds
    the catch-all complete asks no further: a default server that came later is noticed when nginx
    is next made to test, because something changes. A run that finds parts left out looks into the
    noted files, and asks nginx when one of them has no default server any more.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    """The server blocks, by what they are for"""
    left_out: dict[str, str] = field(default_factory=dict)
    """Parts that are left out, or their sockets → the file that has the default server"""
    decided: bool = True
    """Whether it is known which parts are left out"""
    yielded: bool = False
    """Whether it had to give way to a default server that nobody knew of"""

    @property
    def serves(self) -> bool:
        """It has no certificate to look for."""
        return False

    @property
    def is_online(self) -> bool:
        """It has no name to ask for."""
        return False

    @property
    def served_before(self) -> bool:
        """It had no certificate to look for."""
        return False

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be there."""
        return self.host.state == "present" and self.error is None

    def decide(self, result: TestResult) -> None:
        """Leave out the parts whose default server somebody else is.

        :param result: what nginx reads, with or without the catch-all
        """
        own = canonical(str(self.layout.loaded(self.name)))
        theirs = {
            socket: path
            for path, content in result.loaded.items()
            if canonical(path) != own
            for socket in claimed_sockets(content)
        }
        self._leave_out(theirs)

    def expect(self, result: TestResult) -> None:
        """The same, where nginx tells only that there is a second default server.

        :param result: what nginx said; of the two files it names the later
        """
        own = canonical(str(self.layout.loaded(self.name)))
        files = [Path(result.file)] if result.file else []
        if not files or canonical(str(files[0])) == own:
            files = sorted(Path(own).parent.iterdir())
        theirs = {
            socket: str(path)
            for path in files
            if canonical(str(path)) != own
            for socket in _claims_in(str(path))
        }
        self._leave_out(theirs)
        if not self.left_out:
            # It is in a file that only nginx knows
            self.give_way(result)

    def _leave_out(self, theirs: Mapping[Socket, str]) -> None:
        self.left_out = {}
        for part, text in self.parts.items():
            claimed = list(claimed_sockets(text))
            rivals = {socket: theirs[socket] for socket in claimed if socket in theirs}
            if len(rivals) == len(claimed) > 0:
                self.left_out[part] = next(iter(rivals.values()))
            else:
                self.left_out.update({f"{part}{_AT}{socket}": rivals[socket] for socket in rivals})
        self.decided = True
        self.after = self._with_parts(self.left_out)

    def clashes(self, result: TestResult) -> bool:
        """Whether nginx does not take a configuration because of a second default server."""
        return (
            self.is_wanted
            and bool(self.parts.keys() - self.left_out)
            and any(text in result.error for text in _DUPLICATE)
        )

    def give_way(self, result: TestResult) -> None:
        """Be there no more, so that nginx can be asked whose the other default server is.

        :param result: what nginx said; it names one of the two files
        """
        self.left_out = dict.fromkeys(self.parts, result.file or "another file")
        self.after = self._with_parts(self.left_out)
        self.decided = self.yielded
        self.yielded = True

    def result(self) -> Item:
        """What became of it."""
        return {
            "state": "absent" if self.after.content is None else "present",
            "changed": self.changed,
            "failed": self.error is not None,
            "error": self.error,
            "file": str(self.layout.file(self.name)),
            "left_out": self.left_out if self.is_wanted else {},
        }

    def _with_parts(self, left_out: Mapping[str, str]) -> Site:
        """The site with all parts but some."""
        texts = []
        for part, text in self.parts.items():
            noted = [key for key in left_out if key.partition(_AT)[0] == part]
            notes = [f"# Without {key}: {left_out[key]} has the default server.\n" for key in noted]
            sockets = [key.partition(_AT)[2] for key in noted]
            rest = [] if part in noted else [without_sockets(text, sockets) if sockets else text]
            texts += ["".join(notes + rest)]
        content = "\n".join([first_line(CATCH_ALL, "present"), *texts]).encode()
        link = self.before.link or str(self.layout.file(self.name))
        return Site(content, None if self.layout.enabled is None else link)


def plan_catch_all(
    state: str, parts: Mapping[str, str], layout: Layout, before: Site | None = None
) -> CatchAll:
    """What has to change on the disk for the catch-all.

    :param state: C(present) or C(absent)
    :param parts: its server blocks, from the controller
    :param before: what will be there by then, if that is not what is there now
    :returns: the step, undecided if nginx has to be asked; with its error if it cannot be done
    """
    step = CatchAll(VirtualHost(CATCH_ALL, (), state), layout, parts=parts)
    try:
        step.before = step.after = layout.read(CATCH_ALL) if before is None else before
        if state == "absent":
            step.after = Site()
            return step
        text = (step.before.content or b"").decode("utf-8", "replace")
        noted = {
            part: file for part, file in _NOTE.findall(text) if part.partition(_AT)[0] in parts
        }
        step.after = step._with_parts(noted)
        step.left_out = noted
        step.decided = step.after == step.before and _still_there(noted, parts)
    except NginxError as error:
        step.fail(str(error))
    return step


def _still_there(noted: Mapping[str, str], parts: Mapping[str, str]) -> bool:
    """Whether the files that have default servers have them still."""
    claims = {file: _claims_in(file) for file in set(noted.values())}
    for key, file in noted.items():
        part, _at, where = key.partition(_AT)
        sockets = [socket for socket in claimed_sockets(parts[part]) if where in ("", str(socket))]
        if not claims[file].intersection(sockets):
            return False
    return True


def _claims_in(file: str) -> set[Socket]:
    try:
        return set(claimed_sockets(Path(file).read_text("utf-8", "replace")))
    except OSError:
        return set()
