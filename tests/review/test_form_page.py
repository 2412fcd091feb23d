"""The questions as HTML: every input named, every group told, nothing inline, nothing unescaped."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.ontology.strategies import attributes
from tests.review.markup import Element, form_html, parse
from tests.review.seed import BLOCKS, CANDIDATES, hash_of
from tests.review.strategies import answers

from captionjudge.ontology.answer import RadioAnswer, TextAnswer
from captionjudge.ontology.tree import Attribute, Option, walk
from captionjudge.review.form import annotate, controls
from captionjudge.review.keys import make_registry

KEYS = make_registry(BLOCKS).option_keys
HOSTILE = st.one_of(
    st.text(), st.sampled_from(["</textarea><script>", '" onfocus="x', "'><img src=x>", "{{ 7 }}", "&#x22;"])
)


def page_of(attribute: Attribute, keys: Mapping[str, str] = KEYS) -> Element:
    return parse(form_html(controls(attribute, None, "d1", keys)))


@given(st.data())
def test_every_input_has_a_label_and_every_group_of_them_a_legend(data: st.DataObject) -> None:
    attribute = data.draw(attributes())
    page = parse(form_html(controls(attribute, data.draw(answers(attribute)), "d1", {})))
    for one in page.all("input", "textarea"):
        assert any(above.tag == "label" for above in one.above())
    for group in page.all("fieldset"):
        first = next(child for child in group.children if isinstance(child, Element))
        assert first.tag == "legend"
        assert first.text.strip()


@given(attributes(), HOSTILE, HOSTILE)
def test_whatever_stands_in_a_text_stays_text(attribute: Attribute, label: str, text: str) -> None:
    option = Option("1", label, "v", "h-v", description=text, attributes=(Attribute("2", label, "text", "h-t"),))
    question = replace(attribute, name=label, description=text, type="radio", options=(option,))
    answer = RadioAnswer(question.feature_hash, "h-v", (TextAnswer("h-t", text.replace("\0", "")),))
    shown = annotate(controls(question, answer, "d1", {}), {}, {question.feature_hash: text})
    tags = {one.tag for one in parse(form_html(shown, {"d1": text})).all()}
    allowed = {"div", "fieldset", "legend", "label", "span", "bdi", "input", "p", "textarea", "blockquote"}
    assert tags <= allowed


def test_nothing_in_it_is_inline_style_or_script() -> None:
    page = page_of(BLOCKS[0])
    named = {name for one in page.all() for name in one.attributes}
    assert not page.all("style", "script")
    assert not {name for name in named if name == "style" or name.startswith("on")}


def test_ids_are_unique() -> None:
    described = replace(BLOCKS[0], options=tuple(replace(o, description="Words.") for o in BLOCKS[0].options))
    ids = [one.attributes["id"] for one in page_of(described).all() if "id" in one.attributes]
    assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize("block", BLOCKS)
def test_nothing_in_it_tells_whose_block_it_is(block: Attribute) -> None:
    html = form_html(controls(block, None, "d1", KEYS))
    secrets = [
        *CANDIDATES,
        *(one.feature_hash for one in walk(block)),
        *(one.id for one in walk(block) if "." in one.id),
    ]
    assert [secret for secret in secrets if secret in html.replace("d1", "")] == []


def test_an_optional_radio_can_be_cleared_without_javascript() -> None:
    correctness = [one for one in page_of(BLOCKS[0]).all("input") if one.attributes["name"] == "d1.0.0"]
    assert [one.attributes["value"] for one in correctness] == ["0", "1", "2", "3", "4", ""]


def test_a_required_radio_offers_no_empty_answer() -> None:
    top = [one for one in page_of(BLOCKS[0]).all("input") if one.attributes["name"] == "d1"]
    assert [one.attributes["value"] for one in top] == ["0", "1"]


def test_each_option_shows_the_key_that_picks_it() -> None:
    page = page_of(BLOCKS[0])
    keys = {one.attributes["data-key"]: one for one in page.all("input") if "data-key" in one.attributes}
    hints = {key: one.above()[0].all("kbd")[0].text for key, one in keys.items()}
    assert hints == {key: key.upper() for key in "qwertyuiopjk"}


def test_without_keys_there_are_no_hints_of_them() -> None:
    page = page_of(BLOCKS[0], {})
    assert not page.all("kbd")


def test_a_note_and_a_reason_stand_in_the_question_they_are_about() -> None:
    quality = hash_of(BLOCKS[0], "Quality Score")
    control = annotate(controls(BLOCKS[0], None, "d1", {}), {quality: "from judge"}, {quality: "It is fluent."})
    group = next(one for one in parse(form_html(control)).all("fieldset") if "Quality" in one.children[1].text)  # type: ignore[union-attr]
    assert "from judge" in group.all("legend")[0].text
    assert group.all("blockquote")[0].text == "It is fluent."


def test_advice_is_tied_to_its_question() -> None:
    page = parse(form_html(controls(BLOCKS[0], None, "d1", {}), {"d1": "choose one of the options"}))
    described = page.all("fieldset")[0].attributes["aria-describedby"]
    assert [one.text for one in page.all("p") if one.attributes.get("id") == described] == ["choose one of the options"]
