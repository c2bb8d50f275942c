# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What all endpoints of virtual hosts have in common: who may use them, and how often."""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from modoboa.lib.permissions import IsSuperUser
from rest_framework import permissions, viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from .. import license as licensing
from ..models import VirtualHost
from .parsers import PARSERS
from .throttles import ProvisionerThrottle


class IsLicensed(permissions.BasePermission):
    """Lets requests through while the licence of this instance is registered, or none is needed."""

    def has_permission(self, _request: Request, _view: APIView) -> bool:
        """Let through.

        :raises LicenseRequired: it is locked
        """
        licensing.demand()
        return True


PERMISSIONS = (permissions.IsAuthenticated, IsSuperUser, IsLicensed)


class VirtualHostEndpoint(viewsets.GenericViewSet[VirtualHost]):
    """Something to do with virtual hosts, for super administrators."""

    queryset = VirtualHost.objects.all()
    permission_classes = PERMISSIONS
    throttle_classes: tuple[type[BaseThrottle], ...] = (ProvisionerThrottle,)
    parser_classes: tuple[type[BaseParser], ...] = PARSERS
    # Whatever is no name at all is answered like a name that is unknown
    lookup_value_regex = "[^/]+"

    def get_queryset(self) -> QuerySet[VirtualHost]:
        """Return all virtual hosts, with their domains where these are shown."""
        virtual_hosts = super().get_queryset().prefetch_related("domains")
        if self.request.method in permissions.SAFE_METHODS or not connection.in_atomic_block:
            return virtual_hosts
        # What is looked at before a change is so until it is made, and nobody deletes it meanwhile
        return virtual_hosts.select_for_update()
