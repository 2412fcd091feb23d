"""`captionjudge report FILE`: what a judgments file comes to."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captionjudge.cli.app import app, run
from captionjudge.reporting.figures import figures
from captionjudge.reporting.recorded import from_lines

Said = dict[str, Any]


def _verdict(choice: str | None, order: str = "ab", judge: str = "j", **more: Any) -> dict[str, Any]:
    return {"judge": judge, "order": order, "choice": choice, **more}


def _choice(choice: str, annotator: str = "ann", **more: Any) -> dict[str, Any]:
    return {"annotator": annotator, "choice": choice, **more}


def _line(
    number: int, verdicts: list[dict[str, Any]], people: list[dict[str, Any]] | None = None, **more: Any
) -> bytes:
    a, b = {"candidate": "A", "text": "one two three"}, {"candidate": "B", "text": "one"}
    line = {
        "id": str(number),
        "image": f"i{number}",
        "a": a,
        "b": b,
        "verdicts": verdicts,
        "final_choices": people or [],
    }
    return json.dumps(line | more).encode()


def _figures(*lines: bytes) -> dict[str, Any]:
    return figures(from_lines(lines))


def test_all_six_outcomes_are_told_apart() -> None:
    found = _figures(
        _line(1, [_verdict("a"), _verdict("a", "ba")]),
        _line(2, [_verdict("b"), _verdict("b", "ba")]),
        _line(3, [_verdict("tie"), _verdict("tie", "ba")]),
        _line(4, [_verdict("both_bad"), _verdict("both_bad", "ba")]),
        _line(5, [_verdict("a"), _verdict("b", "ba")]),
        _line(6, [_verdict("a"), _verdict(None, "ba", error="off_schema")]),
        _line(7, []),
    )
    expected = {"A": 1, "B": 1, "tie": 1, "both_bad": 1, "unstable": 1, "failed": 1, "missing": 1}
    assert found["outcomes"] == expected
    rate = found["comparisons"][0]["win_rate"]
    assert (rate["value"], rate["n"]) == (0.5, 3)
    assert rate["left_out"] == {"both bad": 1, "unstable": 1, "failed": 1, "missing": 1}
    judge = found["judges"][0]
    assert (judge["verdicts"], judge["failed"]) == (12, 1)
    assert (judge["flips"]["rate"]["value"], judge["flips"]["always_first"]) == (pytest.approx(1 / 5), 1)


def test_a_choice_names_the_description_and_not_the_slot() -> None:
    found = _figures(*(_line(n, [_verdict("a", "ba")]) for n in range(4)))
    assert found["judges"][0]["first_slot"]["value"] == 0.0
    assert found["comparisons"][0]["win_rate"]["value"] == 1.0


def test_the_length_is_in_words_unless_it_is_given() -> None:
    found = _figures(_line(1, [_verdict("a")]), _line(2, [_verdict("a")], a_length=1, b_length=7))
    assert found["judges"][0]["longer_wins"]["value"] == 0.5
    assert found["comparisons"][0]["mean_length"] == {"a": 2.0, "b": 4.0}


def test_a_judge_is_compared_with_each_person_and_the_majority() -> None:
    people = [_choice("a", "p"), _choice("a", "q"), _choice("b", "r")]
    found = _figures(*(_line(n, [_verdict("a")], people) for n in range(5)))
    agreement = found["judges"][0]["people"]
    assert agreement["accuracy"]["value"] == 1.0
    assert {each["annotator"]: each["accuracy"]["value"] for each in agreement["each"]} == {"p": 1, "q": 1, "r": 0}
    assert found["people"]["pairs"]["value"] == pytest.approx(1 / 3)


def test_whoever_chose_twice_counts_by_the_last_and_skipping_is_no_choice() -> None:
    found = _figures(
        _line(1, [_verdict("b")], [_choice("a"), _choice("b")]), _line(2, [_verdict("a")], [_choice("skip")])
    )
    assert (found["judges"][0]["people"]["accuracy"]["value"], found["judges"][0]["people"]["accuracy"]["n"]) == (
        1.0,
        1,
    )
    assert found["people"]["skipped"] == 1


def test_criteria_on_a_scale_and_side_by_side() -> None:
    scale = {"Detail": {"a": 3, "b": 1}, "Words": {"a": "Good", "b": "Bad"}}
    side = {"Fluency": {"choice": "b", "strength": 2}}
    found = _figures(
        *(_line(n, [_verdict("a" if n else "b", criteria=scale)], [_choice("a", criteria=side)]) for n in range(10))
    )
    criteria = found["judges"][0]["criteria"]
    assert criteria["contradictions"]["value"] == pytest.approx(0.1)
    assert [each["criterion"] for each in criteria["each"]] == ["Detail"]
    (fluency,) = found["comparisons"][0]["people"]["criteria"]
    assert (fluency["criterion"], fluency["levels"]["b_much_better"]) == ("Fluency", 10)


def test_only_the_audit_slice_feeds_the_estimate_where_there_is_one() -> None:
    rng = np.random.default_rng(1)
    lines = []
    for number in range(200):
        truth = "a" if rng.random() < 0.5 else "b"
        said = truth if rng.random() < 0.8 else "a"
        lines.append(_line(number, [_verdict(said)], [_choice(truth)] if number < 80 else [], audit=number < 60))
    found = _figures(*lines)["comparisons"][0]["estimation"]
    assert found["human_only"]["n"] == 60
    assert found["combined"]["left_out"] == {"reviewed outside of the random slice": 20}
    assert found["warning"] == ""


def test_probabilities_are_compared_with_people() -> None:
    rng = np.random.default_rng(2)
    lines = []
    for number in range(120):
        p = 0.5 + rng.random() / 2
        said, truth = "a", "a" if rng.random() < p else "b"
        lines.append(_line(number, [_verdict(said, probability=p)], [_choice(truth)]))
    found = _figures(*lines)
    calibration = found["judges"][0]["calibration"]
    assert calibration["brier"]["n"] == 120
    assert [each["rule"].split(",")[0] for each in calibration["recalibration"]] == ["isotonic", "platt"]
    assert found["comparisons"][0]["weighted_win_rate"]["n"] == 120


def test_without_a_ranking_the_reason_is_said() -> None:
    found = _figures(*(_line(n, [_verdict("a")]) for n in range(4)))
    reason = "never lost to any other: A; a finite strength does not exist"
    assert (found["ranking"]["reason"], found["ranking"]["connectedness"]["reason"]) == (reason, reason)
    assert "candidates" not in found["ranking"]
    assert found["ranking"]["matrix"]["wins"] == [[0, 4], [0, 0]]


def test_the_order_of_lines_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    choices = rng.choice(["a", "b", "tie"], (60, 2))
    lines = [_line(n, [_verdict(one), _verdict(two, "ba")], [_choice(one)]) for n, (one, two) in enumerate(choices)]
    found = []
    for order in (range(60), rng.permutation(60)):
        figures_ = _figures(*(lines[k] for k in order))
        for ranking in (figures_["ranking"], figures_["ranking"]["people"]):
            for candidate in ranking["elo"]["candidates"]:
                # By definition it hangs on the order.
                del candidate["in_order"]
        # Sums in another order differ in their last digits.
        found.append(json.loads(json.dumps(figures_), parse_float=lambda text: round(float(text), 9)))
    assert found[0] == found[1]


def test_candidates_that_stand_in_either_order_are_compared_once() -> None:
    mark = {"Detail": {"a": 3, "b": 1}}
    lines = [_line(n, [_verdict("a", criteria=mark, strength=2)], [_choice("a")]) for n in range(6)]
    turned = [
        _line(
            n,
            [_verdict("b", "ba", criteria={"Detail": {"a": 1, "b": 3}}, strength=2)],
            [_choice("b")],
            a={"candidate": "B", "text": "one"},
            b={"candidate": "A", "text": "one two three"},
        )
        for n in range(3, 6)
    ]
    found, expected = _figures(*lines[:3], *turned), _figures(*lines)
    for each in (found, expected):
        # Agreement is of the lines' own A and B, as anybody counts it.
        confusion = each["judges"][0].pop("people")["confusion"]["judge_by_people"]
        assert confusion[0][0] + confusion[1][1] == 6
        del each["ranking"]["elo"]
    assert {**found, "people": 0} == {**expected, "people": 0}


def test_what_the_file_says_of_contradictions_is_counted() -> None:
    found = _figures(*(_line(n, [_verdict("a", consistent=[True, False, None][n])]) for n in range(3)))
    contradicts = found["judges"][0]["contradicts"]
    assert (contradicts["value"], contradicts["n"], contradicts["left_out"]) == (0.5, 2, {"not said": 1})


def test_of_no_judgments_every_part_is_there_and_empty() -> None:
    found = _figures()
    assert (found["pairs"], found["comparisons"], found["judges"]) == (0, [], [])
    assert found["ranking"]["reason"] == "there are no verdicts about two candidates"
    assert found["people"]["pairs"]["value"] is None


def test_bad_lines_are_named_and_the_others_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "judgments.jsonl"
    bad = [b"{", b"[]", b"{}", _line(1, [_verdict("c")]), _line(2, [_verdict("a", probability=2)]), _line(3, [], [{}])]
    file.write_bytes(b"\n".join([*bad, b"", _line(4, [_verdict("a")]), _line(5, [_verdict("b")])]))
    assert run(app, ["report", str(file), "--json"]) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["pairs"] == 2
    assert [each["line"] for each in found["lines_left_out"]] == [1, 2, 3, 4, 5, 6]
    assert "line 4 is left out: verdicts[0].choice must be one of a, b, both_bad, tie, or null" in said.err


def test_a_file_without_judgments_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "judgments.jsonl"
    file.write_text("nonsense\n")
    assert run(app, ["report", str(file)]) == 2
    assert "holds no judgments: line 1: not JSON" in capsys.readouterr().err


def test_the_table_has_a_row_for_each_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "judgments.jsonl"
    file.write_bytes(b"\n".join(_line(n, [_verdict("a" if n % 3 else "b")]) for n in range(30)))
    assert run(app, ["report", str(file)]) == 0
    out = capsys.readouterr().out
    assert "20 : 10 : 0" in out
    assert "Ranking" in out
