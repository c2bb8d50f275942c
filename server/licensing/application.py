# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoint as a WSGI application, for any server behind HTTPS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .licences import Licences, RefusedError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH = "/register"
_BODY_BYTES = 16 * 1024
_FIELDS = ("key", "installation", "hostname")
_FIELD_LENGTH = 300


class Application:
    """Answers POST /register, and says no to everything else in JSON."""

    def __init__(self, licences: Licences) -> None:
        self._licences = licences

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        status, answer = self._answer(environ)
        content = json.dumps(answer).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [content]

    def _answer(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, Mapping[str, Any]]:
        if environ.get("PATH_INFO") != PATH:
            return HTTPStatus.NOT_FOUND, {"error": f"There is only {PATH}."}
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, {"error": "Only POST is possible here."}
        fields = _read(environ)
        if fields is None:
            wanted = ", ".join(_FIELDS)
            return HTTPStatus.BAD_REQUEST, {"error": f"Send JSON with these texts: {wanted}."}
        try:
            licence = self._licences.register(*fields)
        except RefusedError as error:
            return HTTPStatus.FORBIDDEN, {"error": str(error)}
        return HTTPStatus.OK, {"key_sha256": licence.key_sha256, "licensee": licence.licensee}


def _read(environ: WSGIEnvironment) -> list[str] | None:
    """Return the fields of a request, None when they are not there as they should be."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or "0")
        if not 0 < length <= _BODY_BYTES:
            return None
        body = json.loads(environ["wsgi.input"].read(length))
        fields = [body[name] for name in _FIELDS]
        if not all(isinstance(field, str) and len(field) <= _FIELD_LENGTH for field in fields):
            return None
        # What cannot be encoded cannot be a key either
        "".join(fields).encode()
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return fields if all(fields[:2]) else None
