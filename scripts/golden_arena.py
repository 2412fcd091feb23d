"""Makes tests/statistics/arena.json: strengths, effects of style and sandwich errors by arena-rank, which needs JAX.

uv run --no-project --with arena-rank python scripts/golden_arena.py
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parents[1] / "tests" / "statistics" / "arena.json"
STRENGTHS = np.array([0.9, 0.3, 0.0, -0.4, -0.8])
EFFECTS = np.array([0.7, -0.3])
PACKAGES = ("arena-rank", "jax", "numpy", "optax")
# By default it stops early and draws effects to 0; what is compared is the maximum of the likelihood.
EXACT = {"max_iter": 5000, "ftol": 0.0, "gtol": 1e-13}
LOG_ODDS = {"scale": 1.0, "base": np.e, "init_rating": 0.0}


def case(name: str, seed: int, n: int, ties: float, styled: bool) -> dict[str, Any]:
    """One set of comparisons, ties half, and what arena-rank makes of it."""
    import pandas
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
    from arena_rank.utils.data_utils import ContextualPairDataset, PairDataset

    rng = np.random.default_rng(seed)
    size = len(STRENGTHS)
    first = rng.integers(0, size, n)
    second = (first + rng.integers(1, size, n)) % size
    style = np.round(rng.normal(size=(n, 2)) + 0.5 * (STRENGTHS[first] - STRENGTHS[second])[:, None], 3)
    log_odds = STRENGTHS[first] - STRENGTHS[second] + (style @ EFFECTS if styled else 0)
    outcome = np.where(rng.random(n) < ties, 2, (rng.random(n) > 1 / (1 + np.exp(-log_odds))).astype(int))
    frame = pandas.DataFrame({"model_a": first, "model_b": second, "one": style[:, 0], "two": style[:, 1]})
    frame["winner"] = np.array(["model_a", "model_b", "tie"])[outcome]
    if styled:
        data = ContextualPairDataset.from_pandas(frame, ["one", "two"], reweighted=False, normalize_features=False)
        found = ContextualBradleyTerry(size, 2, reg=0.0, **EXACT, **LOG_ODDS).compute_ratings_and_cis(data)
    else:
        found = BradleyTerry(size, **EXACT, **LOG_ODDS).compute_ratings_and_cis(PairDataset.from_pandas(frame))
    return {
        "name": name,
        "first": first.tolist(),
        "second": second.tolist(),
        "outcome": outcome.tolist(),
        "style": style.tolist() if styled else None,
        "strengths": np.asarray(found["ratings"]).tolist(),
        "standard_errors": np.sqrt(np.asarray(found["variances"])).tolist(),
        "effects": np.asarray(found["coeffs"]).tolist() if styled else None,
    }


if __name__ == "__main__":
    cases = [
        case("without ties", 1, 400, 0.0, False),
        case("ties half", 2, 400, 0.2, False),
        case("style", 3, 400, 0.0, True),
        case("style, ties half", 4, 400, 0.2, True),
    ]
    OUT.write_text(json.dumps({"versions": {name: version(name) for name in PACKAGES}, "cases": cases}) + "\n")
