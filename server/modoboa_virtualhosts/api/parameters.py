# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoint of the global ACME and nginx settings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import parameters
from ..models import Parameters
from .endpoint import PERMISSIONS
from .parsers import PARSERS
from .schema import documented
from .throttles import ProvisionerThrottle

_CONTACTS = 10
_LONGEST_THRESHOLD = 365


@extend_schema_field({"type": "string", "pattern": "^(/[A-Za-z0-9._+@-]+)+$", "maxLength": 255})
class PathField(serializers.CharField):
    """A plain absolute path."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=255, validators=[parameters.validate_path], **kwargs)


class VirtualHostParametersSerializer(serializers.ModelSerializer[Parameters]):
    """How virtual hosts are provisioned, whoever does it."""

    acme_storage = PathField(
        help_text="Folder of certs/<hostname>/ (fullchain.pem, privkey.pem) and webroot/.",
    )
    acme_directory_url = serializers.CharField(
        max_length=255,
        validators=[parameters.validate_directory_url],
        help_text="Where the CA is. ACME_DIRECTORY_URL in settings.py goes before it.",
    )
    acme_contact = serializers.ListField(
        child=serializers.EmailField(),
        max_length=_CONTACTS,
        help_text="Addresses that the CA may write to.",
    )
    acme_renewal_threshold = serializers.IntegerField(
        min_value=1,
        max_value=_LONGEST_THRESHOLD,
        help_text="A certificate is renewed this many days before it expires.",
    )
    nginx_configuration_directory = PathField(help_text="Folder of <hostname>.conf.")
    nginx_enabled_sites_directory = PathField(
        allow_blank=True,
        help_text="Folder of symbolic links to the enabled ones; blank for none.",
    )
    nginx_upstream = serializers.CharField(
        max_length=255,
        validators=[parameters.validate_upstream],
        help_text="The application: unix:/path/of/socket, or host:port.",
    )

    class Meta:
        model = Parameters
        fields = (
            "acme_storage",
            "acme_directory_url",
            "acme_contact",
            "acme_renewal_threshold",
            "nginx_configuration_directory",
            "nginx_enabled_sites_directory",
            "nginx_upstream",
        )

    def to_representation(self, instance: Parameters) -> dict[str, Any]:
        """Show the directory that counts, wherever it is set."""
        shown: dict[str, Any] = super().to_representation(instance)
        shown["acme_directory_url"] = parameters.directory_url(instance)
        return shown


class ParametersView(APIView):
    """The settings of provisioning."""

    permission_classes = PERMISSIONS
    parser_classes = PARSERS
    throttle_classes = (ProvisionerThrottle,)

    @documented({200: VirtualHostParametersSerializer})
    def get(self, _request: Request) -> Response:
        """Return all settings."""
        return Response(VirtualHostParametersSerializer(parameters.load()).data)

    @documented(
        {200: VirtualHostParametersSerializer},
        (400, 415),
        request=VirtualHostParametersSerializer(partial=True),
    )
    def put(self, request: Request) -> Response:
        """Change settings. What is left out stays as it is; nothing is changed if one is wrong."""
        change = VirtualHostParametersSerializer(data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        saved = parameters.save(change.validated_data)
        return Response(VirtualHostParametersSerializer(saved).data)
