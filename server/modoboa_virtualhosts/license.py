# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Whether the endpoints of virtual hosts are open: the licence of this installation.

This extension needs no licence. A vendor who sells it under one sets a key and a licensing
endpoint in settings.py, and until the key is registered there the endpoints are locked. What
visitors see, and who is let in, does not depend on it: a lock must never open a door.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import PermissionDenied

from . import license_endpoint, settings
from .models import License

logger = logging.getLogger("modoboa.admin")

CODE = "license_required"
FINGERPRINT_LENGTH = 16
_ROW = 1


class LicenseRequired(PermissionDenied):
    """An endpoint is locked."""

    def __init__(self, reason: str) -> None:
        super().__init__({"detail": reason, "code": CODE}, code=CODE)


@dataclass(frozen=True)
class LicenseState:
    """How things stand; nothing of the key is in it but the beginning of its digest."""

    needed: bool
    configured: bool
    registered: bool
    licensee: str
    registered_at: datetime | None
    last_attempt: datetime | None
    last_error: str
    key_fingerprint: str = ""

    @property
    def locked(self) -> bool:
        """Whether the endpoints refuse to work."""
        return self.needed and not self.registered


def state() -> LicenseState:
    """Return how things stand now: settings.py and the registration, compared afresh."""
    record = License.objects.filter(pk=_ROW).first() or License()
    digest = _key_digest()
    return LicenseState(
        needed=_is_needed(record),
        configured=bool(digest),
        registered=bool(digest) and hmac.compare_digest(record.key_sha256, digest),
        licensee=record.licensee,
        registered_at=record.registered_at,
        last_attempt=record.last_attempt,
        last_error=record.last_error,
        key_fingerprint=digest[:FINGERPRINT_LENGTH],
    )


def demand() -> None:
    """Let pass when no licence is needed, or when it is registered.

    :raises LicenseRequired: it is not
    """
    now = state()
    if not now.locked:
        return
    if not now.configured:
        raise LicenseRequired(_("This instance has no licence key: set it in settings.py."))
    raise LicenseRequired(_("The licence key of this instance is not registered."))


@sensitive_variables("key")
def register() -> LicenseState:
    """Register the key with the licensing endpoint, unless it is registered.

    Only its digest is kept. An error is kept as well, until the next attempt.

    :raises RegistrationError: it was not registered
    """
    key = _key()
    if not key:
        raise license_endpoint.RegistrationError(
            _("This instance has no licence key: set it in settings.py.")
        )
    now = state()
    if now.registered:
        return now
    record, _created = License.objects.get_or_create(pk=_ROW)
    record.last_attempt, record.last_error = timezone.now(), ""
    # No transaction is open meanwhile, which would keep others from writing
    try:
        licensee = license_endpoint.register(key, record.installation)
    except license_endpoint.RegistrationError as error:
        record.last_error = str(error)
        record.save(update_fields=["last_attempt", "last_error"])
        logger.warning("Virtual hosts: the licence key was not registered: %s", error)
        raise
    record.key_sha256, record.registered_at = _digest(key), record.last_attempt
    record.licensee = licensee[:200]
    record.save()
    logger.info("Virtual hosts: the licence key was registered")
    return state()


def _is_needed(record: License) -> bool:
    """Tell whether there is a lock at all.

    Where settings.py does not say so, there is one as soon as anything of a licence is known: also
    after the key was taken away, since that has to lock.
    """
    said: bool | None = settings.get("MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED")
    if said is not None:
        return bool(said)
    return bool(_key() or license_endpoint.url() or record.key_sha256)


def _key() -> str:
    return str(settings.get("MODOBOA_PRO_LICENSE_KEY") or "").strip()


def _key_digest() -> str:
    key = _key()
    return _digest(key) if key else ""


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
