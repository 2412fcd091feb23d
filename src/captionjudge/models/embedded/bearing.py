"""Texts as directions in the classifier's feature space, with what is usual in that direction."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from captionjudge.models.embedded.classifier import Sight
from captionjudge.models.embedded.reference import Reference
from captionjudge.models.embedded.sentence import SentenceEncoder
from captionjudge.models.embedded.synthesis import Synthesis, centred

Floats = NDArray[np.float32]
CACHED = 2048
"""Bearings that are kept: about 7 KB each."""


class Bearing(Struct, frozen=True):
    """A unit direction (1280,), the centred embedding (384,) it was made of, and the usual score along it."""

    direction: Floats
    embedding: Floats
    mean: float
    spread: float

    def whole(self, sight: Sight) -> float:
        """How far the image lies in this direction, in standard deviations from the usual photograph."""
        return (float(sight.feature @ self.direction) - self.mean) / self.spread

    def windows(self, sight: Sight, reference: Reference) -> float:
        """The same for the window that lies farthest, against what is usual for such windows."""
        best = (float((sight.window_features @ self.direction).max()) - self.mean) / self.spread
        return (best - reference.window_shift) / reference.window_spread


class Compass:
    """Texts to bearings; those of recent texts are kept."""

    def __init__(self, encoder: SentenceEncoder, synthesis: Synthesis, reference: Reference) -> None:
        self._encoder = encoder
        self._synthesis = synthesis
        self._reference = reference
        self._known: OrderedDict[str, Bearing] = OrderedDict()
        self._lock = Lock()

    def bearings(self, texts: Sequence[str]) -> list[Bearing]:
        """One for each text."""
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= zip(missing, self._computed(missing), strict=True)
            self._keep(known)
        return [known[text] for text in texts]

    def _computed(self, texts: list[str]) -> list[Bearing]:
        embeddings = self._encoder.encode(texts)
        directions = self._synthesis.directions(embeddings)
        usual = self._reference.features @ directions.T
        means, spreads = usual.mean(axis=0), np.maximum(usual.std(axis=0), 1e-6)
        inner = centred(embeddings, self._synthesis.centre)
        return [Bearing(directions[i], inner[i], float(means[i]), float(spreads[i])) for i in range(len(texts))]

    def _keep(self, bearings: dict[str, Bearing]) -> None:
        with self._lock:
            for text, bearing in bearings.items():
                self._known[text] = bearing
                self._known.move_to_end(text)
            while len(self._known) > CACHED:
                self._known.popitem(last=False)
