"""Whether a judge's probabilities mean what they say."""

from typing import Any

import numpy as np

from captionjudge.amount import amount
from captionjudge.reporting.figures.basis import CHOSEN, Basis
from captionjudge.statistics.arrays import Ints
from captionjudge.statistics.calibration import Binning, brier, calibration_error, reliability_curve
from captionjudge.statistics.recalibration import Method, recalibrate

ENOUGH = 50
METHODS: tuple[Method, ...] = ("isotonic", "platt")
_BINNINGS: tuple[Binning, ...] = ("width", "mass")
_KEPT = ("brier_before", "brier_after", "gain", "error_before", "error_after", "rule")


def calibration(found: Basis, rows: Ints) -> dict[str, Any] | None:
    """Probabilities against people's majority; None where there is nothing to compare."""
    said = found.recorded.verdicts
    pair, outcome, stated = said.pair[rows], said.outcome[rows], said.probability[rows]
    human = found.human[pair]
    missing = (human < 0) | (outcome >= CHOSEN) | (outcome < 0)
    right = np.where(missing, np.nan, (human == outcome).astype(np.float64))
    known = ~(np.isnan(stated) | np.isnan(right))
    if not known.any():
        return None
    image = found.image[pair]
    curves = {
        each: [one._asdict() for one in reliability_curve(stated, right, binning=each, clusters=image)]
        for each in _BINNINGS
    }
    made: dict[str, Any] = {
        "rule": "each verdict's probability of its choice; right where it is people's majority",
        "brier": brier(stated, right, clusters=image),
        "ece": {each: calibration_error(stated, right, binning=each, clusters=image) for each in _BINNINGS},
        "curve": curves["width"],
        "curve_mass": curves["mass"],
        "recalibration": [],
        "recalibration_reason": None,
    }
    images = len(np.unique(image[known]))
    if images < ENOUGH:
        made["recalibration_reason"] = f"{amount(images, 'image')} with choices: too few; {ENOUGH} at least"
        return made
    for method in METHODS:
        after = recalibrate(stated, right, method, clusters=image, seed=found.rules.seed)
        one = {key: getattr(after, key) for key in _KEPT}
        curve = reliability_curve(after.probability, right, clusters=image)
        made["recalibration"].append({"method": method, **one, "curve_after": [each._asdict() for each in curve]})
    return made
