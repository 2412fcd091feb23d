"""Figures as they are published, by convention: recomputed in plain Python from the lines."""

import json
from collections import defaultdict
from itertools import chain, combinations
from statistics import mean
from typing import Any

import krippendorff
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from tests.reporting import judged

from captionjudge.reporting.figures import Rules, figures
from captionjudge.reporting.recorded import from_lines

LINES = judged.lines(240, seed=4)
PAIRS = [line for line in LINES if line["b"]]
JUDGE = judged.JUDGES[0]


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return figures(from_lines((json.dumps(line).encode() for line in LINES), ["set.kind"]))


def _judge(report: dict[str, Any], name: str = JUDGE) -> dict[str, Any]:
    return next(each for each in report["judges"] if each["judge"] == name)


def _said(line: dict[str, Any], order: str | None = None) -> list[str | None]:
    return [each["choice"] for each in line["verdicts"] if each["judge"] == JUDGE and order in (None, each["order"])]


def _votes(line: dict[str, Any]) -> list[str]:
    return [each["choice"] for each in line["final_choices"] if each["choice"] != "skip"]


def _score(choice: str) -> float:
    return {"a": 1.0, "b": 0.0}.get(choice, 0.5)


def _side(score: float) -> str:
    return "a" if score > 0.5 else "b" if score < 0.5 else "tie"


def _way(report: dict[str, Any], judge: str, people: str) -> dict[str, Any]:
    ways = _judge(report)["people"]["ways"]
    return next(each for each in ways if (each["judge"], each["people"]) == (judge, people))


def test_every_vote_against_a_flip_that_is_a_tie(report: dict[str, Any]) -> None:
    equal = []
    for line in PAIRS:
        said = [each for each in _said(line) if each]
        if said:
            own = _side(mean(map(_score, said)))
            equal += [own == vote for vote in _votes(line)]
    found = _way(report, "averaged", "votes")["accuracy"]
    assert (found["n"], found["value"]) == (len(equal), pytest.approx(mean(equal)))


def test_the_first_order_alone_against_the_majority_of_decisive_votes(report: dict[str, Any]) -> None:
    equal = []
    for line in PAIRS:
        first, second = _said(line, "ab")[0], _said(line, "ba")[0]
        own, lead = first or second, _votes(line).count("a") - _votes(line).count("b")
        if own and lead:
            equal.append(own == ("a" if lead > 0 else "b"))
    found = _way(report, "first_order", "decisive")["accuracy"]
    assert (found["n"], found["value"]) == (len(equal), pytest.approx(mean(equal)))


def test_every_verdict_where_people_are_of_one_mind_and_over_images(report: dict[str, Any]) -> None:
    by_image: defaultdict[str, list[bool]] = defaultdict(list)
    for line in PAIRS:
        votes = set(_votes(line))
        if len(votes) == 1:
            by_image[line["image"]] += [each in votes for each in _said(line) if each]
    found = _way(report, "every_verdict", "unanimous")
    assert found["accuracy"]["value"] == pytest.approx(mean(chain(*by_image.values())))
    assert found["accuracy_per_image"]["value"] == pytest.approx(mean(mean(each) for each in by_image.values() if each))


def test_probabilities_averaged_over_verdicts(report: dict[str, Any]) -> None:
    given, of_a = [], []
    for line in PAIRS:
        stated = [
            {"a": each["probability"], "b": 1 - each["probability"], "tie": 0.5}[each["choice"]]
            for each in line["verdicts"]
            if each["judge"] == JUDGE and each["choice"] in ("a", "b", "tie")
        ]
        votes = _votes(line)
        counts = sorted(((votes.count(choice), choice) for choice in set(votes)), reverse=True)
        clear = len(counts) == 1 or (len(counts) > 1 and counts[0][0] > counts[1][0])
        if stated and clear and counts[0][1] in "ab":
            given.append(mean(stated) if counts[0][1] == "a" else 1 - mean(stated))
            of_a.append(mean(stated))
    found = _judge(report)["people"]["probability_weighted"]
    assert (found["n"], found["value"]) == (len(given), pytest.approx(mean(given)))


def test_people_with_each_other_pooled_and_over_pairs(report: dict[str, Any]) -> None:
    each = [[one == two for one, two in combinations(_votes(line), 2)] for line in PAIRS if len(_votes(line)) > 1]
    assert report["people"]["pooled"]["value"] == pytest.approx(mean(chain(*each)))
    assert report["people"]["pairs"]["value"] == pytest.approx(mean(map(mean, each)))
    decisive = [[vote for vote in _votes(line) if vote in ("a", "b")] for line in PAIRS]
    pairs = [one == two for votes in decisive for one, two in combinations(votes, 2)]
    assert report["people"]["pooled_decisive"]["value"] == pytest.approx(mean(pairs))


def _ratings(name: str) -> tuple[dict[Any, list[float]], dict[Any, dict[str, float]]]:
    """Of every description: the judge's answers in order, and each person's last."""
    own, people = defaultdict(list), defaultdict(dict)  # type: ignore[var-annotated]
    for line in LINES:
        for part, who in (("verdicts", "judge"), ("final_choices", "annotator")):
            for said in line[part]:
                for side, answer in said["criteria"].get(name, {}).items():
                    unit = (line["image"], line[side]["candidate"], line[side]["text"])
                    level = 1.0 + judged.SCALE.index(answer) if isinstance(answer, str) else float(answer)
                    if part == "final_choices":
                        people[unit][said[who]] = level
                    elif said[who] == JUDGE:
                        own[unit].append(level)
    return own, people


@pytest.mark.parametrize("name", ["Right", "Detail"])
def test_ratings_of_descriptions_by_several_people(report: dict[str, Any], name: str) -> None:
    own, people = _ratings(name)
    [asked] = [each for each in _judge(report)["answers"] if each["criterion"] == name]
    pooled = [(mean(own[unit]), level, own[unit][0]) for unit in people if own[unit] for level in people[unit].values()]
    x, y, first = map(np.array, zip(*pooled, strict=True))
    found = asked["references"]["ratings"]
    assert found["n"] == len(pooled)
    assert found["kendall_tau_b"]["value"] == pytest.approx(stats.kendalltau(x, y).statistic)
    assert found["kendall_tau_c"]["value"] == pytest.approx(stats.kendalltau(x, y, variant="c").statistic)
    assert found["spearman"]["value"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found["accuracy"]["value"] == pytest.approx((first == y).mean())
    assert found["cohen_quadratic"]["value"] == pytest.approx(cohen_kappa_score(first, y, weights="quadratic"))
    means = [(mean(own[unit]), mean(people[unit].values())) for unit in people if own[unit]]
    assert asked["references"]["mean"]["pearson"]["value"] == pytest.approx(np.corrcoef(np.array(means).T)[0, 1])


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_between_people_is_that_of_their_ratings(report: dict[str, Any], level: Any) -> None:
    people = _ratings("Detail")[1]
    table = [[people[unit].get(name, np.nan) for unit in people] for name in judged.PEOPLE]
    [asked] = [each for each in report["people"]["answers"] if each["criterion"] == "Detail"]
    assert asked[f"krippendorff_{level}"]["value"] == pytest.approx(
        krippendorff.alpha(np.array(table), level_of_measurement=level)
    )


def test_pairwise_accuracy_within_an_image_and_in_all(report: dict[str, Any]) -> None:
    own, people = _ratings("Detail")
    units = [(unit[0], mean(own[unit]), mean(people[unit].values())) for unit in people if own[unit]]
    right = defaultdict(list)
    for one, two in combinations(units, 2):
        right[one[0] == two[0]].append(np.sign(one[1] - two[1]) == np.sign(one[2] - two[2]))
    [asked] = [each for each in _judge(report)["answers"] if each["criterion"] == "Detail"]
    found = asked["references"]["mean"]
    assert found["pairwise_accuracy"]["value"] == pytest.approx(np.mean(right[True] + right[False]))
    assert found["pairwise_accuracy_per_image"]["value"] == pytest.approx(np.mean(right[True]))


def test_the_mean_rating_of_every_candidate(report: dict[str, Any]) -> None:
    given = defaultdict(list)
    for line in LINES:
        for said in line["final_choices"]:
            for side, level in said["criteria"]["Detail"].items():
                given[line[side]["candidate"]].append(level)
    [scores] = [each for each in report["scores"] if each["criterion"] == "Detail"]
    found = {each["candidate"]: each["people"]["mean"]["value"] for each in scores["candidates"]}
    assert found == pytest.approx({name: mean(levels) for name, levels in given.items()})
    assert "fourth" in found


def test_a_slice_is_the_report_of_its_lines_alone(report: dict[str, Any]) -> None:
    [part] = [each for each in report["slices"][0]["values"] if each["value"] == "indoor"]
    alone = figures(from_lines(json.dumps(line).encode() for line in PAIRS if line["set"]["kind"] == "indoor"))
    # Which of two candidates is A in counts is said by the first line of a file.
    one, two = ({**each, "A": each["A"] + each["B"], "B": 0} for each in (part["outcomes"], alone["outcomes"]))
    assert one == two
    for one, two in zip(part["judges"], alone["judges"], strict=True):
        assert one["people"]["cohen_kappa"]["value"] == pytest.approx(two["people"]["cohen_kappa"]["value"])
        assert one["flips"]["rate"]["n"] == two["flips"]["rate"]["n"]
        [of_part, of_whole] = [each["answers"][0]["references"]["majority"] for each in (one, two)]
        assert of_part["kendall_tau_b"]["value"] == pytest.approx(of_whole["kendall_tau_b"]["value"])


def test_baselines_are_measured_on_the_same_pairs(report: dict[str, Any]) -> None:
    people = _judge(report)["people"]
    assert {each["accuracy"]["n"] for each in people["baselines"]} == {people["accuracy"]["n"]}
    random = next(each for each in people["baselines"] if each["baseline"] == "random")
    assert people["accuracy"]["low"] > random["accuracy"]["value"]


def test_the_rule_that_is_asked_for_is_the_rule_that_is_used_and_said() -> None:
    lines = [json.dumps(line).encode() for line in PAIRS]
    found = figures(from_lines(lines), Rules(ties="drop", both_bad="tie", unstable="tie", model="bradley-terry"))
    rate = found["comparisons"][0]["win_rate"]
    assert "both bad and unstable count as ties" in rate["rule"]
    assert "tie" in rate["left_out"]
    assert found["ranking"]["model"] == "bradley-terry"
    assert (
        found["rules"]["rates"]
        == "ties are left out; both bad and unstable count as ties; failed and missing pairs are left out"
    )
    modelled = figures(from_lines(lines), Rules(model="rao-kupper", unstable="tie"))["ranking"]
    assert modelled["model"] == "rao-kupper"
    assert modelled["tie"] > 0
