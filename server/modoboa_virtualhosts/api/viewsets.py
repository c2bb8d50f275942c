# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoints of virtual hosts. All of them are for super administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as dj_filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from modoboa.lib.pagination import CustomPageNumberPagination
from modoboa.lib.permissions import IsSuperUser
from rest_framework import filters, mixins, parsers, permissions, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import logos, reports
from ..models import ProvisioningStatus, VirtualHost
from ..theme import LOGO_TYPES, logo_url
from . import serializers


class VirtualHostFilterSet(dj_filters.FilterSet):
    """Which virtual hosts a list has."""

    class Meta:
        model = VirtualHost
        fields = ("name",)


class VirtualHostViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[VirtualHost],
):
    """Virtual hosts. They come into being by being assigned to a domain, in the domain API."""

    queryset = VirtualHost.objects.all()
    serializer_class = serializers.VirtualHostSerializer
    permission_classes = (permissions.IsAuthenticated, IsSuperUser)
    # Modoboa's five writes a second would make a thousand hosts wait for minutes
    throttle_classes = ()
    pagination_class = CustomPageNumberPagination
    filter_backends = (
        filters.OrderingFilter,
        filters.SearchFilter,
        dj_filters.DjangoFilterBackend,
    )
    filterset_class = VirtualHostFilterSet
    ordering_fields = ("name", "creation")
    search_fields: Sequence[str] = ("name",)

    def get_queryset(self) -> QuerySet[VirtualHost]:
        """Return all virtual hosts, with their domains where these are shown."""
        return super().get_queryset().prefetch_related("domains")

    @extend_schema(responses=serializers.VirtualHostSerializer)
    @action(detail=False, url_path=r"for_domain/(?P<domain_pk>\d+)", filter_backends=[])
    def for_domain(self, _request: Request, domain_pk: str, **_kwargs: Any) -> Response:
        """Return the virtual host that a domain is on; 404 when it is on none."""
        virtual_host = get_object_or_404(self.get_queryset(), links__domain_id=domain_pk)
        return Response(self.get_serializer(virtual_host).data)

    @extend_schema(request=serializers.StateSerializer, responses=serializers.VirtualHostSerializer)
    @action(detail=True, methods=["post"])
    def set_state(self, request: Request, **_kwargs: Any) -> Response:
        """Enable or disable a virtual host. Through a disabled one only super administrators log in."""
        virtual_host = self.get_object()
        state = serializers.StateSerializer(data=request.data)
        state.is_valid(raise_exception=True)
        if virtual_host.enabled != state.validated_data["enabled"]:
            virtual_host.enabled = state.validated_data["enabled"]
            virtual_host.save(update_fields=["enabled"])
        return Response(self.get_serializer(virtual_host).data)

    @extend_schema(request=None, responses=serializers.VirtualHostSerializer)
    @action(detail=True, methods=["post"])
    def retry_provisioning(self, _request: Request, **_kwargs: Any) -> Response:
        """Mark a failed virtual host as pending again, for its provisioner to find."""
        virtual_host = self.get_object()
        if virtual_host.provisioning_status != ProvisioningStatus.FAILED:
            return Response(
                {
                    "error": f"'{virtual_host.name}' is {virtual_host.provisioning_status}: only"
                    " failed provisioning can be retried."
                },
                status=status.HTTP_409_CONFLICT,
            )
        changed = reports.record(virtual_host, {"status": ProvisioningStatus.PENDING})
        reports.save_all({virtual_host: changed})
        return Response(self.get_serializer(virtual_host).data)

    @extend_schema(request=serializers.ThemeSerializer, responses=serializers.ThemeSerializer)
    @action(detail=True, methods=["get", "put"])
    def theme(self, request: Request, **_kwargs: Any) -> Response:
        """Show or change the theme. What a change leaves out stays as it is."""
        virtual_host = self.get_object()
        if request.method == "PUT":
            change = serializers.ThemeSerializer(virtual_host, data=request.data, partial=True)
            change.is_valid(raise_exception=True)
            change.save()
        return Response(serializers.ThemeSerializer(virtual_host).data)

    @extend_schema(
        methods=["POST"], request=serializers.LogoSerializer, responses=serializers.LogoSerializer
    )
    @extend_schema(
        methods=["DELETE"],
        parameters=[OpenApiParameter("logo_type", enum=LOGO_TYPES, required=True)],
        responses={204: None},
    )
    @action(
        detail=True,
        methods=["post", "delete"],
        parser_classes=[parsers.MultiPartParser],
    )
    def theme_logo(self, request: Request, **_kwargs: Any) -> Response:
        """Upload a logo, or go back to the instance's own."""
        virtual_host = self.get_object()
        if request.method == "DELETE":
            which = serializers.LogoTypeSerializer(data=request.query_params)
            which.is_valid(raise_exception=True)
            logos.clear(virtual_host, which.validated_data["logo_type"])
            return Response(status=status.HTTP_204_NO_CONTENT)
        upload = serializers.LogoSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        logo_type = upload.validated_data["logo_type"]
        try:
            logos.replace(virtual_host, logo_type, upload.validated_data["image"])
        except DjangoValidationError as error:
            raise ValidationError({"image": error.messages}) from None
        return Response({"logo_type": logo_type, "url": logo_url(virtual_host, logo_type)})

    @extend_schema(
        request=serializers.ReportsSerializer, responses=serializers.ReportResultsSerializer
    )
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def report(self, request: Request, **_kwargs: Any) -> Response:
        """Take in what a provisioner reports. A bad report is answered and stops no other."""
        envelope = serializers.ReportsSerializer(data=request.data)
        envelope.is_valid(raise_exception=True)
        return Response({"results": _record_all(envelope.validated_data["reports"])})


def _record_all(reported: Sequence[object]) -> list[dict[str, Any]]:
    read = [serializers.ReportSerializer.read(data) for data in reported]
    with transaction.atomic():
        known = reports.find_all({report["name"] for report, _error in read if report})
        changed: dict[VirtualHost, set[str]] = {}
        results = []
        for data, (report, error) in zip(reported, read, strict=True):
            named = data.get("name") if isinstance(data, dict) else None
            virtual_host = known.get(report["name"]) if report else None
            if report and virtual_host is None:
                error = f"There is no virtual host '{report['name']}'."
            fields = reports.record(virtual_host, report) if report and virtual_host else set()
            if virtual_host:
                changed.setdefault(virtual_host, set()).update(fields)
            name = named if isinstance(named, str) else None
            results.append({"name": name, "changed": bool(fields), "error": error})
        reports.save_all(changed)
    return results
