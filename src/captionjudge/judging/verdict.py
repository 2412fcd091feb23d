"""From a filled form to a verdict and the answers it gives."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from captionjudge.identity import new_id, now_ms
from captionjudge.judging.consistency import Levels, follows
from captionjudge.judging.form import Filled
from captionjudge.judging.outcome import same_text
from captionjudge.judging.roles import Roles
from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import RadioAnswer, flatten, labels_and_levels, to_json
from captionjudge.ontology.tree import Attribute
from captionjudge.store.records import Answer, Item, Outcome, Review, Slots, Verdict


class Pairing(Struct, frozen=True):
    """Two descriptions of one image, and the ontology they are judged by."""

    a: Item
    b: Item
    image: Item
    ontology_digest: str

    @property
    def same_text(self) -> bool:
        """Whether there is nothing to choose."""
        return same_text(self.a.text, self.b.text)

    @property
    def names(self) -> tuple[str, str]:
        """The candidates."""
        return self.a.author or "", self.b.author or ""

    def shown(self, slots: Slots) -> tuple[Item, Item]:
        """The descriptions in the order in which they are shown."""
        return (self.a, self.b) if slots == "ab" else (self.b, self.a)


class Ballot(Struct, frozen=True):
    """Who judged, in which order, and which time of several; `step` and `overlap` as in `Verdict`."""

    judge: str
    slots: Slots
    sample: int = 0
    step: int | None = None
    overlap: bool | None = None


def verdict_of(
    pairing: Pairing, ballot: Ballot, filled: Filled, roles: Roles, call_id: str, probability: float | None
) -> Verdict:
    """The verdict that a filled form is."""
    a, b = of_descriptions(filled, ballot.slots)
    names = pairing.names
    blocks = _blocks(roles, *names)
    choice = filled.chosen(ballot.slots)
    (of_a, levels_a), (of_b, levels_b) = _read(a, b, blocks)
    return Verdict(
        **_shared(pairing, ballot),
        choice=choice,
        probability=probability,
        criteria=_criteria(of_a, of_b) | _questions(filled, roles),
        reason=filled.reasoning,
        consistent=follows(choice, levels_a, levels_b),
        call_id=call_id,
    )


def failed_verdict(pairing: Pairing, ballot: Ballot, kind: str, detail: str) -> Verdict:
    """The verdict of a judge that gave none, with the kind of failure."""
    return Verdict(**_shared(pairing, ballot), reason=detail, error=kind)


def of_descriptions(filled: Filled, slots: Slots) -> tuple[Given | None, Given | None]:
    """The answers about A and about B, given which was shown first."""
    return (filled.first, filled.second) if slots == "ab" else (filled.second, filled.first)


def answers_of(
    pairing: Pairing, verdict: Verdict, filled: Filled, prompt_digest: str, leave_out: frozenset[str]
) -> list[Answer]:
    """The classifications that a filled form answers, without those of the candidates in `leave_out`."""
    about = zip(pairing.names, of_descriptions(filled, verdict.slots), strict=True)
    given = [answer for name, answer in about if answer is not None and name not in leave_out]
    return [_answer(verdict, answer, verdict.judge, prompt_digest) for answer in (*given, *filled.questions)]


def choice_answer(verdict: Verdict, roles: Roles, outcome: Outcome, author: str) -> Answer | None:
    """The judge's choice as an answer, when the ontology asks for one and the outcome is one of its options."""
    name = {"A": verdict.a, "B": verdict.b}.get(outcome)
    if roles.choice is None or name is None:
        return None
    fitting = [option for option in roles.choice.options if _same(option.label, name)]
    if not fitting:
        return None
    return _answer(verdict, RadioAnswer(roles.choice.feature_hash, fitting[0].feature_hash), author, None)


def final_choice_answer(roles: Roles, review: Review, author: str) -> list[Answer]:
    """A person's choice as an answer to the classifications for people that offer it.

    A choice that none of the options names (a tie, say, or one that was taken back) withdraws the earlier answer.
    """
    found: list[Answer] = []
    for attribute in roles.people:
        if attribute.type != "radio":
            continue
        label = {"one": review.winner or "", "both_bad": "both bad"}.get(review.decision, review.decision)
        fitting = [option for option in attribute.options if _same(option.label, label)]
        if fitting:
            value = to_json(RadioAnswer(attribute.feature_hash, fitting[0].feature_hash))
        else:
            value = withdrawn(attribute)
        found.append(
            Answer(
                id=new_id(),
                project_id=review.project_id,
                item_id=review.item_id,
                attribute=attribute.feature_hash,
                value=value,
                author_kind="person",
                author=author,
                ontology_digest=review.ontology_digest,
                created_at=review.created_at,
            )
        )
    return found


def withdrawn(attribute: Attribute) -> dict[str, object]:
    """The value of a revision that takes an answer back."""
    return {"attribute": attribute.feature_hash, "type": attribute.type, "withdrawn": True}


def person_criteria(roles: Roles, a: str, b: str, given: Mapping[str, Given]) -> dict[str, Any]:
    """What a person said about the descriptions of `a` and `b` and about the image, in a verdict's form.

    Args:
        given: the person's answers by attribute.
    """
    blocks = _blocks(roles, a, b)
    about = (None, None) if blocks is None else (given.get(blocks[0].feature_hash), given.get(blocks[1].feature_hash))
    (of_a, _), (of_b, _) = _read(*about, blocks)
    return _criteria(of_a, of_b) | _of_image(given, roles)


def _blocks(roles: Roles, a: str, b: str) -> tuple[Attribute, Attribute] | None:
    # Under neutral titles, so that what is said of both has one name.
    of_a, of_b = roles.neutral_block(a), roles.neutral_block(b)
    return None if of_a is None or of_b is None else (of_a, of_b)


def _answer(verdict: Verdict, given: Given, author: str, prompt_digest: str | None) -> Answer:
    return Answer(
        id=new_id(),
        project_id=verdict.project_id,
        item_id=verdict.item_id,
        attribute=given.attribute,
        value=to_json(given),
        author_kind="model",
        author=author,
        ontology_digest=verdict.ontology_digest,
        created_at=verdict.created_at,
        prompt_digest=prompt_digest,
        verdict_id=verdict.id,
    )


def _shared(pairing: Pairing, ballot: Ballot) -> dict[str, Any]:
    return {
        "id": new_id(),
        "project_id": pairing.image.project_id,
        "item_id": pairing.image.id,
        "a_item": pairing.a.id,
        "b_item": pairing.b.id,
        "a": pairing.names[0],
        "b": pairing.names[1],
        "judge": ballot.judge,
        "slots": ballot.slots,
        "sample": ballot.sample,
        "step": ballot.step,
        "overlap": ballot.overlap,
        "ontology_digest": pairing.ontology_digest,
        "created_at": now_ms(),
    }


def _read(
    a: Given | None, b: Given | None, blocks: tuple[Attribute, Attribute] | None
) -> tuple[tuple[dict[str, str], Levels], tuple[dict[str, str], Levels]]:
    """Labels and levels of what is said of both."""
    if blocks is None:
        return ({}, {}), ({}, {})
    return labels_and_levels(a, blocks[0]), labels_and_levels(b, blocks[1])


def _criteria(of_a: Mapping[str, str], of_b: Mapping[str, str]) -> dict[str, dict[str, str | None] | str]:
    return {title: {"a": of_a.get(title), "b": of_b.get(title)} for title in {**of_a, **of_b}}


def _questions(filled: Filled, roles: Roles) -> dict[str, dict[str, str | None] | str]:
    return _of_image({answer.attribute: answer for answer in filled.questions}, roles)


def _of_image(given: Mapping[str, Given], roles: Roles) -> dict[str, dict[str, str | None] | str]:
    found: dict[str, dict[str, str | None] | str] = {}
    for attribute in roles.questions:
        found |= flatten(given.get(attribute.feature_hash), attribute)
    return found


def _same(label: str, name: str) -> bool:
    return "".join(filter(str.isalnum, label.casefold())) == "".join(filter(str.isalnum, name.casefold()))
