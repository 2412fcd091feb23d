"""Random answers to an attribute, whatever in it is archived."""

from hypothesis import strategies as st

from captionjudge.ontology.answer import Answer, Checked, ChecklistAnswer, RadioAnswer, TextAnswer
from captionjudge.ontology.tree import Attribute, Option, is_asked

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@st.composite
def answers(draw: st.DrawFn, attribute: Attribute, *, archived: bool = True) -> Answer | None:
    """An answer, or None where the attribute may stay empty; with `archived`, some pick what is no longer offered."""
    if not is_asked(attribute) and not archived:
        return None
    if not (attribute.required and is_asked(attribute)) and draw(st.booleans()):
        return None
    if attribute.type == "text":
        kept = TEXTS if archived else st.from_regex(r"\w[\w\n ]{0,9}", fullmatch=True)
        return TextAnswer(attribute.feature_hash, draw(kept))
    options = [option for option in attribute.options if archived or not option.archived]
    if attribute.type == "radio":
        option = draw(st.sampled_from(options))
        return RadioAnswer(attribute.feature_hash, option.feature_hash, draw(_nested(option, archived)))
    ticked = [option for option in options if draw(st.booleans())]
    picks = tuple(Checked(option.feature_hash, draw(_nested(option, archived))) for option in ticked)
    return ChecklistAnswer(attribute.feature_hash, picks)


@st.composite
def _nested(draw: st.DrawFn, option: Option, archived: bool) -> tuple[Answer, ...]:
    drawn = [draw(answers(one, archived=archived)) for one in option.attributes]
    return tuple(answer for answer in drawn if answer is not None)
