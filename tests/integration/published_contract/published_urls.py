# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""The addresses of Modoboa, and those of the logos, since no nginx is in front."""

from django.conf import settings
from django.urls import re_path
from django.views.static import serve
from instance.urls import urlpatterns as of_modoboa

urlpatterns = [
    *of_modoboa,
    re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
]
