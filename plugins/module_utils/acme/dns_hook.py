# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to DNS-01 challenges, put into the zone by a command of the operator's own.

It is called as the "exec" provider of lego calls its program, so that existing programs work:
``COMMAND present|cleanup _acme-challenge.NAME. VALUE``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from ..hostname import HostnameError, check_hostname
from .errors import AcmeError, during, stable_text
from .keys import base64url

_STEP = "hook"
# What the modules of this collection may be told through the environment, and nobody else needs
_SECRETS = ("ACME_EAB_HMAC_KEY", "MODOBOA_PASSWORD", "MODOBOA_TOKEN")
# Seconds: a day
_LONGEST_WAIT = 86400
_LAST_BYTES = 4096
_LAST_LINES = 3
_CANNOT_RUN = {
    errno.ENOENT: "it is not there, or the interpreter that its first line names is not",
    errno.EACCES: "it is not executable for this user",
    errno.EPERM: "it is not executable for this user",
    errno.ENOEXEC: "it is no program; a script needs a first line such as #!/bin/sh",
}

_Record = tuple[str, str]


class _NotRunError(AcmeError):
    """The command was not even started."""


class DnsHook:
    """Proves names over DNS-01 (RFC 8555 section 8.4) with a command.

    :ivar warnings: what went wrong without harm to a certificate: records that were not removed
    """

    challenge_type = "dns-01"

    def __init__(self, command: Sequence[str], timeout: float, settle_seconds: float) -> None:
        """Use a command, which is not looked at before there is something to prove.

        :param command: a program and its first arguments
        :param timeout: seconds for one call
        :param settle_seconds: until all name servers of a zone know what one was told
        :raises AcmeError: an option makes no sense
        """
        if not command or not command[0]:
            raise AcmeError("dns_hook is empty. Give the command that writes the DNS records.")
        if not 0 <= settle_seconds <= _LONGEST_WAIT:
            raise AcmeError(f"dns_wait is {settle_seconds:g}. Choose 0 to {_LONGEST_WAIT} seconds.")
        self.settle_seconds = settle_seconds
        self.warnings: list[str] = []
        self._command = tuple(command)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._users: Counter[_Record] = Counter()

    @contextmanager
    def answering(self, name: str, _token: str, key_authorization: str) -> Iterator[None]:
        """Have the answer for one name in the zone for the duration of the block.

        Calls come one at a time. A name and a wildcard below it need two records with the same
        name, so the command has to add and not to replace. Two certificates with a name in common
        may need the same record, which stays until both are done with it.

        :raises AcmeError: the command failed or cannot be run
        """
        record = _record(name, key_authorization)
        self._place(record)
        try:
            yield
        finally:
            self._remove(record)

    def _place(self, record: _Record) -> None:
        with self._lock:
            if not self._users[record]:
                try:
                    self._call("present", record)
                except _NotRunError:
                    raise
                except BaseException:
                    # it may have placed something before it failed
                    self._clean_up(record)
                    raise
            self._users[record] += 1

    def _remove(self, record: _Record) -> None:
        with self._lock:
            self._users[record] -= 1
            if not self._users[record]:
                self._clean_up(record)

    def _clean_up(self, record: _Record) -> None:
        del self._users[record]
        try:
            self._call("cleanup", record)
        except AcmeError as error:
            text = f"{error} A TXT record may have stayed in the zone."
            if text not in self.warnings:
                self.warnings.append(text)

    def _call(self, action: str, record: _Record) -> None:
        # A file, because a pipe would be waited for until the last child of the command closes it
        with during(_STEP), tempfile.TemporaryFile() as output:
            status = self._run([*self._command, action, *record], output, f"{action} {record[0]}")
            if status:
                what = f"was ended by signal {-status}" if status < 0 else f"ended with {status}"
                raise self._failure(f"{action} {record[0]}", f"{what}{_last_lines(output)}")

    def _run(self, command: list[str], output: BinaryIO, asked: str) -> int:
        """Return the exit code, negative for a signal."""
        environment = {name: os.environ[name] for name in os.environ if name not in _SECRETS}
        try:
            # run_command of Ansible has no time limit, and waits for every child that holds a pipe
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # a group of its own, to be ended with all its children
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            number = error.errno if isinstance(error, OSError) else None
            reason = _CANNOT_RUN.get(number or 0) or os.strerror(number or errno.EINVAL)
            raise _NotRunError(
                f"the DNS hook {self._command[0]} cannot be run: {reason}. Set dns_hook to a program"
                " that this user can run on this host."
            ) from error
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise self._failure(
                asked,
                f"did not end within {self._timeout:g} seconds{_last_lines(output)}",
                "Raise dns_hook_timeout if it needs longer.",
            ) from error
        except BaseException:
            _kill(process)
            raise

    def _failure(self, asked: str, what: str, advice: str = "") -> AcmeError:
        # the arguments that the operator gave stay out of the text: they may be nobody's business
        return AcmeError(
            f'the DNS hook {self._command[0]}, asked to "{asked} VALUE", {what}.'
            f" {advice or 'Run it by hand with these arguments, as the same user, to see why.'}"
        )


def _record(name: str, key_authorization: str) -> _Record:
    """Return name and value of the TXT record (RFC 8555 section 8.4).

    :raises AcmeError: the name could mean something else to the command
    """
    try:
        check_hostname(name.lower())
    except HostnameError as error:
        raise AcmeError(
            "the CA wants something proved over DNS that is not a hostname. Do not trust it.",
            step=_STEP,
        ) from error
    digest = hashlib.sha256(key_authorization.encode("ascii")).digest()
    return f"_acme-challenge.{name.lower()}.", base64url(digest)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_lines(output: BinaryIO) -> str:
    """Return what it wrote in the end, ready to follow a sentence."""
    output.seek(0, os.SEEK_END)
    output.seek(max(0, output.tell() - _LAST_BYTES))
    text = output.read().decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()][-_LAST_LINES:]
    printable = "".join(each if each.isprintable() else " " for each in " / ".join(lines))
    return f": {stable_text(printable)}".rstrip(" .") if lines else " and wrote nothing"
