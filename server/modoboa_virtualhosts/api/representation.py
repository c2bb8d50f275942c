# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How a virtual host is shown."""

from __future__ import annotations

from datetime import timezone

from modoboa.admin.models import Domain
from rest_framework import serializers

from ..models import VirtualHost


class VirtualHostDomainReferenceSerializer(serializers.ModelSerializer[Domain]):
    """A domain, as far as a virtual host shows it."""

    class Meta:
        model = Domain
        fields = ("pk", "name")


class VirtualHostSerializer(serializers.ModelSerializer[VirtualHost]):
    """A virtual host as the contract describes it; nothing in it is written directly."""

    creation = serializers.DateTimeField(default_timezone=timezone.utc, read_only=True)
    domains = VirtualHostDomainReferenceSerializer(many=True, read_only=True)
    has_certificate = serializers.SerializerMethodField()
    certificate_valid_until = serializers.DateTimeField(
        default_timezone=timezone.utc, read_only=True, allow_null=True
    )

    class Meta:
        model = VirtualHost
        fields: tuple[str, ...] = (
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
        """Tell whether the provisioner has reported a certificate.

        The files may be on other machines, the front ends, so this looks at no disk.
        """
        return virtual_host.certificate_valid_until is not None
