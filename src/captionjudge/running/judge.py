"""The stage in which judges compare an image's descriptions."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.config import Config
from captionjudge.errors import ModelError
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images import EncodedImage
from captionjudge.judging import prompt
from captionjudge.judging.form import Filled, Form
from captionjudge.judging.outcome import hands_over, merge, of_pair
from captionjudge.judging.probability import choice_probability
from captionjudge.judging.roles import Roles
from captionjudge.judging.verdict import Ballot, Pairing, answers_of, choice_answer, failed_verdict, verdict_of
from captionjudge.models.family import PromptCache
from captionjudge.models.model import Compare, Model, Params, Request, Rewrite
from captionjudge.models.price import prefix_tokens
from captionjudge.models.provider import Provider
from captionjudge.running.ahead import cache_of, kept
from captionjudge.running.ask import Answered, Asker, Question
from captionjudge.running.cascade import in_overlap
from captionjudge.running.stage import Handler, StageFailed, Step, Work, together
from captionjudge.store.records import Answer, Item, Pair, Slots, Verdict

PURPOSE = "judge"
PANEL = "panel"
REWRITE = "rewrite"

_BOTH: tuple[Slots, Slots] = ("ab", "ba")
_Place = tuple[str, Slots, int, int | None]


class _Given(Struct, frozen=True):
    """One ballot's verdict, and what it was read from when a judge filled in the form in this step."""

    verdict: Verdict
    filled: Filled | None = None
    prompt_digest: str = ""
    fresh: bool = False


class Judging:
    """What judging needs that is the same for all images. `backwards` lists the choices in the opposite order."""

    def __init__(self, config: Config, roles: Roles, models: Mapping[str, Model], *, backwards: bool = False) -> None:
        names = [candidate.name for candidate in config.candidates]
        self.config = config
        self.roles = roles
        self.models = models
        self.instructions = prompt.judge_instructions(roles, names[0], config.judge.instructions, backwards=backwards)
        # Both orders' forms have one schema, so a pair needs one form for each order of its names.
        self.forms = {
            (a, b): Form(roles, a, b, backwards=backwards) for pair in config.pairs() for a, b in (pair, pair[::-1])
        }
        self.params: Params = config.judge.params(logprobs=True)
        self._caches: dict[str, PromptCache | None] = {}

    def cache(self, judge: str, providers: Mapping[str, Provider]) -> PromptCache | None:
        """The prompt cache that serves a judge's later calls about an image; None where there is none, or one call."""
        if judge not in self._caches:
            self._caches[judge] = cache_of(judge, providers) if calls_a_judge(self.config) > 1 else None
        return self._caches[judge]

    def ballots(self, pairing: Pairing) -> list[list[Ballot]]:
        """Every judge, order and sample that a pair is judged in, by what is asked at once.

        A panel is asked all at once, a cascade a judge at a time.
        """
        judge = self.config.judge
        match judge.orders:
            case "both":
                orders: Sequence[Slots] = _BOTH
            case "fixed":
                orders = _BOTH[:1]
            case "random":
                seed = digest_of("order", str(judge.order_seed), pairing.image.digest, *pairing.names)
                orders = (_BOTH[int(seed, 16) & 1],)
        each = [(slots, n) for slots in orders for n in range(judge.samples)]
        if not judge.cascade:
            return [[Ballot(name, slots, n) for name in judge.models for slots, n in each]]
        overlap = in_overlap(judge, pairing.image.digest)
        return [[Ballot(name, slots, n, step, overlap) for slots, n in each] for step, name in enumerate(judge.cascade)]


def judge_stage(judging: Judging, pathway: str) -> Handler:
    """A handler that has the judges compare every pair of an image's descriptions."""

    async def judge(work: Work) -> Step:
        pairings = [_pairing(work, a, b) for a, b in judging.config.pairs()]
        judged = await together(_judge_pair(work, judging, pairing) for pairing in pairings)
        step = _step(judging, pathway, list(zip(pairings, judged, strict=True)))
        failures = [failure for each in judged if (failure := _failure([given.verdict for given in each]))]
        if failures:
            raise StageFailed(failures[0].error or "", f"{failures[0].judge}: {failures[0].reason}", step)
        if judging.config.judge.rewrite:
            rewritten = await together(
                _rewrite(work, judging, pairing, _rewriter(judging, each))
                for pairing, each in zip(pairings, judged, strict=True)
            )
            return Step(pathway, tuple(rewritten), step.verdicts, step.pairs, step.answers)
        return step

    return judge


def calls_a_judge(config: Config) -> int:
    """How often each judge is asked about one image."""
    return len(config.pairs()) * (2 if config.judge.orders == "both" else 1) * config.judge.samples


def request_for(judging: Judging, pairing: Pairing, slots: Slots, image: EncodedImage | None = None) -> Request:
    """What a judge is asked. Nothing in it tells who wrote which description."""
    first, second = pairing.shown(slots)
    names = pairing.names if slots == "ab" else pairing.names[::-1]
    return Request(
        instructions=judging.instructions,
        text=prompt.pair_text(first.text or "", second.text or ""),
        image=image,
        subject=Compare(
            first.text or "",
            second.text or "",
            # The first candidate's in both orders: the blocks are alike but for the ids, which would tell.
            judging.roles.neutral_block(pairing.names[0]),
            judging.roles.questions,
        ),
        schema=judging.forms[names].schema,
        params=judging.params,
    )


def _pairing(work: Work, a: str, b: str) -> Pairing:
    found = {name: work.description(name) for name in (a, b)}
    for name, item in found.items():
        if item is None or not (item.text or "").strip():
            raise StageFailed("no_description", f"there is no description by {name!r}: import it, then retry")
    first, second = found[a], found[b]
    assert first is not None
    assert second is not None
    return Pairing(first, second, work.item, work.setup.ontology_digest)


async def _judge_pair(work: Work, judging: Judging, pairing: Pairing) -> list[_Given]:
    """What the judges say, of a cascade as many as it takes. The verdicts that are kept come first within a step."""
    if judging.config.judge.same_text == "tie" and pairing.same_text:
        return []
    about = (pairing.a.id, pairing.b.id, pairing.ontology_digest)
    known = [v for v in work.verdicts if (v.a_item, v.b_item, v.ontology_digest) == about]
    steps = judging.ballots(pairing)
    # Whoever was asked before stays asked: a pair that was handed over is not taken back.
    reached = min(max((v.step for v in known if v.step is not None), default=0), len(steps) - 1)
    found: list[_Given] = []
    for step, ballots in enumerate(steps):
        kept_ = {(v.judge, v.slots, v.sample, v.step): v for v in known if v.error is None or step < reached}
        given = await _ask_step(work, judging, pairing, ballots, kept_)
        found += given
        if step + 1 == len(steps) or (step >= reached and not ballots[0].overlap and not _left(judging, given)):
            break
    return found


def _left(judging: Judging, given: Sequence[_Given]) -> bool:
    return hands_over(merge(each.verdict for each in given), judging.config.judge.cascade_below)


async def _ask_step(
    work: Work, judging: Judging, pairing: Pairing, ballots: Sequence[Ballot], kept: Mapping[_Place, Verdict]
) -> list[_Given]:
    known = {ballot: kept[place] for ballot in ballots if (place := _place(ballot)) in kept}
    todo = [ballot for ballot in ballots if ballot not in known]
    # Beforehand, so that which order goes first does not depend on when the picture was ready.
    for judge in dict.fromkeys(ballot.judge for ballot in todo):
        await work.picture.get(judge, judging.params.detail)
    fresh = await together(_vote(work, judging, pairing, ballot) for ballot in todo)
    return [_Given(known[ballot]) for ballot in ballots if ballot in known] + fresh


def _place(ballot: Ballot) -> _Place:
    return ballot.judge, ballot.slots, ballot.sample, ballot.step


async def ask_judge(
    asker: Asker,
    judging: Judging,
    pairing: Pairing,
    ballot: Ballot,
    request: Request,
    purpose: str,
    since: int,
    *,
    new: bool = False,
) -> Answered[Filled]:
    """Have a judge fill in the form for a pair, by a request for the ballot's order with a picture.

    Args:
        since, new: see `Question`.

    Raises:
        ModelError: what the last attempt came to.
    """
    names = pairing.names if ballot.slots == "ab" else pairing.names[::-1]
    question = Question(
        judging.models[ballot.judge],
        request,
        pairing.image.id,
        purpose,
        ballot.judge,
        since=since,
        slots=ballot.slots,
        sample=ballot.sample,
        new=new,
    )
    return await asker.ask(question, judging.forms[names].read)


async def _vote(work: Work, judging: Judging, pairing: Pairing, ballot: Ballot) -> _Given:
    image = await work.picture.get(ballot.judge, judging.params.detail)
    request = request_for(judging, pairing, ballot.slots, image)
    if (cache := judging.cache(ballot.judge, work.setup.providers)) is not None:
        request = replace(request, shared=kept(prefix_tokens(request, ballot.judge), cache))
    try:
        async with work.ahead.turn(ballot.judge) if request.shared else nullcontext():
            answered = await ask_judge(
                work.asker, judging, pairing, ballot, request, PURPOSE, work.task.updated_at, new=work.fresh
            )
    except ModelError as error:
        if error.kind == "auth":
            raise
        return _Given(failed_verdict(pairing, ballot, error.kind, str(error)), fresh=True)
    probability = _probability(answered)
    verdict = verdict_of(pairing, ballot, answered.value, judging.roles, answered.call.id, probability)
    return _Given(verdict, answered.value, answered.call.prompt_digest, fresh=True)


def _probability(answered: Answered[Filled]) -> float | None:
    if answered.value.probability is not None:
        return answered.value.probability
    return choice_probability(answered.logprobs, answered.value.choice)


def _step(judging: Judging, pathway: str, judged: Sequence[tuple[Pairing, list[_Given]]]) -> Step:
    verdicts: list[Verdict] = []
    pairs: list[Pair] = []
    answers: list[Answer] = []
    done: dict[str, set[str]] = {}
    for pairing, given in judged:
        every = [each.verdict for each in given]
        verdicts += [each.verdict for each in given if each.fresh]
        merged = of_pair(every, same_text=pairing.same_text)
        a, b = pairing.names
        pairs.append(
            Pair(
                pairing.image.id,
                a,
                b,
                pairing.image.project_id,
                merged.outcome,
                now_ms(),
                merged.probability,
                merged.flipped,
                merged.dissent,
                same_text=not every,
            )
        )
        if not every:
            continue
        answers += _answers(judging, pairing, given, done)
        first = next((each for each in every if each.judge == merged.decided_by), every[0])
        choice = choice_answer(first, judging.roles, merged.outcome, merged.decided_by or PANEL)
        # With more than two candidates one choice among all of them does not follow from one pair.
        if choice is not None and len(judged) == 1:
            answers.append(choice)
    return Step(pathway, verdicts=tuple(verdicts), pairs=tuple(pairs), answers=tuple(answers))


def _answers(judging: Judging, pairing: Pairing, given: Sequence[_Given], done: dict[str, set[str]]) -> list[Answer]:
    """Each judge's answers, from its first ballot; a candidate's from the first pair it is in."""
    found: list[Answer] = []
    for judge in judging.config.judge.judges:
        first = next((each for each in given if each.verdict.judge == judge and each.filled is not None), None)
        if first is None or first.filled is None:
            continue
        told = done.setdefault(judge, set())
        found += answers_of(pairing, first.verdict, first.filled, first.prompt_digest, frozenset(told))
        told.update(pairing.names)
    return found


def _failure(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict for which a pair has to be judged again: any that failed, of a cascade one of the last asked."""
    last = max((verdict.step for verdict in verdicts if verdict.step is not None), default=None)
    return next((verdict for verdict in verdicts if verdict.error and verdict.step == last), None)


def _rewriter(judging: Judging, given: Sequence[_Given]) -> str:
    """Who rewrites a pair: the first judge, of a cascade the one that decided."""
    judge = judging.config.judge
    return merge(each.verdict for each in given).decided_by or judge.judges[0] if judge.cascade else judge.models[0]


async def _rewrite(work: Work, judging: Judging, pairing: Pairing, judge: str) -> Item:
    first, second = pairing.a.text or "", pairing.b.text or ""
    request = Request(
        instructions=prompt.rewrite_instructions(),
        text=prompt.pair_text(first, second),
        image=await work.picture.get(judge, judging.config.judge.detail),
        subject=Rewrite(first, second),
        params=judging.config.judge.params(),
    )
    question = Question(judging.models[judge], request, work.item.id, REWRITE, judge, since=work.task.updated_at)
    try:
        answered = await work.asker.ask(question, str)
    except ModelError as error:
        if error.kind == "auth":
            raise
        raise StageFailed(error.kind, f"{judge}, rewriting: {error}") from error
    return _rewritten(pairing, judge, answered)


def _rewritten(pairing: Pairing, judge: str, answered: Answered[str]) -> Item:
    image = pairing.image
    return Item(
        id=new_id(),
        project_id=image.project_id,
        kind="text",
        title=f"{image.title}, {REWRITE} by {judge}",
        tag=image.tag,
        digest=digest_of("text", answered.value),
        mime="text/plain",
        created_at=now_ms(),
        text=answered.value,
        client_metadata={"Tag": image.tag, "Data Type": REWRITE},
        author_kind="model",
        author=f"{REWRITE} by {judge}",
        call_id=answered.call.id,
    )
