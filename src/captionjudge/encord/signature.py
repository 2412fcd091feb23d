"""Who signed a request: the two ways in which clients sign, and bearer tokens."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from captionjudge.encord.faults import unauthenticated

SKEW_SECONDS = 300
"""How far a client's clock may be off."""

_COVERED = '("@method" "@request-target" "content-digest")'
_INPUT = re.compile(
    rf'^encord-sig=(?P<params>{re.escape(_COVERED)};created=(?P<created>\d{{1,12}});keyid="(?P<key>[0-9a-f]{{64}})"'
    r';alg="ed25519")$'
)
_SIGNATURE = re.compile(r"^encord-sig=:(?P<value>[A-Za-z0-9+/=]{88}):$")
_DIGEST = re.compile(r"^sha-256=:(?P<value>[A-Za-z0-9+/=]{44}):$")
_OLD = re.compile(r"^(?P<key>[0-9a-f]{64}):(?P<signature>[0-9a-f]{128})$")


class Signed(NamedTuple):
    """What a request's signature says: the key, and the signature itself where it covers the whole request."""

    key: str
    signature: str | None


def read_new(method: str, target: str, headers: Mapping[str, str], body: bytes, now: float) -> Signed:
    """Check a signature over method, target and body (RFC 9421).

    Args:
        target: the path and query as they were sent.
        now: seconds since 1970.

    Raises:
        Fault: it is missing, not of this request, or of another time.
    """
    given = _INPUT.match(headers.get("signature-input", ""))
    signature = _SIGNATURE.match(headers.get("signature", ""))
    digest = _DIGEST.match(headers.get("content-digest", ""))
    if given is None or signature is None or digest is None:
        raise unauthenticated("the request is not signed as the protocol asks")
    if _unbase64(digest["value"]) != hashlib.sha256(body).digest():
        raise unauthenticated("the body is not the one that was signed")
    if abs(now - int(given["created"])) > SKEW_SECONDS:
        raise unauthenticated("the signature is of another time: is this machine's clock right?")
    lines = (
        f'"@method": {method}',
        f'"@request-target": {target}',
        f'"content-digest": {headers["content-digest"]}',
        f'"@signature-params": {given["params"]}',
    )
    _verify(given["key"], _unbase64(signature["value"]), "\n".join(lines).encode())
    return Signed(given["key"], signature["value"])


def read_old(headers: Mapping[str, str], body: bytes) -> Signed:
    """Check a signature that covers the body and nothing else: neither time nor target.

    Raises:
        Fault: it is missing, or not of this body.
    """
    given = _OLD.match(headers.get("authorization", ""))
    if given is None:
        raise unauthenticated("the request is not signed as the protocol asks")
    _verify(given["key"], bytes.fromhex(given["signature"]), hashlib.sha256(body).digest())
    return Signed(given["key"], None)


def token_of(headers: Mapping[str, str]) -> str | None:
    """The bearer token of a request."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _verify(key: str, signature: bytes, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise unauthenticated("the signature does not fit the request") from None


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise unauthenticated("the request is not signed as the protocol asks") from None
