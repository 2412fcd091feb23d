"""Habits of a judge: preferring its own family, one impression for all criteria, one answer always."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Bools, Floats, codes, floats, grouped, kept, same_length
from captionjudge.statistics.statistic import Statistic, linearised, mean, undefined
from captionjudge.statistics.winning import share


class Constancy(NamedTuple):
    """How much a judge says the same.

    Attributes:
        answer: the most frequent, -1 if there is none.
        share: of the most frequent answer.
        entropy: of the answers, in bits; 0 if there is only one.
        degenerate: whether the share is at least the threshold.
    """

    answer: int
    share: Statistic
    entropy: float
    degenerate: bool


def constancy(answers: ArrayLike, *, threshold: float = 0.95, confidence: float = 0.95) -> Constancy:
    """Whether a judge always gives one answer.

    Args:
        answers: shape (n,), codes, -1 for missing.
        threshold: the share of one answer from which on a judge is degenerate.

    Raises:
        ValueError: a code is less than -1.
    """
    given = codes(answers, "answers")
    known = given[given >= 0]
    left_out = kept({"no answer": int((given < 0).sum())})
    counts = np.bincount(known) if len(known) else np.zeros(1, dtype=np.int64)
    answer = int(counts.argmax())
    most = share(
        (known == answer).astype(np.float64),
        "share of the most frequent answer",
        left_out=left_out,
        confidence=confidence,
    )
    p = counts[counts > 0] / max(1, len(known))
    entropy = float(-(p * np.log2(p)).sum()) + 0.0
    return Constancy(answer if len(known) else -1, most, entropy, len(known) > 0 and most.value >= threshold)


def self_preference(
    judge_family: ArrayLike,
    a_family: ArrayLike,
    b_family: ArrayLike,
    scores: ArrayLike,
    pairs: ArrayLike,
    family: int,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """How much higher a judge's family scores its own candidates than other judges score them, on the same pairs.

    Of every pair with exactly one candidate of the family, and verdicts by judges of the family and of others: the mean
    score that the former give that candidate less the mean of the latter. The statistic is the mean over pairs.

    Args:
        judge_family, a_family, b_family: shape (n,) each, codes of families, one row a verdict; -1 unknown.
        scores: shape (n,), A's score within 0..1; nan is left out.
        pairs: shape (n,), of any type: which verdicts are about the same pair.
        family: whose preference is measured.
        clusters: shape (n,), of any type: the image.

    Returns:
        Within -1..1; 0 without self-preference.

    Raises:
        ValueError: a code is less than -1, or lengths differ.

    Source: A. Panickssery, S. Bowman, S. Feng, LLM evaluators recognize and favor their own generations, NeurIPS 2024.
    """
    judge, one, two = (codes(each, "family") for each in (judge_family, a_family, b_family))
    score, pair = floats(scores, "scores"), grouped(pairs, len(judge))
    same_length(len(judge), a_family=one, b_family=two, scores=score)
    usable = ((one == family) != (two == family)) & ~np.isnan(score) & (judge >= 0)
    own_score = np.where(one == family, score, 1 - score)
    means, present = [], np.ones(int(pair.max(initial=-1)) + 1, dtype=bool)
    for part in (usable & (judge == family), usable & (judge != family)):
        count = np.bincount(pair[part], minlength=len(present))
        total = np.bincount(pair[part], weights=own_score[part], minlength=len(present))
        means.append(total / np.maximum(count, 1))
        present &= count > 0
    owner = None
    if clusters is not None:
        owner = np.zeros(len(present), dtype=np.int64)
        owner[pair] = grouped(clusters, len(judge))
        owner = owner[present]
    return mean(
        (means[0] - means[1])[present],
        "score that judges of the family give their own, less what others give it, mean over pairs",
        clusters=owner,
        left_out=kept({"pairs without both kinds of judge": int((~present).sum())}),
        confidence=confidence,
        bounds=(-1, 1),
    )


def preference_table(
    judge_family: ArrayLike, a_family: ArrayLike, b_family: ArrayLike, scores: ArrayLike, families: int
) -> Floats:
    """The mean score that judges of family i give candidates of family j against others, shape (families, families).

    Arguments are those of `self_preference`; nan where there is no verdict.
    """
    judge, one, two = (codes(each, "family", families) for each in (judge_family, a_family, b_family))
    score = floats(scores, "scores")
    usable: Bools = (one != two) & (judge >= 0) & ~np.isnan(score)
    total, count = np.zeros(families * families), np.zeros(families * families)
    for candidate, value in ((one, score), (two, 1 - score)):
        part = usable & (candidate >= 0)
        key = judge[part] * families + candidate[part]
        count += np.bincount(key, minlength=families**2)
        total += np.bincount(key, weights=value[part], minlength=families**2)
    table = np.full(families**2, np.nan)
    np.divide(total, count, out=table, where=count > 0)
    return table.reshape(families, families)


def halo(
    judged: ArrayLike,
    people: ArrayLike | None = None,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """How much the criteria go together: the mean Pearson correlation of all pairs of criteria.

    With `people` it is the judge's less theirs on the same units: what is halo rather than criteria that really go
    together.

    Args:
        judged: shape (n, K), the judge's answers to K >= 2 criteria; units with nan are left out.
        people: the same of people.
        clusters: shape (n,), of any type; units of one cluster need not be independent.

    Returns:
        nan where a criterion is constant.

    Raises:
        ValueError: shapes differ, or K < 2.

    Source: E. L. Thorndike, A constant error in psychological ratings, Journal of Applied Psychology 4 (1920), 25-29.
    """
    tables = [floats(each, "criteria", dimensions=2) for each in (judged, people) if each is not None]
    if tables[0].shape[1] < 2 or any(each.shape != tables[0].shape for each in tables):
        raise ValueError("halo needs two criteria or more, and tables of one shape")
    used = ~np.any([np.isnan(each).any(1) for each in tables], axis=0)
    left_out = kept({"not all criteria answered": int((~used).sum())})
    rule = "mean correlation of criteria" + (", the judge's less the people's" if people is not None else "")
    parts = [_mean_correlation(each[used]) for each in tables]
    if any(part is None for part in parts):
        return undefined(f"{rule}: not defined, a criterion is constant", int(used.sum()), left_out, confidence)
    values, influences = zip(*(part for part in parts if part is not None), strict=True)
    value = values[0] - (values[1] if len(values) > 1 else 0)
    influence = influences[0] - (influences[1] if len(influences) > 1 else 0)
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(used), clusters=members)
    return linearised(
        value,
        influence,
        rule,
        clusters=None if members is None else members[used],
        left_out=left_out,
        confidence=confidence,
    )


def _mean_correlation(table: Floats) -> tuple[float, Floats] | None:
    """The mean off-diagonal correlation, and the influence of every unit on it."""
    if len(table) < 2 or (np.ptp(table, axis=0) == 0).any():
        return None
    z = (table - table.mean(0)) / table.std(0)
    size = z.shape[1]
    correlations = z.T @ z / len(z)
    pairs = size * (size - 1)
    value = float((correlations.sum() - size) / pairs)
    # Summed over pairs: u v is the square of the sum less the squares; r (u² + v²) / 2 goes by rows.
    together = z.sum(1) ** 2 - (z * z).sum(1)
    own = (z * z) @ (correlations.sum(0) - 1)
    return value, (together - own) / pairs
