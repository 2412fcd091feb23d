"""CSV cells that no spreadsheet takes for a formula, in files of any length."""

import csv
from itertools import repeat

import pytest

from captionjudge.cell import Value, guarded
from captionjudge.reporting.sheet import csv_bytes


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
        (-5, "-5"),
        (0.25, "0.25"),
        (True, "true"),
        (None, ""),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_cell_that_would_be_a_formula_gets_an_apostrophe_and_a_number_does_not(value: Value, written: str) -> None:
    assert guarded(value) == written


def test_a_file_comes_in_pieces_and_reads_back() -> None:
    rows = [["a,b", 'say "x"', "two\nlines"]] * 20_000
    pieces = list(csv_bytes(["one", "two", "=three"], rows))
    assert len(pieces) > 3
    assert max(map(len, pieces)) < 100_000
    read = list(csv.reader(b"".join(pieces).decode().splitlines(keepends=True)))
    assert read[0] == ["one", "two", "'=three"]
    assert read[1:] == rows


def test_the_first_piece_does_not_wait_for_the_last_row() -> None:
    endless = csv_bytes(["x"], repeat(["y" * 100]))
    assert next(endless).startswith(b"x\r\n")
