# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa in the memory of the test, as far as virtual hosts need it.

The real one is in the integration tests. This one is quick, counts requests, and can be made to
misbehave: to lack what only this project's extension offers, to ignore writes, to break.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

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


class Server(requests.adapters.BaseAdapter):
    """Virtual hosts, domains and themes; everything is one dictionary a host."""

    def __init__(self, domains: Iterable[str] = ()) -> None:
        super().__init__()
        self.domains = {name: number for number, name in enumerate(domains, start=100)}
        self.hosts: dict[str, dict[str, Any]] = {}
        self.log: list[str] = []
        self.uploads: list[bytes] = []
        self.takes_reports = True
        self.tells_digests = True
        self.ignores: set[str] = set()
        self.faults: dict[str, Answer | Exception] = {}
        self._media: dict[str, bytes] = {}

    def add(self, name: str, *domains: str, **more: Any) -> dict[str, Any]:
        """Put a virtual host there."""
        host: dict[str, Any] = {
            "pk": len(self.hosts) + 1,
            "enabled": True,
            "domains": list(domains),
            "status": "pending",
            "error": "",
            "valid_until": None,
            "theme": {f"theme_{color}": "" for color in COLORS},
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
            r"(OPTIONS|POST) virtualhosts/report/": self._report,
            r"GET virtualhosts/(\d+)/theme/": self._theme,
            r"PUT virtualhosts/(\d+)/theme/": self._set_theme,
            r"(POST|DELETE) virtualhosts/(\d+)/theme_logo/": self._set_logo,
            r"GET domains/": self._domains,
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

    def _list(self, _request: Any) -> Answer:
        return Answer(body={"next": None, "results": [self._shown(name) for name in self.hosts]})

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

    def _report(self, request: Any, method: str) -> Answer:
        if not self.takes_reports:  # then "report" is taken for the key of a virtual host
            return Answer(200 if method == "OPTIONS" else 405, {}, {"Allow": "DELETE, OPTIONS"})
        if method == "OPTIONS":
            return Answer(body={}, headers={"Allow": "POST, OPTIONS"})
        results = []
        for report in json.loads(request.body)["reports"]:
            host = self.hosts[report["name"]]
            error = "no room for it" if report.get("error") == "unspeakable" else None
            if not error and "report" not in self.ignores:
                host.update({key: report[key] for key in ("status", "error") if key in report})
                host["valid_until"] = report.get("certificate_valid_until", host["valid_until"])
            results.append({"name": report["name"], "changed": not error, "error": error})
        return Answer(body={"results": results})

    def _theme(self, _request: Any, pk: str) -> Answer:
        host = self._by_pk(pk)
        urls = {
            f"theme_{kind}_logo_url": f"/media/{host['logos'][kind]}"
            if kind in host["logos"]
            else ""
            for kind in LOGOS
        }
        digests = {kind: host["logos"].get(kind) for kind in LOGOS}
        told = {"logo_digests": digests} if self.tells_digests else {}
        return Answer(body={**host["theme"], **urls, **told})

    def _set_theme(self, request: Any, pk: str) -> Answer:
        if "colors" not in self.ignores:
            self._by_pk(pk)["theme"].update(json.loads(request.body))
        return Answer(body={})

    def _set_logo(self, request: Any, method: str, pk: str) -> Answer:
        logos = self._by_pk(pk)["logos"]
        if method == "DELETE":
            del logos[request.url.split("logo_type=")[1]]
            return Answer(204)
        self.uploads.append(request.body)
        boundary = request.headers["Content-Type"].split("boundary=")[1].encode()
        parts = [part.split(b"\r\n\r\n", 1) for part in request.body.split(b"--" + boundary)[1:-1]]
        kind, content = (body[:-2] for _head, body in parts)
        digest = hashlib.sha256(content).hexdigest()
        self._media[digest] = content
        if "logos" not in self.ignores:
            logos[kind.decode()] = digest
        return Answer(body={})

    def _file(self, request: Any, name: str) -> Answer:
        assert "Authorization" not in request.headers, "files are public: no token for them"
        return Answer(body=self._media[name], headers={"Content-Type": "image/png"})

    def _domains(self, request: Any) -> Answer:
        prefix = re.search(r"search=([^&]*)", request.url)
        start = prefix.group(1) if prefix else ""
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
        hostname = json.loads(request.body)["portal"]
        domain = next(name for name, number in self.domains.items() if number == int(pk))
        if "domains" in self.ignores:
            return Answer(body={})
        for host in self.hosts.values():
            host["domains"] = [each for each in host["domains"] if each != domain]
        if hostname not in self.hosts:
            self.add(hostname)
        self.hosts[hostname]["domains"].append(domain)
        return Answer(body={})
