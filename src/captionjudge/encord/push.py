"""Take answers back to the labelling platform. Nothing that people answered there is changed, and no metadata."""

from typing import Any

from msgspec import Struct, field

from captionjudge.encord.remote import Remote
from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import AnswerError, ChecklistAnswer, RadioAnswer, TextAnswer, from_json
from captionjudge.ontology.tree import Ontology
from captionjudge.running.setup import Setup
from captionjudge.store import items, labels
from captionjudge.store.records import Answer


class Pushed(Struct):
    """What came of it. `same` counts label rows that said it already."""

    rows: int = 0
    answers: int = 0
    same: int = 0
    failures: list[str] = field(default_factory=list)


def push(setup: Setup, remote: Remote) -> Pushed:
    """Add to each label row what is answered here and not there. It can be started again: what is there is left."""
    from encord.exceptions import EncordException

    result = Pushed()
    for rows in remote.rows():
        places = [remote.place(row.data_hash) for row, _ in rows]
        with setup.database.read() as connection:
            known = items.sources(connection, setup.project_id, places)
            ids = [each.item_id for each in known.values()]
            given = labels.answers(connection, setup.project_id, ids)
        for (row, _), place in zip(rows, places, strict=True):
            source = known.get(place)
            answers = _latest(given.get(source.item_id, [])) if source else {}
            try:
                added = _add(setup.ontology, row, answers)
            except (EncordException, KeyError, ValueError) as error:
                result.failures.append(f"{row.data_title}: {error}".partition("\n")[0])
                continue
            result.answers += added
            result.rows += added > 0
            result.same += bool(answers) and not added
    return result


def _latest(answers: list[Answer]) -> dict[str, Given]:
    """The last answer to each attribute: a person's where there is one."""
    found: dict[str, Answer] = {}
    for each in answers:
        earlier = found.get(each.attribute)
        if earlier is None or each.author_kind == "person" or earlier.author_kind != "person":
            found[each.attribute] = each
    given: dict[str, Given] = {}
    for attribute, each in found.items():
        try:
            given[attribute] = from_json(each.value)
        except AnswerError:
            # It was taken back.
            continue
    return given


def _add(ontology: Ontology, row: Any, answers: dict[str, Given]) -> int:
    there = {instance.ontology_item.feature_node_hash for instance in row.get_classification_instances()}
    added = 0
    for classification in ontology.classifications:
        answer = answers.get(classification.attributes[0].feature_hash)
        if answer is None or classification.feature_hash in there:
            continue
        theirs = row.ontology_structure.get_child_by_hash(classification.feature_hash)
        instance = theirs.create_instance()
        _set(instance, theirs, answer)
        instance.set_for_frames()
        row.add_classification_instance(instance)
        added += 1
    if added:
        row.save()
    return added


def _set(instance: Any, theirs: Any, answer: Given) -> None:
    """Answer an attribute, then what is nested in its answer."""
    attribute = theirs.get_child_by_hash(answer.attribute)
    match answer:
        case TextAnswer():
            instance.set_answer(answer.text, attribute=attribute)
            return
        case RadioAnswer():
            picked = [(answer.option, answer.nested)]
            instance.set_answer(attribute.get_child_by_hash(answer.option), attribute=attribute)
        case ChecklistAnswer():
            picked = [(each.option, each.nested) for each in answer.options]
            options = [attribute.get_child_by_hash(option) for option, _ in picked]
            instance.set_answer(options, attribute=attribute)
    for _, nested in picked:
        for each in nested:
            _set(instance, theirs, each)
