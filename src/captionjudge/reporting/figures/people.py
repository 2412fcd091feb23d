"""How people agree with each other: the ceiling of every judge."""

from itertools import combinations
from typing import Any

import numpy as np

from captionjudge.reporting.figures.agreement import alpha, few
from captionjudge.reporting.figures.answers import among_people
from captionjudge.reporting.figures.basis import CHOSEN, MOST_ROWS, Basis, decided
from captionjudge.reporting.figures.criteria import criteria
from captionjudge.statistics.arrays import Ints, kept
from captionjudge.statistics.kappa import fleiss_kappa, gwet_ac
from captionjudge.statistics.people import ceiling
from captionjudge.statistics.statistic import Statistic, undefined
from captionjudge.statistics.winning import share

MOST_BETWEEN = 20


def people(found: Basis) -> dict[str, Any]:
    """People's choices, and how they agree with each other."""
    said, image, votes = found.recorded.people, found.image, found.filed(found.votes)
    top = ceiling(votes, clusters=image)
    decisive = ceiling(np.where(decided(votes), votes, -1), clusters=image)
    levels = np.where(votes < 0, np.nan, found.rules.level(votes))
    codes = np.where(np.isnan(levels), -1, np.nan_to_num(levels) + 1).astype(np.int64)
    between = _between(found)
    return {
        "annotators": list(said.names[:MOST_ROWS]),
        "annotators_left_out": max(0, len(said.names) - MOST_ROWS),
        "choices": len(said.pair),
        "skipped": int((said.outcome == -1).sum()),
        "pairs": top.pairs,
        "pooled": top.pooled,
        "rest": top.rest,
        "pairs_decisive": decisive.pairs,
        "pooled_decisive": decisive.pooled,
        "rest_decisive": decisive.rest,
        "majority": _with_majority(found),
        "fleiss_kappa": fleiss_kappa(votes, CHOSEN, clusters=image),
        "gwet_ac1": gwet_ac(votes, CHOSEN, clusters=image),
        "gwet_ac2_linear": gwet_ac(codes, 3, weighting="linear", clusters=image),
        "gwet_ac2_quadratic": gwet_ac(codes, 3, weighting="quadratic", clusters=image),
        "krippendorff_alpha": alpha(np.where(votes < 0, np.nan, votes.astype(np.float64)), "nominal", image),
        "krippendorff_ordinal": alpha(levels, "ordinal", image),
        "krippendorff_interval": alpha(levels, "interval", image),
        "krippendorff_ratio": alpha(levels, "ratio", image),
        "one_by_one": between,
        "mean_cohen_kappa": _mean_kappa(between),
        "answers": [among_people(found, each) for each in found.recorded.answers if not each.judged.all()],
        "criteria": criteria(found, said, np.arange(len(said.pair))),
    }


def _with_majority(found: Basis) -> Statistic:
    """How many of the pairs that people chose about have a majority."""
    chosen = (found.votes >= 0).any(1)
    return share(
        (found.human[chosen] >= 0).astype(np.float64),
        "share of the pairs with choices of which one has more votes than any other",
        clusters=found.image[chosen],
        left_out=kept({"no choice": int((~chosen).sum())}),
    )


def _between(found: Basis) -> list[dict[str, Any]]:
    """Every two of the people who chose most."""
    names = found.recorded.people.names
    counts = np.bincount(found.voters[found.voters >= 0], minlength=len(names))
    most = sorted(np.argsort(-counts, kind="stable")[:MOST_BETWEEN].tolist())
    own = {who: _of_person(found, who) for who in most if counts[who]}
    return [
        {"one": names[one], "two": names[two], **few(found.filed(own[one]), found.filed(own[two]), found.image)}
        for one, two in combinations(own, 2)
        if ((own[one] >= 0) & (own[two] >= 0)).any()
    ]


def _of_person(found: Basis, who: int) -> Ints:
    pair, place = np.nonzero(found.voters == who)
    own = np.full(len(found.votes), -1)
    own[pair] = found.votes[pair, place]
    return own


def _mean_kappa(between: list[dict[str, Any]]) -> Statistic:
    """The plain mean of Cohen's kappa over pairs of people."""
    rule = "plain mean of Cohen's kappa over every two people; their kappas hang together, so that there is no interval"
    values = [each["cohen_kappa"].value for each in between]
    known = [value for value in values if value == value]
    if not known:
        return undefined(f"{rule}; nothing is left")
    nothing = float("nan")
    left_out = kept({"not defined": len(values) - len(known)})
    return Statistic(float(np.mean(known)), nothing, nothing, len(known), rule, left_out)
