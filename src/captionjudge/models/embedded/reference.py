"""What scores are usual: the statistics of photographs that scores are compared with."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from captionjudge.models.embedded.classifier import Sight

Floats = NDArray[np.float32]

TOP = 10
"""Classes that ConSE mixes (Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings")."""
UNKNOWN = 0.0005
"""Added to every class's usual share: the reference photographs do not show everything."""


class Reference(Struct, frozen=True):
    """Features (n, 1280) of reference photographs and all that follows from them.

    `mixtures` (n, 384) are their ConSE embeddings, `shares` (1000,) the classes' usual probability.
    `window_shift` and `window_spread` say how the best window's score is distributed, in units of the whole image's.
    """

    features: Floats
    mixtures: Floats
    shares: Floats
    class_embeddings: Floats
    window_shift: float
    window_spread: float
    colours: Mapping[str, tuple[float, float]]

    @classmethod
    def build(
        cls,
        features: Floats,
        probabilities: Floats,
        class_embeddings: Floats,
        window: tuple[float, float],
        colours: Mapping[str, tuple[float, float]],
    ) -> "Reference":
        """From features and class probabilities of the photographs; `colours` are usual shares and peaks by name."""
        mixtures = np.stack([mixture(row, class_embeddings) for row in probabilities])
        shares: Floats = (probabilities.mean(axis=0) / 2 + UNKNOWN).astype(np.float32)
        return cls(features, mixtures, shares, class_embeddings, window[0], window[1], colours)

    def likeness(self, sight: Sight, embedding: Floats) -> float:
        """How close a centred text embedding is to the image's likeliest classes, in standard deviations."""
        usual = self.mixtures @ embedding
        found = float(mixture(sight.probabilities, self.class_embeddings) @ embedding)
        return (found - float(usual.mean())) / max(float(usual.std()), 1e-6)


def mixture(probabilities: Floats, class_embeddings: Floats) -> Floats:
    """The unit mean of the likeliest classes' embeddings, weighted by their probability."""
    best = np.argsort(-probabilities, kind="stable")[:TOP]
    mean: Floats = probabilities[best] @ class_embeddings[best]
    return (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
