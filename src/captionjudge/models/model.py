"""The one small protocol every way of asking a model speaks."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from captionjudge.images import EncodedImage
from captionjudge.models.vision import Detail
from captionjudge.ontology.tree import Attribute

FinishReason = Literal["stop", "length", "filtered", "refused"]


class Describe(Struct, frozen=True):
    """Asks for a description. With `fields`, the reply is a JSON object of those strings."""

    fields: tuple[str, ...] = ()
    language: str | None = None
    word_limit: int | None = None


class Compare(Struct, frozen=True):
    """Asks for a judgment of two descriptions in neutral slots.

    `block` is asked about each description, `questions` about the image. The reply is a JSON object with the keys
    reasoning, description_1, description_2 (when there is a block), one key per question, and choice.
    """

    first: str
    second: str
    block: Attribute | None = None
    questions: tuple[Attribute, ...] = ()


class Rewrite(Struct, frozen=True):
    """Asks for one better description, merged from two."""

    first: str
    second: str


Subject = Describe | Compare | Rewrite


class Schema(Struct, frozen=True):
    """A strict JSON schema, as the bytes that go into request bodies."""

    name: str
    json: bytes


class Params(Struct, frozen=True):
    """How to sample and to look. None leaves the provider's default; `extra` is merged into the body as it is."""

    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    logprobs: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    detail: Detail = "auto"


class Request(Struct, frozen=True):
    """One question to a model.

    `instructions` is what all requests of a kind share, `text` what is particular to this one. `subject` says the
    same as data, for models that are not language models. `previous` holds an earlier reply and what was wrong
    with it, for the one re-ask. `shared` says that other requests begin with the same instructions, schema and image:
    the end of these is worth a mark for the provider's prompt cache. It changes nothing about the reply.
    """

    instructions: str
    text: str
    image: EncodedImage | None
    subject: Subject
    schema: Schema | None = None
    params: Params = Params()
    previous: tuple[str, str] | None = None
    shared: bool = False


class Usage(Struct, frozen=True):
    """Tokens billed for one call. Of the `prompt_tokens` some came from the provider's cache, some were put there."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0


class TokenLogprob(Struct, frozen=True):
    """One generated token, its log-probability and its most likely alternatives (token text to log-probability)."""

    token: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


class Reply(Struct, frozen=True):
    """What came back. `text` is untrusted."""

    text: str
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()
    logprobs: tuple[TokenLogprob, ...] | None = None
    model: str = ""


class Model(Protocol):
    """A way to ask one model. Raises a `ModelError`; never retries by itself."""

    @property
    def name(self) -> str:
        """The reference it was opened by, "provider/model"."""
        ...

    async def reply(self, request: Request) -> Reply:
        """Ask once."""
        ...

    async def close(self) -> None:
        """Give back connections and processes."""
        ...
