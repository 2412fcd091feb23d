"""Two candidates, A against B."""

from typing import Any

import numpy as np

from captionjudge.reporting.columns import Choices
from captionjudge.reporting.figures.basis import Basis, Own, known_mean, mean_by
from captionjudge.reporting.figures.estimation import estimations
from captionjudge.statistics.arrays import Floats, Ints, kept
from captionjudge.statistics.correlation import spearman
from captionjudge.statistics.length import length_control
from captionjudge.statistics.outcomes import LABELS, count_outcomes, score_outcomes
from captionjudge.statistics.statistic import Statistic
from captionjudge.statistics.strength import WEIGHTS, level_shares, strength_score
from captionjudge.statistics.winning import probability_of_a, share, weighted_win_rate, win_rate

MOST_COMPARISONS = 1000
_LEVEL_KEYS = ("b_much_better", "b_better", "tie", "a_better", "a_much_better")
_RELATIVE = ("triple", "plain")


def comparisons(found: Basis) -> tuple[list[dict[str, Any]], int]:
    """Every two candidates, and how many comparisons are not listed: those of the fewest pairs, beyond a thousand."""
    recorded = found.recorded
    if not len(recorded.a):
        return [], 0
    size = len(recorded.candidates)
    key, index, counts = np.unique(recorded.a * size + recorded.b, return_inverse=True, return_counts=True)
    order = np.argsort(index.reshape(-1), kind="stable")
    groups = np.split(order, np.cumsum(counts)[:-1])
    listed = np.sort(np.argsort(-counts, kind="stable")[:MOST_COMPARISONS])
    said = {"judges": recorded.verdicts, "people": recorded.people}
    rows = {name: _Rows(choices, len(recorded.a)) for name, choices in said.items()}
    averaged = averages(found)
    return [
        _comparison(found, *divmod(int(key[one]), size), groups[one], rows, averaged) for one in listed.tolist()
    ], len(key) - len(listed)


def averages(found: Basis) -> tuple[Floats, Floats]:
    """A's score of every pair, and the probability of A, averaged over all verdicts; nan where none says."""
    said, size = found.recorded.verdicts, len(found.recorded.a)
    score = score_outcomes(said.outcome, both_bad=found.rules.both_bad).score
    stated = probability_of_a(said.outcome, said.probability)
    return tuple(mean_by(said.pair[~np.isnan(each)], each[~np.isnan(each)], size) for each in (score, stated))  # type: ignore[return-value]


class _Rows:
    """The choices about any pairs, without a search through all."""

    def __init__(self, choices: Choices, pairs: int) -> None:
        self.choices = choices
        self._order = np.argsort(choices.pair, kind="stable")
        counts = np.bincount(choices.pair, minlength=pairs)
        self._ends = np.cumsum(counts)
        self._starts = self._ends - counts

    def about(self, pairs: Ints) -> Ints:
        """Rows of the choices about these pairs."""
        sizes = self._ends[pairs] - self._starts[pairs]
        first = np.repeat(self._starts[pairs] - (np.cumsum(sizes) - sizes), sizes)
        return self._order[first + np.arange(int(sizes.sum()))]


def _comparison(
    found: Basis, a: int, b: int, pairs: Ints, said: dict[str, _Rows], averaged: tuple[Floats, Floats]
) -> dict[str, Any]:
    recorded = found.recorded
    outcome, image = recorded.outcome[pairs], recorded.image[pairs]
    names = {"a": recorded.candidates[a], "b": recorded.candidates[b]}
    made: dict[str, Any] = {**names, "pairs": len(pairs), "outcomes": count_outcomes(outcome)}
    made["same_text"] = int(recorded.same_text[pairs].sum())
    lengths = (recorded.a_length[pairs], recorded.b_length[pairs])
    made["mean_length"] = {side: known_mean(each) for side, each in zip("ab", lengths, strict=True)}
    made["outcome_rates"] = _outcome_rates(outcome, image)
    if a != b:
        made |= _rates(found, pairs, averaged)
        score = score_outcomes(outcome, **found.rules.undecided).score
        made["length_control"] = length_control(score, *lengths, clusters=image)._asdict()
        made |= estimations(found, pairs)
    for source, rows in said.items():
        made[source] = _strengths(found, rows.choices, rows.about(pairs), itself=a == b)
    return made


def _outcome_rates(outcome: Ints, image: Ints) -> dict[str, Statistic]:
    """The share of each of the six outcomes of the pairs with verdicts."""
    known = outcome >= 0
    left_out = kept({"missing": int((~known).sum())})
    return {
        label: share(
            (outcome[known] == code).astype(np.float64),
            "share of the pairs with verdicts",
            clusters=image[known],
            left_out=left_out,
        )
        for code, label in enumerate(LABELS)
    }


def _rates(found: Basis, pairs: Ints, averaged: tuple[Floats, Floats]) -> dict[str, Any]:
    """A's win rates: by outcomes, by probabilities, over all verdicts, by people; with each kind of interval."""
    outcome, image = found.recorded.outcome[pairs], found.image[pairs]
    rule = found.rules.undecided
    drawn: dict[str, Any] = {"interval": "bootstrap", "resamples": found.rules.resamples, "seed": found.rules.seed}
    stated = probability_of_a(outcome, found.probability[pairs])
    score, probability = (each[pairs] for each in averaged)
    human = found.human[pairs]
    return {
        "win_rate": win_rate(outcome, clusters=image, **rule),
        "win_rate_bootstrap": win_rate(outcome, clusters=image, **rule, **drawn),
        "weighted_win_rate": weighted_win_rate(stated, clusters=image),
        "weighted_win_rate_wilson": weighted_win_rate(stated, clusters=image, interval="wilson"),
        "weighted_win_rate_bootstrap": weighted_win_rate(stated, clusters=image, **drawn),
        "averaged_win_rate": _averaged(score, image, "A's score averaged over all verdicts: a flip counts half"),
        "averaged_weighted_win_rate": _averaged(probability, image, "probability of A averaged over all verdicts"),
        "people_outcomes": count_outcomes(human),
        "people_win_rate": win_rate(human, clusters=image, **rule),
        "people_win_rate_bootstrap": win_rate(human, clusters=image, **rule, **drawn),
    }


def _averaged(values: Floats, image: Ints, rule: str) -> Statistic:
    known = ~np.isnan(values)
    left_out = kept({"nothing to average": int((~known).sum())})
    return share(values[known], rule, clusters=image[known], left_out=left_out)


def _strengths(found: Basis, choices: Choices, rows: Ints, *, itself: bool) -> dict[str, Any]:
    """How strong the choices were, of the pair as a whole and of each criterion that was answered by comparing."""
    recorded = found.recorded
    pair = choices.pair[rows]
    image, longer = recorded.image[pair], (recorded.a_length - recorded.b_length)[pair]
    whole = _graded(choices.level[rows], image, itself)
    criteria = [
        {"criterion": name}
        | _graded(answers[rows], image, itself)
        | {"length_spearman": spearman(longer, answers[rows], clusters=image)}
        for name, answers in choices.criteria.items()
        if name in choices.side_by_side
    ]
    return {"choices": whole | {"skipped": int((choices.outcome[rows] == -1).sum())}, "criteria": criteria}


def _graded(levels: Floats, clusters: Ints, itself: bool) -> dict[str, Any]:
    """Levels and the scores by every named weights, from both sides."""
    shares = level_shares(levels)
    scores: dict[str, Any] = {}
    for name, weights in WEIGHTS.items():
        scores[name] = {
            side: Statistic(0.5, 0.5, 0.5, len(levels), "a candidate against itself: 0.5 by definition")
            if itself and name in _RELATIVE
            else strength_score(turned, weights, clusters=clusters)
            for side, turned in (("a", levels), ("b", -levels))
        }
    return {
        "levels": dict(zip(_LEVEL_KEYS, shares.counts, strict=True)),
        "percent": dict(zip(_LEVEL_KEYS, (100 * each for each in shares.shares), strict=True)),
        "without_level": shares.missing,
        "scores": scores,
    }


def win_rates_of(found: Basis, own: Own) -> list[dict[str, Any]]:
    """One judge's win rates of every two candidates, by its choices in both orders."""
    recorded, size = found.recorded, len(found.recorded.candidates)
    chosen = np.flatnonzero((recorded.a != recorded.b) & (own.consistent >= 0))
    key, index = np.unique(recorded.a[chosen] * size + recorded.b[chosen], return_inverse=True)
    made = []
    for place, one in enumerate(key[:MOST_COMPARISONS].tolist()):
        pairs = chosen[index.reshape(-1) == place]
        a, b = divmod(one, size)
        rate = win_rate(own.consistent[pairs], clusters=found.image[pairs], **found.rules.undecided)
        made.append({"a": recorded.candidates[a], "b": recorded.candidates[b], "win_rate": rate})
    return made
