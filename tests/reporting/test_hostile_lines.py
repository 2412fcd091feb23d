"""Whatever stands in a judgments file: a line is used or named, and the report is made of the others."""

import copy
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.reporting import judged

from captionjudge.cli.app import app, run
from captionjudge.judging.line import LONGEST
from captionjudge.reporting.figures import figures, items
from captionjudge.reporting.recorded import from_lines, read_judgments

GOOD = judged.lines(6)
VALUES: list[Any] = [
    *(None, True, 0, -1, 3, 1.5, 1e13, -1e300, 10**30, "", "a", "tie", "nan", "inf", "1e999", "\x00", "A\u202eB"),
    *("x" * 5000, [], ["a", "b"], [[]], [None], {}, {"a": 1}, {"choice": "a"}, {"a": {"a": []}, "b": None}, [{}]),
    [{"judge": "gpt-4.1"}],
]
# A report takes a tenth of a second: a failing one is not looked for in smaller files.
FAST = (Phase.explicit, Phase.reuse, Phase.generate)
DEEP = b'{"a":' * 3000 + b"1" + b"}" * 3000


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, each in children for place in _places(each, (*path, key))]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good line with something else in one to three places."""
    line = json.loads(json.dumps(draw(st.sampled_from(GOOD))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(line)))
        inside = line
        for key in path[:-1]:
            inside = inside[key]
        if draw(st.booleans()) and isinstance(inside, dict):
            del inside[path[-1]]
        else:
            # A copy: the next change may be inside of it.
            inside[path[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        if not line:
            break
    return json.dumps(line).encode()


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A good line with other bytes in one place."""
    line = bytearray(json.dumps(draw(st.sampled_from(GOOD))).encode())
    at = draw(st.integers(0, len(line)))
    line[at : at + draw(st.integers(0, 40))] = draw(
        st.sampled_from([b"", b"\x00", b"\xff\xfe", b"\r", b"NaN", b"Infinity", b"1e400", b"\\ud800", b'"', b"}", DEEP])
    )
    return bytes(line).replace(b"\n", b"")


def _sound(lines: list[bytes]) -> dict[str, Any]:
    """The report, if every line was used or named and the report can be written as JSON."""
    recorded = from_lines(lines, ["set.kind"])
    report = figures(recorded)
    json.dumps(report, allow_nan=False)
    used = report["pairs"] + report["lines_about_one"]
    assert used + len(report["lines_left_out"]) == sum(bool(line.strip()) for line in lines)
    return report


@settings(max_examples=25, deadline=None, phases=FAST)
@given(st.lists(mutated(), min_size=1, max_size=8))
def test_values_of_any_type_in_any_place(lines: list[bytes]) -> None:
    _sound([*lines, json.dumps(GOOD[0] | {"id": "sound"}).encode()])


@settings(max_examples=15, deadline=None, phases=FAST)
@given(st.lists(broken(), min_size=1, max_size=8))
def test_bytes_of_any_kind_in_any_place(lines: list[bytes]) -> None:
    _sound([*lines, json.dumps(GOOD[0] | {"id": "sound"}).encode()])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xff\xfe{}", "not JSON"),
        (DEEP, "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"\x00", "not JSON"),
        (b"5", "not an object"),
        (b'{"a": {"candidate": 1}, "b": null}', "a.candidate must be a name"),
        (b'{"a": {"candidate": "A"}}', "b.candidate must be a name"),
        (b'{"a": {"candidate": "A"}, "b": null, "verdicts": 5}', "verdicts must be a list"),
        (
            b'{"a": {"candidate": "A"}, "b": null, "verdicts": [{"judge": "j", "choice": ["a"]}]}',
            "verdicts[0].choice must",
        ),
        (
            b'{"a": {"candidate": "A"}, "b": null, "verdicts": [{"judge": "j", "sample": []}]}',
            "verdicts[0].sample must",
        ),
        (b'{"a": {"candidate": "A"}, "b": null, "a_length": -1}', "a_length must be a number from 0 to 1e+12"),
        (b'{"a": {"candidate": "A"}, "b": null, "scales": {"x": ["l", "l"]}}', "scales.x must name every label once"),
        (
            b'{"a": {"candidate": "A"}, "b": null, "final_choices": [{"annotator": "p", "criteria": {"x": 1e300}}]}',
            "final_choices[0].criteria.x must be within",
        ),
    ],
)
def test_the_message_names_the_place(line: bytes, message: str) -> None:
    [error] = from_lines([line]).errors
    assert error.line == 1
    assert error.message.startswith(message)


def test_the_second_line_of_an_id_is_left_out() -> None:
    first = json.dumps(GOOD[0]).encode()
    found = from_lines([first, first, json.dumps(GOOD[1]).encode()])
    assert (len(found.a), found.errors[0].line) == (2, 2)
    assert found.errors[0].message == "its id 'pair 0' is that of line 1 too"


def test_a_byte_order_mark_windows_line_ends_and_empty_lines_are_read_over(tmp_path: Path) -> None:
    file = tmp_path / "judgments.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n  \r\n".join(json.dumps(each).encode() for each in GOOD) + b"\r\n")
    found = read_judgments(file)
    assert (found.errors, len(found.ids)) == ((), 6)


def test_a_line_of_ten_megabytes_is_read_and_one_without_end_is_named(tmp_path: Path) -> None:
    file = tmp_path / "judgments.jsonl"
    long = json.dumps(GOOD[0] | {"note": "x" * 10_000_000}).encode()
    with file.open("wb") as out:
        out.write(long + b"\n" + b"x" * (LONGEST + 5) + b"\n" + json.dumps(GOOD[1]).encode())
    found = read_judgments(file)
    assert [(error.line, error.message) for error in found.errors] == [(2, "longer than 64 MiB")]
    assert found.ids == ("pair 0", "pair 1")


def test_of_hundreds_of_candidates_and_people_the_report_lists_the_most_frequent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captionjudge.reporting.figures.comparison.MOST_COMPARISONS", 30)
    lines = [
        {
            "a": {"candidate": f"A{k}"},
            "b": {"candidate": f"B{k}"},
            "verdicts": [{"judge": "j", "choice": "a"}],
            "final_choices": [{"annotator": f"p{k}", "choice": "b"}],
        }
        for k in range(210)
    ]
    file = tmp_path / "judgments.jsonl"
    file.write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    assert run(app, ["report", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (len(found["comparisons"]), found["comparisons_left_out"]) == (30, 180)
    assert "too many to rank" in found["ranking"]["reason"]
    assert len(found["judges"][0]["people"]["each"]) == 200
    assert items(from_lines(map(orjson.dumps, lines)), "people.p7") == ["8"]


def test_a_criterion_that_some_rate_and_others_compare_is_reported_both_ways() -> None:
    rated, compared = {"a": 4, "b": 2}, {"choice": "b", "strength": 2}
    lines = [copy.deepcopy(each) for each in GOOD]
    for place, line in enumerate(lines):
        for said in (*line["verdicts"], *line["final_choices"]):
            said["criteria"] = {"Style": rated if place % 2 else compared}
    recorded = from_lines(map(orjson.dumps, lines))
    assert {answers.about for answers in recorded.answers} == {"description", "pair"}
    leads = recorded.verdicts.criteria["Style"]
    assert set(np.abs(leads[~np.isnan(leads)])) == {2.0}
    [criterion] = figures(recorded)["comparisons"][0]["judges"]["criteria"]
    assert criterion["percent"]["tie"] == 0
    assert figures(recorded)["people"]["answers"]


def test_ratings_of_which_hardly_two_are_equal_take_no_table_of_all_of_them() -> None:
    rng = np.random.default_rng(1)
    lines = [copy.deepcopy(GOOD[place % len(GOOD)]) | {"id": str(place)} for place in range(800)]
    for line in lines:
        line["final_choices"] = [
            {
                "annotator": who,
                "choice": "a",
                "criteria": {"Slider": dict(zip("ab", rng.random(2).tolist(), strict=True))},
            }
            for who in ("p", "q", "r")
        ]
    recorded = from_lines(map(orjson.dumps, lines))
    tracemalloc.start()
    found = figures(recorded)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    [slider] = [each for each in found["people"]["answers"] if each["criterion"] == "Slider"]
    assert (slider["pooled"]["value"], slider["rest"]["n"]) == (0, 0)
    # A column for each of 4,800 values, of 1,600 descriptions, would be 61 MB, and several are made.
    assert peak < 50e6
