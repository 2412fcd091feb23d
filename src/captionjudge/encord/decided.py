"""What a client decides at a review stage, as the review page knows it: nobody is asked again about the image."""

from collections.abc import Sequence

from captionjudge.encord.host import Call
from captionjudge.encord.judged import plain
from captionjudge.encord.space import Space
from captionjudge.identity import new_id, now_ms
from captionjudge.judging.settlement import agree, choice_key
from captionjudge.ontology.answer import AnswerError, RadioAnswer, from_json
from captionjudge.running.setup import Setup
from captionjudge.store import cases, labels, reviewers, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.records import Answer, Case, Decision, Review, Reviewer, Standing

_OTHERS: dict[str, Decision] = {"tie": "tie", "bothbad": "both_bad"}


def close_cases(batch: Batch, space: Space, call: Call, item_ids: Sequence[str], *, reviewed: bool) -> None:
    """Settle the cases of images that a client takes from a review stage.

    What a person's key answered before to the Final Choice is that person's review. Without one the case is settled
    and says no choice.

    Args:
        reviewed: whether they are approved, rejected or completed, and not just moved.
    """
    setup = space.setup
    if setup is None or not item_ids:
        return
    batch.flush()
    cases.close(batch, item_ids)
    if not call.person or not reviewed:
        return
    given = labels.answers(batch.connection, setup.project_id, item_ids)
    for item_id in item_ids:
        chosen = _chosen(setup, [each for each in given.get(item_id, []) if each.author == call.key.name])
        case = cases.lock(batch.connection, item_id)
        if chosen is not None and case is not None:
            _review(setup, batch, call.key.name, case, *chosen)


def _chosen(setup: Setup, answers: Sequence[Answer]) -> tuple[Decision, str | None] | None:
    """What a person's last answer to a question for people says about the candidates, if it names one."""
    questions = {each.feature_hash: each for each in setup.roles.people if each.type == "radio"}
    names = {plain(each.name): each.name for each in setup.config.candidates}
    for answer in reversed(answers):
        try:
            value = from_json(answer.value) if answer.attribute in questions else None
        except AnswerError:
            # It was taken back.
            return None
        if not isinstance(value, RadioAnswer):
            continue
        options = {each.feature_hash: plain(each.label) for each in questions[answer.attribute].options}
        label = options.get(value.option, "")
        if label in names:
            return "one", names[label]
        if label in _OTHERS:
            return _OTHERS[label], None
    return None


def _review(setup: Setup, batch: Batch, name: str, case: Case, decision: Decision, winner: str | None) -> None:
    who = reviewers.by_name(batch.connection, setup.project_id, name)
    who = who or reviewers.add(batch, setup.project_id, name)
    now = now_ms()
    stands = reviews.standing_of(batch.connection, case.item_id, who.id) or _standing(setup, batch, case, who, now)
    made = Review(
        id=new_id(),
        project_id=setup.project_id,
        item_id=case.item_id,
        reviewer_id=who.id,
        revision=stands.revision + 1,
        decision=decision,
        winner=winner,
        shown=stands.shown,
        # Whoever opens a label row sees what the judges saved in it.
        seen_judge=True,
        way="informed",
        note="",
        took_ms=0,
        ontology_digest=setup.ontology_digest,
        layout_digest="",
        created_at=now,
    )
    batch.add(made)
    choice = choice_key(decision, winner)
    changes = {"decision": decision, "winner": winner, "revision": made.revision, "until": 0, "updated_at": now}
    reviews.update_standing(batch, case.item_id, who.id, {**changes, "seen_judge": True})
    settled = {"final_choice": choice, "agrees": agree(case.judge_choice, choice), "reviews": case.reviews + 1}
    cases.update(batch.connection, case.item_id, settled)


def _standing(setup: Setup, batch: Batch, case: Case, who: Reviewer, now: int) -> Standing:
    """A label row shows no descriptions in an order of its own: they stand as they are configured."""
    shown = [each.name for each in setup.config.candidates]
    made = Standing(case.item_id, who.id, setup.project_id, shown, now, 0, now, seen_judge=True)
    reviews.keep_standing(batch, made)
    return made
