"""What 1,000 pairs cost, with images as they are and nothing shared, and as the project is configured."""

from msgspec import Struct

from captionjudge.running.cascade import assumption
from captionjudge.running.estimate import (
    DESCRIPTION,
    TOKENS_OF_A_DESCRIPTION,
    TOKENS_OF_A_JUDGMENT,
    Measured,
    measure,
    plan,
)
from captionjudge.running.runner import Options, prices_to_pay, stage_duties
from captionjudge.running.setup import Setup

PAIRS = 1000


class Saving(Struct, frozen=True):
    """Calls of one stage to one model, in US dollars per 1,000 pairs; None where no price is known.

    Attributes:
        before: with the image as it is, without a prompt cache, every judge of a cascade asked about every pair.
        after: as the project is configured.
        image_before: tokens of the image as it is.
        image_after: tokens of the image as it is sent.
        cached: the share of the tokens asked that come from the prompt cache, if it keeps what it may.
    """

    stage: str
    role: str
    model: str
    before: float | None
    after: float | None
    image_before: int
    image_after: int
    cached: float


def savings(setup: Setup, options: Options) -> list[Saving]:
    """What 1,000 pairs cost at each model, before and after."""
    known, pairs = prices_to_pay(setup, options, stage_duties(setup, options)), max(1, len(setup.config.pairs()))
    found = []
    for each in plan(setup, options):
        price = known[each.model]
        before = None if price is None else PAIRS / pairs * each.every * price.cost(each.plain)
        after = None if price is None else PAIRS / pairs * each.calls * price.cost(each.usage)
        cached = each.usage.cached_tokens / max(1, each.usage.prompt_tokens)
        found.append(Saving(each.stage, each.role, each.model, before, after, each.image[1], each.image[0], cached))
    return found


def assumptions(setup: Setup) -> list[str]:
    """What the estimates rest on, in words."""
    known = measure(setup)
    found = [
        "Text is counted at four characters a token: the project's own instructions, criteria and schema.",
        _of_images(known),
        _of_lengths(known),
        "The prompt cache keeps whatever is long enough for it, until the last call about the image.",
    ]
    if (of_cascade := assumption(setup.config.judge)) is not None:
        found.append(of_cascade)
    return found


def _of_images(known: Measured) -> str:
    if not known.sizes:
        return "No image waits whose size is known: images are left out."
    return f"Images are counted by each model's published rule, from the sizes of {len(known.sizes)} that wait."


def _of_lengths(known: Measured) -> str:
    if known.description is None:
        length = f"descriptions of {DESCRIPTION} characters are assumed"
    else:
        length = f"descriptions have {known.description:.0f} characters on the average, as those in the store"
    measured = "replies are as long as those before" if known.replies else "replies are guessed"
    usual = f"{TOKENS_OF_A_DESCRIPTION} tokens for a description, {TOKENS_OF_A_JUDGMENT} for a judgment"
    return f"Of lengths: {length}; {measured} ({usual} where there are none)."
