"""One pair, without a project."""

import pytest

import captionjudge as cj
from captionjudge.demo import photos

CAT = photos() / "cat.jpg"


def test_the_description_that_fits_wins_in_either_place() -> None:
    right, wrong = "A tabby cat.", "A red bus in the rain."
    assert cj.judge(CAT, right, wrong).outcome == "A"
    assert cj.judge(CAT.read_bytes(), wrong, right).outcome == "B"


def test_an_unknown_provider_is_one_error() -> None:
    with pytest.raises(cj.ConfigError, match="nobody"):
        cj.judge(CAT, "a", "b", model="nobody/judge")
