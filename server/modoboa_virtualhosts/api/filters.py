# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What a list of virtual hosts can be narrowed down by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.filters import SearchFilter
from rest_framework.request import Request

from ..models import ProvisioningStatus, VirtualHost

_YES_NO = {"true": True, "1": True, "false": False, "0": False}


class YesNoField(forms.Field):
    """True or false, in words; anything else is refused, where Django would ignore it."""

    def to_python(self, value: Any) -> bool | None:
        """Return what the word means, None for none."""
        if value in self.empty_values:
            return None
        try:
            return _YES_NO[str(value).lower()]
        except KeyError:
            raise ValidationError(_("Write true or false."), code="invalid") from None


class YesNoFilter(filters.BooleanFilter):
    """Filters by a field that takes true or false."""

    field_class = YesNoField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **kwargs)


class NameSearchFilter(SearchFilter):
    """Searches; what cannot be searched for is refused under the name of the parameter."""

    def get_search_terms(self, request: Request) -> list[str]:
        """Return what to search for.

        :raises ValidationError: a character that no name can have, such as NUL
        """
        try:
            terms: list[str] = super().get_search_terms(request)
        except serializers.ValidationError as error:
            # By itself it is a list, which does not say where
            raise serializers.ValidationError({self.search_param: error.detail}) from None
        return terms


class VirtualHostFilterSet(filters.FilterSet):
    """By name, state and the end of the certificate's validity; all that are given have to hold."""

    enabled = YesNoFilter(help_text="Those in use, or those that are not.")
    provisioning_status = filters.MultipleChoiceFilter(
        choices=ProvisioningStatus.choices, help_text="Given more than once: any of these."
    )
    certificate_valid_until_before = filters.IsoDateTimeFilter(
        "certificate_valid_until",
        lookup_expr="lt",
        help_text="Its certificate expires before this moment; without a certificate it is left out.",
    )
    certificate_valid_until_after = filters.IsoDateTimeFilter(
        "certificate_valid_until",
        lookup_expr="gte",
        help_text="Its certificate is still valid at this moment.",
    )
    has_certificate = YesNoFilter(
        "certificate_valid_until",
        lookup_expr="isnull",
        exclude=True,
        help_text="A certificate has been reported, or none has.",
    )
    domain = filters.CharFilter(
        "domains__name", lookup_expr="iexact", help_text="The mail domain of this name is on it."
    )

    class Meta:
        model = VirtualHost
        fields = ("name",)
