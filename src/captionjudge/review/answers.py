"""A person's answers to the criteria, begun from the judges' and kept as revisions of their own."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from captionjudge.identity import new_id, now_ms
from captionjudge.judging.roles import SLOT_TITLE
from captionjudge.judging.verdict import withdrawn
from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import from_json, to_json
from captionjudge.ontology.tree import Attribute
from captionjudge.review.decide import NotPossible
from captionjudge.review.form import Control, FormError, Mistake, annotate, controls, read_form
from captionjudge.review.judged import Judged
from captionjudge.review.provenance import provenance
from captionjudge.running.setup import Setup
from captionjudge.store import verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.records import Answer, Reviewer, Standing

ONTOLOGY_FIELD = "ontology"
ACCEPT_FIELD = "accept"


def blocks(setup: Setup, shown: Sequence[str]) -> dict[str, Attribute]:
    """What is asked about each slot and about the image, by the prefix of its fields, under neutral titles."""
    found = {
        f"d{slot}": replace(setup.roles.blocks[name], name=f"Description {slot}")
        for slot, name in enumerate(shown, start=1)
        if name in setup.roles.blocks
    }
    return found | {f"q{number}": question for number, question in enumerate(setup.roles.questions, start=1)}


def lettered(setup: Setup, shown: Sequence[str]) -> list[Attribute]:
    """The same questions for the registry of keys, which speaks of every slot's block by one name."""
    return [replace(one, name=SLOT_TITLE) if key[0] == "d" else one for key, one in blocks(setup, shown).items()]


def own_answers(connection: Reading, item_id: str, person: Reviewer) -> dict[str, Given | None]:
    """This person's latest answers about an image, by attribute; None for one that was taken back."""
    found: dict[str, Given | None] = {}
    for answer in verdicts.answers_of_item(connection, item_id):
        if answer.author_kind == "person" and answer.author == person.name:
            try:
                found[answer.attribute] = from_json(answer.value)
            except ValueError:
                found[answer.attribute] = None
    return found


def form_of(
    asked: Mapping[str, Attribute], own: Mapping[str, Given | None], judged: Judged | None, keys: Mapping[str, str]
) -> dict[str, Control]:
    """The questions as controls: what this person answered, else what the judges did, with where it comes from."""
    found: dict[str, Control] = {}
    for prefix, attribute in asked.items():
        judge = judged.given(attribute.feature_hash) if judged else None
        answer = own.get(attribute.feature_hash, judge)
        control = controls(attribute, answer, prefix, keys)
        found[prefix] = annotate(control, provenance(answer, judge), {})
    return found


def keep_answers(
    setup: Setup,
    batch: Batch,
    person: Reviewer,
    stands: Standing,
    posted: Mapping[str, Sequence[str]],
    judged: Judged | None,
    *,
    draft: bool,
) -> int:
    """Keep what was posted, where it differs from this person's last answer; how many answers that were.

    With `accept` as "judge" the judges' answers are kept instead, where there are any.

    Raises:
        FormError: with every mistake that was found; nothing is kept.
        NotPossible: the form was made for another ontology, whose questions its fields would be mistaken for.
    """
    if posted.get(ONTOLOGY_FIELD, [""])[0] != setup.ontology_digest:
        raise NotPossible("the questions have changed since this page was loaded: load it again")
    own = own_answers(batch.connection, stands.item_id, person)
    accepts = posted.get(ACCEPT_FIELD, [""])[0] == "judge"
    mistakes: list[Mistake] = []
    kept = 0
    for prefix, attribute in blocks(setup, stands.shown).items():
        judge = judged.given(attribute.feature_hash) if judged else None
        before = own.get(attribute.feature_hash, judge)
        try:
            given = judge if accepts and judge else read_form(attribute, posted, prefix, before, draft=draft)
        except FormError as error:
            mistakes += error.mistakes
            continue
        if given == own.get(attribute.feature_hash):
            continue
        batch.add(_answer(setup, person, stands, attribute, given, judged if given == judge else None))
        kept += 1
    if mistakes:
        raise FormError(mistakes)
    return kept


def _answer(
    setup: Setup, person: Reviewer, stands: Standing, attribute: Attribute, given: Given | None, accepted: Judged | None
) -> Answer:
    source = accepted.answers.get(attribute.feature_hash) if accepted else None
    return Answer(
        id=new_id(),
        project_id=setup.project_id,
        item_id=stands.item_id,
        attribute=attribute.feature_hash,
        value=withdrawn(attribute) if given is None else to_json(given),
        author_kind="person",
        author=person.name,
        ontology_digest=setup.ontology_digest,
        created_at=now_ms(),
        # An answer that was taken over as it was points at the verdict it came from.
        verdict_id=source.verdict_id if source else None,
    )
