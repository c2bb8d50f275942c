# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA in the memory of the test, for what no real CA can be made to do at a given moment.

It sits below requests, where the socket would be. A test puts a fault in the way of a request, and
looks at what was asked.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import josepy
import requests
import requests.adapters
import urllib3
from acme import jws
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import PREFIX
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import timestamp
from cryptography import x509
from unit.plugins.module_utils.acme.issuing import issue

BASE = "https://ca.test"
DIRECTORY = f"{BASE}/directory"
TERMS = f"{BASE}/terms.html"

Answer = tuple[int, Mapping[str, str], Any]
Fault = Callable[[dict[str, Any]], "Answer | None"]


def problem(code: str, status: int = 400, **more: Any) -> Answer:
    """Return a problem document as the CA answers it."""
    headers = {key.replace("_", "-"): str(more.pop(key)) for key in ("Retry_After",) if key in more}
    return status, headers, {"type": f"{PREFIX}{code}", "detail": f"about {code}", **more}


class Authority(requests.adapters.BaseAdapter):
    """Issues for every name, except those that a test marks as refused."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        # by the public key in JSON
        self.accounts: dict[str, str] = {}
        self.contacts: dict[str, list[str]] = {}
        self.closed: set[str] = set()
        # what it handed out for external account binding: identifiers and their keys
        self.binding_required = False
        self.binding_keys: dict[str, bytes] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.proved: set[str] = set()
        self.refused: set[str] = set()
        # the suggested window for every certificate; None for a CA without renewal information
        self.window: tuple[datetime, datetime] | None = None
        self.renewal_pause = 21600
        self.replaced: set[str] = set()
        self.profiles: dict[str, str] = {}
        self.revoked: list[tuple[str, int, bool]] = []
        # roots of further chains
        self.alternates: list[str] = []
        self.pending_looks = 0
        self.nonces: set[str] = set()
        self.options: list[dict[str, Any]] = []
        self._faults: dict[str, list[Fault]] = {}
        self._looks: Counter[str] = Counter()
        self._count: Iterator[int] = iter(range(1000, 10**9))

    def fail(self, path: str, *answers: Answer | Exception) -> None:
        """Answer the next requests whose path begins so with these instead."""

        def fault(answer: Answer | Exception) -> Fault:
            def give(_payload: dict[str, Any]) -> Answer:
                if isinstance(answer, Exception):
                    raise answer
                return answer

            return give

        self._faults.setdefault(path, []).extend(fault(answer) for answer in answers)

    def paths(self, method: str = "POST") -> list[str]:
        """Return what was asked for, without the numbers at the end."""
        return [path.split("/")[1] for asked, path, _body in self.requests if asked == method]

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> Any:
        """Answer one request, as an adapter of requests does."""
        path = str(request.url)[len(BASE) :]
        message = json.loads(request.body) if request.body else {}
        protected = _decode(message.get("protected", "")) if message else {}
        payload = _decode(message["payload"]) if message.get("payload") else {}
        self.requests.append((str(request.method), path, payload))
        self.options.append(options)
        signed = not message or _signed(request.body, protected, self.accounts)
        status, headers, body = (
            self._answer(str(request.method), path, protected, payload)
            if signed
            else problem("malformed", detail="the signature is another key's")
        )
        if request.method != "GET":
            nonce = urlsafe_b64encode(next(self._count).to_bytes(6, "big")).decode()
            self.nonces.add(nonce)
            headers = {"Replay-Nonce": nonce, **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(content),
            headers=headers,
            status=status,
            preload_content=False,
        )
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""

    def _answer(
        self, method: str, path: str, protected: dict[str, Any], payload: dict[str, Any]
    ) -> Answer:
        for prefix, faults in self._faults.items():
            if path.startswith(prefix) and faults:
                answer = faults.pop(0)(payload)
                if answer is not None:
                    return answer
        if path.startswith("/renewalInfo/"):
            return self._renewal_info()
        if method in ("GET", "HEAD"):
            return 200, {}, self._directory()
        if protected["nonce"] not in self.nonces:
            return problem("badNonce")
        self.nonces.discard(protected["nonce"])
        if "kid" in protected and protected["kid"] not in self.accounts.values():
            return problem("accountDoesNotExist")
        if protected.get("kid") in self.closed:
            return problem("unauthorized", 403, detail="Account has been deactivated")
        kind, *rest = path.strip("/").split("/")
        answers: dict[str, Callable[..., Answer]] = {
            "newAccount": self._new_account,
            "account": self._account,
            "keyChange": self._key_change,
            "newOrder": self._new_order,
            "order": self._order,
            "authz": self._authz,
            "challenge": self._challenge,
            "finalize": self._finalize,
            "cert": self._cert,
            "revokeCert": self._revoke,
        }
        return answers[kind](payload, protected, *rest)

    def _directory(self) -> dict[str, Any]:
        names = ["newNonce", "newAccount", "newOrder", "keyChange", "revokeCert"]
        if self.window is not None:
            names.append("renewalInfo")
        meta = {"termsOfService": TERMS, "externalAccountRequired": self.binding_required}
        if self.profiles:
            meta["profiles"] = self.profiles
        return {**{name: f"{BASE}/{name}" for name in names}, "meta": meta}

    def _renewal_info(self) -> Answer:
        if self.window is None:
            return problem("malformed", 404)
        start, end = (timestamp(moment) for moment in self.window)
        body = {"suggestedWindow": {"start": start, "end": end}, "explanationURL": f"{BASE}/why"}
        return 200, {"Retry-After": str(self.renewal_pause)}, body

    def _new_account(self, payload: dict[str, Any], protected: dict[str, Any]) -> Answer:
        key = _canonical(protected["jwk"])
        known = self.accounts.get(key)
        if known in self.closed:
            return problem("unauthorized", 403, detail="exists but is deactivated")
        if known:
            return 200, {"Location": known}, {"contact": self.contacts.get(known, [])}
        if payload.get("onlyReturnExisting"):
            return problem("accountDoesNotExist")
        binding = payload.get("externalAccountBinding")
        if self.binding_required and binding is None:
            return problem("externalAccountRequired", 403)
        if binding is not None and not self._bound(binding, protected):
            return problem("unauthorized", 403, detail="the binding does not verify")
        url = self.accounts[key] = f"{BASE}/account/{next(self._count)}"
        self.contacts[url] = payload.get("contact") or []
        return 201, {"Location": url}, {"contact": self.contacts[url]}

    def _bound(self, binding: dict[str, Any], outer: dict[str, Any]) -> bool:
        """Check a binding as the CA does (RFC 8555 section 7.3.4)."""
        protected = _decode(binding["protected"])
        key = self.binding_keys.get(protected["kid"])
        if key is None or protected["url"] != outer["url"] or "nonce" in protected:
            return False
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[protected["alg"]]
        text = f"{binding['protected']}.{binding['payload']}".encode()
        mac = hmac.new(key, text, getattr(hashlib, digest)).digest()
        same_key = _canonical(_decode(binding["payload"])) == _canonical(outer["jwk"])
        return same_key and hmac.compare_digest(mac, _bytes(binding["signature"]))

    def _account(self, payload: dict[str, Any], protected: dict[str, Any], *_rest: Any) -> Answer:
        url = protected["kid"]
        if payload.get("status") == "deactivated":
            self.closed.add(url)
        self.contacts[url] = payload.get("contact", self.contacts.get(url, []))
        return 200, {}, {"contact": self.contacts[url]}

    def _key_change(self, payload: dict[str, Any], protected: dict[str, Any]) -> Answer:
        """Change a key as the CA does (RFC 8555 section 7.3.5)."""
        inner, new = _decode(payload["payload"]), _decode(payload["protected"])
        url, old_key, new_key = (
            protected["kid"],
            _canonical(inner["oldKey"]),
            _canonical(new["jwk"]),
        )
        right = new["url"] == protected["url"] and "nonce" not in new and inner["account"] == url
        if not right or not _signed(json.dumps(payload), new, {}):
            return problem("malformed")
        if self.accounts.get(old_key) != url:
            return problem("malformed", detail="oldKey is not the account's")
        if new_key in self.accounts:
            return problem("conflict", 409)
        self.accounts[new_key] = self.accounts.pop(old_key)
        return 200, {}, {}

    def _new_order(self, payload: dict[str, Any], *_rest: Any) -> Answer:
        replaces = payload.get("replaces")
        if replaces is not None and replaces in self.replaced:
            return problem("alreadyReplaced", 409)
        number = str(next(self._count))
        names = [each["value"] for each in payload["identifiers"]]
        self.orders[number] = {"names": names, "status": "pending", "replaces": replaces}
        return 201, {"Location": f"{BASE}/order/{number}"}, self._order_body(number)

    def _order_body(self, number: str) -> dict[str, Any]:
        order = self.orders[number]
        body = {
            "status": order["status"],
            "authorizations": [f"{BASE}/authz/{name}" for name in order["names"]],
            "finalize": f"{BASE}/finalize/{number}",
        }
        if "chain" in order:
            body["certificate"] = f"{BASE}/cert/{number}"
        return body

    def _order(self, _payload: dict[str, Any], _protected: Any, number: str) -> Answer:
        return 200, {}, self._order_body(number)

    def _authz(self, _payload: dict[str, Any], _protected: Any, name: str) -> Answer:
        asked = any(path == f"/challenge/{name}" for _method, path, _body in self.requests)
        if asked and self._looks[name] >= self.pending_looks and name not in self.refused:
            self.proved.add(name)
        self._looks[name] += asked
        challenge: dict[str, Any] = {
            "type": "http-01",
            "url": f"{BASE}/challenge/{name}",
            "token": f"Token-For-{name.replace('.', '-')}-0123456789",
        }
        status = "valid" if name in self.proved else "pending"
        if asked and name in self.refused:
            status = "invalid"
            challenge["error"] = {
                "type": f"{PREFIX}unauthorized",
                "detail": f"http://{name}/.well-known/acme-challenge/{challenge['token']}: 404",
                "status": 403,
            }
        identifier = {"type": "dns", "value": name}
        return 200, {}, {"identifier": identifier, "status": status, "challenges": [challenge]}

    def _challenge(self, _payload: dict[str, Any], _protected: Any, name: str) -> Answer:
        return 200, {}, {"url": f"{BASE}/challenge/{name}", "status": "processing"}

    def _finalize(self, payload: dict[str, Any], _protected: Any, number: str) -> Answer:
        order = self.orders[number]
        if order["status"] == "valid" or not set(order["names"]) <= self.proved:
            return problem("orderNotReady", 403)
        request = x509.load_der_x509_csr(_bytes(payload["csr"]))
        order["chain"] = issue(order["names"], request.public_key(), serial=next(self._count))
        order["status"] = "valid"
        self.replaced.add(order["replaces"])
        return 200, {}, self._order_body(number)

    def _cert(
        self, _payload: dict[str, Any], _protected: Any, number: str, which: str | None = None
    ) -> Answer:
        order = self.orders[number]
        links = ", ".join(
            f'<{BASE}/cert/{number}/{each}>;rel="alternate"' for each in range(len(self.alternates))
        )
        headers = {"Link": links} if links else {}
        if which is not None:
            return (
                200,
                headers,
                order["chain"] + issue(["x.ca"], issuer=self.alternates[int(which)]),
            )
        return 200, headers, order["chain"]

    def _revoke(self, payload: dict[str, Any], protected: dict[str, Any]) -> Answer:
        if any(payload["certificate"] == certificate for certificate, *_rest in self.revoked):
            return problem("alreadyRevoked")
        by_its_key = "jwk" in protected
        self.revoked.append((payload["certificate"], payload["reason"], by_its_key))
        return 200, {}, b""


def _canonical(key: dict[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)


def _signed(message: Any, protected: dict[str, Any], accounts: Mapping[str, str]) -> bool:
    """Say whether a message is signed by the key that it names, itself or through its account."""
    keys = [key for key, url in accounts.items() if url == protected.get("kid")]
    if "jwk" in protected:
        keys = [_canonical(protected["jwk"])]
    if not keys or not keys[0].startswith("{"):
        return True  # an account that is not known, or one that a test has without a key
    text = message.decode() if isinstance(message, bytes) else message
    key: Any = josepy.JWK.from_json(json.loads(keys[0]))
    return bool(jws.JWS.json_loads(text).verify(key))


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _decode(text: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(_bytes(text)) if text else {}
    return decoded
