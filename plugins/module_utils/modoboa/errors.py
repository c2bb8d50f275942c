# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a module and a Modoboa server, told apart by what to do about it."""

from __future__ import annotations


class ModoboaError(Exception):
    """Base of all errors of this package; the text is complete and the same in every run.

    ``fatal`` errors concern the connection as a whole: no other item could fare better, so the
    task ends there. The others belong to the item at hand.
    """

    fatal = False


class ServerUnreachableError(ModoboaError):
    """No answer at all: name, network, TLS."""

    fatal = True


class ServerUnavailableError(ModoboaError):
    """Somebody is there, but Modoboa does not answer this request (502, 503, 504, too slow).

    That may pass, or be about one item only, so work on the others goes on.
    """


class RedirectedError(ModoboaError):
    """The server points elsewhere; the API never does."""

    fatal = True


class AuthenticationError(ModoboaError):
    """The server does not know who is asking (401, or a sign-in that failed)."""

    fatal = True


class LicenseRequiredError(ModoboaError):
    """Virtual hosts are installed but locked (403 with the code ``license_required``)."""

    fatal = True


class ThrottledError(ModoboaError):
    """The server asks to wait for longer than is reasonable (429)."""

    fatal = True


class NoVirtualHostsError(ModoboaError):
    """A Modoboa without virtual hosts, or no Modoboa at all."""

    fatal = True


class NotAllowedError(ModoboaError):
    """Known, but without the right to do this (403)."""


class NotFoundError(ModoboaError):
    """There is nothing at this address (404)."""


class ConflictError(ModoboaError):
    """Not in this state (409)."""


class ValidationError(ModoboaError):
    """The server does not accept what was sent (400 and other refusals)."""


class ServerFaultError(ModoboaError):
    """The server broke over this request (500)."""


class UnexpectedAnswerError(ModoboaError):
    """An answer that is not what the API promises."""


class IgnoredFieldError(ModoboaError):
    """The server said yes and did not do it, as reading back shows."""


class FileError(ModoboaError):
    """A file on this machine that cannot be read."""
