"""What came of a request in a batch, as the store keeps it until a stage asks for it."""

from collections.abc import Mapping
from typing import Any

from captionjudge import errors
from captionjudge.errors import ModelError
from captionjudge.judging import probability
from captionjudge.models.model import Reply, Usage

_ERRORS: dict[str, type[ModelError]] = {
    kind.kind: kind
    for kind in (
        errors.AuthError,
        errors.BadRequestError,
        errors.RateLimitError,
        errors.OverloadedError,
        errors.RequestTimeout,
        errors.BadResponseError,
        errors.CancelledRequest,
    )
}
_OF_REPLIES: dict[str, type[errors.ReplyError]] = {
    kind.kind: kind for kind in (errors.RefusedError, errors.FilteredError, errors.EmptyError)
}


def to_json(outcome: Reply | ModelError) -> dict[str, Any]:
    """A reply or an error in a form for the store."""
    if isinstance(outcome, ModelError):
        return {"error": outcome.kind, "detail": str(outcome), "status": outcome.status, "hint": outcome.hint}
    usage = outcome.usage
    return {
        "text": outcome.text,
        "finish": outcome.finish_reason,
        "usage": [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.written_tokens],
        "logprobs": probability.to_json(outcome.logprobs),
        "model": outcome.model,
    }


def from_json(kept: Mapping[str, Any]) -> Reply:
    """The reply that was kept.

    Raises:
        ModelError: it was an error.
    """
    if "error" in kept:
        kind = _ERRORS.get(kept["error"], ModelError)
        raise kind(kept["detail"], status=kept["status"], hint=kept["hint"])
    logprobs = probability.from_json(kept["logprobs"])
    return Reply(kept["text"], kept["finish"], Usage(*kept["usage"]), logprobs, kept["model"])


def failure(kind: str, detail: str) -> ModelError:
    """The error that a request came to before, by what is kept of it."""
    if kind in _OF_REPLIES:
        return _OF_REPLIES[kind](detail, reply=Reply(""))
    return _ERRORS.get(kind, ModelError)(detail)
