# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Addresses of the REST API, below /api/v2/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from .viewsets import VirtualHostViewSet

router = SimpleRouter()
router.register("virtualhosts", VirtualHostViewSet, basename="virtualhost")

urlpatterns = router.urls
