# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoints under ``virtualhosts/``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django_filters import rest_framework as dj_filters
from drf_spectacular.utils import OpenApiParameter
from modoboa.admin.models import Domain
from modoboa.lib.pagination import CustomPageNumberPagination
from rest_framework import filters, mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from .. import reports
from ..models import ProvisioningStatus, VirtualHost
from . import listing
from .bulk import BulkEndpoint
from .filters import NameSearchFilter, VirtualHostFilterSet
from .listing import VirtualHostListedSerializer
from .reports import ReportEndpoint
from .representation import VirtualHostSerializer
from .schema import BY_KEY, documented
from .themes import ThemeEndpoint


class VirtualHostStateSerializer(serializers.Serializer[Any]):
    """Whether a virtual host is in use."""

    enabled = serializers.BooleanField()


class VirtualHostViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    BulkEndpoint,
    ReportEndpoint,
    ThemeEndpoint,
):
    """Virtual hosts. They come into being by being assigned to a domain, in the domain API."""

    serializer_class = VirtualHostSerializer
    pagination_class = CustomPageNumberPagination
    filter_backends = (
        filters.OrderingFilter,
        NameSearchFilter,
        dj_filters.DjangoFilterBackend,
    )
    filterset_class = VirtualHostFilterSet
    ordering_fields = ("name", "creation")
    search_fields: Sequence[str] = ("name",)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[VirtualHost]]:
        """Return what shows themes as well, where a list is asked for them."""
        if self.action == "list" and listing.with_themes(self.request):
            return VirtualHostListedSerializer
        return super().get_serializer_class()

    @documented(
        {200: VirtualHostListedSerializer(many=True)}, (400, 404), parameters=[listing.WITH_THEMES]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the virtual hosts, a page at a time; 404 for a page that is not there."""
        return super().list(request, *args, **kwargs)

    @documented({200: VirtualHostSerializer}, (404,), parameters=[BY_KEY])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one virtual host."""
        return super().retrieve(request, *args, **kwargs)

    @documented({204: None}, (404,), parameters=[BY_KEY])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete a virtual host, with its theme. Its domains stay, on none."""
        return super().destroy(request, *args, **kwargs)

    @documented(
        {200: VirtualHostSerializer},
        (404,),
        parameters=[OpenApiParameter("domain_pk", int, OpenApiParameter.PATH)],
    )
    @action(
        detail=False,
        url_path=r"for_domain/(?P<domain_pk>[^/]+)",
        filter_backends=[],
        pagination_class=None,
    )
    def for_domain(self, _request: Request, domain_pk: str, **_kwargs: Any) -> Response:
        """Return the virtual host that a domain is on; 404 when it is on none."""
        # This function also takes what is no number, and too large a one, for the key of no domain
        domain = get_object_or_404(Domain.objects.all(), pk=domain_pk)
        virtual_host = get_object_or_404(self.get_queryset(), links__domain=domain)
        return Response(self.get_serializer(virtual_host).data)

    @documented(
        {200: VirtualHostSerializer},
        (400, 404, 415),
        request=VirtualHostStateSerializer,
        parameters=[BY_KEY],
    )
    @action(detail=True, methods=["post"])
    def set_state(self, request: Request, **_kwargs: Any) -> Response:
        """Enable or disable a virtual host. Through a disabled one only super administrators log in."""
        virtual_host = self.get_object()
        state = VirtualHostStateSerializer(data=request.data)
        state.is_valid(raise_exception=True)
        if virtual_host.enabled != state.validated_data["enabled"]:
            virtual_host.enabled = state.validated_data["enabled"]
            virtual_host.save(update_fields=["enabled"])
        return Response(self.get_serializer(virtual_host).data)

    @documented({200: VirtualHostSerializer}, (404, 409), request=None, parameters=[BY_KEY])
    @action(detail=True, methods=["post"])
    def retry_provisioning(self, _request: Request, **_kwargs: Any) -> Response:
        """Mark a failed virtual host as pending again, for its provisioner to find."""
        virtual_host = self.get_object()
        if virtual_host.provisioning_status != ProvisioningStatus.FAILED:
            return Response(
                {
                    "error": _("'%(name)s' is %(status)s: only failed provisioning can be retried.")
                    % {"name": virtual_host.name, "status": virtual_host.provisioning_status}
                },
                status=status.HTTP_409_CONFLICT,
            )
        changed = reports.record(virtual_host, {"status": ProvisioningStatus.PENDING})
        reports.save_all({virtual_host: changed})
        return Response(self.get_serializer(virtual_host).data)
