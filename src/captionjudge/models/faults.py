"""What an unhappy HTTP answer means: one `ModelError`, in one line, without the key."""

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from msgspec import Struct

from captionjudge.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    ModelError,
    OverloadedError,
    RateLimitError,
    RequestTimeout,
)
from captionjudge.models.transport import Response

MESSAGE_LENGTH = 300
LONGEST_WAIT = 24 * 3600.0
SHORTEST_SECRET = 6
KEY_LIKE = re.compile(r"\b(?:sk|pk|rk|key|xai|gsk|hf)[-_][\w*.-]{6,}|\bAIza[\w*-]{6,}|(?<=Bearer )\S+", re.IGNORECASE)
QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
NO_CREDIT = re.compile(r"credit balance is too low|insufficient (?:credit|balance|funds)", re.IGNORECASE)
BAD_KEY = re.compile(r"api[ _]key (?:not valid|expired|not found)|API_KEY_INVALID", re.IGNORECASE)
NO_IMAGES = re.compile(
    r"image input is not supported|does not support (?:image|vision)|not a multimodal", re.IGNORECASE
)
ILL_FORMED = re.compile(r"model produced output that does not match", re.IGNORECASE)
RESET_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
RESET_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Complaint(Struct, frozen=True):
    """What the server's error body says. Empty where it says nothing."""

    message: str
    code: str = ""
    param: str = ""
    retry_delay: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Texts that no message may show."""

    values: tuple[str, ...]

    def hidden_in(self, text: str) -> str:
        """`text` with every secret, and whatever looks like a key, replaced by "***"."""
        for value in self.values:
            text = text.replace(value, "***")
        return KEY_LIKE.sub("***", text)


def secrets_of(key: str | None, headers: Mapping[str, str]) -> Secrets:
    """The key, and the values of the user's own headers, which often are keys too."""
    values = {key or "", *headers.values()}
    return Secrets(tuple(sorted((v for v in values if len(v) >= SHORTEST_SECRET), key=len, reverse=True)))


def complaint_of(response: Response) -> Complaint:
    """What the error body says, in any of the shapes servers use."""
    try:
        body: Any = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return Complaint(_plain(response.body))
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return Complaint(str(body) if body is not None else "")
    error = body.get("error") or body.get("detail") or body.get("message") or ""
    if not isinstance(error, dict):
        return Complaint(error if isinstance(error, str) else orjson.dumps(error).decode())
    codes = [error.get(name) for name in ("code", "type", "status")]
    return Complaint(
        str(error.get("message") or ""),
        " ".join(code for code in codes if isinstance(code, str)),
        str(error.get("param") or ""),
        _retry_delay(error.get("details")),
    )


def fault(response: Response, provider: str, secrets: Secrets) -> ModelError:
    """The error an answer with a status other than 2xx stands for."""
    complaint = complaint_of(response)
    message = one_line(complaint.message, secrets)
    where = one_line(response.headers.get("location", ""), secrets)
    if where and 300 <= response.status < 400:
        message = f"a redirect to {where}, which is not followed"
    told = f"{provider} answered {response.status}" + (f": {message}" if message else "")
    status = response.status
    cause = _refusal(status, complaint, provider, told)
    if cause is not None:
        return cause
    wait = retry_after(response.headers, time.time())
    if wait is None:
        wait = complaint.retry_delay
    if status == 429:
        return RateLimitError(told, provider=provider, status=status, retry_after=wait)
    if status in (408, 504):
        return RequestTimeout(told, provider=provider, status=status, retry_after=wait)
    if status >= 500:
        return OverloadedError(told, provider=provider, status=status, retry_after=wait)
    return BadRequestError(told, provider=provider, status=status, hint=_hint(status, provider))


def _refusal(status: int, complaint: Complaint, provider: str, told: str) -> ModelError | None:
    """The error for an answer whose words say more than its status."""
    if status == 402 or QUOTA_CODES & set(complaint.code.split()) or NO_CREDIT.search(complaint.message):
        return AuthError(
            told,
            provider=provider,
            status=status,
            hint=f"the account has no credit left: check plan and billing at {provider}",
        )
    if status in (401, 403) or (status == 400 and BAD_KEY.search(complaint.message)):
        return AuthError(
            told, provider=provider, status=status, hint=f"check the key of {provider}, and what it may be used for"
        )
    if status in (400, 500) and NO_IMAGES.search(complaint.message):
        return BadRequestError(told, provider=provider, status=status, hint="choose a model that takes images")
    if status == 500 and ILL_FORMED.search(complaint.message):
        return BadResponseError(told, provider=provider, status=status)
    return None


def _hint(status: int, provider: str) -> str:
    if status == 404:
        return f"check the model's name, and base_url of {provider}"
    if status == 413:
        return "send smaller images"
    if 300 <= status < 400:
        return f"redirects are not followed: set base_url of {provider} to the address it points to"
    return ""


def not_understood(what: str, provider: str, response: Response, secrets: Secrets) -> BadResponseError:
    """The error for a 2xx answer that is not what the protocol promises."""
    shown = one_line(_plain(response.body), secrets, 120)
    hint = "check that base_url is the API's address" if _is_html(response.body) else ""
    if _is_stream(response):
        what, shown = "a stream of events, which was not asked for", ""
        hint = f"turn streaming off at {provider}, or at the proxy before it: replies are read whole"
    coding = response.headers.get("content-encoding", "identity")
    # The text was no text: another transport may have unpacked it already.
    if coding != "identity" and "\ufffd" in shown:
        what, shown = f"a compressed body ({one_line(coding, secrets, 20)}), which was not asked for", ""
    return BadResponseError(
        f"{provider} answered {response.status} with {what}" + (f": {shown}" if shown else ""),
        provider=provider,
        status=response.status,
        hint=hint,
    )


def named(error: ModelError, provider: str) -> ModelError:
    """`error` of the transport, with the provider in it."""
    error.provider = provider
    error.args = (f"{provider}: {error.args[0]}",)
    return error


def one_line(text: str, secrets: Secrets, length: int = MESSAGE_LENGTH) -> str:
    """`text` on one line of at most `length` characters, with no control characters and no secrets."""
    # Secrets go first: one that the shortening cuts in two would no longer be recognised.
    line = "".join(c if c.isprintable() else " " for c in secrets.hidden_in(text[:20_000]))
    line = " ".join(line.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait, from Retry-After (RFC 9110) or the headers providers use beside it."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, LONGEST_WAIT)
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text:
        seconds = _until(text, now)
    if seconds is None:
        seconds = _reset(headers)
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _reset(headers: Mapping[str, str]) -> float | None:
    """The longest wait among the x-ratelimit-reset headers whose budget is used up."""
    waits = [
        wait
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0"
        and (wait := duration(headers.get(f"x-ratelimit-reset-{kind}", ""))) is not None
    ]
    return max(waits, default=None)


def duration(text: str) -> float | None:
    """Seconds in a text such as "6m0s", "1.5s" or "20ms"; None for anything else."""
    parts = RESET_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * RESET_UNITS[unit] for number, unit in parts)


def _retry_delay(details: Any) -> float | None:
    """`retryDelay` of google.rpc.RetryInfo."""
    for detail in details if isinstance(details, Sequence) and not isinstance(details, str) else ():
        if isinstance(detail, Mapping) and isinstance(detail.get("retryDelay"), str):
            return duration(detail["retryDelay"])
    return None


def _plain(body: bytes) -> str:
    return "an HTML page" if _is_html(body) else body[:20_000].decode("utf-8", "replace")


def _is_stream(response: Response) -> bool:
    """Whether the body is server-sent events."""
    kind = response.headers.get("content-type", "").lower()
    return kind.startswith("text/event-stream") or response.body[:200].lstrip().startswith((b"data:", b"event:"))


def _is_html(body: bytes) -> bool:
    start = body[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml"))
