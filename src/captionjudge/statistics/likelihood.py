"""The likelihood of a comparison's outcome in three models, with its derivatives, and Newton's method for it."""

from typing import Literal, NamedTuple

import numpy as np

from captionjudge.statistics.arrays import Floats, Ints

Model = Literal["bradley-terry", "rao-kupper", "davidson"]
WIN, LOSS, TIE = 0, 1, 2
_STEPS, _HALVINGS, _CLOSE = 60, 30, 1e-9


class Terms(NamedTuple):
    """The log-likelihood of outcomes and its derivatives by the difference d and the tie parameter t."""

    value: Floats
    by_d: Floats
    by_t: Floats
    by_dd: Floats
    by_dt: Floats
    by_tt: Floats


class Optimum(NamedTuple):
    """What Newton's method found for R sets of weights.

    Attributes:
        parameters: shape (R, P).
        curvature: shape (R, P, P), the negative Hessian there.
        converged: shape (R,).
    """

    parameters: Floats
    curvature: Floats
    converged: np.ndarray


def terms(model: Model, outcome: Ints, d: Floats, t: Floats) -> Terms:
    """The log-likelihood of every outcome and its derivatives.

    With s(x) = 1 / (1 + exp(-x)) and d the difference of strengths:
        bradley-terry: P(win) = s(d); a tie is half a win and half a loss.
        rao-kupper: P(win) = s(d - t), P(loss) = s(-d - t), P(tie) the rest; t > 0.
        davidson: P(win), P(loss), P(tie) in the proportion exp(d/2), exp(-d/2), exp(t).

    Args:
        outcome: shape (c,), WIN, LOSS or TIE.
        d: shape (R, c).
        t: shape (R, 1).

    Sources: R. A. Bradley, M. E. Terry, Biometrika 39 (1952), 324-345; P. V. Rao, L. L. Kupper, JASA 62 (1967),
    194-204; R. R. Davidson, JASA 65 (1970), 317-328.
    """
    return {"bradley-terry": _bradley_terry, "rao-kupper": _rao_kupper, "davidson": _davidson}[model](outcome, d, t)


def probabilities(model: Model, d: Floats, t: float) -> tuple[Floats, Floats, Floats]:
    """P(win), P(loss), P(tie) at differences `d` (any shape)."""
    if model == "davidson":
        win, loss, tie = np.exp(d / 2), np.exp(-d / 2), np.exp(t)
        total = win + loss + tie
        return win / total, loss / total, tie / total
    shift = t if model == "rao-kupper" else 0.0
    win, loss = np.exp(_log_sigmoid(d - shift)), np.exp(_log_sigmoid(-d - shift))
    return win, loss, 1 - win - loss if shift else np.zeros_like(win)


def maximise(model: Model, outcome: Ints, design: Floats, weights: Floats, start: Floats | None = None) -> Optimum:
    """The parameters that maximise Σ weights · log-likelihood, by Newton's method with halved steps.

    Args:
        outcome: shape (c,), WIN, LOSS or TIE.
        design: shape (c, P); d = design @ parameters. A model with a tie parameter has it as one more, the last.
        weights: shape (R, c), of R sets that are solved at once.
        start: shape (P,), where to begin, the tie parameter included.
    """
    extra = model != "bradley-terry"
    sets, size = len(weights), design.shape[1]
    at = np.zeros((sets, size + extra)) if start is None else np.tile(start, (sets, 1))
    if extra and start is None:
        at[:, -1] = _tie_start(model, outcome, weights)
    converged = np.zeros(sets, dtype=bool)
    value, gradient, curvature = _derivatives(model, outcome, design, weights, at)
    for _ in range(_STEPS):
        step = _solve(curvature, gradient)
        at, value = _climb(model, outcome, design, weights, at, step, value)
        value, gradient, curvature = _derivatives(model, outcome, design, weights, at)
        converged = np.abs(step).max(1, initial=0) < _CLOSE
        if converged.all():
            break
    return Optimum(at, curvature, converged & np.isfinite(at).all(1))


def _climb(
    model: Model,
    outcome: Ints,
    design: Floats,
    weights: Floats,
    at: Floats,
    step: Floats,
    value: Floats,
) -> tuple[Floats, Floats]:
    """Take the step, halved for those sets that it would make worse or take out of bounds."""
    scale = np.ones(len(at))
    size = design.shape[1]
    reached = value
    for _ in range(_HALVINGS):
        tried = at + scale[:, None] * step
        inside = tried[:, -1] > 0 if model == "rao-kupper" else np.ones(len(at), dtype=bool)
        tried[~inside] = at[~inside]
        t = tried[:, size:] if model != "bradley-terry" else np.zeros((len(at), 1))
        found = terms(model, outcome, tried[:, :size] @ design.T, t).value
        reached = (weights * found).sum(1)
        worse = ~inside | (reached < value - 1e-9 * (1 + np.abs(value)))
        if not worse.any():
            return tried, reached
        scale[worse] /= 2
    tried[worse] = at[worse]
    return tried, np.where(worse, value, reached)


def _derivatives(
    model: Model, outcome: Ints, design: Floats, weights: Floats, at: Floats
) -> tuple[Floats, Floats, Floats]:
    """Value (R,), gradient (R, P) and negative Hessian (R, P, P) of the log-likelihood."""
    extra = model != "bradley-terry"
    size = design.shape[1]
    found = terms(model, outcome, at[:, :size] @ design.T, at[:, size:] if extra else np.zeros((len(at), 1)))
    value = (weights * found.value).sum(1)
    gradient = (weights * found.by_d) @ design
    curvature = _weighted_squares(-weights * found.by_dd, design)
    if extra:
        gradient = np.concatenate([gradient, (weights * found.by_t).sum(1, keepdims=True)], 1)
        border = -((weights * found.by_dt) @ design)
        corner = -(weights * found.by_tt).sum(1)
        curvature = np.block([[curvature, border[:, :, None]], [border[:, None, :], corner[:, None, None]]])
    return value, gradient, curvature


def _weighted_squares(weights: Floats, design: Floats) -> Floats:
    """Design' · diag(weights) · design for every row of weights."""
    size = design.shape[1]
    if len(weights) == 1:
        return np.asarray(design.T @ (weights[0][:, None] * design))[None]
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), size * size)
    return np.asarray(weights @ squares).reshape(len(weights), size, size)


def _solve(curvature: Floats, gradient: Floats) -> Floats:
    # A trace of a ridge keeps sets without a maximum from stopping the others; they are found not to converge.
    trace = np.trace(curvature, axis1=1, axis2=2)[:, None, None] * 1e-13 + 1e-300
    step: Floats = np.linalg.solve(curvature + trace * np.eye(curvature.shape[1]), gradient[:, :, None])[:, :, 0]
    longest = np.abs(step).max(1, initial=0)
    # In units of log-odds: further than this, the quadratic says nothing.
    return np.asarray(step * np.minimum(1, 5 / np.maximum(longest, 1e-300))[:, None])


def _tie_start(model: Model, outcome: Ints, weights: Floats) -> Floats:
    """The tie parameter if all candidates were equal."""
    rate = np.clip((weights * (outcome == TIE)).sum(1) / weights.sum(1), 1e-6, 1 - 1e-6)
    if model == "davidson":
        return np.asarray(np.log(2 * rate / (1 - rate)))
    return np.asarray(np.log((1 + rate) / (1 - rate)))


def _bradley_terry(outcome: Ints, d: Floats, t: Floats) -> Terms:
    won = np.array([1.0, 0.0, 0.5])[outcome]
    p = np.exp(_log_sigmoid(d))
    value = won * _log_sigmoid(d) + (1 - won) * _log_sigmoid(-d)
    none = np.zeros_like(d)
    return Terms(value, won - p, none, -p * (1 - p), none, none)


def _davidson(outcome: Ints, d: Floats, t: Floats) -> Terms:
    sign, tied = np.array([0.5, -0.5, 0.0])[outcome], (outcome == TIE).astype(np.float64)
    top = np.maximum(np.abs(d) / 2, t)
    win, loss, tie = np.exp(d / 2 - top), np.exp(-d / 2 - top), np.exp(t - top)
    total = win + loss + tie
    win, loss, tie = win / total, loss / total, tie / total
    lead = (win - loss) / 2
    value = sign * d + tied * t - top - np.log(total)
    return Terms(value, sign - lead, tied - tie, lead * lead - (win + loss) / 4, lead * tie, -tie * (1 - tie))


def _rao_kupper(outcome: Ints, d: Floats, t: Floats) -> Terms:
    ahead, behind, tied = (outcome != LOSS) * 1.0, (outcome != WIN) * 1.0, (outcome == TIE) * 1.0
    log_a, log_b = _log_sigmoid(d - t), _log_sigmoid(-d - t)
    a, b = np.exp(log_a), np.exp(log_b)
    gain, loss = ahead * (1 - a), behind * (1 - b)
    bend, turn = ahead * a * (1 - a), behind * b * (1 - b)
    excess = np.expm1(2 * t)
    return Terms(
        ahead * log_a + behind * log_b + tied * np.log(excess),
        gain - loss,
        tied * 2 * (1 + 1 / excess) - gain - loss,
        -bend - turn,
        bend - turn,
        -tied * 4 * (1 + 1 / excess) / excess - bend - turn,
    )


def _log_sigmoid(x: Floats) -> Floats:
    return np.asarray(np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))))
