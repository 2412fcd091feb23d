"""all-MiniLM-L6-v2: what a text means, as a vector."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captionjudge.models.embedded.network import Network
from captionjudge.models.embedded.wordpiece import WordPiece

Floats = NDArray[np.float32]

CACHED = 4096
"""Texts whose vector is kept: 384 numbers each, 6 MB in all."""


class SentenceEncoder:
    """Texts to vectors of length one (384 numbers): the mean over the tokens of the last hidden layer."""

    def __init__(self, network: Network, pieces: WordPiece) -> None:
        self._network = network
        self._pieces = pieces
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text. Each text is run alone, so its vector does not depend on the texts beside it."""
        return np.stack([self._one(text) for text in texts]) if texts else np.zeros((0, 384), np.float32)

    def _one(self, text: str) -> Floats:
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text]
        vector = self._run(self._pieces.encode(text))
        with self._lock:
            self._known[text] = vector
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        return vector

    def _run(self, ids: list[int]) -> Floats:
        tokens = np.array([ids], np.int64)
        hidden = self._network.run(
            input_ids=tokens, attention_mask=np.ones_like(tokens), token_type_ids=np.zeros_like(tokens)
        )[0]
        mean: NDArray[Any] = hidden[0].mean(axis=0)
        unit: Floats = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit
