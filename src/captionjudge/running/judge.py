"""The stage in which judges compare an image's descriptions."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from captionjudge.config import Config
from captionjudge.errors import ModelError
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images import EncodedImage
from captionjudge.judging import prompt
from captionjudge.judging.form import Filled, Form
from captionjudge.judging.outcome import merge
from captionjudge.judging.probability import choice_probability
from captionjudge.judging.roles import Roles
from captionjudge.judging.verdict import Ballot, Pairing, answers_of, choice_answer, failed_verdict, verdict_of
from captionjudge.models.model import Compare, Model, Params, Request, Rewrite
from captionjudge.running.ask import Answered, Asker, Question
from captionjudge.running.stage import Handler, StageFailed, Step, Work
from captionjudge.store.records import Answer, Item, Pair, Slots, Verdict

PURPOSE = "judge"
PANEL = "panel"
REWRITE = "rewrite"

_BOTH: tuple[Slots, Slots] = ("ab", "ba")


@dataclass(frozen=True, slots=True)
class _Given:
    """One ballot's verdict, and what it was read from when a judge filled in the form in this step."""

    verdict: Verdict
    filled: Filled | None = None
    prompt_digest: str = ""


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

    def ballots(self, pairing: Pairing) -> list[Ballot]:
        """Every judge, order and sample that a pair is judged in."""
        judge = self.config.judge
        match judge.orders:
            case "both":
                orders: Sequence[Slots] = _BOTH
            case "fixed":
                orders = _BOTH[:1]
            case "random":
                seed = digest_of("order", str(judge.order_seed), pairing.image.digest, *pairing.names)
                orders = (_BOTH[int(seed, 16) & 1],)
        return [Ballot(name, slots, n) for name in judge.models for slots in orders for n in range(judge.samples)]


def judge_stage(judging: Judging, pathway: str) -> Handler:
    """A handler that has the judges compare every pair of an image's descriptions."""

    async def judge(work: Work) -> Step:
        pairings = [_pairing(work, a, b) for a, b in judging.config.pairs()]
        judged = await asyncio.gather(*(_judge_pair(work, judging, pairing) for pairing in pairings))
        step = _step(judging, pathway, list(zip(pairings, judged, strict=True)))
        failures = [given.verdict for each in judged for given in each if given.verdict.error]
        if failures:
            raise StageFailed(failures[0].error or "", f"{failures[0].judge}: {failures[0].reason}", step)
        if judging.config.judge.rewrite:
            rewritten = await asyncio.gather(*(_rewrite(work, judging, pairing) for pairing in pairings))
            return Step(pathway, tuple(rewritten), step.verdicts, step.pairs, step.answers)
        return step

    return judge


def request_for(judging: Judging, pairing: Pairing, slots: Slots) -> Request:
    """What a judge is asked, but for the image. Nothing in it tells who wrote which description."""
    first, second = pairing.shown(slots)
    names = pairing.names if slots == "ab" else pairing.names[::-1]
    return Request(
        instructions=judging.instructions,
        text=prompt.pair_text(first.text or "", second.text or ""),
        image=None,
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
    known = {
        Ballot(v.judge, v.slots, v.sample): v
        for v in work.verdicts
        if v.error is None
        and (v.a_item, v.b_item, v.ontology_digest) == (pairing.a.id, pairing.b.id, pairing.ontology_digest)
    }
    ballots = judging.ballots(pairing)
    todo = [ballot for ballot in ballots if ballot not in known]
    given = await asyncio.gather(*(_vote(work, judging, pairing, ballot) for ballot in todo), return_exceptions=True)
    for result in given:
        if isinstance(result, BaseException):
            raise result
    fresh = [result for result in given if isinstance(result, _Given)]
    return [_Given(known[ballot]) for ballot in ballots if ballot in known] + fresh


async def ask_judge(
    asker: Asker, judging: Judging, pairing: Pairing, ballot: Ballot, image: EncodedImage, purpose: str, since: int
) -> Answered[Filled]:
    """Have a judge fill in the form for a pair, shown in the ballot's order with this picture.

    Args:
        since: see `Question`.

    Raises:
        ModelError: what the last attempt came to.
    """
    names = pairing.names if ballot.slots == "ab" else pairing.names[::-1]
    question = Question(
        judging.models[ballot.judge],
        replace(request_for(judging, pairing, ballot.slots), image=image),
        pairing.image.id,
        purpose,
        ballot.judge,
        since=since,
        slots=ballot.slots,
        sample=ballot.sample,
    )
    return await asker.ask(question, judging.forms[names].read)


async def _vote(work: Work, judging: Judging, pairing: Pairing, ballot: Ballot) -> _Given:
    image = await work.picture.get()
    try:
        answered = await ask_judge(work.asker, judging, pairing, ballot, image, PURPOSE, work.task.updated_at)
    except ModelError as error:
        if error.kind == "auth":
            raise
        return _Given(failed_verdict(pairing, ballot, error.kind, str(error)))
    probability = _probability(answered)
    verdict = verdict_of(pairing, ballot, answered.value, judging.roles, answered.call.id, probability)
    return _Given(verdict, answered.value, answered.call.prompt_digest)


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
        verdicts += [each.verdict for each in given if each.filled is not None or each.verdict.error]
        merged = merge(every)
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
            )
        )
        answers += _answers(judging, pairing, given, done)
        author = every[0].judge if len(judging.config.judge.models) == 1 else PANEL
        choice = choice_answer(every[0], judging.roles, merged.outcome, author)
        # With more than two candidates one choice among all of them does not follow from one pair.
        if choice is not None and len(judged) == 1:
            answers.append(choice)
    return Step(pathway, verdicts=tuple(verdicts), pairs=tuple(pairs), answers=tuple(answers))


def _answers(judging: Judging, pairing: Pairing, given: Sequence[_Given], done: dict[str, set[str]]) -> list[Answer]:
    """Each judge's answers, from its first ballot; a candidate's from the first pair it is in."""
    found: list[Answer] = []
    for judge in judging.config.judge.models:
        first = next((each for each in given if each.verdict.judge == judge and each.filled is not None), None)
        if first is None or first.filled is None:
            continue
        told = done.setdefault(judge, set())
        found += answers_of(pairing, first.verdict, first.filled, first.prompt_digest, frozenset(told))
        told.update(pairing.names)
    return found


async def _rewrite(work: Work, judging: Judging, pairing: Pairing) -> Item:
    judge = judging.config.judge.models[0]
    first, second = pairing.a.text or "", pairing.b.text or ""
    request = Request(
        instructions=prompt.rewrite_instructions(),
        text=prompt.pair_text(first, second),
        image=await work.picture.get(),
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
