# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How bodies of requests are read."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError


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


class BoundedJSONParser(JSONParser):
    """Reads no more than Django would, since all of it is held in memory.

    Modoboa's authentication reads the body before this, and Django looks at its size then; but the
    instance's settings may have another one.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return what a body says.

        :raises ParseError: it is no JSON that can be read, or too large
        """
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(-1 if limit is None else limit + 1)
        if limit is not None and len(content) > limit:
            raise ParseError(_("The request is larger than %(limit)d bytes.") % {"limit": limit})
        return super().parse(io.BytesIO(content), media_type, parser_context)


PARSERS = (JSONParser, parsers.FormParser, parsers.MultiPartParser)
