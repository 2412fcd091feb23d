"""How images stand after an import: at which stage, whether people have settled them, and with whom."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from captionjudge.errors import ConfigError, StaleLease
from captionjudge.exchange.imports.ledger import UNDRAWN, Entry, Ledger
from captionjudge.identity import now_ms
from captionjudge.judging.settlement import ONE, Settlement, agree, choice_key, judged_choice, open_case, settle
from captionjudge.running.setup import Setup, duties
from captionjudge.store import cases, reviews, tasks
from captionjudge.store.cases import DECIDED
from captionjudge.store.records import Case, Outcome, Pair, Review, Standing, Task

ACTOR = "import"


class Standings:
    """Brings images to where the runner and reviewers would have left them."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._wanted = setup.config.pairs()
        try:
            judging = next((title for title, duty in duties(setup.config, setup.workflow).items() if duty.judge), None)
        except ConfigError:
            judging = None
        stage = None if judging is None else setup.workflow.stage(judging)
        self._judged = None if stage is None else next(iter(stage.pathways.values()))

    def settle(self, ledger: Ledger, entries: Sequence[Entry]) -> None:
        """Move images whose pairs are judged on to review, open their cases, and count what people chose about them.

        A new image's task is written here. An image that no judge has been asked about stays where it is.
        """
        for entry in entries:
            self._settle(ledger, entry)
        stand = [each for entry in entries if entry.changed for each in _standings(entry, ledger.now)]
        # After the cases: opening one asks everybody anew.
        ledger.batch.flush()
        reviews.keep_standings(ledger.batch, stand, ("flagged", "note"))

    def _settle(self, ledger: Ledger, entry: Entry) -> None:
        case, there = self._case(entry), entry.task.stage if entry.task else ""
        if case is not None:
            case = self._counted(entry, case)
            there = self._destination(case)
        elif self._goes_on(entry):
            there = self._judged or there
        self._move(ledger, entry, there)
        self._write_case(ledger, entry, case)

    def _goes_on(self, entry: Entry) -> bool:
        """Whether every pair that the judges are to compare is judged, as far as there are descriptions of it."""
        task = entry.task
        if task is None or self._setup.workflow.stage(task.stage).type != "agent":
            return False
        judged = {names for names, pair in entry.pairs.items() if pair.outcome != "missing"}
        if entry.failed_before and any(pair.outcome == "failed" for pair in entry.pairs.values()):
            return False
        described = set(entry.described())
        wanted = {names for names in self._wanted if described.issuperset(names)}
        return bool(judged) and all(names in judged or names[::-1] in judged for names in wanted)

    def _case(self, entry: Entry) -> Case | None:
        """The image's case, opened where it comes to review now."""
        if entry.case is not None:
            return entry.case
        stage = self._judged if self._goes_on(entry) else entry.task.stage if entry.task else None
        if stage is None or self._setup.workflow.stage(stage).type != "review":
            return None
        image, pairs = entry.image, list(entry.pairs.values())
        made = open_case(image.id, image.project_id, stage, pairs, self._setup.draw, now_ms())
        if entry.audit is not None:
            return replace(made, audit=entry.audit)
        return replace(made, audit=False) if UNDRAWN in image.client_metadata else made

    def _counted(self, entry: Entry, case: Case) -> Case:
        """The case with what people chose, also before it was opened."""
        if not entry.changed and (case.state == "settled" or not entry.reviews):
            return case
        found = _settlement(self._setup, entry.reviews)
        chosen = judged_choice(list(entry.pairs.values()))
        return replace(
            case,
            entered_at=min([case.entered_at, *(one.created_at for one, _ in entry.reviews)]),
            judge_choice=chosen,
            state=found.state,
            final_choice=found.final_choice,
            agrees=agree(chosen, found.final_choice),
            people_differ=found.people_differ,
            reviews=len({one.reviewer_id for one in _latest([one for one, _ in entry.reviews]) if _own(one)}),
        )

    def _destination(self, case: Case) -> str:
        pathways = self._setup.workflow.stage(case.stage).pathways
        if case.state != "settled":
            return case.stage
        return pathways["rejected" if case.final_choice in self._setup.config.review.rejects else "approved"]

    def _move(self, ledger: Ledger, entry: Entry, there: str) -> None:
        task = entry.task
        if task is None:
            return
        if entry.new:
            ledger.batch.add(replace(task, stage=there))
        elif there != task.stage and self._may_move(task, there):
            try:
                tasks.send(ledger.batch, [entry.image.id], task.stage, there, _pathway(self._setup, task, there), ACTOR)
            except StaleLease:
                # A worker has it: what it does with the image comes after this.
                return
        entry.task = replace(task, stage=there)

    def _may_move(self, task: Task, there: str) -> bool:
        """Whether an image may go there: one that has gone on from review stays where it is."""
        stage = self._setup.workflow.stage(task.stage)
        return stage.type in ("agent", "review") and there != task.stage

    def _write_case(self, ledger: Ledger, entry: Entry, case: Case | None) -> None:
        if case is None or case == entry.case:
            return
        if entry.case is None:
            ledger.batch.enter_case(case)
        else:
            ledger.batch.flush()
            names = ("entered_at", "judge_choice", "state", "final_choice", "agrees", "people_differ", "reviews")
            values: dict[str, Any] = {name: getattr(case, name) for name in names}
            cases.update(ledger.batch.connection, case.item_id, {**values, "updated_at": now_ms()})
        entry.case = case


def _pathway(setup: Setup, task: Task, there: str) -> str:
    pathways = setup.workflow.stage(task.stage).pathways
    return next((name for name, stage in pathways.items() if stage == there), ACTOR)


def _settlement(setup: Setup, revisions: Sequence[tuple[Review, str]]) -> Settlement:
    """What people's choices come to: among all descriptions at once, or of every pair that they were shown."""
    review = setup.config.review
    latest = _latest([one for one, _ in revisions])
    adjudicated = [choice_key(one.decision, one.winner) for one in latest if one.way == "adjudication"]
    groups: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for one in latest:
        if _own(one):
            groups[frozenset(one.shown)].append(choice_key(one.decision, one.winner))
    last = adjudicated[-1] if adjudicated else None
    found = [settle(choices, review.reviewers, review.settle, last) for choices in groups.values()]
    if len(found) < 2:
        return found[0] if found else settle([], review.reviewers, review.settle, last)
    differ = any(one.people_differ for one in found)
    if any(one.state != "settled" for one in found):
        return Settlement("split" if any(one.state == "split" for one in found) else "open", None, differ)
    outcomes = [_as_pair(names, one.final_choice or "") for names, one in zip(groups, found, strict=True)]
    return Settlement("settled", judged_choice(outcomes), differ)


def _as_pair(shown: frozenset[str], choice: str) -> Pair:
    a, b, *_ = sorted(shown)
    words: dict[str, Outcome] = {f"{ONE}{a}": "A", f"{ONE}{b}": "B", "both_bad": "both_bad"}
    return Pair("", a, b, "", words.get(choice, "tie"), 0)


def _latest(revisions: Sequence[Review]) -> list[Review]:
    """Each person's last choice among the same descriptions, oldest first; a skip takes nothing back."""
    found: dict[tuple[str, bool, frozenset[str]], Review] = {}
    for one in revisions:
        if one.decision != "skip":
            key = (one.reviewer_id, one.way == "adjudication", frozenset(one.shown))
            found.pop(key, None)
            found[key] = one
    return [one for one in found.values() if one.decision in DECIDED]


def _own(one: Review) -> bool:
    return one.way != "adjudication"


def _standings(entry: Entry, now: int) -> list[Standing]:
    """How the image stands with everyone who chose."""
    last: dict[str, Review] = {}
    revision: dict[str, int] = {}
    for one, _ in sorted(entry.reviews, key=lambda each: each[0].revision):
        revision[one.reviewer_id] = one.revision
        before = last.get(one.reviewer_id)
        covered = before is not None and before.decision in DECIDED
        if not (covered and (one.decision == "skip" or (before and before.way == "adjudication" and _own(one)))):
            last[one.reviewer_id] = one
    image = entry.image
    return [
        Standing(
            item_id=image.id,
            reviewer_id=person,
            project_id=image.project_id,
            shown=one.shown,
            shown_at=one.created_at,
            until=0,
            updated_at=now,
            seen_judge=one.seen_judge,
            decision=one.decision,
            winner=one.winner,
            revision=revision[person],
        )
        for person, one in last.items()
    ]
