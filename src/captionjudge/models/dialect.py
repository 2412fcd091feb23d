"""What one server turned out to accept, learned from its refusals."""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.models.endpoint import Endpoint
from captionjudge.models.faults import Complaint, complaint_of, fault
from captionjudge.models.model import Request
from captionjudge.models.transport import Response

Part = Literal["limit", "temperature", "logprobs", "schema", "seed", "caching"]
SchemaMode = Literal["strict", "json_object", "prompt"]

# One refusal for each thing there is to give up, and as many again for what other requests learned meanwhile.
MAX_POSTS = 12
REFUSING_STATUS = frozenset({400, 422})
NAMES: dict[Part, re.Pattern[str]] = {
    "limit": re.compile(r"max_(?:completion_)?tokens", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "logprobs": re.compile(r"(?:top_?|response_?)?logprobs", re.IGNORECASE),
    "schema": re.compile(
        r"response_?format|(?:json|response|input)[_ ]?(?:json[_ ]?)?schema|json mode|structured[_ ]outputs?"
        r"|output_(?:config|format)|tool_choice|grammar|invalid schema",
        re.IGNORECASE,
    ),
    "seed": re.compile(r"\bseed\b", re.IGNORECASE),
    "caching": re.compile(r"prompt_cache_\w+|cache_control", re.IGNORECASE),
}
UNSUPPORTED = re.compile(
    r"unsupported|not (?:yet |currently )?(?:supported|permitted|allowed|available|enabled|recognized|implemented)"
    r"|(?:does|do|is|are|can)(?: ?not|n't) (?:be )?(?:support|accept|allow|use|enable)"
    r"|unrecognized|unknown|unexpected|unavailable|extra (?:inputs|fields)|extra_forbidden|deprecated|no longer"
    r"|only the default|cannot find field",
    re.IGNORECASE,
)
BAD_SCHEMA = re.compile(
    r"invalid[_ ](?:json[_ ])?schema|schema (?:error|is (?:invalid|too))|grammar|too complex|cannot resolve",
    re.IGNORECASE,
)

log = logging.getLogger(__name__)


class Dialect(Struct, frozen=True):
    """How to put a request to one server.

    `limits` are the names left to try for the token limit. With `caching` the server is told what of a prompt comes
    again.
    """

    limits: tuple[str, ...] = ("max_tokens", "max_completion_tokens")
    temperature: bool = True
    logprobs: bool = True
    schema: SchemaMode = "strict"
    seed: bool = True
    caching: bool = False


class Memory:
    """The dialect of one model as far as it is known; it only ever gives things up, so it settles."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def learn(self, part: Part, spoken: Dialect) -> bool:
        """Note that a request in the dialect `spoken` was refused for `part`; False when there is nothing to give up.

        Requests run side by side: when another one has given `part` up since, there is nothing left to note.
        """
        if _value(self.dialect, part) != _value(spoken, part):
            return True
        changed = without(self.dialect, part)
        if changed is None:
            return False
        self.dialect = changed
        return True


async def asked(
    endpoint: Endpoint, memory: Memory, request: Request, pieces: Callable[[Request, Dialect], Sequence[bytes]]
) -> Response:
    """The 2xx answer to `request`, put in other words when the server refuses a parameter, once for each parameter.

    Raises:
        ModelError: for every other answer.
    """
    for _ in range(MAX_POSTS):
        spoken = memory.dialect
        response = await endpoint.post(pieces(request, spoken))
        if 200 <= response.status < 300:
            return response
        part = refused_part(response, request, spoken)
        if part is None or not memory.learn(part, spoken):
            break
        log.info("%s does not take %s: asking without from now on", endpoint.provider, part)
    raise fault(response, endpoint.provider, endpoint.secrets)


def refused_part(response: Response, request: Request, spoken: Dialect) -> Part | None:
    """The part of the request the server says it does not take, if that is what it says."""
    if response.status not in REFUSING_STATUS:
        return None
    complaint = complaint_of(response)
    words = f"{complaint.code} {complaint.message}"
    part = _named_part(complaint, sent(request, spoken))
    if part is None:
        return None
    return part if UNSUPPORTED.search(words) or (part == "schema" and BAD_SCHEMA.search(words)) else None


def sent(request: Request, spoken: Dialect) -> tuple[Part, ...]:
    """The parts that a request in this dialect holds."""
    params = request.params
    held: dict[Part, bool] = {
        "limit": params.max_tokens is not None,
        "temperature": params.temperature is not None and spoken.temperature,
        "logprobs": params.logprobs and spoken.logprobs,
        "schema": request.schema is not None and spoken.schema != "prompt",
        "seed": params.seed is not None and spoken.seed,
        "caching": spoken.caching,
    }
    return tuple(part for part, held_ in held.items() if held_)


def without(dialect: Dialect, part: Part) -> Dialect | None:
    """`dialect` with `part` given up or put differently; None when neither is possible."""
    match part:
        case "limit":
            return replace(dialect, limits=dialect.limits[1:]) if len(dialect.limits) > 1 else None
        case "temperature":
            return replace(dialect, temperature=False)
        case "logprobs":
            return replace(dialect, logprobs=False)
        case "seed":
            return replace(dialect, seed=False)
        case "caching":
            return replace(dialect, caching=False)
        case "schema":
            return replace(dialect, schema="json_object" if dialect.schema == "strict" else "prompt")


def _named_part(complaint: Complaint, parts: tuple[Part, ...]) -> Part | None:
    for text in (complaint.param, complaint.message, complaint.code):
        for part in parts:
            if text and NAMES[part].search(text):
                return part
    return None


def _value(dialect: Dialect, part: Part) -> object:
    return getattr(dialect, "limits" if part == "limit" else part)
