"""Turns a text into a direction in the classifier's feature space, so that any phrase can be compared with an image.

The last layer of a classifier holds one direction a class. Kernel ridge regression maps the embedding of a class's name
to its direction, and so gives directions for texts that are no class: "classifier synthesis" as in zero-shot learning
(Changpinyo et al., "Synthesized Classifiers for Zero-Shot Learning", CVPR 2016), with classes' WordNet ancestors added,
and with captions and the features of their photographs, which teach it the words for scenes, clothes and people.
"""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float32]
WIDTH = 0.6
"""Of the radial basis function, in units of the distance between normalised embeddings."""
RIDGE = 1.0
PROMPT = "a photo of a {}"


class Synthesis(Struct, frozen=True):
    """The regression: `keys` (k, 384) are centred unit embeddings, `values` (k, 1280) its coefficients."""

    centre: Floats
    keys: Floats
    values: Floats

    def directions(self, embeddings: Floats) -> Floats:
        """Unit directions (n, 1280) for text embeddings (n, 384)."""
        weights = kernel(centred(embeddings, self.centre), self.keys) @ self.values
        norms: Floats = np.linalg.norm(weights, axis=1, keepdims=True)
        return (weights / np.maximum(norms, 1e-12)).astype(np.float32)


def fit(embeddings: Floats, targets: Floats, weights: Floats, centre: Floats) -> Synthesis:
    """The regression from embeddings (k, 384) to targets (k, 1280); `weights` (k,) say how far each row is trusted."""
    keys = centred(embeddings, centre)
    gram: NDArray[Any] = kernel(keys, keys).astype(np.float64) + RIDGE * np.diag(1 / weights)
    return Synthesis(centre, keys, np.linalg.solve(gram, targets.astype(np.float64)).astype(np.float32))


def kernel(first: Floats, second: Floats) -> Floats:
    """The radial basis function of each pair of unit rows."""
    products: Floats = np.exp((first @ second.T - 1) / WIDTH**2)
    return products


def centred(embeddings: Floats, centre: Floats) -> Floats:
    """Unit rows, after the centre is taken away."""
    moved = embeddings - centre
    unit: Floats = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return unit
