"""Answers from a file: for tests, demonstrations, and runs that must cost nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import orjson
from msgspec import Struct

from captionjudge.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    ConfigError,
    ConnectionFailed,
    ModelError,
    OverloadedError,
    RateLimitError,
    RequestTimeout,
)
from captionjudge.models.model import (
    Compare,
    Describe,
    FinishReason,
    Reply,
    Request,
    Rewrite,
    Subject,
    TokenLogprob,
    Usage,
)
from captionjudge.models.provider import Provider

Kind = Literal["describe", "compare", "rewrite"]
ANY = "*"
SELECTORS = frozenset({"model", "kind", "image", "text", "first", "second", "reask", "times"})
OUTCOMES = frozenset({"reply", "finish_reason", "usage", "logprobs", "error", "message", "retry_after", "status"})
KEYS = SELECTORS | OUTCOMES
ERRORS: dict[str, type[ModelError]] = {
    error.kind: error
    for error in (
        AuthError,
        BadRequestError,
        RateLimitError,
        OverloadedError,
        RequestTimeout,
        ConnectionFailed,
        BadResponseError,
    )
}


class Line(Struct, frozen=True):
    """One line of the file: which requests it is for, and what they get. None matches everything."""

    number: int
    model: str | None
    kind: Kind | None
    image: str | None
    text: str | None
    first: str | None
    second: str | None
    reask: bool | None
    times: int | None
    outcome: Reply | ModelError


def open_model(name: str, provider: Provider) -> "RecordedModel":
    """A model that answers from the JSON-lines file at the provider's `path`.

    Raises:
        ConfigError: there is no such file, or a line of it cannot be used.
    """
    if not provider.path:
        raise ConfigError(
            f"the provider {provider.name!r} answers from a file, and none is set",
            hint=f'[providers.{provider.name}] kind = "recorded", path = "replies.jsonl"',
        )
    return RecordedModel(name, provider.name, read_lines(Path(provider.path)))


class RecordedModel:
    """Gives each request the first line that fits it and is not used up."""

    def __init__(self, name: str, provider: str, lines: Sequence[Line]) -> None:
        self._name = f"{provider}/{name}"
        self._provider = provider
        self._model = name
        self._left = {line.number: line.times for line in lines if line.times is not None}
        self._lines: dict[tuple[Kind | None, str | None], list[Line]] = {}
        for line in lines:
            if line.model in (None, name):
                self._lines.setdefault((line.kind, line.image), []).append(line)

    @property
    def name(self) -> str:
        """The reference it was opened by, "provider/model"."""
        return self._name

    async def reply(self, request: Request) -> Reply:
        """The recorded reply, or the recorded error."""
        line = self._find(request)
        if line.number in self._left:
            self._left[line.number] = (self._left[line.number] or 0) - 1
        outcome = line.outcome
        if isinstance(outcome, Reply):
            return outcome
        # A fresh error each time: a raised one remembers where it was raised.
        raise type(outcome)(
            str(outcome), provider=self._provider, status=outcome.status, retry_after=outcome.retry_after
        )

    async def close(self) -> None:
        """Nothing is held."""

    def _find(self, request: Request) -> Line:
        kind = kind_of(request.subject)
        image = request.image.digest if request.image else None
        places = {(k, i) for k in (kind, None) for i in (image, None)}
        candidates = sorted((line for p in places for line in self._lines.get(p, ())), key=lambda line: line.number)
        for line in candidates:
            if self._left.get(line.number) != 0 and _fits(line, request):
                return line
        raise BadRequestError(
            f"{self._provider} has no recorded reply for {self._model!r}: kind {kind!r}, image {image or 'none'}, "
            f"{_wanted(request)}",
            provider=self._provider,
            hint='add a line for it, or one with image "*"',
        )


def kind_of(subject: Subject) -> Kind:
    """The name a recorded line gives to a subject of this type."""
    match subject:
        case Describe():
            return "describe"
        case Compare():
            return "compare"
        case Rewrite():
            return "rewrite"


def _fits(line: Line, request: Request) -> bool:
    subject = request.subject
    first, second = (None, None) if isinstance(subject, Describe) else (subject.first, subject.second)
    wanted = (
        (line.text, request.text),
        (line.first, first),
        (line.second, second),
        (line.reask, request.previous is not None),
    )
    return all(said is None or said == asked for said, asked in wanted)


def _wanted(request: Request) -> str:
    subject = request.subject
    if isinstance(subject, Describe):
        return f"text {request.text[:80]!r}"
    return f"first {subject.first[:60]!r}, second {subject.second[:60]!r}"


def read_lines(path: Path) -> list[Line]:
    """The lines of a recording.

    Raises:
        ConfigError: naming the file and the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the recorded replies {str(path)!r} cannot be read: {error.strerror}") from None
    lines = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if raw.strip():
            try:
                lines.append(_line(number, orjson.loads(raw)))
            except ValueError as error:
                raise ConfigError(f"{path} line {number}: {error}") from None
    return lines


def _line(number: int, row: Any) -> Line:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    unknown = sorted(row.keys() - KEYS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(KEYS))}")
    if ("reply" in row) == ("error" in row):
        raise ValueError("needs either 'reply' or 'error'")
    image = _typed(row, "image", str)
    kind = _typed(row, "kind", str)
    if kind not in (None, *get_args(Kind)):
        raise ValueError(f"kind {kind!r} is not one of {', '.join(get_args(Kind))}")
    times = _typed(row, "times", int)
    if times is not None and times < 1:
        raise ValueError(f"times is {times}, and must be 1 or more")
    return Line(
        number=number,
        model=_typed(row, "model", str),
        kind=kind,
        image=None if image == ANY else image,
        text=_typed(row, "text", str),
        first=_typed(row, "first", str),
        second=_typed(row, "second", str),
        reask=_typed(row, "reask", bool),
        times=times,
        outcome=_error(row) if "error" in row else _reply(row),
    )


def _reply(row: Mapping[str, Any]) -> Reply:
    reply = row["reply"]
    reason = row.get("finish_reason", "stop")
    if reason not in get_args(FinishReason):
        raise ValueError(f"finish_reason {reason!r} is not one of {', '.join(get_args(FinishReason))}")
    try:
        usage = Usage(**{key: int(value) for key, value in row.get("usage", {}).items()})
        logprobs = [
            TokenLogprob(str(one["token"]), float(one["logprob"]), {k: float(v) for k, v in one.get("top", {}).items()})
            for one in row.get("logprobs", [])
        ]
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise ValueError(f"usage or logprobs cannot be used: {error}") from None
    return Reply(
        text=reply if isinstance(reply, str) else orjson.dumps(reply).decode(),
        finish_reason=reason,
        usage=usage,
        logprobs=tuple(logprobs) or None,
        model=str(row.get("model") or ""),
    )


def _error(row: Mapping[str, Any]) -> ModelError:
    kind = row["error"]
    if not isinstance(kind, str) or kind not in ERRORS:
        raise ValueError(f"error {kind!r} is not one of {', '.join(sorted(ERRORS))}")
    wait = _typed(row, "retry_after", float)
    return ERRORS[kind](
        _typed(row, "message", str) or f"recorded: {kind}", status=_typed(row, "status", int), retry_after=wait
    )


def _typed(row: Mapping[str, Any], key: str, kind: type) -> Any:
    value = row.get(key)
    if kind is float and type(value) is int:
        value = float(value)
    if value is not None and type(value) is not kind:
        raise ValueError(f"{key} is {value!r}, and must be {kind.__name__}")
    return value
