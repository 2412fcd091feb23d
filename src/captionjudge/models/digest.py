"""The name of a request's content: equal requests have equal digests, and no others do."""

import functools

import orjson

from captionjudge.identity import digest_of
from captionjudge.models.model import Params, Request, Schema

LAYOUT = "captionjudge request 1"


def request_digest(model: str, request: Request, sample: int = 0) -> str:
    """The digest, in hex, of everything that shapes the reply.

    That is the model's name, the parameters, all text, the schema, the image's content, type and size, the earlier
    reply of a re-ask, and `sample`, which tells repeated questions apart.
    """
    image = request.image
    # The digest is the original file's; type, size and length tell how it was encoded for sending.
    form = "" if image is None else f"{image.mime} {image.width}x{image.height} {image.size}"
    picture = ("",) if image is None else ("image", image.digest, form)
    previous = ("",) if request.previous is None else ("previous", *request.previous)
    params = _params(request.params)
    shared = _shared(model, request.instructions, request.schema, params)
    return digest_of(shared, request.text, str(sample), *picture, *previous)


@functools.lru_cache(maxsize=256)
def _shared(model: str, instructions: str, schema: Schema | None, params: bytes) -> str:
    form: tuple[str | bytes, ...] = ("",) if schema is None else ("schema", schema.name, schema.json)
    return digest_of(LAYOUT, model, instructions, params, *form)


def _params(params: Params) -> bytes:
    # 0 and 0.0 are the same temperature.
    temperature = None if params.temperature is None else float(params.temperature)
    extra = dict(params.extra) if params.extra else None
    values: list[object] = [temperature, params.max_tokens, params.seed, params.logprobs, extra]
    # What is left to the provider is not named, as before there was a choice.
    return orjson.dumps(values if params.detail == "auto" else [*values, params.detail], option=orjson.OPT_SORT_KEYS)
