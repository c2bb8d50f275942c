# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The field ``virtualhost`` of Modoboa's domain API: how virtual hosts come into being."""

from __future__ import annotations

from typing import Any

from asgiref.local import Local
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import request_finished, request_started
from django.dispatch import receiver
from django.utils.translation import gettext as _
from modoboa.admin import signals
from modoboa.admin.models import Domain
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from . import links
from .models import VirtualHostDomain, validate_hostname

FIELD = "virtualhost"


class VirtualHostField(serializers.CharField):
    """A hostname, which super administrators may set; blank takes the domain off its host.

    Everybody else may send back what they were shown, as the forms of the frontend do.
    """

    def __init__(self) -> None:
        super().__init__(
            # Clients find the field by this label, so it is the same in every language
            label="Virtual host",
            help_text="Hostname of the portal that this domain's users log in on",
            required=False,
            allow_blank=True,
            allow_null=True,
            write_only=True,
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the hostname to link to, empty to unlink.

        :raises ValidationError: it is no hostname, or the instance's own
        :raises PermissionDenied: it is a change, and not a super administrator's
        """
        value = super().run_validation(data) or ""
        instance = getattr(self.parent, "instance", None)
        current = links.hostname_of(instance) if isinstance(instance, Domain) else ""
        if value == current:
            return value
        user = self.context["request"].user
        if not user.is_superuser:
            raise PermissionDenied(_("Only super administrators may assign virtual hosts."))
        if value:
            for check in (validate_hostname, links.refuse_primary):
                self._check(check, value)
        return value

    def _check(self, check: Any, value: str) -> None:
        try:
            check(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class _Shown:
    """The hostnames of the domains that one request shows.

    A list of domains asks for each on its own; the second question is answered for all of them.
    """

    def __init__(self) -> None:
        self._local = Local()
        self.forget()

    def forget(self) -> None:
        self._local.asked = False
        self._local.hostnames = None

    def hostname_of(self, domain: Domain) -> str:
        if not getattr(self._local, "asked", False):
            self._local.asked = True
            return links.hostname_of(domain)
        if self._local.hostnames is None:
            self._local.hostnames = dict(
                VirtualHostDomain.objects.values_list("domain_id", "virtualhost__name")
            )
        hostname: str = self._local.hostnames.get(domain.pk, "")
        return hostname


_shown = _Shown()


@receiver((request_started, request_finished))
def _new_request(**_kwargs: Any) -> None:
    _shown.forget()


@receiver(signals.extra_domain_serializer_fields)
def _fields(**_kwargs: Any) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    return {FIELD: VirtualHostField()}


@receiver(signals.extra_domain_serializer_data)
def _representation(domain: Domain, **_kwargs: Any) -> dict[str, str]:
    return {FIELD: _shown.hostname_of(domain)}


@receiver((signals.domain_post_create_via_api, signals.domain_post_update_via_api))
def _assign(
    domain: Domain, plugin_data: dict[str, Any], request: Request | None, **_kwargs: Any
) -> None:
    # Others were shown a hostname and have sent it back; meanwhile the domain may have been moved
    if FIELD not in plugin_data or not (request and request.user.is_superuser):
        return
    if plugin_data[FIELD] != links.hostname_of(domain):
        links.assign(domain, plugin_data[FIELD])
        _shown.forget()
