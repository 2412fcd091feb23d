"""What a run would ask and cost, before it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from captionjudge.images import EncodedImage, fit
from captionjudge.judging.prompt import describe_instructions
from captionjudge.models.model import Describe, Request, Usage
from captionjudge.models.price import Price, typical
from captionjudge.running.describe import fields_schema
from captionjudge.running.judge import Judging, request_for
from captionjudge.running.runner import Options, prices, stage_duties
from captionjudge.running.setup import Setup
from captionjudge.store import items, tasks
from captionjudge.store.records import Item

_SAMPLE = 200
_WORDS_OF_A_DESCRIPTION = 60
_TOKENS_OF_A_DESCRIPTION = 90
_TOKENS_OF_A_JUDGMENT = 350


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls of one purpose to one model. `cost` is None when no price is known. Tokens are those of all the calls."""

    stage: str
    role: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
