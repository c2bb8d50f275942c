# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How a list shows virtual hosts: with their themes, for a client that manages those of many."""

from __future__ import annotations

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .filters import YesNoField
from .representation import VirtualHostSerializer
from .themes import VirtualHostThemeSerializer

_NAME = "theme"
WITH_THEMES = OpenApiParameter(_NAME, bool, description="Show the theme of each as well.")


class VirtualHostListedSerializer(VirtualHostSerializer):
    """A virtual host and, where it is asked for, its theme."""

    # The same record, so that a theme costs no query
    theme = VirtualHostThemeSerializer(source="*", required=False)

    class Meta(VirtualHostSerializer.Meta):
        fields = (*VirtualHostSerializer.Meta.fields, "theme")
        read_only_fields = VirtualHostSerializer.Meta.fields


def with_themes(request: Request) -> bool:
    """Tell whether a list is to show themes.

    :raises ValidationError: neither a yes nor a no was sent
    """
    try:
        return bool(YesNoField(required=False).clean(request.query_params.get(_NAME)))
    except DjangoValidationError as error:
        raise ValidationError({_NAME: error.messages}) from None
