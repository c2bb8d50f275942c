# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""Takes away from the extension's API what the published contract does not have.

What is left is limited as Modoboa limits its own endpoints: five writes of a kind a second.
"""

from django.apps import AppConfig
from django.urls import path
from published_fields import LOGO_TYPES, THEME, VIRTUAL_HOST


class PublishedContract(AppConfig):
    """Comes after the extension, and before anything is asked."""

    name = "published_app"

    def ready(self):
        """Put the endpoints of the contract in the place of the extension's."""
        from modoboa_virtualhosts.api import urls

        urls.urlpatterns[:] = _endpoints()


def _endpoints():
    from modoboa.lib.throttle import GetThrottleViewsetMixin, UserDdosPerView
    from modoboa_virtualhosts.api.parameters import ParametersView
    from modoboa_virtualhosts.api.themes import ThemeEndpoint
    from modoboa_virtualhosts.api.viewsets import VirtualHostViewSet
    from rest_framework import filters, mixins
    from rest_framework.routers import SimpleRouter
    from rest_framework.throttling import UserRateThrottle

    _cut_theme_down()

    class PublishedViewSet(
        GetThrottleViewsetMixin, mixins.ListModelMixin, mixins.DestroyModelMixin, ThemeEndpoint
    ):
        serializer_class = _without_additions(VirtualHostViewSet.serializer_class, VIRTUAL_HOST)
        pagination_class = VirtualHostViewSet.pagination_class
        filter_backends = (filters.OrderingFilter, filters.SearchFilter)
        ordering_fields = ("name", "creation")
        search_fields = ("name",)
        for_domain = VirtualHostViewSet.for_domain
        set_state = VirtualHostViewSet.set_state
        retry_provisioning = VirtualHostViewSet.retry_provisioning

    class PublishedParametersView(ParametersView):
        throttle_classes = (UserRateThrottle, UserDdosPerView)

    router = SimpleRouter()
    router.register("virtualhosts", PublishedViewSet, basename="virtualhost")
    parameters = PublishedParametersView.as_view()
    return [
        path("parameters/virtualhosts/", parameters, name="virtualhost-parameters"),
        *router.urls,
    ]


def _cut_theme_down():
    from modoboa_virtualhosts.api import themes
    from rest_framework import serializers

    class PublishedLogoType(serializers.Serializer):
        logo_type = serializers.ChoiceField(choices=LOGO_TYPES)

    class PublishedLogoUpload(PublishedLogoType):
        image = themes.UploadField(allow_empty_file=False)

    themes.VirtualHostThemeSerializer = _without_additions(themes.VirtualHostThemeSerializer, THEME)
    themes.VirtualHostLogoTypeSerializer = PublishedLogoType
    themes.VirtualHostLogoUploadSerializer = PublishedLogoUpload


def _without_additions(serializer, fields):
    """Return a serializer that knows of these fields alone."""
    additions = dict.fromkeys(set(serializer._declared_fields) - set(fields))
    meta = type("Meta", (serializer.Meta,), {"fields": fields, "read_only_fields": ()})
    return type(f"Published{serializer.__name__}", (serializer,), {**additions, "Meta": meta})
