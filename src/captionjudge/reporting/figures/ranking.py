"""All candidates in order: by three models, with style held equal, by Elo; and whether an order exists at all."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from captionjudge.reporting.figures.basis import Basis, Rules
from captionjudge.reporting.figures.matrices import matrices
from captionjudge.reporting.style import relative
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.connection import connectedness
from captionjudge.statistics.elo import elo_points, elo_ratings
from captionjudge.statistics.matrices import compare
from captionjudge.statistics.outcomes import Ties
from captionjudge.statistics.ranking import NoRanking, Ranking, TieModel, bradley_terry
from captionjudge.statistics.separability import expected_wins, groups, next_pair, rank_ranges

MOST_CANDIDATES = 200
_ORDERS = 5
_K, _BASE = 4.0, 1000.0
NOTHING = "there are no verdicts about two candidates"
_STYLE_RULE = (
    "Bradley-Terry, ties half, with the difference of each mark of style over its sum, in standard deviations, beside "
    "the candidates; the strengths are those at equal style. A mark that never differs, or follows from another, is "
    "left out"
)


class _Played(NamedTuple):
    """Comparisons of two different candidates."""

    first: Ints
    second: Ints
    outcome: Ints
    image: Ints
    names: tuple[str, ...]
    rules: Rules

    def fit(self, ties: Ties, tie_model: TieModel = "davidson", **more: Any) -> Ranking:
        """The ranking by a model."""
        return bradley_terry(
            self.first,
            self.second,
            self.outcome,
            len(self.names),
            ties=ties,
            tie_model=tie_model,
            both_bad=self.rules.both_bad,
            unstable=self.rules.unstable,
            clusters=self.image,
            names=self.names,
            **more,
        )


def ranking(found: Basis) -> dict[str, Any]:
    """All candidates by the judges' outcomes; and by people's majority under `people`."""
    recorded, names = found.recorded, found.recorded.candidates
    if len(names) > MOST_CANDIDATES:
        return {"reason": f"{len(names)} candidates are too many to rank; {MOST_CANDIDATES} at most"}
    apart = np.flatnonzero(recorded.a != recorded.b)
    played = _played(found, recorded.outcome, apart)
    made: dict[str, Any] = _whole(played) if len(names) > 1 and (played.outcome >= 0).any() else {"reason": NOTHING}
    if len(names) > 1 and len(apart):
        made["matrix"] = matrices(played.first, played.second, played.outcome, names, found.rules)
        if "models" in made:
            made["contextual"] = _contextual(found, played, apart)
    made["people"] = _of_people(found, apart)
    return made


def _played(found: Basis, outcome: Ints, apart: Ints) -> _Played:
    recorded = found.recorded
    return _Played(
        recorded.a[apart], recorded.b[apart], outcome[apart], recorded.image[apart], recorded.candidates, found.rules
    )


def _of_people(found: Basis, apart: Ints) -> dict[str, Any]:
    names = found.recorded.candidates
    played = _played(found, found.human, apart)
    if len(names) < 2 or not (played.outcome >= 0).any():
        return {"reason": "people made no choices about two candidates"}
    tables = matrices(played.first, played.second, played.outcome, names, found.rules)
    made = _whole(played) | {"matrix": tables}
    if "models" in made:
        judges = _strengths(_played(found, found.recorded.outcome, apart))
        own = _strengths(played)
        made["systems"] = _systems(judges, own)
    return made


def _strengths(played: _Played) -> Floats | None:
    try:
        return played.fit(played.rules.in_rankings, _tie_model(played.rules)).strengths
    except NoRanking:
        return None


def _systems(judges: Floats | None, people: Floats | None) -> dict[str, Any]:
    """How alike judges and people rank the candidates."""
    from captionjudge.statistics.correlation import kendall, pearson, spearman

    if judges is None or people is None:
        return {"reason": "one of the two rankings does not exist"}
    return {
        "rule": "strengths by the judges against strengths by people, a candidate a unit",
        "spearman": spearman(judges, people),
        "kendall_tau_b": kendall(judges, people),
        "pearson": pearson(judges, people),
    }


def _tie_model(rules: Rules) -> TieModel:
    return "rao-kupper" if rules.model == "rao-kupper" else "davidson"


def _whole(played: _Played) -> dict[str, Any]:
    """The ranking, or the reason why there is none."""
    rules, names = played.rules, played.names
    counted = compare(
        played.first, played.second, played.outcome, len(names), both_bad=rules.both_bad, unstable=rules.unstable
    )
    tied = connectedness(counted, names, ties_connect=rules.in_rankings != "drop")
    connected = {
        "connected": tied.connected,
        "reason": tied.reason or None,
        "groups": [[names[k] for k in group] for group in tied.groups],
    }
    try:
        found = played.fit(rules.in_rankings, _tie_model(rules))
        made = _described(found, names)
        made["models"] = _models(played)
    except NoRanking as error:
        return {"reason": str(error), "connectedness": connected, "elo": _elo(played, None)}
    return made | {"connectedness": connected, "elo": _elo(played, found)}


def _described(found: Ranking, names: Sequence[str]) -> dict[str, Any]:
    ranges = rank_ranges(found)
    order = np.argsort(-found.strengths, kind="stable")
    return {
        "model": found.model,
        "rule": found.rule,
        "n": found.n,
        "left_out": dict(found.left_out),
        "tie": found.tie,
        "candidates": [
            each | {"rank": ranges[k]._asdict()} for k, each in zip(order, _rows(found, names), strict=True)
        ],
        "groups": [[names[k] for k in group] for group in groups(found)],
        "expected_wins": {"candidates": [names[k] for k in order], "table": expected_wins(found)[np.ix_(order, order)]},
        "next_pair": [names[k] for k in next_pair(found)],
    }


def _rows(found: Ranking, names: Sequence[str]) -> list[dict[str, Any]]:
    """Candidates, strongest first."""
    error = np.sqrt(np.maximum(np.diag(found.covariance), 0))
    return [
        {
            "candidate": names[k],
            "strength": found.strengths[k],
            "low": found.low[k],
            "high": found.high[k],
            "standard_error": error[k],
        }
        for k in np.argsort(-found.strengths, kind="stable").tolist()
    ]


def _models(played: _Played) -> list[dict[str, Any]]:
    """Every model with both kinds of interval. Where ties are left out, or there are none, all are Bradley-Terry."""
    rules = played.rules
    ways: list[tuple[str, Ties, TieModel]] = [("bradley-terry", "drop" if rules.ties == "drop" else "half", "davidson")]
    if rules.ties != "drop":
        ways += [("davidson", "model", "davidson"), ("rao-kupper", "model", "rao-kupper")]
    made = []
    for name, ties, tie_model in ways:
        for interval in ("sandwich", "bootstrap"):
            more = {"resamples": min(rules.resamples, 200), "seed": rules.seed} if interval == "bootstrap" else {}
            found = played.fit(ties, tie_model, interval=interval, **more)
            made.append(
                {"name": name, "interval": interval, "rule": found.rule, "n": found.n, "left_out": dict(found.left_out)}
                | {"tie": found.tie, "candidates": _rows(found, played.names)}
            )
    return made


def _contextual(found: Basis, played: _Played, apart: Ints) -> dict[str, Any]:
    """Strengths at equal style."""
    recorded = found.recorded
    pairs = zip(recorded.a_length[apart].tolist(), recorded.b_length[apart].tolist(), strict=True)
    marks = {"length": np.array([relative(a, b) for a, b in pairs])}
    marks |= {name: each[apart] for name, each in recorded.style.items()}
    usable = (played.outcome >= 0) & ~np.isnan(np.stack(list(marks.values()), axis=1)).any(1)
    used, columns = _independent(marks, usable)
    if not used:
        return {"reason": "the texts are not there, or do not differ in length, markdown or lists"}
    ties: Ties = "drop" if found.rules.ties == "drop" else "half"
    try:
        fitted = played.fit(ties, covariates=np.stack(columns, axis=1))
    except (NoRanking, np.linalg.LinAlgError) as error:
        return {"reason": str(error)}
    effects = [{"covariate": name, "effect": effect} for name, effect in zip(used, fitted.effects, strict=True)]
    made = {"rule": f"{_STYLE_RULE}; {fitted.rule}", "n": fitted.n, "left_out": dict(fitted.left_out)}
    return made | {"effects": effects, "candidates": _rows(fitted, played.names)}


def _independent(marks: Mapping[str, Floats], usable: Bools) -> tuple[list[str], list[Floats]]:
    """Marks that differ, in standard deviations, and none that follows from those before it."""
    used: list[str] = []
    columns: list[Floats] = []
    for name, values in marks.items():
        spread = float(np.std(values[usable])) if usable.any() else 0.0
        if not spread:
            continue
        tried = [*columns, values / spread]
        if np.linalg.matrix_rank(np.stack([each[usable] for each in tried], axis=1), tol=1e-6) == len(tried):
            columns = tried
            used.append(name)
    return used, columns


def _elo(played: _Played, found: Ranking | None) -> dict[str, Any]:
    """Elo's points: of the model's strengths, and as played."""
    rules, names = played.rules, played.names
    options: dict[str, Any] = {"k": _K, "base": _BASE, "both_bad": rules.both_bad, "unstable": rules.unstable}

    def ratings(order: Ints) -> Floats:
        one, two, outcome = played.first[order], played.second[order], played.outcome[order]
        return elo_ratings(one, two, outcome, len(names), **options)

    in_order = ratings(np.arange(len(played.first)))
    # By candidates and outcome first, so that the random orders do not hang on the file's.
    ordered = np.lexsort((played.outcome, played.second, played.first))
    rng = np.random.default_rng(rules.seed)
    played_points = np.array([ratings(rng.permutation(ordered)) for _ in range(_ORDERS)])
    points = None if found is None else elo_points(found, _BASE)
    return {
        "rule": f"points: the model's strengths, 400 / ln 10 each; played: mean, lowest and highest over {_ORDERS} "
        f"random orders of all comparisons; in_order: in the order of the file; k = {_K:g}, base {_BASE:g}, ties half",
        "candidates": [
            {
                "candidate": name,
                "points": None if points is None else points[0][k],
                "low": None if points is None else points[1][k],
                "high": None if points is None else points[2][k],
                "played": played_points[:, k].mean(),
                "played_low": played_points[:, k].min(),
                "played_high": played_points[:, k].max(),
                "in_order": in_order[k],
            }
            for k, name in enumerate(names)
        ],
    }
