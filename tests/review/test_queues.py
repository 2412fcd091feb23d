"""A queue's address is its filter, and a reviewer's filter tells nothing that would steer."""

from hypothesis import given
from hypothesis import strategies as st

from captionjudge.review.queues import for_reviewer, query_of, read_filter
from captionjudge.store.cases import AGREEMENTS, ORDERS, QUEUES, Filter

words = st.text(st.characters(codec="utf-8", exclude_characters="\0="), min_size=1, max_size=20).map(str.strip)
filters = st.builds(
    Filter,
    queue=st.sampled_from(QUEUES),
    order=st.sampled_from(ORDERS),
    agreement=st.sampled_from([None, *AGREEMENTS]),
    judge_choice=words.map(lambda word: word or None),
    below=st.none() | st.floats(0, 1).map(lambda number: round(number, 3)),
    text=words.map(lambda word: word or None),
)


def parse(query: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(query))


@given(filters)
def test_what_an_address_names_is_the_filter_it_was_made_from(wanted: Filter) -> None:
    assert read_filter(parse(query_of(wanted))) == wanted


@given(st.dictionaries(st.sampled_from(["queue", "order", "agreement", "below", "metadata", "text"]), st.text()))
def test_any_address_is_some_filter(query: dict[str, str]) -> None:
    read_filter(query)


@given(filters)
def test_a_reviewers_filter_names_neither_the_judges_nor_others_choices(wanted: Filter) -> None:
    told = for_reviewer(wanted)
    assert (told.judge_choice, told.final_choice, told.reviewer) == (None, None, None)
    assert told.agreement in (None, "flipped")
