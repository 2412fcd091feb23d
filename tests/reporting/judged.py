"""A judgments file in which everything occurs that one can hold, from a seed."""

import json
from typing import Any

import numpy as np

JUDGES = ("gpt-4.1", "qwen3-vl")
PEOPLE = ("ann", "ben", "eva")
CANDIDATES = ("gpt-5-mini", "qwen3-vl-8b", "somebody")
SCALE = ["Wrong", "Doubtful", "Right"]
TEXTS = ("A dog on a beach.", "## Dog\n\n- a **dog**\n- a beach", "A brown dog runs along a beach in the evening sun.")


def lines(number: int = 150, seed: int = 1) -> list[dict[str, Any]]:
    """So many pairs, two of an image, and a description rated alone for every tenth."""
    rng = np.random.default_rng(seed)
    made = [line(rng, k) for k in range(number)]
    return made + [alone(rng, k) for k in range(number // 10)]


def encoded(number: int = 150, seed: int = 1) -> list[bytes]:
    """The same as bytes."""
    return [json.dumps(each).encode() for each in lines(number, seed)]


def line(rng: np.random.Generator, k: int) -> dict[str, Any]:
    """One pair; which description is better, in truth, is drawn first."""
    better = str(rng.choice(["a", "b"]))
    a, b = rng.choice(3, 2, replace=False).tolist()
    return {
        "id": f"pair {k}",
        "image": f"image {k // 2}",
        "a": {"candidate": CANDIDATES[a], "text": str(rng.choice(TEXTS)), "model": CANDIDATES[a]},
        "b": {"candidate": CANDIDATES[b], "text": str(rng.choice(TEXTS)), "family": "own" if b == 2 else None},
        "verdicts": [verdict(rng, judge, order, better) for judge in JUDGES for order in ("ab", "ba")],
        "final_choices": [choice(rng, name, better) for name in PEOPLE] if k % 3 else [],
        "audit": k % 3 == 1,
        "scales": {"Right": SCALE},
        "set": {"kind": str(rng.choice(["indoor", "outdoor"]))},
    }


def verdict(rng: np.random.Generator, judge: str, order: str, better: str) -> dict[str, Any]:
    """Right three times in four; now and then nothing."""
    said = better if rng.random() < 0.75 else str(rng.choice(["a", "b", "tie", "both_bad"]))
    failed = rng.random() < 0.03
    return {
        "judge": judge,
        "order": order,
        "choice": None if failed else said,
        "strength": int(rng.integers(1, 3)),
        "probability": round(float(rng.uniform(0.5, 1)), 3),
        "criteria": criteria(rng, better),
        "options": {"Right": [str(label) for label in rng.permutation(SCALE)]},
        "consistent": bool(rng.random() < 0.9),
    }


def choice(rng: np.random.Generator, name: str, better: str) -> dict[str, Any]:
    """Right four times in five."""
    said = better if rng.random() < 0.8 else str(rng.choice(["a", "b", "tie", "both_bad", "skip"]))
    return {"annotator": name, "choice": said, "criteria": criteria(rng, better)}


def criteria(rng: np.random.Generator, better: str) -> dict[str, Any]:
    """One of each kind."""
    level = {side: int(rng.integers(0, 2)) + (side == better) for side in "ab"}
    return {
        "Right": {side: SCALE[level[side]] for side in "ab"},
        "Detail": {side: level[side] + int(rng.integers(1, 3)) for side in "ab"},
        "Tone": {side: str(rng.choice(["dry", "warm"])) for side in "ab"},
        "Remark": {side: f"remark {rng.integers(10**9)}" for side in "ab"},
        "Fluency": {"choice": str(rng.choice([better, "tie"])), "strength": int(rng.integers(1, 3))},
        "Light": str(rng.choice(["day", "night"])),
    }


def alone(rng: np.random.Generator, k: int) -> dict[str, Any]:
    """A description that is rated by itself."""
    marks = [{"Detail": {"a": int(rng.integers(1, 4))}} for _ in range(3)]
    return {
        "id": f"alone {k}",
        "image": f"image {k}",
        "a": {"candidate": "fourth", "text": TEXTS[k % 3]},
        "b": None,
        "verdicts": [{"judge": JUDGES[0], "order": None, "choice": None, "criteria": marks[0]}],
        "final_choices": [
            {"annotator": name, "choice": None, "criteria": each} for name, each in zip(PEOPLE, marks, strict=True)
        ],
    }
