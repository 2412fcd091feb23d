"""Keys: readable where the script allows it, always the same, never two alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.ontology.key import key_of, unique_keys, unique_labels


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Correctness Score", "correctness_score"),
        ("A+", "a_plus"),
        ("A-", "a_minus"),
        ("A", "a"),
        ("C++", "c_plus_plus"),
        ("50 % off", "50_percent_off"),
        ("text-based", "text_based"),
        ("Größe", "grosse"),
        ("Čeština", "cestina"),
        ("Точность", "tochnost"),
        ("Ακρίβεια", "akriveia"),
        ("かんたん", "kantan"),
        ("품질", "pumjil"),
        ("５ stars", "5_stars"),
    ],
)
def test_a_title_is_spelled_in_ascii(title: str, key: str) -> None:
    assert key_of(title) == key


@pytest.mark.parametrize("title", ["質量", "جودة", "???", "👍", "x" * 100])
def test_what_cannot_be_spelled_is_stood_for_by_a_digest(title: str) -> None:
    assert re.fullmatch(r"[a-z_]+_[0-9a-f]{6}", key_of(title))


def test_titles_in_a_script_that_cannot_be_spelled_get_different_keys() -> None:
    assert len({key_of(title) for title in ["質量", "正確", "👍", "👎"]}) == 4


@given(st.text())
def test_every_key_is_a_property_name_that_all_providers_take(title: str) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,48}", key_of(title))


@given(st.lists(st.text(alphabet="aA+-. _2", max_size=3)), st.sets(st.sampled_from(["a", "a_2", "choice"])))
def test_keys_of_siblings_differ_from_each_other_and_from_what_is_taken(titles: list[str], taken: set[str]) -> None:
    keys = unique_keys(titles, taken)
    assert len(set(keys)) == len(titles)
    assert not taken & set(keys)


@given(st.lists(st.text(alphabet="aA+-. _2", max_size=3)))
def test_a_key_does_not_depend_on_what_comes_later(titles: list[str]) -> None:
    assert unique_keys(titles)[:1] == unique_keys(titles[:1])


@given(st.lists(st.sampled_from(["a", "a (2)", "b"])))
def test_labels_are_told_apart(labels: list[str]) -> None:
    assert len(set(unique_labels(labels))) == len(labels)


def test_thousands_of_equal_keys_are_told_apart_at_once() -> None:
    assert unique_keys(["a"] * 20_000)[-1] == "a_20000"
