# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How these endpoints are described in the instance's OpenAPI schema: with every answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

BY_KEY = OpenApiParameter("id", int, OpenApiParameter.PATH, description="Its primary key.")

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class VirtualHostRefusalSerializer(serializers.Serializer[Any]):
    """Why a request was refused; ``code`` is there when a program may want to tell reasons apart."""

    detail = serializers.CharField()
    code = serializers.CharField(required=False)


class VirtualHostConflictSerializer(serializers.Serializer[Any]):
    """Why something cannot be done now."""

    error = serializers.CharField()


_ALWAYS: Mapping[int, OpenApiResponse] = {
    401: OpenApiResponse(VirtualHostRefusalSerializer, "No valid credentials."),
    403: OpenApiResponse(
        VirtualHostRefusalSerializer,
        "Not a super administrator's request; or, with the code `license_required`, the licence of"
        " this instance is not registered.",
    ),
    406: OpenApiResponse(VirtualHostRefusalSerializer, "No media type is left that was asked for."),
    429: OpenApiResponse(
        VirtualHostRefusalSerializer, "Too many requests; `Retry-After` says how long to wait."
    ),
}
_OTHERS: Mapping[int, OpenApiResponse] = {
    400: OpenApiResponse(
        OpenApiTypes.OBJECT, "What is wrong: texts by field, or one text under `detail`."
    ),
    404: OpenApiResponse(VirtualHostRefusalSerializer, "There is no such thing."),
    409: OpenApiResponse(VirtualHostConflictSerializer, "Not in the present state."),
    415: OpenApiResponse(
        VirtualHostRefusalSerializer, "A body of a media type that is not read here."
    ),
}


def documented(
    responses: Mapping[int, Any], refusals: Collection[int] = (), **more: Any
) -> Callable[[_Endpoint], _Endpoint]:
    """Describe an endpoint in the schema.

    :param responses: what it answers with when all is well, by status
    :param refusals: the statuses, among 400, 404, 409 and 415, with which it refuses; those with
        which every endpoint refuses need no mention
    :param more: what drf-spectacular takes besides
    """
    others = {code: _OTHERS[code] for code in refusals}
    decorator: Callable[[_Endpoint], _Endpoint] = extend_schema(
        responses={**responses, **others, **_ALWAYS}, **more
    )
    return decorator
