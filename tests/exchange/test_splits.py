"""Splits are drawn by a picture's content alone."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.splits import Splits, parse_splits


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def test_a_split_has_its_share_of_the_pictures() -> None:
    splits = parse_splits("train=0.8, test=0.1,validation=0.1")
    drawn = [splits.of(digest(number)) for number in range(4000)]
    # Four standard deviations.
    assert abs(drawn.count("train") / 4000 - 0.8) < 4 * (0.8 * 0.2 / 4000) ** 0.5
    assert abs(drawn.count("test") / 4000 - 0.1) < 4 * (0.1 * 0.9 / 4000) ** 0.5


def test_where_a_picture_is_does_not_change_between_versions() -> None:
    splits = parse_splits("train=0.5,test=0.5")
    drawn = [splits.of(digest(number))[:2] for number in range(8)]
    assert drawn == ["tr", "tr", "tr", "tr", "tr", "te", "tr", "tr"]


@given(st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1))
def test_a_picture_stays_in_the_first_split_when_that_grows(number: int, one: float, other: float) -> None:
    small, large = sorted((one, other))
    if Splits((("train", small), ("test", 1 - small))).of(digest(number)) == "train":
        assert Splits((("train", large), ("test", 1 - large))).of(digest(number)) == "train"


def test_shares_that_are_no_binary_fractions_leave_no_gap() -> None:
    splits = Splits((*((f"s{place}", 0.1) for place in range(10)), ("none", 0.0)))
    assert splits.of("f" * 64) != "none"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train", "must be a number"),
        ("train=x", "must be a number"),
        ("train=0.5", "add up to 0.5"),
        ("train=0.5,train=0.5", "twice"),
        ("../up=1", "no name"),
        ("", "no name"),
        ("train=2,test=-1", "within 0..1"),
        ("train=nan", "within 0..1"),
    ],
)
def test_what_names_no_splits_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_splits(text)
