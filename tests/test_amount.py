"""Numbers of things are said as one says them."""

import re
from pathlib import Path

import pytest

import captionjudge
from captionjudge.amount import amount

PACKAGE = Path(captionjudge.__file__).parent
# A number and a plural in one breath: "1 images" is then only a matter of time.
BLUNT = re.compile(
    r"\{[a-z][^{}'\"]*\} (?:image|call|row|pair|description|candidate|quer[iy]e|answer|question|stage|batche|token)s\b"
)
ROOMS = ("cli", "running", "exchange/imports")


@pytest.mark.parametrize(
    ("number", "thing", "said"),
    [
        (0, "image", "0 images"),
        (1, "image", "1 image"),
        (2, "reply", "2 replies"),
        (2, "day", "2 days"),
        (1200, "batch", "1,200 batches"),
        (1, "label row", "1 label row"),
        (3, "guess", "3 guesses"),
    ],
)
def test_one_is_not_many(number: int, thing: str, said: str) -> None:
    assert amount(number, thing) == said


@pytest.mark.parametrize("room", ROOMS)
def test_what_the_command_line_counts_is_said_this_way(room: str) -> None:
    lines = [line for path in sorted((PACKAGE / room).rglob("*.py")) for line in path.read_text().splitlines()]
    assert [line.strip() for line in lines if BLUNT.search(line) and "raise" not in line] == []
