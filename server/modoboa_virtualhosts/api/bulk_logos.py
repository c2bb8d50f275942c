# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Logos among other things in JSON, where a thousand would be as many requests else."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .. import logos


@extend_schema_field({"type": "string", "format": "byte", "nullable": True})
class Base64LogoField(serializers.Field[logos.CheckedImage, str, Any, Any]):
    """An image's file in base64; null for the instance's own logo."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> logos.CheckedImage:
        """Return the image; what is in the file is checked as with any other upload."""
        if not isinstance(data, str):
            raise serializers.ValidationError(_("Write the file in base64."))
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError(_("Write the file in base64.")) from None
        try:
            return logos.check(ContentFile(content))
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class VirtualHostBulkLogosSerializer(serializers.Serializer[Any]):
    """Logos by type; what is left out stays as it is."""

    login = Base64LogoField()
    menu = Base64LogoField()
    creation_form = Base64LogoField()
    favicon = Base64LogoField()
