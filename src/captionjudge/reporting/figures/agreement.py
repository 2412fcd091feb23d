"""Agreement of two raters by every measure in use: of choices, of labels, of levels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from captionjudge.reporting.figures.basis import CHOSEN, Rules, decided
from captionjudge.statistics.arrays import Floats, Ints, distinct
from captionjudge.statistics.confusion import accuracy, accuracy_within, confusion_table
from captionjudge.statistics.correlation import kendalls, pairwise_accuracy, pearson, spearman
from captionjudge.statistics.kappa import Weighting, cohen_kappa, fleiss_kappa, gwet_ac
from captionjudge.statistics.krippendorff import Level, alpha_of, counted
from captionjudge.statistics.outcomes import LABELS
from captionjudge.statistics.statistic import Statistic, undefined
from captionjudge.statistics.within import Measure, correlations_within

MOST_STEPS = 50
_MOST_CELLS = 10_000_000
NO_STEPS = "not defined, levels are not few whole numbers"
CATEGORICAL = (
    "accuracy",
    "accuracy_per_image",
    "cohen_kappa",
    "cohen_linear",
    "cohen_quadratic",
    "fleiss_kappa",
    "gwet_ac1",
    "gwet_ac2_linear",
    "gwet_ac2_quadratic",
    "krippendorff_nominal",
)
_WEIGHTINGS: tuple[Weighting, ...] = ("linear", "quadratic")
_WITHIN: dict[str, Measure] = {
    "kendall_tau_b_per_image": "tau-b",
    "kendall_tau_c_per_image": "tau-c",
    "spearman_per_image": "spearman",
    "pearson_per_image": "pearson",
}


def of_choices(own: Ints, other: Ints, image: Ints, rules: Rules) -> dict[str, Any]:
    """Two raters' choices of the same pairs (codes, shape (n,), -1 for none), by every measure."""
    used = (own >= 0) & (other >= 0)
    left_out = {"not chosen by both": int((~used).sum())} if not used.all() else {}
    own, other, image = own[used], other[used], image[used]
    x, y = rules.level(own), rules.level(other)
    found = few(own, other, image)
    found |= _nominal(np.stack([own, other], axis=1), CHOSEN, image)
    found |= _weighted(x, y, image) | _correlations(x, y, image)
    signs = accuracy(_code(x), _code(y), clusters=image)
    found["pairwise_accuracy"] = _named(signs, "share of pairs ordered, or tied, alike")
    left_out_too = {key: _add(each, left_out) for key, each in found.items()}
    return left_out_too | {"confusion": {"labels": LABELS[:CHOSEN], "table": confusion_table(own, other, CHOSEN)}}


def few(own: Ints, other: Ints, image: Ints) -> dict[str, Any]:
    """The most used measures of the same: accuracy, also over images and of decisive choices alone; Cohen's kappa."""
    both = decided(own) & decided(other)
    decisive = accuracy(np.where(both, own, -1), np.where(both, other, -1), clusters=image)
    return {
        "accuracy": accuracy(own, other, clusters=image),
        "accuracy_per_image": accuracy_within(own, other, image),
        "accuracy_decisive": _named(decisive, "share of equal answers where both are A or B"),
        "cohen_kappa": cohen_kappa(own, other, CHOSEN, clusters=image),
    }


def of_labels(one: Ints, two: Ints, labels: tuple[str, ...], image: Ints) -> dict[str, Any]:
    """Two raters' labels (codes, shape (n,), none missing)."""
    found = {
        "accuracy": accuracy(one, two, clusters=image),
        "accuracy_per_image": accuracy_within(one, two, image),
        "cohen_kappa": cohen_kappa(one, two, len(labels), clusters=image),
    }
    found |= _nominal(np.stack([one, two], axis=1), len(labels), image)
    return found | {"confusion": {"labels": labels, "table": confusion_table(one, two, len(labels))}}


def of_levels(
    x: Floats,
    first: Floats,
    y: Floats,
    image: Ints,
    span: tuple[float, float] | None,
    labels: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Two raters' levels (shape (n,), none missing).

    Args:
        x, first: the one rater's, for measures of order and distance, and for measures of categories.
        y: the other's.
        span: the lowest and the highest level, where levels are whole numbers of which there are few; else None, and
            measures of categories are not defined.
        labels: of the levels, where they have some.
    """
    found = (
        _categories(first, y, image, span, labels)
        | _correlations(x, y, image)
        | _alphas(np.stack([x, y], axis=1), image)
    )
    found["pairwise_accuracy"] = pairwise_accuracy(x, y)
    found["pairwise_accuracy_per_image"] = pairwise_accuracy(x, y, image)
    within = correlations_within(x, y, image, tuple(_WITHIN.values()))
    return found | {key: within[measure] for key, measure in _WITHIN.items()}


def _categories(
    x: Floats, y: Floats, image: Ints, span: tuple[float, float] | None, labels: tuple[str, ...]
) -> dict[str, Any]:
    if span is None:
        return dict.fromkeys(CATEGORICAL, undefined(NO_STEPS, len(x))) | {"confusion": None}
    low, size = int(span[0]), 1 + int(span[1] - span[0])
    one, two = ((each - low).astype(np.int64) for each in (x, y))
    found = of_labels(one, two, labels or tuple(str(low + step) for step in range(size)), image)
    return found | _by_weights(one, two, size, image)


def many(table: Floats, image: Ints, span: tuple[float, float] | None, ordered: bool) -> dict[str, Any]:
    """Raters of the same units (levels or codes, shape (units, raters), nan for missing) among each other."""
    whole = span is not None
    low, size = (int(span[0]), 1 + int(span[1] - span[0])) if span else (0, 0)
    codes = np.where(np.isnan(table), -1, np.nan_to_num(table) - low).astype(np.int64) if whole else None
    found: dict[str, Any] = {
        "krippendorff_nominal": alpha(table, "nominal", image),
        "fleiss_kappa": undefined(NO_STEPS) if codes is None else fleiss_kappa(codes, size, clusters=image),
        "gwet_ac1": undefined(NO_STEPS) if codes is None else gwet_ac(codes, size, clusters=image),
    }
    if not ordered:
        return found
    for weighting in _WEIGHTINGS:
        found[f"gwet_ac2_{weighting}"] = (
            undefined(NO_STEPS) if codes is None else gwet_ac(codes, size, weighting=weighting, clusters=image)
        )
    return found | _alphas(table, image)


def alpha(table: Floats, level: Level, image: Ints) -> Statistic:
    """Krippendorff's alpha, unless there are too many values for its cost."""
    return alphas(table, (level,), image)[level]


def alphas(table: Floats, levels: Sequence[Level], image: Ints) -> dict[Level, Statistic]:
    """The same on several levels of measurement."""
    values = distinct(table[~np.isnan(table)])[0]
    many = len(values) * len(values) > _MOST_CELLS or len(values) * len(table) > _MOST_CELLS
    ratings = None if many else counted(table, image)
    found: dict[Level, Statistic] = {}
    for level in levels:
        name = f"Krippendorff's alpha, {level}"
        if level == "ratio" and len(values) and values[0] < 0:
            found[level] = undefined(f"{name}: not defined, there are levels below 0")
        elif ratings is None:
            found[level] = undefined(f"{name}: not computed, {len(values)} different values are too many")
        else:
            found[level] = alpha_of(ratings, level)
    return found


def _nominal(table: Ints, size: int, image: Ints) -> dict[str, Any]:
    return {
        "fleiss_kappa": fleiss_kappa(table, size, clusters=image),
        "gwet_ac1": gwet_ac(table, size, clusters=image),
        "krippendorff_nominal": alpha(np.where(table < 0, np.nan, table.astype(np.float64)), "nominal", image),
    }


def _weighted(x: Floats, y: Floats, image: Ints) -> dict[str, Any]:
    """Measures of choices, -1 to 1, for which some disagreements are smaller than others."""
    return _by_weights(_code(x), _code(y), 3, image) | _alphas(np.stack([x, y], axis=1), image)


def _by_weights(one: Ints, two: Ints, size: int, image: Ints) -> dict[str, Any]:
    found: dict[str, Any] = {}
    table = np.stack([one, two], axis=1)
    for weighting in _WEIGHTINGS:
        found[f"cohen_{weighting}"] = cohen_kappa(one, two, size, weighting=weighting, clusters=image)
        found[f"gwet_ac2_{weighting}"] = gwet_ac(table, size, weighting=weighting, clusters=image)
    return found


def _alphas(table: Floats, image: Ints) -> dict[str, Any]:
    found = alphas(table, ("ordinal", "interval", "ratio"), image)
    return {f"krippendorff_{level}": each for level, each in found.items()}


def _correlations(x: Floats, y: Floats, image: Ints) -> dict[str, Any]:
    tau = kendalls(x, y, clusters=image)
    return {
        "kendall_tau_b": tau["b"],
        "kendall_tau_c": tau["c"],
        "spearman": spearman(x, y, clusters=image),
        "pearson": pearson(x, y, clusters=image),
    }


def _code(levels: Floats) -> Ints:
    """Levels -1, 0, 1 as codes."""
    return np.where(np.isnan(levels), -1, np.nan_to_num(levels) + 1).astype(np.int64)


def _named(found: Statistic, rule: str) -> Statistic:
    return Statistic(
        found.value, found.low, found.high, found.n, rule, found.left_out, found.standard_error, found.confidence
    )


def _add(found: Any, left_out: dict[str, int]) -> Any:
    if not isinstance(found, Statistic) or not left_out:
        return found
    both = {**left_out, **found.left_out}
    return Statistic(
        found.value, found.low, found.high, found.n, found.rule, both, found.standard_error, found.confidence
    )
