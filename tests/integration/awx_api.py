# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of AWX's API as its modules need to create things: AWX itself is in no package registry.

It keeps what it is given, finds it by its fields, and shows no secret. Whether AWX likes a value is
another question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bed.ports import LOOPBACK

TOKEN = "awx-token-of-the-test"
HIDDEN = "$encrypted$"
ROOT = "/api/v2/"
# What has templates that are launched, under one name
UNIFIED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources")

Item = dict[str, Any]


class Awx:
    """What there is, by collection. ``inside`` are things that belong to one item, such as its credentials."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.items: dict[str, list[Item]] = {}
        self.inside: dict[str, Any] = {}
        self.writes = 0

    def add(self, collection: str, **fields: Any) -> Item:
        """Create something."""
        number = 1 + sum(len(items) for items in self.items.values())
        url = f"{ROOT}{collection}/{number}/"
        kind = "inventory" if collection == "inventories" else collection.removesuffix("s")
        related = {"survey_spec": f"{url}survey_spec/"}
        item = {"id": number, "url": url, "type": kind, "related": related, "summary_fields": {}}
        item["scm_revision"] = ""
        self.items.setdefault(collection, []).append({**fields, **item})
        return self.items[collection][-1]

    def named(self, collection: str) -> dict[str, Item]:
        """What there is of a kind, by name or identifier."""
        return {_name(item): item for item in self.items[collection]}

    def names_inside(self, item: Item, what: str) -> list[str]:
        """What belongs to an item, by name or identifier."""
        by_id = {each["id"]: each for items in self.items.values() for each in items}
        found = [by_id[number] for number in self.inside.get(f"{item['url']}{what}/", [])]
        return sorted(_name(each) for each in found)

    def answer(self, method: str, path: str, query: dict[str, str], body: Item) -> tuple[int, Any]:
        """Status and content for a request."""
        words = path.removeprefix(ROOT).strip("/").split("/")
        self.writes += method != "GET"
        if len(words) == 3:
            return self._inside(method, path, body)
        if len(words) == 2:
            item = self._item(words[0], int(words[1]))
            item.update(body)
            return 200, self._shown(item)
        if method == "POST":
            return 201, self._shown(self.add(words[0], **body))
        return 200, self._list(words[0], query)

    def _inside(self, method: str, path: str, body: Item) -> tuple[int, Any]:
        if path.endswith("/survey_spec/"):
            if method == "POST":
                self.inside[path] = body
            return 200, self.inside.get(path, {})
        numbers = self.inside.setdefault(path, [])
        if method == "POST":
            (numbers.remove if body.get("disassociate") else numbers.append)(body["id"])
            return 204, None
        return 200, {"count": len(numbers), "next": None, "results": [{"id": n} for n in numbers]}

    def _list(self, collection: str, query: dict[str, str]) -> Item:
        collections = UNIFIED if collection == "unified_job_templates" else (collection,)
        found = [
            self._shown(item)
            for each in collections
            for item in self.items.get(each, [])
            if all(str(item.get(field)) == value for field, value in query.items())
        ]
        return {"count": len(found), "next": None, "results": found}

    def _item(self, collection: str, number: int) -> Item:
        return next(item for item in self.items[collection] if item["id"] == number)

    def _shown(self, item: Item) -> Item:
        """An item as AWX shows it."""
        if item["type"] != "credential" or "credential_type" not in item:
            return item
        fields = self._item("credential_types", item["credential_type"])["inputs"]["fields"]
        secret = {field["id"] for field in fields if field.get("secret")}
        inputs = item["inputs"].items()
        return {**item, "inputs": {key: HIDDEN if key in secret else v for key, v in inputs}}


def _name(item: Item) -> str:
    return str(item.get("name", item.get("identifier")))


@contextmanager
def running() -> Iterator[Awx]:
    """An AWX with one organization, and a credential for hosts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            address = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            status, content = 401, {"detail": "Authentication credentials were not provided."}
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                query = dict(parse_qsl(address.query, keep_blank_values=True))
                status, content = awx.answer(self.command, address.path, query, body)
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - named by the library

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        awx = Awx(f"http://{LOOPBACK}:{server.server_port}")
        awx.add("organizations", name="Default")
        awx.add("credentials", name="Front ends")
        Thread(target=server.serve_forever, daemon=True).start()
        yield awx
        server.shutdown()
