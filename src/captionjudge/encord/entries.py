"""Answers as label rows hold them, and as the store does."""

from collections.abc import Mapping, Sequence
from typing import Any

from captionjudge.encord.faults import Fault, invalid
from captionjudge.ontology.answer import Answer, Checked, ChecklistAnswer, RadioAnswer, TextAnswer
from captionjudge.ontology.tree import Attribute, Classification, Ontology, Option

Entry = Mapping[str, Any]
"""One classification of a label row: which, what was answered, and by whom."""

_ABOUT = ("createdAt", "createdBy", "lastEditedAt", "lastEditedBy", "confidence", "manualAnnotation", "reviews")


def merged(answers: Mapping[str, Any], per_frame: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The classifications of a saved label row, whichever generation of clients wrote it.

    Older clients write who and when beside the frame and keep only the answers apart; newer ones write all of it with
    the answers.

    Raises:
        Fault: it is neither.
    """
    beside = {str(each.get("classificationHash")): each for each in per_frame}
    found: dict[str, dict[str, Any]] = {}
    for key, given in answers.items():
        if not isinstance(given, Mapping) or not isinstance(given.get("classifications"), list):
            raise invalid(f"classification_answers.{key}: it has no list of classifications")
        frame = beside.get(key, {})
        feature = given.get("featureHash") or frame.get("featureHash")
        about = {name: given.get(name, frame.get(name)) for name in _ABOUT if name in given or name in frame}
        found[key] = {
            "classificationHash": key,
            "featureHash": feature,
            "classifications": given["classifications"],
            "range": given.get("range") or [[0, 0]],
            **about,
        }
    # A client that puts an answer in another's place sends both: the one on no frame, or the earlier one, is gone.
    shown = {key: each for key, each in found.items() if answers[key].get("range") != []}
    last = {each["featureHash"]: key for key, each in shown.items()}
    return {key: shown[key] for key in last.values()}


def signed(entries: Mapping[str, dict[str, Any]], author: str, now: str) -> dict[str, dict[str, Any]]:
    """The classifications with who made and changed each and when: who saves it, where the client does not say."""
    about = {"createdBy": author, "createdAt": now, "lastEditedBy": author, "lastEditedAt": now}
    return {key: {**each, **{n: each.get(n) or value for n, value in about.items()}} for key, each in entries.items()}


def per_frame(entry: Entry, ontology: Ontology) -> dict[str, Any]:
    """A classification beside its frame, where older clients look for it."""
    one = classification_of(ontology, str(entry["featureHash"]))
    about = {name: entry[name] for name in _ABOUT if name in entry}
    return {
        "name": one.title,
        "value": value_of(one.title),
        "classificationHash": entry["classificationHash"],
        "featureHash": entry["featureHash"],
        **about,
    }


def answer_in(entry: Entry, ontology: Ontology) -> Answer:
    """The answer that a classification of a label row is.

    Raises:
        Fault: it does not fit the ontology.
    """
    one = classification_of(ontology, str(entry.get("featureHash")))
    given: dict[str, Any] = {}
    for each in entry["classifications"]:
        if not isinstance(each, Mapping) or not isinstance(each.get("featureHash"), str):
            raise invalid(f"{one.title}: an answer names no attribute")
        given[each["featureHash"]] = each.get("answers")
    found = _read(one.attributes[0], given)
    if found is None:
        raise invalid(f"{one.title}: it has no answer")
    return found


def entry_of(answer: Answer, one: Classification) -> list[dict[str, Any]]:
    """What was answered, as label rows list it: what is nested first, then what it is nested in."""
    return _write(answer, one.attributes[0])


def classification_of(ontology: Ontology, feature_hash: str) -> Classification:
    """The classification with this feature hash.

    Raises:
        Fault: the ontology has none.
    """
    for one in ontology.classifications:
        if one.feature_hash == feature_hash:
            return one
    raise invalid(f"the project's ontology has no classification {feature_hash[:60]!r}")


def value_of(title: str) -> str:
    """A title as the platform writes it where no spaces may be."""
    return "_".join(title.lower().split())


def _read(attribute: Attribute, given: Mapping[str, Any]) -> Answer | None:
    if attribute.feature_hash not in given:
        return None
    value = given[attribute.feature_hash]
    if attribute.type == "text":
        if not isinstance(value, str):
            raise _misfit(attribute, "a string")
        return TextAnswer(attribute.feature_hash, value)
    picked = _picked(attribute, value)
    if attribute.type == "checklist":
        ticked = tuple(Checked(option.feature_hash, _nested(option, given)) for option in picked)
        return ChecklistAnswer(attribute.feature_hash, ticked)
    if len(picked) != 1:
        raise _misfit(attribute, "one option")
    return RadioAnswer(attribute.feature_hash, picked[0].feature_hash, _nested(picked[0], given))


def _nested(option: Option, given: Mapping[str, Any]) -> tuple[Answer, ...]:
    found = (_read(attribute, given) for attribute in option.attributes)
    return tuple(each for each in found if each is not None)


def _picked(attribute: Attribute, value: Any) -> list[Option]:
    if not isinstance(value, list):
        raise _misfit(attribute, "a list of options")
    options = {option.feature_hash: option for option in attribute.options}
    found: list[Option] = []
    for each in value:
        option = options.get(str(each.get("featureHash"))) if isinstance(each, Mapping) else None
        if option is None:
            raise _misfit(attribute, "one of its options")
        found.append(option)
    return found


def _misfit(attribute: Attribute, expected: str) -> Fault:
    return invalid(f"{attribute.name[:80]}: expected {expected}")


def _write(answer: Answer, attribute: Attribute) -> list[dict[str, Any]]:
    same = {
        "name": attribute.name,
        "value": value_of(attribute.name),
        "featureHash": attribute.feature_hash,
        "manualAnnotation": True,
    }
    if isinstance(answer, TextAnswer):
        return [{**same, "answers": answer.text}]
    if isinstance(answer, RadioAnswer):
        chosen: Sequence[tuple[str, tuple[Answer, ...]]] = [(answer.option, answer.nested)]
    else:
        chosen = [(one.option, one.nested) for one in answer.options]
    options = {option.feature_hash: option for option in attribute.options}
    below: list[dict[str, Any]] = []
    answers: list[dict[str, str]] = []
    for feature_hash, nested in chosen:
        option = options.get(feature_hash)
        if option is None:
            continue
        answers.append({"name": option.label, "value": option.value, "featureHash": feature_hash})
        inside = {one.feature_hash: one for one in option.attributes}
        for each in nested:
            if each.attribute in inside:
                below += _write(each, inside[each.attribute])
    return [*below, {**same, "answers": answers}]
