"""What an audit would ask and cost, before it does."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.auditing.audit import AuditOptions, check_options
from captionjudge.auditing.form import Forms, pairing_of
from captionjudge.auditing.plan import subjects, trials
from captionjudge.auditing.probe import Trial
from captionjudge.images import EncodedImage, fit
from captionjudge.models.model import Usage
from captionjudge.models.price import typical
from captionjudge.running.costs import prices_of
from captionjudge.running.estimate import TOKENS_OF_A_JUDGMENT
from captionjudge.running.judge import request_for
from captionjudge.running.setup import Setup
from captionjudge.store import probes
from captionjudge.store.records import Item


class AuditEstimate(Struct, frozen=True):
    """Calls of one probe to one judge, with their tokens and their cost; None where no price is known."""

    probe: str
    judge: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


def estimate_audit(setup: Setup, options: AuditOptions) -> list[AuditEstimate]:
    """What is still to be asked, by probe and judge; `control` is what several probes are compared with.

    Texts are counted at four characters a token, images by the judge's rule, replies at a usual length. What a run has
    asked already in the same words (most of `control`) costs nothing, though it is counted here.

    Raises:
        ConfigError: there is no judge, or no such probe.
    """
    check_options(setup, options)
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for trial, tokens in _asked(setup, options):
        calls, sum_ = found.get((trial.probe, trial.judge), (0, 0))
        found[trial.probe, trial.judge] = (calls + 1, sum_ + tokens)
    known = prices_of(setup, setup.config.judge.judges)
    estimates = []
    for (probe, judge), (calls, tokens) in found.items():
        price, replies = known[judge], calls * TOKENS_OF_A_JUDGMENT
        cost = None if price is None else price.cost(Usage(tokens, replies))
        estimates.append(AuditEstimate(probe, judge, calls, tokens, replies, cost))
    return estimates


def _asked(setup: Setup, options: AuditOptions) -> Iterator[tuple[Trial, int]]:
    """The questions that have no answer yet, and the tokens of each."""
    forms = Forms(setup.config, setup.roles, {})
    digest = forms.digest
    with setup.database.read() as connection:
        known = probes.settled(connection, setup.project_id, digest)
    for trial in trials(setup, subjects(setup, options.images, options.seed), options.probes, options.seed):
        if trial.left_out is None and known.get(trial.key(digest), 0) is not None:
            request = request_for(forms.of(trial), pairing_of(trial, setup.ontology_digest), trial.slots)
            yield trial, typical(replace(request, image=_shown(setup, trial)), trial.judge).prompt_tokens


def _shown(setup: Setup, trial: Trial) -> EncodedImage | None:
    item: Item = trial.image if trial.other is None else trial.other
    if item.width is None or item.height is None:
        return None
    bounds = setup.bounds_for(trial.judge, setup.config.judge.detail)
    return EncodedImage("", "image/jpeg", b"", *fit(item.width, item.height, bounds))
