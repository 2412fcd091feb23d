"""What passes, warns and fails, and that the documentation says the same."""

import re
from pathlib import Path

import pytest

from captionjudge.reporting.card.checks import checks
from captionjudge.reporting.card.place import Figure, Place, written
from captionjudge.reporting.card.thresholds import ENOUGH, THRESHOLDS, Threshold

DOCS = Path(__file__).parents[2] / "docs" / "judge-card.md"
WITHIN = Threshold("t", 0.4, 0.6, "", "")


def figure(low: float | None, high: float | None, n: int = 100, value: float | None = 0.5) -> Figure:
    return Figure("k", value, low, high, n, "rule")


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (figure(0.4, 0.6), "pass"),
        (figure(0.39, 0.6), "warn"),
        (figure(0.5, 0.61), "warn"),
        (figure(0.1, 0.39), "fail"),
        (figure(0.61, 0.8), "fail"),
        (figure(0.1, 0.9), "warn"),
        (figure(0.45, 0.55, ENOUGH), "pass"),
        (figure(0.45, 0.55, ENOUGH - 1), "warn"),
        (figure(0.7, 0.9, ENOUGH - 1), "warn"),
        (figure(None, None), "warn"),
        (figure(None, None, value=None), "none"),
        (None, "none"),
    ],
)
def test_the_whole_interval_decides(found: Figure | None, status: str) -> None:
    assert WITHIN.judge(found) == status


def test_what_is_advisory_never_fails() -> None:
    assert Threshold("t", 0.4, 0.6, "", "", advisory=True).judge(figure(0.7, 0.9)) == "warn"


def test_the_documentation_has_every_threshold_with_its_reason() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", DOCS.read_text(), re.MULTILINE)
    documented = {title: (wanted, reason) for title, wanted, reason in rows}
    for each in THRESHOLDS.values():
        assert documented[each.title] == (each.wanted, each.reason)


def judged(**more: object) -> tuple[Place, Place]:
    """Figures with one judge that agrees with people in 80 % of 100 pairs."""
    own = {"value": 0.8, "low": 0.71, "high": 0.87, "n": 100, "rule": "r"}
    flips = {"rate": {"value": 0.1, "low": 0.05, "high": 0.15, "n": 90, "rule": "r"}}
    judge = {"judge": "j", "verdicts": 200, "failed": 0, "flips": flips, "people": {"accuracy": own}} | more
    found = Place(
        {"judges": [judge], "people": {"rest": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 60, "rule": "r"}}}
    )
    return found, found["judges"][0]


def status_of(found: Place, judge: Place) -> dict[str, str]:
    return {check.key: check.status for check in checks(found, judge)}


@pytest.mark.parametrize(("baseline", "status"), [(0.6, "pass"), (0.75, "warn"), (0.9, "fail")])
def test_a_judge_must_be_surely_better_than_the_best_baseline(baseline: float, status: str) -> None:
    def of(name: str, value: float) -> dict[str, object]:
        return {"baseline": name, "accuracy": {"value": value, "low": 0.0, "high": 1.0, "n": 100, "rule": "r"}}

    own = {"value": 0.8, "low": 0.71, "high": 0.87, "n": 100, "rule": "r"}
    people = {"accuracy": own, "baselines": [of("longest", baseline), of("random", 0.4)]}
    assert status_of(*judged(people=people))["baseline"] == status


def test_the_ceiling_is_how_people_agree_with_each_other_less_five_points() -> None:
    found, judge = judged()
    [check] = [each for each in checks(found, judge) if each.key == "ceiling"]
    assert check.status == "warn"
    assert check.threshold.low == pytest.approx(0.85)
    assert check.beside == "90.0% of 60"


def test_without_people_nothing_is_measured_against_them() -> None:
    found = status_of(*judged(people={}))
    assert {found[key] for key in ("ceiling", "baseline", "kappa", "calibration")} == {"none"}


def test_a_lean_to_the_first_place_fails_only_where_both_orders_were_judged() -> None:
    first = {"value": 0.8, "low": 0.75, "high": 0.85, "n": 100, "rule": "r"}
    assert status_of(*judged(first_slot=first))["first_slot"] == "fail"
    assert (
        status_of(*judged(first_slot=first, flips={"rate": {"value": None, "n": 0, "rule": "r"}}))["first_slot"]
        == "warn"
    )


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        (0.1234, "share", "12.3%"),
        (-0.05, "points", "−5.0 points"),
        (0.001, "signed", "0.00"),
        (-0.001, "number", "0.00"),
        (1.5, "signed", "+1.50"),
        (-1.5, "number", "−1.50"),
    ],
)
def test_numbers_are_written_for_readers(value: float, style: str, shown: str) -> None:
    assert written(value, style) == shown  # type: ignore[arg-type]
