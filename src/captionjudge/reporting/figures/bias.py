"""How a judge leans: to a slot, to length, to its own family, to the option listed first."""

from typing import Any

import numpy as np

from captionjudge.reporting.figures.basis import Basis
from captionjudge.reporting.figures.criteria import table_of
from captionjudge.statistics.arrays import Floats, Ints
from captionjudge.statistics.correlation import spearman
from captionjudge.statistics.habits import preference_table, self_preference
from captionjudge.statistics.length import length_control
from captionjudge.statistics.outcomes import score_outcomes
from captionjudge.statistics.position import option_order_effect
from captionjudge.statistics.statistic import Statistic, undefined

NO_OPTIONS = (
    "not defined: no verdict says in which order its options were listed; `verdicts[].options`, an object of lists of "
    "labels as shown, does"
)


def length(found: Basis, rows: Ints) -> dict[str, Any]:
    """What length does to a judge's verdicts as a whole, and to its answers by criterion."""
    recorded, said = found.recorded, found.recorded.verdicts
    pair = said.pair[rows]
    image = found.image[pair]
    lengths = (recorded.a_length[pair], recorded.b_length[pair])
    whole = length_control(score_outcomes(said.outcome[rows]).score, *lengths, clusters=image)
    names, table = table_of(said, rows)
    criteria = []
    for name, levels in zip(names, table.T, strict=True):
        # Who is ahead on the criterion is who would have won by it alone.
        own = length_control(np.where(np.isnan(levels), np.nan, (1 + np.sign(levels)) / 2), *lengths, clusters=image)
        rank = spearman(lengths[0] - lengths[1], levels, clusters=image)
        criteria.append({"criterion": name, "coefficient": own.coefficient, "spearman": rank, "warning": own.warning})
    return {"coefficient": whole.coefficient, "warning": whole.warning, "criteria": criteria}


def option_order(found: Basis, judge: int) -> Statistic:
    """How much more often than by chance a judge takes the option listed first."""
    shown = found.recorded.shown
    rows = shown.by == judge
    if not rows.any():
        return undefined(NO_OPTIONS)
    return option_order_effect(shown.place[rows], shown.options[rows], clusters=shown.image[rows])


def preference(found: Basis, judge: int) -> dict[str, Any]:
    """How much a judge's family favours its own candidates: beside other judges, and beside people."""
    recorded, said = found.recorded, found.recorded.verdicts
    families = recorded.families
    own = families[said.names[judge]]
    code = {name: k for k, name in enumerate(sorted({each.family for each in families.values()}))}
    of_candidate = np.array([code[families[name].family] for name in recorded.candidates], dtype=np.int64)
    of_judge = np.array([code[families[name].family] for name in said.names], dtype=np.int64)
    about = {"family": own.family, "source": own.source}
    rule = "families are those that the file states, else of the series that a name says, else its first word"
    if code[own.family] not in of_candidate:
        none = undefined(f"not defined: no candidate is of the family {own.family}; {rule}")
        return {**about, "rule": rule, "beside_judges": none, "beside_people": none}
    a, b = of_candidate[recorded.a], of_candidate[recorded.b]
    score = score_outcomes(said.outcome).score
    by = of_judge[said.by]
    people = recorded.people
    both = np.concatenate([said.pair[said.by == judge], people.pair])
    who = np.concatenate(
        [np.full(int((said.by == judge).sum()), code[own.family]), np.full(len(people.pair), len(code))]
    )
    scores = np.concatenate([score[said.by == judge], score_outcomes(people.outcome).score])
    return {
        **about,
        "rule": rule,
        "beside_judges": _preference(found, by, a, b, score, said.pair, code[own.family]),
        "beside_people": _preference(found, who, a, b, scores, both, code[own.family]),
    }


def _preference(found: Basis, by: Ints, a: Ints, b: Ints, score: Floats, pair: Ints, family: int) -> Statistic:
    return self_preference(by, a[pair], b[pair], score, pair, family, clusters=found.image[pair])


def preferences(found: Basis) -> dict[str, Any]:
    """Judge family by candidate family: the mean score that the former gives the latter against others."""
    recorded, said = found.recorded, found.recorded.verdicts
    families = recorded.families
    of = [families[name] for name in (*recorded.candidates, *said.names)]
    names = sorted({each.family for each in of})[:200]
    code = {name: k for k, name in enumerate(names)}
    candidate = np.array([code.get(families[name].family, -1) for name in recorded.candidates], dtype=np.int64)
    judge = np.array([code.get(families[name].family, -1) for name in said.names], dtype=np.int64)
    table = preference_table(
        judge[said.by],
        candidate[recorded.a][said.pair],
        candidate[recorded.b][said.pair],
        score_outcomes(said.outcome).score,
        max(1, len(names)),
    )
    rows = sorted({families[name].family for name in said.names} & set(names))
    columns = sorted({families[name].family for name in recorded.candidates} & set(names))
    return {
        "candidates": [{"candidate": name, **families[name]._asdict()} for name in recorded.candidates[:200]],
        "judges": [{"judge": name, **families[name]._asdict()} for name in said.names[:200]],
        "judge_families": rows,
        "candidate_families": columns,
        "preference": [[table[code[row], code[column]] for column in columns] for row in rows],
    }
