"""Makes tests/statistics/gwet.json: Gwet's coefficients by irrCAC, which needs an older numpy than we do.

uv run --no-project --with irrCAC python scripts/golden_gwet.py
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parents[1] / "tests" / "statistics" / "gwet.json"
WEIGHTINGS = {"plain": "identity", "linear": "linear", "quadratic": "quadratic"}


def case(name: str, seed: int, raters: int, missing: float, weighting: str) -> dict[str, Any]:
    """One table of ratings, and what irrCAC makes of it."""
    import pandas
    from irrCAC.raw import CAC

    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 50)
    table = np.where(rng.random((50, raters)) < 0.6, truth[:, None], rng.integers(0, 4, (50, raters)))
    table = np.where(rng.random((50, raters)) < missing, -1, table)
    given = pandas.DataFrame(np.where(table < 0, np.nan, table))
    found = CAC(given, weights=WEIGHTINGS[weighting], categories=[0.0, 1.0, 2.0, 3.0], digits=8).gwet()["est"]
    return {
        "name": name,
        "weighting": weighting,
        "categories": 4,
        "ratings": table.tolist(),
        "value": found["coefficient_value"],
        "standard_error": found["se"],
    }


if __name__ == "__main__":
    cases = [
        case(f"{raters} raters, {missing:.0%} missing, {weighting}", seed, raters, missing, weighting)
        for seed, (raters, missing) in enumerate([(2, 0.0), (3, 0.0), (4, 0.25)])
        for weighting in WEIGHTINGS
    ]
    OUT.write_text(json.dumps(cases) + "\n")
