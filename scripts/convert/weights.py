"""Fits the weights of a comparison's parts, and says how well they do on photographs that they have not seen.

    python -m scripts.convert.weights --downloads DIR

Pairs are a development photograph's caption and a foil of it (written by hand or made by rule), or another photograph's
caption. The photographs are cut into folds; alignment and weights that judge a fold have learnt from the others only.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.convert.align import Lesson, fit_alignment
from scripts.convert.calibration import opened
from scripts.convert.foils import make_foils, read_vocabulary
from scripts.convert.photographs import DEVELOPMENT, Photograph, read_photographs
from scripts.convert.sources import WORDNET
from scripts.convert.wordnet import read_words

from captionjudge.models.embedded import resources
from captionjudge.models.embedded.bearing import Compass
from captionjudge.models.embedded.contrast import Parts, compare_parts
from captionjudge.models.embedded.evidence import Evidence, look
from captionjudge.models.embedded.resources import Models, open_models
from captionjudge.models.embedded.score import assess
from captionjudge.models.embedded.sentence import SentenceEncoder

Array = NDArray[Any]
FOLDS = 5
OTHERS = 4
"""Captions of other photographs that each caption is compared with."""
SHARES = {"by hand": 1.0, "noun": 0.3, "colour": 0.3, "number": 0.3, "another": 0.25}
"""How much a pair of each kind counts: foils of people most."""
RIDGE = 10.0
LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts about photograph number `photo`; the first is right."""

    photo: int
    kind: str
    right: str
    wrong: str


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the weights of a comparison's parts.")
    parser.add_argument("--downloads", type=Path, required=True, help="folder for the packages that are read")
    downloads = parser.parse_args().downloads
    photographs = read_photographs(DEVELOPMENT, downloads)
    models = open_models()
    evidence = [look(opened(one.content), models.classifier, models.detector) for one in photographs]
    pairs = make_pairs(photographs, models)
    words, encoder = open_words(downloads), resources.open_encoder()
    folds = [without(fold, photographs, evidence, models, words, encoder) for fold in range(FOLDS)]
    values = np.array([parts(pair, evidence[pair.photo], folds[pair.photo % FOLDS]) for pair in pairs])
    report(pairs, values)


def make_pairs(photographs: Sequence[Photograph], models: Models) -> list[Pair]:
    texts = [text for one in photographs for text in (one.caption, *one.foils)]
    vocabulary = read_vocabulary(texts, models.knowledge)
    chance = np.random.default_rng(0)
    pairs = []
    for number, one in enumerate(photographs):
        pairs += [Pair(number, "by hand", one.caption, foil) for foil in one.foils]
        made = make_foils(one.caption, vocabulary, models.knowledge, seed=number)
        pairs += [Pair(number, foil.kind, one.caption, foil.text) for foil in made]
        others = [other.caption for other in photographs if other is not one]
        pairs += [Pair(number, "another", one.caption, str(text)) for text in chance.choice(others, OTHERS, False)]
    return pairs


def open_words(downloads: Path) -> dict[str, list[str]]:
    """The words of every synset."""
    ((_, content),) = WORDNET.files(downloads, lambda name: name.endswith("/data.noun"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.noun"
        path.write_bytes(content)
        return read_words(path)


def without(
    fold: int,
    photographs: Sequence[Photograph],
    evidence: Sequence[Evidence],
    models: Models,
    words: dict[str, list[str]],
    encoder: SentenceEncoder,
) -> Models:
    """The models with an alignment that has not seen the photographs of one fold."""
    seen = enumerate(zip(photographs, evidence, strict=True))
    lessons = [Lesson(one.caption, look.sight.feature) for number, (one, look) in seen if number % FOLDS != fold]
    usual = models.reference.features.mean(axis=0)
    synthesis = fit_alignment(models.knowledge, words, resources.open_checkpoint(), encoder, lessons, usual)
    return replace(models, compass=Compass(encoder, synthesis, models.reference))


def parts(pair: Pair, evidence: Evidence, models: Models) -> tuple[float, ...]:
    right, wrong = (assess(text, evidence, models) for text in (pair.right, pair.wrong))
    return astuple(compare_parts(right, wrong, evidence, models))


def report(pairs: Sequence[Pair], values: Array) -> None:
    photos, kinds = np.array([pair.photo for pair in pairs]), np.array([pair.kind for pair in pairs])
    shares = np.array([SHARES[kind] for kind in kinds])
    margins = np.zeros(len(pairs))
    for fold in range(FOLDS):
        held = photos % FOLDS == fold
        margins[held] = values[held] @ fit(values[~held], shares[~held])
    for kind in SHARES:
        right = margins[kinds == kind] > 0
        print(f"{kind:10} {right.size:>6} pairs   right {right.mean():.3f}")
    for field, weight in zip(fields(Parts), fit(values, shares), strict=True):
        print(f"    {field.name}={weight:.2f},")


def fit(values: Array, shares: Array) -> Array:
    """Weights (parts,) of a logistic regression without intercept, so that they work alike in both directions."""
    scale = np.sqrt((values**2).mean(axis=0)) + 1e-9
    scaled = values / scale
    weights = np.zeros(values.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(scaled @ weights, -LIMIT, LIMIT)))
        slope = scaled.T @ (shares * (1 - chance)) - RIDGE * weights
        curve = (scaled * (shares * chance * (1 - chance))[:, None]).T @ scaled + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(curve, slope)
    return np.asarray(weights / scale)


if __name__ == "__main__":
    main()
