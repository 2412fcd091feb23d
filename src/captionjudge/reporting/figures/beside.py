"""A judge beside people: its choices by each way of reading them, against people's by each way of counting them."""

import hashlib
from typing import Any

import numpy as np

from captionjudge.reporting.figures.agreement import few, of_choices
from captionjudge.reporting.figures.basis import CHOSEN, MOST_ROWS, Basis, Own, mean_by, rows_by
from captionjudge.statistics.arrays import Floats, Ints, kept
from captionjudge.statistics.confusion import accuracy
from captionjudge.statistics.kappa import cohen_kappa
from captionjudge.statistics.outcomes import Outcome, score_outcomes
from captionjudge.statistics.people import Consensus, consensus
from captionjudge.statistics.statistic import Statistic
from captionjudge.statistics.winning import probability_of_a, share

WAYS = {
    "consistent": "the choice of both orders; none where they differ or one failed",
    "first_order": "the choice with the line's A shown first, else the other order's",
    "second_order": "the choice with the line's B shown first",
    "averaged": "A or B by the mean of both orders' scores, a tie where it is half: a flip is a tie",
    "averaged_probability": "A or B by the mean over verdicts of the probability of A, a tie where it is half",
    "every_verdict": "every verdict by itself",
}
REFERENCES = {
    "majority": "the choice of more people than any other; none where two have as many",
    "decisive": "the majority of those who chose A or B; none where there are as many",
    "mean": "A or B by the mean vote, a tie and both bad being half; a tie where it is half",
    "unanimous": "what everybody chose; none where they differ",
    "votes": "every person's choice by itself",
}
_CONSENSUS: tuple[Consensus, ...] = ("majority", "decisive", "mean", "unanimous")
BASELINES = {
    "longest": "the longer description wins; a tie where both are as long",
    "first_slot": "the description shown first in the judge's first verdict wins",
    "random": "A or B by a digest of the seed and the pair's id",
}


def beside_people(found: Basis, judge: int) -> dict[str, Any]:
    """Agreement with people's majority by every measure, with each person, and by other conventions."""
    own = found.judges[judge]
    whole = of_choices(found.filed(own.consistent), found.filed(found.human), found.image, found.rules)
    table = whole.pop("confusion")
    return {
        "rule": f"judge: {WAYS['consistent']}; people: {REFERENCES['majority']}; skipped ones are left out",
        **whole,
        "confusion": {"labels": table["labels"], "judge_by_people": table["table"]},
        "probability_weighted": _probability_weighted(found, own),
        "each": _each(found, own),
        "each_left_out": max(0, len(found.recorded.people.names) - MOST_ROWS),
        "ways": _ways(found, judge),
        "baselines": [_baseline(found, own, name) for name in BASELINES],
    }


def _each(found: Basis, own: Own) -> list[dict[str, Any]]:
    """With each of the people, those who chose most if they are many."""
    people = found.recorded.people
    groups = list(rows_by(people.by, len(people.names))) if people.names else []
    most = sorted(range(len(groups)), key=lambda index: (-len(groups[index]), index))[:MOST_ROWS]
    made = []
    for index in sorted(most):
        rows = groups[index]
        pair = people.pair[rows]
        one, two = (found.filed(each, pair) for each in (own.consistent[pair], people.outcome[rows]))
        image = found.image[pair]
        made.append(
            {
                "annotator": people.names[index],
                "accuracy": accuracy(one, two, clusters=image),
                "cohen_kappa": cohen_kappa(one, two, CHOSEN, clusters=image),
            }
        )
    return made


def choices_by_way(found: Basis, judge: int) -> dict[str, tuple[Ints, Ints]]:
    """The judge's choices by each way: which pair, and the choice."""
    own, said = found.judges[judge], found.recorded.verdicts
    pairs = np.arange(len(found.recorded.a))
    pair, outcome = said.pair[own.rows], said.outcome[own.rows]
    turned = found.recorded.turned
    orders = (np.where(turned, own.ba, own.ab), np.where(turned, own.ab, own.ba))
    ab, ba = (np.where(each < CHOSEN, each, -1) for each in orders)
    score = score_outcomes(outcome, both_bad="tie").score
    known = ~np.isnan(score)
    averaged = _side(mean_by(pair[known], score[known], len(pairs)))
    return {
        "consistent": (pairs, own.consistent),
        "first_order": (pairs, np.where(ab == -1, ba, ab)),
        "second_order": (pairs, ba),
        "averaged": (pairs, averaged),
        "averaged_probability": (pairs, _side(stated(found, own))),
        "every_verdict": (pair, np.where(outcome < CHOSEN, outcome, -1)),
    }


def stated(found: Basis, own: Own) -> Floats:
    """Of every pair, the probability of A averaged over a judge's verdicts; nan where none says."""
    said = found.recorded.verdicts
    probability = probability_of_a(said.outcome[own.rows], said.probability[own.rows])
    known = ~np.isnan(probability)
    return mean_by(said.pair[own.rows][known], probability[known], len(found.recorded.a))


def _side(means: Floats) -> Ints:
    return np.select(
        [np.isnan(means), means > 0.5, means < 0.5], [-1, int(Outcome.A), int(Outcome.B)], int(Outcome.TIE)
    ).astype(np.int64)


def _ways(found: Basis, judge: int) -> list[dict[str, Any]]:
    """The most used measures by every way of reading the judge against every way of counting people."""
    references: dict[str, Ints] = {how: consensus(found.votes, how) for how in _CONSENSUS}
    unit, place = np.nonzero(found.votes >= 0)
    votes = found.votes[unit, place]
    made = []
    for way, (pair, choice) in choices_by_way(found, judge).items():
        if not (choice >= 0).any():
            continue
        for name in REFERENCES:
            if name != "votes":
                one, two, at = choice, references[name][pair], pair
            else:
                one, two, at = _against_votes(found, pair, choice, unit, votes)
            one, two = found.filed(one, at), found.filed(two, at)
            made.append(
                {
                    "judge": way,
                    "people": name,
                    "rule": f"{WAYS[way]}; {REFERENCES[name]}",
                    **few(one, two, found.image[at]),
                }
            )
    return made


def _against_votes(found: Basis, pair: Ints, choice: Ints, unit: Ints, votes: Ints) -> tuple[Ints, Ints, Ints]:
    """Every choice of the judge with every vote about the same pair, and that pair."""
    counts = np.bincount(unit, minlength=len(found.recorded.a))
    starts = np.cumsum(counts) - counts
    times = counts[pair]
    first = np.repeat(starts[pair] - (np.cumsum(times) - times), times)
    of_vote = first + np.arange(int(times.sum()))
    return np.repeat(choice, times), votes[of_vote], np.repeat(pair, times)


def _probability_weighted(found: Basis, own: Own) -> Statistic:
    """The mean probability that the judge gives to what people chose."""
    probability, human = stated(found, own), found.human
    given = np.select([human == Outcome.A, human == Outcome.B], [probability, 1 - probability], np.nan)
    known = ~np.isnan(given)
    rule = "mean probability that the judge, over its verdicts, gives to people's majority where that is A or B"
    left_out = kept({"no probability or no decisive majority": int((~known).sum())})
    return share(given[known], rule, clusters=found.image[known], left_out=left_out)


def baseline_choices(found: Basis, own: Own, name: str) -> Ints:
    """What would be chosen of every pair without looking at it; -1 where that is not known."""
    recorded = found.recorded
    if name == "longest":
        gap = recorded.a_length - recorded.b_length
        return _side(np.where(np.isnan(gap), np.nan, (1 + np.sign(gap)) / 2))
    if name == "first_slot":
        said = recorded.verdicts
        made = np.full(len(recorded.a), -1)
        # Written from the last to the first, the first stays.
        rows = own.rows[::-1]
        made[said.pair[rows]] = np.where(said.a_first[rows], Outcome.A, Outcome.B)
        return made
    made = np.full(len(recorded.a), -1)
    for pair in np.flatnonzero(found.human >= 0).tolist():
        digest = hashlib.blake2b(f"{found.rules.seed}:{recorded.ids[pair]}".encode("utf-8", "replace"), digest_size=1)
        made[pair] = digest.digest()[0] & 1
    return made


def _baseline(found: Basis, own: Own, name: str) -> dict[str, Any]:
    """A baseline on the pairs that the judge and people decided."""
    chosen = np.where(own.consistent >= 0, baseline_choices(found, own, name), -1)
    measures = of_choices(found.filed(chosen), found.filed(found.human), found.image, found.rules)
    return {"baseline": name, "rule": BASELINES[name], **measures}
