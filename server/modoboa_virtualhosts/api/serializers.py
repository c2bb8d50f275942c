# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What the API takes in and gives out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone
from typing import Any

from drf_spectacular.utils import extend_schema_field
from modoboa.admin.models import Domain
from rest_framework import serializers

from .. import logos, theme
from ..models import ProvisioningStatus, VirtualHost, validate_color
from ..reports import Report


class DomainReferenceSerializer(serializers.ModelSerializer[Domain]):
    """A domain, as far as a virtual host shows it."""

    class Meta:
        model = Domain
        fields = ("pk", "name")


class VirtualHostSerializer(serializers.ModelSerializer[VirtualHost]):
    """A virtual host as the contract describes it; nothing in it is written directly."""

    creation = serializers.DateTimeField(default_timezone=timezone.utc, read_only=True)
    domains = DomainReferenceSerializer(many=True, read_only=True)
    has_certificate = serializers.SerializerMethodField()
    certificate_valid_until = serializers.DateTimeField(
        default_timezone=timezone.utc, read_only=True
    )

    class Meta:
        model = VirtualHost
        fields = (
            "pk",
            "name",
            "creation",
            "enabled",
            "domains",
            "has_certificate",
            "certificate_valid_until",
            "provisioning_status",
            "last_provisioning_error",
        )
        read_only_fields = fields

    def get_has_certificate(self, virtual_host: VirtualHost) -> bool:
        """Tell whether the provisioner has reported a certificate."""
        return virtual_host.certificate_valid_until is not None


class StateSerializer(serializers.Serializer[Any]):
    """Whether a virtual host is in use."""

    enabled = serializers.BooleanField()


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


class LogoDigestsSerializer(serializers.Serializer[Any]):
    """SHA-256 of each logo's content, null where the instance's own shows."""

    login = serializers.CharField(allow_null=True)
    menu = serializers.CharField(allow_null=True)
    creation_form = serializers.CharField(allow_null=True)


class ThemeSerializer(serializers.ModelSerializer[VirtualHost]):
    """What a virtual host shows of its own; blank stands for the instance's."""

    theme_primary_color = ColorField()
    theme_primary_color_light = ColorField()
    theme_primary_color_dark = ColorField()
    theme_secondary_color = ColorField()
    theme_label_color = ColorField()
    theme_login_logo_url = serializers.SerializerMethodField()
    theme_menu_logo_url = serializers.SerializerMethodField()
    theme_creation_form_logo_url = serializers.SerializerMethodField()
    logo_digests = serializers.SerializerMethodField()

    class Meta:
        model = VirtualHost
        fields = (
            *theme.COLORS,
            "theme_login_logo_url",
            "theme_menu_logo_url",
            "theme_creation_form_logo_url",
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

    def update(self, instance: VirtualHost, validated_data: dict[str, Any]) -> VirtualHost:
        """Save what was sent and nothing else: the rest may have changed meanwhile."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(validated_data))
        return instance

    @extend_schema_field(LogoDigestsSerializer)
    def get_logo_digests(self, virtual_host: VirtualHost) -> dict[str, str | None]:
        """Return what clients compare their files with."""
        return {kind: logos.digest(virtual_host, kind) for kind in theme.LOGO_TYPES}


class LogoTypeSerializer(serializers.Serializer[Any]):
    """Which of the logos."""

    logo_type = serializers.ChoiceField(choices=theme.LOGO_TYPES)


class LogoSerializer(LogoTypeSerializer):
    """A logo to upload; what is in the file is checked, not how it is called."""

    image = serializers.FileField(allow_empty_file=False, write_only=True)
    url = serializers.CharField(read_only=True)


class ReportSerializer(serializers.Serializer[Any]):
    """The state of one virtual host, as its provisioner sees it.

    Without a status, only the end of the certificate's validity is recorded.
    """

    name = serializers.CharField()
    status = serializers.ChoiceField(choices=ProvisioningStatus.choices, required=False)
    error = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    certificate_valid_until = serializers.DateTimeField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for something to record, for a reason with every failure, and for none without."""
        status, error = attrs.get("status"), attrs.get("error") or ""
        attrs["error"] = error
        if status is None and "certificate_valid_until" not in attrs:
            raise serializers.ValidationError(
                {"status": "Report a status, certificate_valid_until, or both."}
            )
        if status == ProvisioningStatus.FAILED and not error:
            raise serializers.ValidationError({"error": "Say why it failed."})
        if status != ProvisioningStatus.FAILED and error:
            raise serializers.ValidationError({"error": "Only a failure has an error."})
        return attrs

    @classmethod
    def read(cls, data: object) -> tuple[Report | None, str | None]:
        """Return a report, or what is wrong with it."""
        serializer = cls(data=data)
        if serializer.is_valid():
            report: Report = serializer.validated_data
            return report, None
        return None, _as_text(serializer.errors)


class ReportsSerializer(serializers.Serializer[Any]):
    """Many reports at once; each is checked on its own, so that one never stops the others."""

    # Anything at all: what is no report is answered in its place
    reports = serializers.ListField(child=serializers.JSONField(allow_null=True))


class ReportResultSerializer(serializers.Serializer[Any]):
    """What became of one report."""

    name = serializers.CharField(allow_null=True)
    changed = serializers.BooleanField()
    error = serializers.CharField(allow_null=True)


class ReportResultsSerializer(serializers.Serializer[Any]):
    """What became of the reports, in their order."""

    results = ReportResultSerializer(many=True)


def _as_text(errors: Mapping[str, Any]) -> str:
    return " ".join(
        f"{name}: {' '.join(str(text) for text in texts)}" for name, texts in errors.items()
    )
