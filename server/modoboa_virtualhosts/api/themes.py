# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoints of a virtual host's theme: colours as one thing, each logo as one."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import parsers, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import logos, theme
from ..models import VirtualHost, validate_color
from ..theme import LOGO_TYPES, logo_url
from .endpoint import VirtualHostEndpoint
from .schema import BY_KEY, documented


@extend_schema_field({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"})
class ColorField(serializers.CharField):
    """A colour such as #1565c0, blank for the instance's own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, validators=[_blank_or_color], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the colour in lowercase, so that the same colour is always the same text."""
        return str(super().to_internal_value(data)).lower()


def _blank_or_color(value: str) -> None:
    if value:
        validate_color(value)


class VirtualHostLogoDigestsSerializer(serializers.Serializer[Any]):
    """SHA-256 of each logo's content, null where the instance's own shows."""

    login = serializers.CharField(allow_null=True)
    menu = serializers.CharField(allow_null=True)
    creation_form = serializers.CharField(allow_null=True)
    favicon = serializers.CharField(allow_null=True)


class VirtualHostThemeSerializer(serializers.ModelSerializer[VirtualHost]):
    """What a virtual host shows of its own; blank stands for the instance's."""

    theme_primary_color = ColorField()
    theme_primary_color_light = ColorField()
    theme_primary_color_dark = ColorField()
    theme_secondary_color = ColorField()
    theme_label_color = ColorField()
    theme_login_logo_url = serializers.SerializerMethodField()
    theme_menu_logo_url = serializers.SerializerMethodField()
    theme_creation_form_logo_url = serializers.SerializerMethodField()
    theme_favicon_logo_url = serializers.SerializerMethodField()
    theme_page_title = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="Of server-rendered pages."
    )
    theme_sender_address = serializers.EmailField(
        required=False, allow_blank=True, help_text="Of mails that people ask for on this host."
    )
    logo_digests = serializers.SerializerMethodField()

    class Meta:
        model = VirtualHost
        fields = (
            *theme.COLORS,
            "theme_login_logo_url",
            "theme_menu_logo_url",
            "theme_creation_form_logo_url",
            "theme_favicon_logo_url",
            *theme.TEXTS,
            "logo_digests",
        )

    def get_theme_login_logo_url(self, virtual_host: VirtualHost) -> str:
        """Return the address of the login page's logo."""
        return theme.logo_url(virtual_host, "login")

    def get_theme_menu_logo_url(self, virtual_host: VirtualHost) -> str:
        """Return the address of the side menu's logo."""
        return theme.logo_url(virtual_host, "menu")

    def get_theme_creation_form_logo_url(self, virtual_host: VirtualHost) -> str:
        """Return the address of the creation form's logo."""
        return theme.logo_url(virtual_host, "creation_form")

    def get_theme_favicon_logo_url(self, virtual_host: VirtualHost) -> str:
        """Return the address of the icon that browsers show beside the title."""
        return theme.logo_url(virtual_host, theme.FAVICON)

    @extend_schema_field(VirtualHostLogoDigestsSerializer)
    def get_logo_digests(self, virtual_host: VirtualHost) -> dict[str, str | None]:
        """Return what clients compare their files with."""
        return {kind: logos.digest(virtual_host, kind) for kind in theme.LOGO_TYPES}

    def update(self, instance: VirtualHost, validated_data: dict[str, Any]) -> VirtualHost:
        """Save what was sent and nothing else: the rest may have changed meanwhile."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(validated_data))
        return instance


class VirtualHostLogoTypeSerializer(serializers.Serializer[Any]):
    """Which of the logos."""

    logo_type = serializers.ChoiceField(choices=theme.LOGO_TYPES)


@extend_schema_field(OpenApiTypes.BINARY)
class UploadField(serializers.FileField):
    """A file's content, where the schema would take an address."""


class VirtualHostLogoUploadSerializer(VirtualHostLogoTypeSerializer):
    """A logo to upload; what is in the file is checked, not how it is called."""

    image = UploadField(allow_empty_file=False)


class VirtualHostLogoSerializer(VirtualHostLogoTypeSerializer):
    """Where browsers find a logo."""

    url = serializers.CharField()


class ThemeEndpoint(VirtualHostEndpoint):
    """``{id}/theme/`` and ``{id}/theme_logo/``."""

    @documented({200: VirtualHostThemeSerializer}, (404,), methods=["GET"], parameters=[BY_KEY])
    @documented(
        {200: VirtualHostThemeSerializer},
        (400, 404, 415),
        methods=["PUT"],
        request=VirtualHostThemeSerializer,
        parameters=[BY_KEY],
    )
    @action(detail=True, methods=["get", "put"])
    def theme(self, request: Request, **_kwargs: Any) -> Response:
        """Show or change the theme. What a change leaves out stays as it is."""
        virtual_host = self.get_object()
        if request.method == "PUT":
            change = VirtualHostThemeSerializer(virtual_host, data=request.data, partial=True)
            change.is_valid(raise_exception=True)
            change.save()
        return Response(VirtualHostThemeSerializer(virtual_host).data)

    @documented(
        {200: VirtualHostLogoSerializer},
        (400, 404, 415),
        methods=["POST"],
        request=VirtualHostLogoUploadSerializer,
        parameters=[BY_KEY],
    )
    @documented(
        {204: None},
        (400, 404),
        methods=["DELETE"],
        parameters=[BY_KEY, OpenApiParameter("logo_type", enum=LOGO_TYPES, required=True)],
    )
    @action(detail=True, methods=["post", "delete"], parser_classes=[parsers.MultiPartParser])
    def theme_logo(self, request: Request, **_kwargs: Any) -> Response:
        """Upload a logo, or go back to the instance's own."""
        virtual_host = self.get_object()
        if request.method == "DELETE":
            which = VirtualHostLogoTypeSerializer(data=request.query_params)
            which.is_valid(raise_exception=True)
            logos.replace(virtual_host, which.validated_data["logo_type"], None)
            return Response(status=status.HTTP_204_NO_CONTENT)
        upload = VirtualHostLogoUploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        logo_type = upload.validated_data["logo_type"]
        try:
            image = logos.check(upload.validated_data["image"])
        except DjangoValidationError as error:
            raise ValidationError({"image": error.messages}) from None
        logos.replace(virtual_host, logo_type, image)
        return Response({"logo_type": logo_type, "url": logo_url(virtual_host, logo_type)})
