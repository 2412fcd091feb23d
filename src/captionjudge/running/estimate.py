"""What a run would ask and cost, before it does."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from captionjudge.config import Candidate
from captionjudge.images import EncodedImage, fit
from captionjudge.judging.prompt import describe_instructions, judge_instructions
from captionjudge.models.model import Describe, Request, Usage
from captionjudge.models.price import Price, typical
from captionjudge.running.cascade import expected_shares
from captionjudge.running.describe import PURPOSE as DESCRIBE
from captionjudge.running.judge import PURPOSE as JUDGE
from captionjudge.running.runner import Options, prices, stage_duties
from captionjudge.running.setup import Setup
from captionjudge.store import tasks
from captionjudge.store.tasks import StageCount

_SAMPLE = 200
_DESCRIPTION = "x" * 350
_TOKENS_OF_A_DESCRIPTION = 90
TOKENS_OF_A_JUDGMENT = 350


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls of one purpose to one model, with their tokens and their cost; None where no price is known."""

    stage: str
    role: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


def estimate(setup: Setup, options: Options, stages: Sequence[StageCount] | None = None) -> list[Estimate]:
    """What is still to be asked of each model, as if nothing had been answered before.

    Tokens are guesses: text at four characters a token, images at the 32-pixel-patch rule, replies of usual length.

    Args:
        stages: how many images are where, if it is known.
    """
    duties = stage_duties(setup, options)
    known = prices(setup, duties)
    agents = [title for title in setup.workflow.agents() if title in duties]
    with setup.database.read() as connection:
        stages = tasks.counts(connection, setup.project_id) if stages is None else stages
        sizes = tasks.sizes(connection, setup.project_id, agents, _SAMPLE)
    counts = {count.stage: count.tasks for count in stages if count.state == "waiting"}
    image = _typical_image(setup, sizes)
    found: list[Estimate] = []
    todo = 0
    for title in agents:
        # Whoever waits at an earlier stage comes through this one too.
        todo += counts.get(title, 0)
        number = todo if options.limit is None else min(todo, options.limit)
        for role, model, calls, usage in _asked(setup, title, duties[title].describe, image):
            found.append(_estimate(title, role, model, math.ceil(number * calls), usage, known))
    return found


def _asked(
    setup: Setup, title: str, describe: Sequence[str], image: EncodedImage | None
) -> Iterator[tuple[str, str, float, Usage]]:
    """Role, model, calls expected of an image and tokens a call."""
    config = setup.config
    if describe:
        for candidate in map(config.candidate, describe):
            if candidate.model is not None:
                yield DESCRIBE, candidate.model, 1, _describing(candidate, image)
        return
    orders = 2 if config.judge.orders == "both" else 1
    instructions = judge_instructions(setup.roles, config.candidates[0].name, config.judge.instructions)
    request = Request(instructions, _DESCRIPTION * 2, image, Describe())
    usage = replace(typical(request), completion_tokens=TOKENS_OF_A_JUDGMENT)
    calls = len(config.pairs()) * orders * config.judge.samples
    for model, share in zip(config.judge.judges, expected_shares(config.judge), strict=True):
        yield JUDGE, model, calls * share, usage


def _describing(candidate: Candidate, image: EncodedImage | None) -> Usage:
    subject = Describe(tuple(candidate.fields), candidate.language, candidate.word_limit)
    request = Request(describe_instructions(candidate.prompt, subject), "", image, subject)
    return replace(typical(request), completion_tokens=_TOKENS_OF_A_DESCRIPTION)


def _typical_image(setup: Setup, sizes: Sequence[tuple[int, int]]) -> EncodedImage | None:
    if not sizes:
        return None
    fitted = [fit(width, height, setup.bounds) for width, height in sizes]
    width, height = (sum(side) // len(fitted) for side in zip(*fitted, strict=True))
    return EncodedImage.of("", "image/jpeg", b"", width, height)


def _estimate(
    stage: str, role: str, model: str, calls: int, usage: Usage, known: Mapping[str, Price | None]
) -> Estimate:
    price = known[model]
    tokens = (calls * usage.prompt_tokens, calls * usage.completion_tokens)
    return Estimate(stage, role, model, calls, *tokens, None if price is None else price.cost(Usage(*tokens)))
