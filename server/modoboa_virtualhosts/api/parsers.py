# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How bodies of requests are read."""

from __future__ import annotations

import io
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers, status
from rest_framework.exceptions import APIException, ParseError

from .. import settings


class JSONParser(parsers.JSONParser):
    """Also refuses what is nested so deeply that Python gives up, which is an internal error else."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return what a body says.

        :raises ParseError: it is no JSON that can be read
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None


class RequestTooLarge(APIException):
    """There is more in a request than is read at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """Reads no more than the instance's settings allow, since all of it is held in memory."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return what a body says.

        :raises ParseError: it is no JSON that can be read
        :raises RequestTooLarge: it is too large
        """
        limit = int(settings.get("MODOBOA_VIRTUALHOSTS_BULK_MAX_BYTES"))
        content = stream.read(limit + 1)
        if len(content) > limit:
            raise RequestTooLarge(
                _("The request is larger than %(limit)d bytes.") % {"limit": limit}
            )
        return super().parse(io.BytesIO(content), media_type, parser_context)


PARSERS = (JSONParser, parsers.FormParser, parsers.MultiPartParser)
