"""Every statistic of a judgments file, with stable keys."""

import math
from typing import Any

import numpy as np

from captionjudge.reporting.recorded import Choices, Recorded
from captionjudge.statistics.arrays import Bools, Floats, Ints, kept
from captionjudge.statistics.calibration import Binning, brier, calibration_error, reliability_curve
from captionjudge.statistics.confusion import accuracy, confusion_table
from captionjudge.statistics.correlation import spearman
from captionjudge.statistics.criteria import contradiction_rate, criteria_weights, deciding_criterion
from captionjudge.statistics.estimation import estimate, reviews_needed
from captionjudge.statistics.habits import constancy, halo
from captionjudge.statistics.kappa import cohen_kappa, fleiss_kappa, gwet_ac
from captionjudge.statistics.krippendorff import krippendorff_alpha
from captionjudge.statistics.length import length_control, longer_wins
from captionjudge.statistics.outcomes import LABELS, Outcome, count_outcomes, score_outcomes
from captionjudge.statistics.people import ceiling, majority
from captionjudge.statistics.position import first_slot_share, flip_rate
from captionjudge.statistics.ranking import NoRanking, bradley_terry
from captionjudge.statistics.recalibration import recalibrate
from captionjudge.statistics.separability import expected_wins, groups, next_pair, rank_ranges
from captionjudge.statistics.statistic import Statistic
from captionjudge.statistics.strength import WEIGHTS, level_shares, strength_score
from captionjudge.statistics.winning import probability_of_a, share, weighted_win_rate, win_rate

CHOSEN = 4
"""Of the outcomes, those that one can choose: A, B, tie, both bad."""
WISHED_HALF_WIDTH = 0.05
_LEVEL_KEYS = ("b_much_better", "b_better", "tie", "a_better", "a_much_better")
_ENOUGH_TO_RECALIBRATE = 50
_RELATIVE = ("triple", "plain")


def figures(recorded: Recorded) -> dict[str, Any]:
    """All statistics that the file allows; see docs/cli.md for the keys. What is not defined is null."""
    human, probability = majority(_side_by_side(recorded), CHOSEN), _mean_probability(recorded)
    sides = np.unique(np.stack([recorded.a, recorded.b]), axis=1).T.tolist() if len(recorded.a) else []
    found = {
        "pairs": len(recorded.a),
        "lines_left_out": [each._asdict() for each in recorded.errors],
        "outcomes": count_outcomes(recorded.outcome),
        "comparisons": [_comparison(recorded, a, b, human, probability) for a, b in sides],
        "ranking": _ranking(recorded),
        "judges": [_judge(recorded, index, human) for index in range(len(recorded.verdicts.names))],
        "people": _people(recorded),
    }
    return {key: plain(value) for key, value in found.items()}


def plain(value: Any) -> Any:
    """Statistics as objects, arrays as lists, nan as null."""
    if isinstance(value, Statistic):
        keys = ("value", "low", "high", "n", "rule", "standard_error", "confidence")
        return {key: plain(getattr(value, key)) for key in keys} | {"left_out": dict(value.left_out)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return None if isinstance(value, float) and math.isnan(value) else value


def _comparison(recorded: Recorded, a: int, b: int, human: Ints, probability: Floats) -> dict[str, Any]:
    """Two candidates, A against B."""
    inside = (recorded.a == a) & (recorded.b == b)
    outcome, image = recorded.outcome[inside], recorded.image[inside]
    names = {"a": recorded.candidates[a], "b": recorded.candidates[b]}
    found: dict[str, Any] = {**names, "pairs": int(inside.sum()), "outcomes": count_outcomes(outcome)}
    lengths = (recorded.a_length[inside], recorded.b_length[inside])
    found["mean_length"] = {side: _mean_of_known(each) for side, each in zip("ab", lengths, strict=True)}
    if a != b:
        stated = probability_of_a(outcome, probability[inside])
        found["win_rate"] = win_rate(outcome, clusters=image)
        found["weighted_win_rate"] = weighted_win_rate(stated, clusters=image)
        found["length_control"] = length_control(score_outcomes(outcome).score, *lengths, clusters=image)._asdict()
        found["estimation"] = _estimation(recorded, inside, human[inside])
    for source, choices in (("judges", recorded.verdicts), ("people", recorded.people)):
        found[source] = _strengths(recorded, choices, inside, itself=a == b)
    return found


def _mean_of_known(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _strengths(recorded: Recorded, choices: Choices, inside: Bools, *, itself: bool) -> dict[str, Any]:
    """How strong the choices were, of the pair as a whole and of each criterion that was answered by comparing."""
    rows = inside[choices.pair] if len(choices.pair) else np.zeros(0, dtype=bool)
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


def _estimation(recorded: Recorded, inside: Bools, human: Ints) -> dict[str, Any]:
    """The win rate of A as people would have it, both bad counting as a tie."""
    judge = score_outcomes(recorded.outcome[inside], both_bad="tie").score
    chosen = score_outcomes(human, both_bad="tie").score
    audit = None if recorded.audit is None else recorded.audit[inside]
    found = estimate(judge, chosen, audit=audit, clusters=recorded.image[inside])
    used = ~np.isnan(chosen) if audit is None else ~np.isnan(chosen) & audit
    spread = float(np.std(chosen[used], ddof=1)) if used.sum() > 1 else math.nan
    needed = None if math.isnan(spread) else reviews_needed(found, WISHED_HALF_WIDTH, spread)._asdict()
    return {
        "combined": found.combined,
        "human_only": found.human_only,
        "judge_only": found.judge_only,
        "tuning": found.tuning,
        "correlation": found.correlation,
        "warning": found.warning,
        "reviews_needed": {"half_width": WISHED_HALF_WIDTH} | (needed or {"reviews": None}),
    }


def _ranking(recorded: Recorded) -> dict[str, Any]:
    """All candidates by the judges' outcomes."""
    names = recorded.candidates
    apart = recorded.a != recorded.b
    if len(names) < 2 or not (recorded.outcome[apart] >= 0).any():
        return {"reason": "there are no verdicts about two candidates"}
    try:
        found = bradley_terry(
            recorded.a[apart],
            recorded.b[apart],
            recorded.outcome[apart],
            len(names),
            ties="model",
            clusters=recorded.image[apart],
            names=names,
        )
    except NoRanking as error:
        return {"reason": str(error)}
    ranges = rank_ranges(found)
    order = np.argsort(-found.strengths, kind="stable")
    return {
        "model": found.model,
        "rule": found.rule,
        "n": found.n,
        "left_out": dict(found.left_out),
        "tie": found.tie,
        "candidates": [
            {
                "candidate": names[k],
                "strength": found.strengths[k],
                "low": found.low[k],
                "high": found.high[k],
                "rank": ranges[k]._asdict(),
            }
            for k in order
        ],
        "groups": [[names[k] for k in group] for group in groups(found)],
        "expected_wins": {"candidates": [names[k] for k in order], "table": expected_wins(found)[np.ix_(order, order)]},
        "next_pair": [names[k] for k in next_pair(found)],
    }


def _judge(recorded: Recorded, index: int, human: Ints) -> dict[str, Any]:
    """One judge: what it says, how it leans, how it agrees with people, what its probabilities are worth."""
    said = recorded.verdicts
    rows = said.by == index
    pair, outcome = said.pair[rows], said.outcome[rows]
    image = recorded.image[pair]
    by_order = [np.full(len(recorded.a), -1) for _ in range(2)]
    for order, chosen in zip((True, False), by_order, strict=True):
        one = said.a_first[rows] == order
        chosen[pair[one]] = outcome[one]
    ab, ba = by_order
    flips = flip_rate(ab, ba, clusters=recorded.image)
    score = score_outcomes(outcome).score
    constant = constancy(np.where(outcome < CHOSEN, outcome, -1))
    return {
        "judge": said.names[index],
        "verdicts": int(rows.sum()),
        "failed": int((outcome == Outcome.FAILED).sum()),
        "outcomes": {LABELS[code]: int((outcome == code).sum()) for code in range(CHOSEN)},
        "flips": {"rate": flips.rate, "always_first": flips.always_first, "always_second": flips.always_second}
        | {"other": flips.other},
        "first_slot": first_slot_share(outcome, said.a_first[rows], clusters=image),
        "longer_wins": longer_wins(score, recorded.a_length[pair], recorded.b_length[pair], clusters=image),
        "constancy": {"answer": LABELS[constant.answer] if constant.answer >= 0 else None, "share": constant.share}
        | {"degenerate": constant.degenerate},
        "contradicts": _said_to_contradict(said.contradicts[rows], image),
        "people": _with_people(recorded, human, _of_judge(ab, ba)),
        "calibration": _calibration(recorded, human, pair, outcome, said.probability[rows]),
        "criteria": _criteria(recorded, said, rows),
    }


def _said_to_contradict(said: Floats, image: Ints) -> Statistic:
    known = ~np.isnan(said)
    rule = "share of verdicts whose choice contradicts their criteria, as the file says"
    return share(said[known], rule, clusters=image[known], left_out=kept({"not said": int((~known).sum())}))


def _of_judge(ab: Ints, ba: Ints) -> Ints:
    """A judge's choice of every pair: that of both orders, -1 where they differ or there is none."""
    found = np.where(ab == -1, ba, np.where((ba == -1) | (ba == ab), ab, -1))
    return np.where(found < CHOSEN, found, -1)


def _with_people(recorded: Recorded, human: Ints, own: Ints) -> dict[str, Any]:
    """Agreement with the majority and with each person; unstable and failed verdicts are left out."""
    people = recorded.people
    found: dict[str, Any] = {
        "rule": "people's majority; unstable, failed and skipped ones are left out",
        "accuracy": accuracy(own, human, clusters=recorded.image),
        "cohen_kappa": cohen_kappa(own, human, CHOSEN, clusters=recorded.image),
        "gwet_ac1": gwet_ac(np.stack([own, human], axis=1), CHOSEN, clusters=recorded.image),
        "confusion": {"labels": LABELS[:CHOSEN], "judge_by_people": confusion_table(own, human, CHOSEN)},
        "each": [],
    }
    for index, name in enumerate(people.names):
        rows = people.by == index
        pair = people.pair[rows]
        one, two = own[pair], people.outcome[rows]
        found["each"].append(
            {
                "annotator": name,
                "accuracy": accuracy(one, two, clusters=recorded.image[pair]),
                "cohen_kappa": cohen_kappa(one, two, CHOSEN, clusters=recorded.image[pair]),
            }
        )
    return found


def _calibration(recorded: Recorded, human: Ints, pair: Ints, outcome: Ints, stated: Floats) -> dict[str, Any] | None:
    """Probabilities against people's majority; None where there is nothing to compare."""
    majority_ = human[pair]
    right = np.where(
        (majority_ < 0) | (outcome >= CHOSEN) | (outcome < 0), np.nan, (majority_ == outcome).astype(np.float64)
    )
    known = ~(np.isnan(stated) | np.isnan(right))
    if not known.any():
        return None
    image = recorded.image[pair]
    binnings: tuple[Binning, ...] = ("width", "mass")
    found: dict[str, Any] = {
        "brier": brier(stated, right, clusters=image),
        "ece": {each: calibration_error(stated, right, binning=each, clusters=image) for each in binnings},
        "curve": [each._asdict() for each in reliability_curve(stated, right, clusters=image)],
        "recalibration": [],
    }
    if len(np.unique(image[known])) >= _ENOUGH_TO_RECALIBRATE:
        for method in ("isotonic", "platt"):
            after = recalibrate(stated, right, method, clusters=image)
            kept = ("brier_before", "brier_after", "gain", "error_before", "error_after", "rule")
            found["recalibration"].append({key: getattr(after, key) for key in kept})
    return found


def _criteria(recorded: Recorded, said: Choices, rows: Bools) -> dict[str, Any] | None:
    """Whether choices follow from criteria; None without criteria on a scale."""
    table = np.array([answers[rows] for answers in said.criteria.values()]).T
    if not table.size or np.isnan(table).all():
        return None
    spread = np.nanmax(np.abs(np.where(np.isnan(table).all(0), 0, table)), axis=0)
    table = table / np.where(spread > 0, spread, 1)
    score = score_outcomes(said.outcome[rows]).score
    image = recorded.image[said.pair[rows]]
    weights = criteria_weights(table, score, clusters=image)
    leads = deciding_criterion(table, score, [each.value for each in weights], clusters=image)
    return {
        "rule": "A's answer less B's, over the largest such difference",
        "contradictions": contradiction_rate(table, score, clusters=image),
        "halo": halo(table, clusters=image) if table.shape[1] > 1 else None,
        "each": [
            {"criterion": name, "weight": weight, "decides": lead}
            for name, weight, lead in zip(said.criteria, weights, leads, strict=True)
        ],
    }


def _people(recorded: Recorded) -> dict[str, Any]:
    """How people agree with each other: the ceiling of every judge."""
    people, side = recorded.people, _side_by_side(recorded)
    top = ceiling(side)
    values = np.where(side < 0, np.nan, side.astype(np.float64))
    return {
        "annotators": list(people.names),
        "choices": len(people.pair),
        "skipped": int((people.outcome == -1).sum()),
        "pairs": top.pairs,
        "rest": top.rest,
        "fleiss_kappa": fleiss_kappa(side, CHOSEN, clusters=recorded.image),
        "krippendorff_alpha": krippendorff_alpha(values, clusters=recorded.image),
        "gwet_ac1": gwet_ac(side, CHOSEN, clusters=recorded.image),
        "criteria": _criteria(recorded, people, np.ones(len(people.pair), dtype=bool)),
    }


def _side_by_side(recorded: Recorded) -> Ints:
    """Codes of people's choices, shape (pairs, most choices about one pair); whoever chose twice counts by the last."""
    people = recorded.people
    chosen = people.outcome >= 0
    key = (people.pair * max(1, len(people.names)) + people.by)[chosen]
    # The first of the reversed is the last.
    last = np.unique(key[::-1], return_index=True)[1]
    rows = np.sort(np.flatnonzero(chosen)[len(key) - 1 - last])
    pair = people.pair[rows]
    counts = np.bincount(pair, minlength=len(recorded.a))
    order = np.argsort(pair, kind="stable")
    place = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((len(recorded.a), int(counts.max(initial=1))), -1)
    table[pair[order], place] = people.outcome[rows][order]
    return table


def _mean_probability(recorded: Recorded) -> Floats:
    """Of every pair, the mean probability of the verdicts that are the outcome; nan where none says."""
    said = recorded.verdicts
    agreeing = (said.outcome == recorded.outcome[said.pair]) & ~np.isnan(said.probability)
    size = len(recorded.a)
    total = np.bincount(said.pair[agreeing], weights=said.probability[agreeing], minlength=size)
    count = np.bincount(said.pair[agreeing], minlength=size)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
