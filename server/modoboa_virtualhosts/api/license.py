# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoint of the licence: how it stands, and registering it. It is never locked."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.decorators import method_decorator
from modoboa.lib.permissions import IsSuperUser
from rest_framework import permissions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from .. import license as licensing
from ..license_endpoint import RegistrationError
from .schema import documented
from .throttles import ProvisionerThrottle


class VirtualHostLicenseSerializer(serializers.Serializer[Any]):
    """How the licence stands; of the key only a fingerprint is shown."""

    needed = serializers.BooleanField(help_text="Whether the endpoints need one at all.")
    configured = serializers.BooleanField(help_text="Whether settings.py has a key.")
    registered = serializers.BooleanField(help_text="Whether this very key is registered.")
    locked = serializers.BooleanField(help_text="Whether the endpoints answer `license_required`.")
    licensee = serializers.CharField(help_text="Of the last registration.")
    registered_at = serializers.DateTimeField(allow_null=True)
    last_attempt = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(
        help_text="Why the last attempt failed, empty if it did not."
    )
    key_fingerprint = serializers.CharField(
        help_text="Which key this process has: the beginning of its SHA-256, empty without one."
    )


class RegistrationThrottle(UserRateThrottle):
    """Attempts to register, since each asks somebody else's server."""

    scope = "virtualhosts_license"

    def get_rate(self) -> str:
        """Return the rate."""
        return "10/minute"


# Somebody else's server is waited for: not with the database locked, as it would be by default
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class LicenseView(APIView):
    """The licence of this installation."""

    permission_classes = (permissions.IsAuthenticated, IsSuperUser)

    def get_throttles(self) -> list[Any]:
        """Return the throttles, one more where somebody else is asked."""
        throttles: list[Any] = [ProvisionerThrottle()]
        if self.request.method == "POST":
            throttles.append(RegistrationThrottle())
        return throttles

    @documented({200: VirtualHostLicenseSerializer})
    def get(self, _request: Request) -> Response:
        """Return how the licence stands."""
        return Response(VirtualHostLicenseSerializer(licensing.state()).data)

    @documented({200: VirtualHostLicenseSerializer}, (409,), request=None)
    def post(self, _request: Request) -> Response:
        """Register the key of settings.py; once it is registered, nobody is asked again."""
        try:
            state = licensing.register()
        except RegistrationError as error:
            return Response({"error": str(error)}, status=status.HTTP_409_CONFLICT)
        return Response(VirtualHostLicenseSerializer(state).data)
