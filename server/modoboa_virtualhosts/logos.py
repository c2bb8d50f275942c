# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The logos of virtual hosts: what may be uploaded, and the files they are kept in."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.translation import gettext as _
from PIL import Image

from . import settings
from .models import VirtualHost
from .svg import ActiveContentError, check_svg
from .theme import LOGO_TYPES, logo_field

logger = logging.getLogger("modoboa.admin")

FOLDER = "virtualhosts"
_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
# What the decoder calls a JPEG with a second picture in it, as telephones make them
_ALSO_JPEG = "MPO"


@dataclass(frozen=True)
class CheckedImage:
    """An image that has been looked into, with the extension that fits it."""

    content: bytes
    extension: str


def check(upload: File[bytes]) -> CheckedImage:
    """Return an image that may be shown.

    :param upload: what was sent
    :raises ValidationError: it is no acceptable image
    """
    content = _read(upload)
    return CheckedImage(content, _extension(content))


def put(virtual_host: VirtualHost, logo_type: str, image: CheckedImage | None) -> bool:
    """Write a logo into a record, without saving it; the file of the old one goes with the commit.

    The name of a file is made from its content, so no browser or proxy shows an outdated one, and
    nothing of the name that was sent reaches the disk.

    :param virtual_host: has a key already
    :param logo_type: one of the logo types
    :param image: None for the instance's own logo
    :return: whether the record says something else now
    """
    logo = _logo(virtual_host, logo_type)
    old, name = logo.name or "", ""
    if image:
        sha256 = hashlib.sha256(image.content).hexdigest()
        name = f"{FOLDER}/{virtual_host.pk}-{logo_type}-{sha256}.{image.extension}"
        if old != name or not logo.storage.exists(name):
            # The same content left over from an upload that was not completed
            logo.storage.delete(name)
            name = logo.storage.save(name, ContentFile(image.content))
    if old == name:
        return False
    setattr(virtual_host, logo_field(logo_type), name)
    if old:
        _remove_when_committed(logo, old)
    return True


def replace(virtual_host: VirtualHost, logo_type: str, image: CheckedImage | None) -> None:
    """Give a virtual host another logo, or None for the instance's own."""
    with transaction.atomic():
        if put(virtual_host, logo_type, image):
            virtual_host.save(update_fields=[logo_field(logo_type)])


def digest(virtual_host: VirtualHost, logo_type: str) -> str | None:
    """Return the SHA-256 of a logo's content in hexadecimal digits, None without a logo."""
    name = _logo(virtual_host, logo_type).name
    return PurePosixPath(name).stem.rpartition("-")[2] if name else None


def _logo(virtual_host: VirtualHost, logo_type: str) -> FieldFile:
    logo: FieldFile = getattr(virtual_host, logo_field(logo_type))
    return logo


def _remove_when_committed(logo: FieldFile, name: str) -> None:
    """Remove a file once nothing can refer to it any more."""

    def remove() -> None:
        try:
            logo.storage.delete(name)
        except OSError:  # the record is right already, what stays is only litter
            logger.warning("Virtual hosts: cannot remove the old logo %s", name, exc_info=True)

    transaction.on_commit(remove)


def _read(upload: File[bytes]) -> bytes:
    limit = int(settings.get("MODOBOA_VIRTUALHOSTS_LOGO_MAX_BYTES"))
    content = upload.read(limit + 1)
    if len(content) > limit:
        raise ValidationError(
            _("The image is larger than %(limit)d bytes.") % {"limit": limit}, code="too_large"
        )
    return bytes(content)


def _extension(content: bytes) -> str:
    """Return the extension that fits the content, whatever the file was called.

    :raises ValidationError: it is no image of a kind that is allowed
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        try:
            check_svg(content)
        except ActiveContentError as error:
            raise ValidationError(str(error), code="active_content") from None
        return "svg"
    return _EXTENSIONS[_raster_format(content)]


def _raster_format(content: bytes) -> str:
    limit = int(settings.get("MODOBOA_VIRTUALHOSTS_LOGO_MAX_PIXELS"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Tells format and size from the header, before anything is decoded
            with Image.open(io.BytesIO(content), formats=list(_EXTENSIONS)) as image:
                too_large = max(image.size) > limit
                if not too_large:
                    image.load()
                kind = "JPEG" if image.format == _ALSO_JPEG else str(image.format)
    except Exception:  # decoders fail in many ways on what is no image, all of them mean this
        raise ValidationError(
            _("This is no image that can be shown: use PNG, JPEG, WebP or plain SVG."),
            code="invalid_image",
        ) from None
    if too_large:
        raise ValidationError(
            _("The image is wider or higher than %(limit)d pixels.") % {"limit": limit},
            code="too_large",
        )
    return kind


@receiver(post_delete, sender=VirtualHost)
def _virtual_host_deleted(instance: VirtualHost, **_kwargs: object) -> None:
    for logo_type in LOGO_TYPES:
        logo = _logo(instance, logo_type)
        if logo.name:
            _remove_when_committed(logo, logo.name)
