# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa in the memory of the test, as far as virtual hosts need it.

The real one is in the integration tests. This one is quick, counts requests, and can be made to
misbehave: to lack what only this project's extension offers, to ignore writes, to break.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_plus

import requests
import requests.adapters
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import (
    Client,
    Credentials,
    new_session,
)
from unit.plugins.module_utils.modoboa.script import TOKEN, URL, Answer

COLORS = (
    "primary_color",
    "primary_color_light",
    "primary_color_dark",
    "secondary_color",
    "label_color",
)
LOGOS = ("login", "menu", "creation_form")
TEXTS = ("page_title", "sender_address")


class Server(requests.adapters.BaseAdapter):
    """Virtual hosts, domains and themes; everything is one dictionary a host."""

    def __init__(self, domains: Iterable[str] = ()) -> None:
        super().__init__()
        self.domains = {name: number for number, name in enumerate(domains, start=100)}
        self.hosts: dict[str, dict[str, Any]] = {}
        self.log: list[str] = []
        self.uploads: list[bytes] = []
        self.takes_reports = True
        self.takes_bulk = True
        self.tells_digests = True
        self.lists_themes = True
        self.has_extras = True
        self.ignores: set[str] = set()
        self.jobs: list[Callable[[], object]] = []
        """What the server does by itself, one thing before each list of virtual hosts."""
        self.administrators: dict[str, list[str]] = {}
        self.faults: dict[str, Answer | Exception] = {}
        self._media: dict[str, bytes] = {}

    def cut_down(self) -> None:
        """Leave what the published contract has."""
        self.takes_reports = self.takes_bulk = self.tells_digests = False
        self.lists_themes = self.has_extras = False

    def add(self, name: str, *domains: str, **more: Any) -> dict[str, Any]:
        """Put a virtual host there."""
        host: dict[str, Any] = {
            "pk": len(self.hosts) + 1,
            "enabled": True,
            "domains": list(domains),
            "status": "pending",
            "error": "",
            "valid_until": None,
            "theme": {f"theme_{part}": "" for part in (*COLORS, *TEXTS)},
            "logos": {},
            **more,
        }
        self.hosts[name] = host
        return host

    def session(self) -> requests.Session:
        """A session whose requests all end here."""
        session = new_session()
        session.mount("https://", self)
        return session

    def client(self) -> Client:
        """A client of this server."""
        return Client(
            URL, Credentials("Token", TOKEN), session=self.session(), sleep=lambda _: None
        )

    def writes(self) -> list[str]:
        """The requests that write, without their API prefix."""
        return [line for line in self.log if not line.startswith(("GET", "OPTIONS"))]

    def close(self) -> None:
        """Nothing is open."""

    def send(  # type: ignore[override] # no option matters here
        self, request: requests.PreparedRequest, **_options: Any
    ) -> requests.Response:
        """Answer a request."""
        path = str(request.url)[len(URL) :].split("?")[0]
        line = f"{request.method} {path.replace('/api/v2/', '', 1)}"
        self.log.append(line)
        answer = self.faults.get(line) or self._answer(line, request)
        if isinstance(answer, Exception):
            raise answer
        return answer.response(request)

    def _answer(self, line: str, request: requests.PreparedRequest) -> Answer:
        routes: dict[str, Callable[..., Answer]] = {
            r"GET virtualhosts/": self._list,
            r"GET virtualhosts/for_domain/(\d+)/": self._for_domain,
            r"DELETE virtualhosts/(\d+)/": self._delete,
            r"POST virtualhosts/(\d+)/set_state/": self._set_state,
            r"POST virtualhosts/(\d+)/retry_provisioning/": self._retry,
            r"(OPTIONS|POST) virtualhosts/report/": self._report,
            r"(OPTIONS|POST) virtualhosts/bulk/": self._bulk,
            r"GET virtualhosts/(\d+)/theme/": self._theme,
            r"PUT virtualhosts/(\d+)/theme/": self._set_theme,
            r"(POST|DELETE) virtualhosts/(\d+)/theme_logo/": self._set_logo,
            r"GET domains/": self._domains,
            r"POST domains/": self._create_domain,
            r"GET domains/(\d+)/administrators/": self._list_administrators,
            r"OPTIONS domains/": self._describe_domains,
            r"PATCH domains/(\d+)/": self._link,
            r"GET /media/(.+)": self._file,
        }
        for pattern, route in routes.items():
            match = re.fullmatch(pattern, line)
            if match:
                return route(request, *match.groups())
        return Answer(404, "<html><title>Not Found</title></html>")

    def _shown(self, name: str) -> dict[str, Any]:
        host = self.hosts[name]
        return {
            "pk": host["pk"],
            "name": name,
            "creation": "2026-11-22T12:00:00Z",
            "enabled": host["enabled"],
            "domains": [{"pk": self.domains.get(each), "name": each} for each in host["domains"]],
            "has_certificate": host["valid_until"] is not None,
            "certificate_valid_until": host["valid_until"],
            "provisioning_status": host["status"],
            "last_provisioning_error": host["error"],
        }

    def _by_pk(self, pk: str) -> dict[str, Any]:
        return next(host for host in self.hosts.values() if host["pk"] == int(pk))

    def _list(self, request: Any) -> Answer:
        if self.jobs:
            self.jobs.pop(0)()
        shown = [self._shown(name) for name in self.hosts]
        if "theme=true" in request.url and self.lists_themes:
            shown = [{**each, "theme": self._shown_theme(str(each["pk"]))} for each in shown]
        return Answer(body={"next": None, "results": shown})

    def _for_domain(self, _request: Any, pk: str) -> Answer:
        for name, host in self.hosts.items():
            if any(self.domains[domain] == int(pk) for domain in host["domains"]):
                return Answer(body=self._shown(name))
        return Answer(404, {"detail": "Not found."})

    def _delete(self, _request: Any, pk: str) -> Answer:
        if "delete" not in self.ignores:
            self.hosts = {name: host for name, host in self.hosts.items() if host["pk"] != int(pk)}
        return Answer(204)

    def _set_state(self, request: Any, pk: str) -> Answer:
        if "enabled" not in self.ignores:
            self._by_pk(pk)["enabled"] = json.loads(request.body)["enabled"]
        return Answer(body={})

    def _retry(self, _request: Any, pk: str) -> Answer:
        host = self._by_pk(pk)
        if host["status"] != "failed":
            return Answer(409, {"error": "Only failed provisioning can be retried."})
        host.update(status="pending", error="")
        return Answer(body={})

    def _report(self, request: Any, method: str) -> Answer:
        if not self.takes_reports:  # then "report" is taken for the key of a virtual host
            return Answer(200 if method == "OPTIONS" else 405, {}, {"Allow": "DELETE, OPTIONS"})
        if method == "OPTIONS":
            return Answer(body={}, headers={"Allow": "POST, OPTIONS"})
        results = []
        for report in json.loads(request.body)["reports"]:
            error = self._record(report)
            results.append({"name": report["name"], "changed": not error, "error": error})
        return Answer(body={"results": results})

    def _record(self, report: dict[str, Any]) -> str | None:
        host = self.hosts[report["name"]]
        if report.get("error") == "unspeakable":
            return "no room for it"
        if "report" not in self.ignores:
            host.update({key: report[key] for key in ("status", "error") if key in report})
            host["valid_until"] = report.get("certificate_valid_until", host["valid_until"])
        return None

    def _bulk(self, request: Any, method: str) -> Answer:
        if not self.takes_bulk:  # then "bulk" is taken for the key of a virtual host
            return Answer(200 if method == "OPTIONS" else 405, {}, {"Allow": "DELETE, OPTIONS"})
        if method == "OPTIONS":
            return Answer(body={}, headers={"Allow": "POST, OPTIONS"})
        results = []
        for item in json.loads(request.body)["virtualhosts"]:
            error = self._bulk_item(item)
            results.append({"name": item["name"], "changed": not error, "error": error})
        return Answer(body={"results": results})

    def _bulk_item(self, item: dict[str, Any]) -> str | None:
        theme = item.get("theme", {})
        if theme.get("theme_page_title") == "unspeakable":
            return "theme: too long"
        if item["name"].startswith("refused."):
            return "This is our own name."
        for domain in item.get("domains", ()):
            self._put(domain, item["name"])
        if item["name"] not in self.hosts:
            return None  # its link was ignored
        host = self.hosts[item["name"]]
        if "enabled" not in self.ignores:
            host["enabled"] = item.get("enabled", host["enabled"])
        self._change_theme(host, theme)
        for kind, content in item.get("logos", {}).items():
            if content is None:
                host["logos"].pop(kind, None)
            else:
                self._keep_logo(host, kind, base64.b64decode(content))
        return self._record(item)

    def _theme(self, _request: Any, pk: str) -> Answer:
        return Answer(body=self._shown_theme(pk))

    def _shown_theme(self, pk: str) -> dict[str, Any]:
        host = self._by_pk(pk)
        kinds = (*LOGOS, "favicon") if self.has_extras else LOGOS
        urls = {
            f"theme_{kind}_logo_url": f"/media/{host['logos'][kind]}"
            if kind in host["logos"]
            else ""
            for kind in kinds
        }
        digests = {kind: host["logos"].get(kind) for kind in kinds}
        told = {"logo_digests": digests} if self.tells_digests else {}
        hidden = set() if self.has_extras else {f"theme_{text}" for text in TEXTS}
        fields = {key: value for key, value in host["theme"].items() if key not in hidden}
        return {**fields, **urls, **told}

    def _set_theme(self, request: Any, pk: str) -> Answer:
        self._change_theme(self._by_pk(pk), json.loads(request.body))
        return Answer(body={})

    def _change_theme(self, host: dict[str, Any], change: dict[str, str]) -> None:
        if "colors" not in self.ignores:
            host["theme"].update(change)

    def _set_logo(self, request: Any, method: str, pk: str) -> Answer:
        host = self._by_pk(pk)
        if method == "DELETE":
            del host["logos"][request.url.split("logo_type=")[1]]
            return Answer(204)
        self.uploads.append(request.body)
        boundary = request.headers["Content-Type"].split("boundary=")[1].encode()
        parts = [part.split(b"\r\n\r\n", 1) for part in request.body.split(b"--" + boundary)[1:-1]]
        kind, content = (body[:-2] for _head, body in parts)
        self._keep_logo(host, kind.decode(), content)
        return Answer(body={})

    def _keep_logo(self, host: dict[str, Any], kind: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        self._media[digest] = content
        if "logos" not in self.ignores:
            host["logos"][kind] = digest

    def _file(self, request: Any, name: str) -> Answer:
        assert "Authorization" not in request.headers, "files are public: no token for them"
        return Answer(body=self._media[name], headers={"Content-Type": "image/png"})

    def _domains(self, request: Any) -> Answer:
        prefix = re.search(r"search=([^&]*)", request.url)
        start = unquote_plus(prefix.group(1)) if prefix else ""
        shown = [
            {"pk": pk, "name": name} for name, pk in self.domains.items() if name.startswith(start)
        ]
        return Answer(body={"next": None, "results": shown})

    def _describe_domains(self, _request: Any) -> Answer:
        fields = {
            "pk": {"read_only": True, "label": "ID"},
            "name": {"read_only": False, "label": "Name"},
            "portal": {"read_only": False, "label": "Virtual host"},
        }
        return Answer(body={"actions": {"POST": fields}})

    def _link(self, request: Any, pk: str) -> Answer:
        domain = next(name for name, number in self.domains.items() if number == int(pk))
        self._put(domain, json.loads(request.body)["portal"])
        return Answer(body={})

    def _put(self, domain: str, hostname: str) -> None:
        """Put a domain on a host; empty is none."""
        if "domains" in self.ignores:
            return
        for host in self.hosts.values():
            host["domains"] = [each for each in host["domains"] if each != domain]
        if hostname:
            host = self.hosts.get(hostname) or self.add(hostname)
            host["domains"].append(domain)

    def _create_domain(self, request: Any) -> Answer:
        content = json.loads(request.body)
        pk = 100 + len(self.domains)
        self.domains[content["name"]] = pk
        self._put(content["name"], content["portal"])
        admin = content.get("domain_admin")
        named = [f"{admin['username']}@{content['name']}"] if admin else []
        self.administrators[str(pk)] = [] if "admin" in self.ignores else named
        quota = "0" if "quota" in self.ignores else content.get("quota", "0")
        return Answer(201, {"pk": pk, "name": content["name"], "quota": quota})

    def _list_administrators(self, _request: Any, pk: str) -> Answer:
        return Answer(body=[{"id": 1, "username": name} for name in self.administrators[pk]])
