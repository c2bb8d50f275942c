# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoint that takes many virtual hosts at once."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from .. import bulk
from ..bulk import Outcome, WantedVirtualHost
from ..reports import Report
from .bulk_logos import VirtualHostBulkLogosSerializer
from .endpoint import VirtualHostEndpoint
from .parsers import BoundedJSONParser
from .reports import VirtualHostReportSerializer
from .schema import documented
from .themes import VirtualHostThemeSerializer
from .throttles import BulkThrottle

# Bounds the memory and the time that one request takes
AT_ONCE = 2000
_DOMAINS = 1000


class VirtualHostBulkItemSerializer(VirtualHostReportSerializer):
    """What one virtual host is to be; what is left out stays as it is."""

    domains = serializers.ListField(
        child=serializers.CharField(max_length=253),
        required=False,
        max_length=_DOMAINS,
        help_text="Names of mail domains to put on it. A host that does not exist needs one.",
    )
    enabled = serializers.BooleanField(required=False)
    theme = VirtualHostThemeSerializer(required=False, partial=True)
    logos = VirtualHostBulkLogosSerializer(required=False)

    may_say_nothing = True

    def to_wanted(self, data: object) -> WantedVirtualHost | Outcome:
        """Return what is wanted, in the words of the extension, or at once what becomes of it."""
        said, error = self.read(data)
        if error:
            named = data.get("name") if isinstance(data, dict) else None
            return Outcome(named if isinstance(named, str) else "", error=error)
        values = dict(said.get("theme") or {})
        if "enabled" in said:
            values["enabled"] = said["enabled"]
        report: Report = {"name": said["name"]}
        if "status" in said:
            report |= {"status": said["status"], "error": said["error"]}
        if "certificate_valid_until" in said:
            report |= {"certificate_valid_until": said["certificate_valid_until"]}
        domains = tuple(dict.fromkeys(name.lower() for name in said.get("domains", ())))
        return WantedVirtualHost(said["name"], domains, values, said.get("logos") or {}, report)


class VirtualHostBulkSerializer(serializers.Serializer[Any]):
    """Many at once; each is checked on its own, so that one never stops the others."""

    # Anything at all: what makes no sense is answered in its place
    virtualhosts = serializers.ListField(
        child=serializers.JSONField(allow_null=True), max_length=AT_ONCE
    )


class VirtualHostBulkBodySerializer(serializers.Serializer[Any]):
    """What to send: the schema shows what an item is."""

    virtualhosts = VirtualHostBulkItemSerializer(many=True)


class VirtualHostBulkResultSerializer(serializers.Serializer[Any]):
    """What became of one."""

    name = serializers.CharField(allow_null=True)
    pk = serializers.IntegerField(allow_null=True)
    created = serializers.BooleanField()
    changed = serializers.BooleanField()
    error = serializers.CharField(allow_null=True)


class VirtualHostBulkResultsSerializer(serializers.Serializer[Any]):
    """What became of them, in their order."""

    results = VirtualHostBulkResultSerializer(many=True)


class BulkEndpoint(VirtualHostEndpoint):
    """``bulk/``."""

    @documented(
        {200: VirtualHostBulkResultsSerializer}, (400, 415), request=VirtualHostBulkBodySerializer
    )
    @action(
        detail=False,
        methods=["post"],
        filter_backends=[],
        pagination_class=None,
        parser_classes=[BoundedJSONParser],
        throttle_classes=[BulkThrottle],
    )
    def bulk(self, request: Request, **_kwargs: Any) -> Response:
        """Make, link, theme and report many virtual hosts. One that fails stops no other."""
        envelope = VirtualHostBulkSerializer(data=request.data)
        envelope.is_valid(raise_exception=True)
        item = VirtualHostBulkItemSerializer()
        read = [item.to_wanted(data) for data in envelope.validated_data["virtualhosts"]]
        wanted = [each for each in read if isinstance(each, WantedVirtualHost)]
        done = iter(bulk.bring_about(wanted))
        outcomes = [each if isinstance(each, Outcome) else next(done) for each in read]
        return Response({"results": [_shown(outcome) for outcome in outcomes]})


def _shown(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name or None,
        "pk": outcome.virtual_host.pk if outcome.virtual_host else None,
        "created": outcome.created,
        "changed": outcome.changed,
        "error": outcome.error,
    }
