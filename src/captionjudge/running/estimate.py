"""What a run would ask and cost, before it does; and what the same work would cost without any saving."""

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.config import Candidate
from captionjudge.images import fit
from captionjudge.judging.form import Form
from captionjudge.judging.prompt import describe_instructions, judge_instructions, pair_text
from captionjudge.models.family import image_rule
from captionjudge.models.model import Describe, Request, Usage
from captionjudge.models.price import UNKNOWN_IMAGES, Price, prefix_tokens, tokens_of
from captionjudge.models.vision import Size
from captionjudge.running.ahead import cache_of, kept
from captionjudge.running.cascade import expected_shares
from captionjudge.running.describe import PURPOSE as DESCRIBE
from captionjudge.running.describe import TEXT, fields_schema
from captionjudge.running.judge import PURPOSE as JUDGE
from captionjudge.running.judge import calls_a_judge
from captionjudge.running.runner import Options, prices_to_pay, stage_duties
from captionjudge.running.setup import Setup
from captionjudge.store import calls, items, tasks
from captionjudge.store.tasks import StageCount

SAMPLE = 200
"""Images and descriptions that are measured."""
DESCRIPTION = 350
"""Characters of a description, before there is one."""
TOKENS_OF_A_DESCRIPTION = 90
TOKENS_OF_A_JUDGMENT = 350


class Estimate(Struct, frozen=True):
    """Calls of one purpose to one model, with their tokens and their cost; None where no price is known."""

    stage: str
    role: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


class Measured(Struct, frozen=True):
    """What is known of a project before a run.

    Attributes:
        sizes: of the images that wait, as many as `SAMPLE`.
        description: characters of a description on the average; None before there is one.
        replies: tokens of a reply on the average, by (purpose, model), where there were any.
    """

    sizes: Sequence[Size]
    description: float | None
    replies: Mapping[tuple[str, str], int]


class Planned(Struct, frozen=True):
    """Calls of one stage to one model.

    Attributes:
        calls: expected of an image.
        every: the same if every judge of a cascade were asked about every image.
        image: tokens of the image in one call, and as it would be if it were sent as it is.
        usage: tokens of one call on the average, as it is configured.
        plain: the same with the image as it is and without a prompt cache.
    """

    stage: str
    role: str
    model: str
    calls: float
    every: float
    image: tuple[int, int]
    usage: Usage
    plain: Usage


def estimate(setup: Setup, options: Options, stages: Sequence[StageCount] | None = None) -> list[Estimate]:
    """What is still to be asked of each model, as if nothing had been answered before.

    Tokens are guesses: text at four characters a token, images by the model's rule, replies as long as those before
    or of usual length.

    Args:
        stages: how many images are where, if it is known.
    """
    duties = stage_duties(setup, options)
    known = prices_to_pay(setup, options, duties)
    agents = [title for title in setup.workflow.agents() if title in duties]
    with setup.database.read() as connection:
        stages = tasks.counts(connection, setup.project_id) if stages is None else stages
    counts = {count.stage: count.tasks for count in stages if count.state == "waiting"}
    todo: dict[str, int] = {}
    for title in agents:
        # Whoever waits at an earlier stage comes through this one too.
        waiting = sum(counts.get(earlier, 0) for earlier in (*todo, title))
        todo[title] = waiting if options.limit is None else min(waiting, options.limit)
    return [
        _estimate(each, math.ceil(todo[each.stage] * each.calls), known[each.model]) for each in plan(setup, options)
    ]


def plan(setup: Setup, options: Options) -> list[Planned]:
    """The calls that every image takes, stage by stage."""
    duties, known = stage_duties(setup, options), measure(setup)
    found: list[Planned] = []
    for title in setup.workflow.agents():
        if title in duties:
            names = duties[title].describe
            found += _describing(setup, title, names, known) if names else _judging(setup, title, known)
    return found


def measure(setup: Setup) -> Measured:
    """Look at what is in the store."""
    with setup.database.read() as connection:
        sizes = tasks.sizes(connection, setup.project_id, setup.workflow.agents(), SAMPLE)
        length = items.mean_length(connection, setup.project_id, SAMPLE)
        totals = calls.totals(connection, setup.project_id)
    tokens: dict[tuple[str, str], list[int]] = {}
    for each in totals:
        answered, sum_ = tokens.setdefault((each.purpose, each.model), [0, 0])
        tokens[each.purpose, each.model] = [answered + each.calls - each.failures, sum_ + each.completion_tokens]
    replies = {key: math.ceil(sum_ / answered) for key, (answered, sum_) in tokens.items() if answered and sum_}
    return Measured(sizes, length, replies)


def _describing(setup: Setup, title: str, names: Sequence[str], known: Measured) -> Iterator[Planned]:
    for candidate in map(setup.config.candidate, names):
        if candidate.model is not None:
            request = _description_request(candidate)
            reply = known.replies.get((DESCRIBE, candidate.model), TOKENS_OF_A_DESCRIPTION)
            yield _planned(setup, known, (title, DESCRIBE, candidate.model), request, reply, once=1)


def _judging(setup: Setup, title: str, known: Measured) -> Iterator[Planned]:
    config, names = setup.config, [candidate.name for candidate in setup.config.candidates]
    text = "x" * round(known.description or DESCRIPTION)
    request = Request(
        judge_instructions(setup.roles, names[0], config.judge.instructions),
        pair_text(text, text),
        None,
        Describe(),
        Form(setup.roles, *config.pairs()[0]).schema if config.pairs() else None,
        config.judge.params(),
    )
    number = calls_a_judge(config)
    for model, share in zip(config.judge.judges, expected_shares(config.judge), strict=True):
        reply = known.replies.get((JUDGE, model), TOKENS_OF_A_JUDGMENT)
        made = _planned(setup, known, (title, JUDGE, model), request, reply, once=number)
        yield replace(made, calls=number * share)


def _description_request(candidate: Candidate) -> Request:
    subject = Describe(tuple(candidate.fields), candidate.language, candidate.word_limit)
    schema = fields_schema(candidate.fields) if candidate.fields else None
    instructions = describe_instructions(candidate.prompt, subject)
    return Request(instructions, TEXT, None, subject, schema, candidate.params())


def _planned(
    setup: Setup, known: Measured, whose: tuple[str, str, str], request: Request, reply: int, once: int
) -> Planned:
    """Calls that begin alike, `once` of them about every image."""
    model, detail = whose[2], request.params.detail
    bounds = setup.bounds_for(model, detail)
    image = _mean([(image_rule(model, detail) or UNKNOWN_IMAGES).tokens(*fit(*size, bounds)) for size in known.sizes])
    whole = _mean([(image_rule(model) or UNKNOWN_IMAGES).tokens(*size) for size in known.sizes])
    texts, tail = prefix_tokens(request, model), tokens_of(request.text)
    usage = Usage(texts + image + tail, reply)
    cache = cache_of(model, setup.providers)
    # What all images share was put there by the first of them.
    everywhere = texts if cache is not None and texts >= max(1, cache.least) else 0
    if once > 1 and kept(texts + image, cache):
        written = (texts + image - everywhere) // once
        usage = replace(usage, cached_tokens=texts + image - written, written_tokens=written)
    elif everywhere:
        usage = replace(usage, cached_tokens=everywhere)
    return Planned(*whose, once, once, (image, whole), usage, Usage(texts + whole + tail, reply))


def _mean(numbers: Sequence[int]) -> int:
    return round(sum(numbers) / len(numbers)) if numbers else 0


def _estimate(each: Planned, number: int, price: Price | None) -> Estimate:
    cost = None if price is None else number * price.cost(each.usage)
    tokens = number * each.usage.prompt_tokens, number * each.usage.completion_tokens
    return Estimate(each.stage, each.role, each.model, number, *tokens, cost)
