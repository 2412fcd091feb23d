"""One judge: what it says, how it leans, how it agrees with people, what its probabilities are worth."""

from typing import Any

import numpy as np

from captionjudge.reporting.figures.answers import beside_people as answers_beside_people
from captionjudge.reporting.figures.basis import CHOSEN, Basis
from captionjudge.reporting.figures.beside import beside_people
from captionjudge.reporting.figures.bias import length, option_order, preference
from captionjudge.reporting.figures.calibration import calibration
from captionjudge.reporting.figures.comparison import win_rates_of
from captionjudge.reporting.figures.criteria import criteria
from captionjudge.statistics.arrays import Floats, Ints, kept
from captionjudge.statistics.habits import constancy
from captionjudge.statistics.length import longer_wins
from captionjudge.statistics.outcomes import LABELS, Outcome, count_outcomes, merge_orders, score_outcomes
from captionjudge.statistics.position import first_slot_share, flip_rate
from captionjudge.statistics.statistic import Statistic
from captionjudge.statistics.winning import share

MOST_JUDGES = 50


def judge(found: Basis, index: int) -> dict[str, Any]:
    """Every figure of one judge."""
    recorded, said, own = found.recorded, found.recorded.verdicts, found.judges[index]
    pair, outcome = said.pair[own.rows], said.outcome[own.rows]
    constant = constancy(np.where(outcome < CHOSEN, outcome, -1))
    return {
        "judge": said.names[index],
        "verdicts": len(own.rows),
        "failed": int((outcome == Outcome.FAILED).sum()),
        "failed_rate": share(
            (outcome == Outcome.FAILED).astype(np.float64),
            "share of verdicts that could not be used",
            clusters=recorded.image[pair],
        ),
        "outcomes": {LABELS[code]: int((outcome == code).sum()) for code in range(CHOSEN)},
        "pair_outcomes": count_outcomes(merge_orders(own.ab, own.ba)),
        "win_rates": win_rates_of(found, own),
        **leanings(found, index),
        "length": length(found, own.rows),
        "self_preference": preference(found, index),
        "option_order": option_order(found, index),
        "constancy": {"answer": LABELS[constant.answer] if constant.answer >= 0 else None, "share": constant.share}
        | {"entropy": constant.entropy, "degenerate": constant.degenerate},
        "contradicts": _said_to_contradict(said.contradicts[own.rows], recorded.image[pair]),
        "people": beside_people(found, index),
        "answers": [answers_beside_people(found, each, index) for each in recorded.answers],
        "calibration": calibration(found, own.rows),
        "criteria": criteria(found, said, own.rows),
    }


def leanings(found: Basis, index: int) -> dict[str, Any]:
    """Flips, the first slot's share, the longer's."""
    recorded, said, own = found.recorded, found.recorded.verdicts, found.judges[index]
    pair, outcome = said.pair[own.rows], said.outcome[own.rows]
    image = recorded.image[pair]
    flips = flip_rate(own.ab, own.ba, clusters=recorded.image)
    score = score_outcomes(outcome).score
    return {
        "flips": {"rate": flips.rate, "always_first": flips.always_first, "always_second": flips.always_second}
        | {"other": flips.other},
        "first_slot": first_slot_share(outcome, said.a_first[own.rows], clusters=image),
        "longer_wins": longer_wins(score, recorded.a_length[pair], recorded.b_length[pair], clusters=image),
    }


def _said_to_contradict(said: Floats, image: Ints) -> Statistic:
    known = ~np.isnan(said)
    rule = "share of verdicts whose choice contradicts their criteria, as the file says"
    return share(said[known], rule, clusters=image[known], left_out=kept({"not said": int((~known).sum())}))
