"""What a report says of a cascade of judges."""

import json
from typing import Any

import pytest
from tests.reporting.cascaded import SPENDING, lines

from captionjudge.reporting.cascade import Spending
from captionjudge.reporting.figures import figures
from captionjudge.reporting.recorded import from_lines


def reported(made: list[dict[str, Any]], spending: Spending | None = SPENDING) -> dict[str, Any]:
    found: dict[str, Any] = figures(from_lines(json.dumps(each).encode() for each in made), None, spending)["cascade"]
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return reported(lines())


def test_a_file_without_a_cascade_has_none() -> None:
    made = lines(4)
    for verdict in (verdict for line in made for verdict in line["verdicts"]):
        del verdict["step"]
    assert reported(made) is None


def test_who_was_asked_and_who_decided_is_counted(found: dict[str, Any]) -> None:
    asked = sum(len(line["verdicts"]) == 4 for line in lines())
    assert found["judges"] == ["cheap", "strong"]
    assert [(each["asked"], each["decided"]) for each in found["steps"]] == [(200, 200 - asked), (asked, asked)]
    assert [each["gives_probability"] for each in found["steps"]] == [True, False]


def test_the_curve_is_of_the_overlap_alone(found: dict[str, Any]) -> None:
    overlap = [line for line in lines() if line["overlap"]]
    assert found["overlap"]["pairs"] == found["overlap"]["judged_by_all"] == len(overlap)
    below = [
        line["verdicts"][0]["probability"] < 0.8 or len({each["choice"] for each in line["verdicts"][:2]}) > 1
        for line in overlap
    ]
    [point] = [each for each in found["people"]["points"] if each["threshold"] == 0.8]
    assert (point["handed_over"]["value"], point["handed_over"]["n"]) == (sum(below) / len(overlap), len(overlap))
    # Without the rest the curve is the same.
    assert reported(overlap)["people"]["points"] == found["people"]["points"]


def test_costs_are_those_of_the_overlap_and_what_is_saved_is_against_the_last_judge_everywhere(
    found: dict[str, Any],
) -> None:
    # In the overlap, 100 pairs: 2 calls, 400 tokens and 0.02 dollars a pair for the strong judge.
    assert found["saved"]["calls"] == {"cascade": 580, "last_judge_everywhere": 400, "saved": -180}
    assert found["saved"]["tokens"] == {"cascade": 76_000, "last_judge_everywhere": 80_000, "saved": 4000}
    assert found["saved"]["cost_usd"]["saved"] == pytest.approx(4.0 - 1.84)
    assert found["people"]["last_judge_cost_per_1000"] == pytest.approx(20)
    last = found["people"]["points"][-1]
    assert last["cost_per_1000"] == pytest.approx(0.2 + 20 * last["asked"][1])


def test_the_agreement_that_it_costs_is_at_the_threshold_in_use_with_an_interval(found: dict[str, Any]) -> None:
    agreement = found["agreement"]
    assert agreement["reference"] == "people"
    assert agreement["last_judge"]["value"] == 1
    assert agreement["difference"]["value"] == pytest.approx(agreement["cascade"]["value"] - 1)
    assert agreement["difference"]["low"] < agreement["difference"]["value"] < 0


def test_without_people_the_last_judge_is_the_reference() -> None:
    found = reported(lines(reviewed="none"))
    assert found["people"] is None
    assert (found["agreement"]["reference"], found["suggested"]["reference"]) == ("last_judge", "last_judge")


def test_where_people_chose_about_hard_pairs_too_only_the_audit_slice_counts() -> None:
    made = lines(reviewed="audit")
    found = reported(made)
    assert found["people"]["last_judge_agreement"]["n"] == sum(line["overlap"] and line["audit"] for line in made)
    assert "audit slice" in found["people"]["reference"]


def test_an_unknown_price_leaves_costs_unknown_and_the_curve_by_shares() -> None:
    free = {judge: spent._replace(cost=None) for judge, spent in SPENDING.total.items()}
    found = reported(lines(), Spending(0.8, free, free))
    assert found["saved"]["cost_usd"] == {"cascade": None, "last_judge_everywhere": None, "saved": None}
    assert {each["cost_per_1000"] for each in found["people"]["points"]} == {None}


def test_candidates_that_change_places_in_the_file_change_nothing() -> None:
    made = lines()
    for line in made[1::2]:
        line["a"], line["b"] = line["b"], line["a"]
        for said in (*line["verdicts"], *line["final_choices"]):
            said["choice"] = {"a": "b", "b": "a"}.get(said["choice"], said["choice"])
    assert reported(made) == reported(lines())


@pytest.mark.parametrize(
    ("change", "message"),
    [({"step": -1}, "step must be"), ({"step": "one"}, "step must be"), ({"step": True}, "step must be")],
)
def test_a_line_with_a_wrong_step_is_left_out(change: dict[str, Any], message: str) -> None:
    [line] = lines(1)
    line["verdicts"][0] |= change
    [error] = from_lines([json.dumps(line).encode()]).errors
    assert message in error.message
