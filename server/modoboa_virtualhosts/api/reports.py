# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoint at which a provisioner reports how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from .. import reports
from ..models import ProvisioningStatus, VirtualHost
from ..reports import Report
from .endpoint import VirtualHostEndpoint
from .parsers import JSONParser
from .schema import documented

# Bounds the memory and the time that one request takes
AT_ONCE = 5000


class VirtualHostReportSerializer(serializers.Serializer[Any]):
    """The state of one virtual host, as its provisioner sees it.

    Without a status, only the end of the certificate's validity is recorded.
    """

    name = serializers.CharField()
    status = serializers.ChoiceField(choices=ProvisioningStatus.choices, required=False)
    error = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    certificate_valid_until = serializers.DateTimeField(required=False, allow_null=True)

    may_say_nothing = False

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for something to record, for a reason with every failure, and for none without."""
        status, error = attrs.get("status"), attrs.get("error") or ""
        attrs["error"] = error
        says_nothing = status is None and "certificate_valid_until" not in attrs
        if says_nothing and not self.may_say_nothing:
            raise serializers.ValidationError(
                {"status": _("Report a status, certificate_valid_until, or both.")}
            )
        if status == ProvisioningStatus.FAILED and not error:
            raise serializers.ValidationError({"error": _("Say why it failed.")})
        if status != ProvisioningStatus.FAILED and error:
            raise serializers.ValidationError({"error": _("Only a failure has an error.")})
        return attrs

    def read(self, data: object) -> tuple[dict[str, Any], str | None]:
        """Return what is said, or what is wrong with it. One serializer reads any number.

        Making one for each would take longer than all the rest.
        """
        try:
            return self.run_validation(data), None
        except serializers.ValidationError as error:
            found = error.detail
        return {}, as_text(
            found if isinstance(found, Mapping) else {api_settings.NON_FIELD_ERRORS_KEY: found}
        )


class VirtualHostReportsSerializer(serializers.Serializer[Any]):
    """Many reports at once; each is checked on its own, so that one never stops the others."""

    # Anything at all: what is no report is answered in its place
    reports = serializers.ListField(
        child=serializers.JSONField(allow_null=True), max_length=AT_ONCE
    )


class VirtualHostReportsBodySerializer(serializers.Serializer[Any]):
    """What to send: the schema shows what a report is."""

    reports = VirtualHostReportSerializer(many=True)


class VirtualHostReportResultSerializer(serializers.Serializer[Any]):
    """What became of one report."""

    name = serializers.CharField(allow_null=True)
    changed = serializers.BooleanField()
    error = serializers.CharField(allow_null=True)


class VirtualHostReportResultsSerializer(serializers.Serializer[Any]):
    """What became of the reports, in their order."""

    results = VirtualHostReportResultSerializer(many=True)


class ReportEndpoint(VirtualHostEndpoint):
    """``report/``."""

    @documented(
        {200: VirtualHostReportResultsSerializer},
        (400, 415),
        request=VirtualHostReportsBodySerializer,
    )
    @action(
        detail=False,
        methods=["post"],
        filter_backends=[],
        pagination_class=None,
        parser_classes=[JSONParser],
    )
    def report(self, request: Request, **_kwargs: Any) -> Response:
        """Take in what a provisioner reports. A bad report is answered and stops no other."""
        envelope = VirtualHostReportsSerializer(data=request.data)
        envelope.is_valid(raise_exception=True)
        return Response({"results": _record_all(envelope.validated_data["reports"])})


def as_text(errors: Mapping[str, Any]) -> str:
    """Return what a serializer found wrong as one text.

    :param errors: the serializer's errors: texts by field
    """
    texts = []
    for name, found in errors.items():
        # By field again, or by place in a list, where a field has parts
        said = as_text(found) if isinstance(found, Mapping) else " ".join(map(str, found))
        texts.append(f"{name}: {said}")
    return " ".join(texts)


def _record_all(reported: Sequence[object]) -> list[dict[str, Any]]:
    serializer = VirtualHostReportSerializer()
    read = [serializer.read(data) for data in reported]
    with transaction.atomic():
        known = reports.find_all({said["name"] for said, error in read if not error})
        changed: dict[VirtualHost, set[str]] = {}
        results = []
        for data, (said, error) in zip(reported, read, strict=True):
            report: Report | None = None if error else cast(Report, said)
            named = data.get("name") if isinstance(data, dict) else None
            virtual_host = known.get(report["name"]) if report else None
            if report and virtual_host is None:
                error = _("There is no virtual host '%(name)s'.") % {"name": report["name"]}
            fields = reports.record(virtual_host, report) if report and virtual_host else set()
            if virtual_host:
                changed.setdefault(virtual_host, set()).update(fields)
            name = named if isinstance(named, str) else None
            results.append({"name": name, "changed": bool(fields), "error": error})
        reports.save_all(changed)
    return results
