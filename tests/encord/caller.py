"""A caller that signs as the platform's clients do, speaking to the application without a port."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def results(self) -> list[Any]:
        found: list[Any] = self.json["results"]
        return found


@dataclass(frozen=True)
class Request:
    """A signed request, which can be sent again, or changed."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]


class Caller:
    def __init__(self, app: Any, key: Ed25519PrivateKey) -> None:
        self.client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
        self.key = key

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def signed(self, method: str, path: str, body: Any = None, created: int | None = None, **query: Any) -> Request:
        """A request of the newer protocol."""
        text = urlencode([(k, v) for k, v in query.items() if v is not None], doseq=True)
        target = f"/v2/public/{path}" + (f"?{text}" if text else "")
        return self.raw(method, target, b"" if body is None else json.dumps(body).encode(), created)

    def raw(self, method: str, target: str, data: bytes, created: int | None = None) -> Request:
        """As `signed`, with a body that may be anything."""
        target = target if target.startswith("/") else f"/v2/public/{target}"
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"
        when = int(time.time()) if created is None else created
        params = '("@method" "@request-target" "content-digest")'
        params += f';created={when};keyid="{self.public}";alg="ed25519"'
        lines = [f'"@method": {method}', f'"@request-target": {target}', f'"content-digest": {digest}']
        base = "\n".join([*lines, f'"@signature-params": {params}'])
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        headers = {
            "Content-Digest": digest,
            "Signature-Input": f"encord-sig={params}",
            "Signature": f"encord-sig=:{signature}:",
            "Content-Type": "application/json",
        }
        return Request(method, target, data, headers)

    def send(self, request: Request) -> Answer:
        got = self.client.request(request.method, request.target, content=request.body, headers=request.headers)
        return Answer(got.status_code, got.content)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        return self.send(self.signed(method, path, body, **query))

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, None, **query)

    def post(self, path: str, body: Any) -> Answer:
        return self.call("POST", path, body)

    def old_signed(
        self, query: str, method: str, uid: Any = None, payload: Any = None, about: tuple[str, str] | None = None
    ) -> Request:
        """A request of the older protocol; `about` is what its headers name: a kind and an id."""
        values = {"uid": uid, "payload": payload}
        return self.old_raw({"query_type": query, "query_method": method, "values": values}, about)

    def old_raw(self, body: Any, about: tuple[str, str] | None = None) -> Request:
        """As `old_signed`, with a body that may be anything."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = self.key.sign(hashlib.sha256(data).digest()).hex()
        headers = {"Authorization": f"{self.public}:{signature}", "Content-Type": "application/json"}
        if about is not None:
            headers |= {"ResourceType": about[0], "ResourceID": about[1]}
        return Request("POST", "/public", data, headers)

    def old(
        self, query: str, method: str, uid: Any = None, payload: Any = None, about: tuple[str, str] | None = None
    ) -> Any:
        """What the older protocol answers, without its envelope."""
        got = self.send(self.old_signed(query, method, uid, payload, about))
        assert got.status == 200
        assert got.json["status"] == 200, got.json
        return got.json["response"]

    def plain(self, method: str, url: str, content: bytes = b"", **headers: str) -> Answer:
        """A request that nobody signs."""
        got = self.client.request(method, url, content=content, headers=headers)
        return Answer(got.status_code, got.content)
