# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Addresses of the endpoints, below ``/api/v2/``."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from .license import LicenseView
from .parameters import ParametersView
from .viewsets import VirtualHostViewSet

router = SimpleRouter()
router.register("virtualhosts", VirtualHostViewSet, basename="virtualhost")

urlpatterns = [
    path("parameters/virtualhosts/", ParametersView.as_view(), name="virtualhost-parameters"),
    # Before the router's, which take what follows for the key of a virtual host
    path("virtualhosts/license/", LicenseView.as_view(), name="virtualhost-license"),
    *router.urls,
]
