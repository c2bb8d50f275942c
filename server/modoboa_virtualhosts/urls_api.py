# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Mounted by Modoboa under /api/v1/ and /api/v2/."""

from __future__ import annotations

from .api.urls import urlpatterns

__all__ = ["urlpatterns"]
