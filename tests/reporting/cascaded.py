"""Lines of a judgments file whose judges are a cascade, from a seed."""

from typing import Any

import numpy as np

from captionjudge.reporting.cascade import Spending, Spent

SPENDING = Spending(
    0.8,
    {"cheap": Spent(400, 40_000, 0.04), "strong": Spent(180, 36_000, 1.8)},
    {"cheap": Spent(200, 20_000, 0.02), "strong": Spent(200, 40_000, 2.0)},
)


def lines(number: int = 200, seed: int = 1, reviewed: str = "all") -> list[dict[str, Any]]:
    """So many pairs, every second in the overlap; of `reviewed` "audit" people chose about hard pairs too.

    The cheap judge is right as often as it says; people know what is right.
    """
    rng = np.random.default_rng(seed)
    return [_line(rng, k, reviewed) for k in range(number)]


def _line(rng: np.random.Generator, k: int, reviewed: str) -> dict[str, Any]:
    truth, stated = str(rng.choice(["a", "b"])), float(rng.uniform(0.5, 1))
    cheap = truth if rng.random() < stated else "ab".replace(truth, "")
    stable, overlap, audit = rng.random() < 0.9, k % 2 == 0, k % 4 == 0
    said = [_verdict("cheap", 0, order, cheap if stable or order == "ab" else "tie", stated) for order in ("ab", "ba")]
    if overlap or not stable or stated < 0.8:
        said += [_verdict("strong", 1, order, truth, None) for order in ("ab", "ba")]
    people = {"all": True, "none": False, "audit": audit or cheap != truth}[reviewed]
    return {
        "id": f"pair {k}",
        "image": f"image {k}",
        "a": {"candidate": "A", "text": "a dog"},
        "b": {"candidate": "B", "text": "a cat"},
        "verdicts": said,
        "overlap": overlap,
        "audit": audit,
        "final_choices": [{"annotator": "ann", "choice": truth}] if people else [],
    }


def _verdict(judge: str, step: int, order: str, choice: str, probability: float | None) -> dict[str, Any]:
    return {"judge": judge, "step": step, "order": order, "choice": choice, "probability": probability}
