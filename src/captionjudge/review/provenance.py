"""Where each answer comes from, once a judge's answers were shown and a person may have changed them."""

from captionjudge.ontology.answer import Answer, ChecklistAnswer, RadioAnswer, TextAnswer

FROM_JUDGE = "from judge"
CHANGED = "changed by you"


def provenance(answer: Answer | None, judge: Answer | None) -> dict[str, str]:
    """`FROM_JUDGE` or `CHANGED` for every question that either answered, by its feature hash.

    Without a judge's answer there is nothing to compare with, and nothing to say.
    """
    if judge is None:
        return {}
    mine, theirs = _answers(answer), _answers(judge)
    questions = theirs | mine
    return {one: FROM_JUDGE if mine.get(one) == theirs.get(one) else CHANGED for one in questions}


def _answers(answer: Answer | None) -> dict[str, object]:
    """What was answered to each question alone, without what is nested in it."""
    found: dict[str, object] = {}
    stack = [] if answer is None else [answer]
    while stack:
        match stack.pop():
            case TextAnswer() as one:
                found[one.attribute] = one.text
            case RadioAnswer() as one:
                found[one.attribute] = one.option
                stack.extend(one.nested)
            case ChecklistAnswer() as one:
                found[one.attribute] = frozenset(ticked.option for ticked in one.options)
                stack.extend(nested for ticked in one.options for nested in ticked.nested)
    return found
