"""EfficientNet-Lite2: what the image is, as a feature and as probabilities of the 1,000 ImageNet classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from captionjudge.models.embedded.network import Network, open_network

Array = NDArray[Any]
Floats = NDArray[np.float32]

EPSILON = 1e-3
"""The batch-norm epsilon that the weights were trained with."""
COARSE, FINE = 300, 420
"""Sides of squares with as many pixels as the image is scaled to. The weights were trained on 260."""
GRID = 32
"""Pixels to one cell of the feature map."""


def folded_weights(checkpoint: Mapping[str, Array]) -> dict[str, Floats]:
    """The convolutions' kernels and biases, "LAYER.weight" and "LAYER.bias", with batch normalisation folded in."""
    weights: dict[str, Floats] = {}
    for layer, norm in _layers(checkpoint):
        kernel = checkpoint[f"{layer}.weight"].astype(np.float64)
        gamma, beta, mean, variance = (
            checkpoint[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        weights[f"{layer}.weight"] = (kernel * scale[:, None, None, None]).astype(np.float32)
        weights[f"{layer}.bias"] = (beta - mean * scale).astype(np.float32)
    return weights


def _layers(checkpoint: Mapping[str, Array]) -> list[tuple[str, str]]:
    layers = [("_conv_stem", "_bn0")]
    block = 0
    while f"_blocks.{block}._project_conv.weight" in checkpoint:
        names = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
        prefix = f"_blocks.{block}."
        layers += [(prefix + conv, prefix + norm) for conv, norm in names if f"{prefix}{conv}.weight" in checkpoint]
        block += 1
    return [*layers, ("_conv_head", "_bn1")]


class Sight(Struct, frozen=True):
    """What the classifier makes of the whole image and, a row each, of its windows; `cells` is its feature map."""

    feature: Floats
    probabilities: Floats
    window_features: Floats
    window_probabilities: Floats
    cells: NDArray[np.float16]


class Classifier:
    """Looks twice: at the whole image, and closer at overlapping windows of it."""

    def __init__(self, network: Network, head: Floats, bias: Floats) -> None:
        self._network = network
        self._head = head
        self._bias = bias

    @classmethod
    def build(cls, graph: bytes, checkpoint: Mapping[str, Array]) -> "Classifier":
        """From the graph that the conversion wrote and the checkpoint that holds its weights."""
        network = open_network(graph, folded_weights(checkpoint))
        return cls(network, head(checkpoint), checkpoint["_fc.bias"].astype(np.float32))

    def look(self, image: Image.Image) -> Sight:
        """An RGB image of any size and shape; it is not cropped."""
        coarse, fine = self._map(image, COARSE), self._map(image, FINE)
        feature = (coarse.mean(axis=(1, 2)) + fine.mean(axis=(1, 2))) / 2
        windows = _windows(fine)
        whole = self.probabilities(feature[None])[0]
        return Sight(feature, whole, windows, self.probabilities(windows), fine.astype(np.float16))

    def _map(self, image: Image.Image, side: int) -> Floats:
        pixels = np.asarray(image.resize(fitted(image.size, side), Image.Resampling.BICUBIC), np.float32)
        result: Floats = self._network.run(image=((pixels - 127) / 128).transpose(2, 0, 1)[None])[0][0]
        return result

    def probabilities(self, features: Floats) -> Floats:
        """Class probabilities (n, 1000) for features (n, 1280)."""
        logits = features @ self._head.T + self._bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = odds / odds.sum(axis=1, keepdims=True)
        return shares


def head(checkpoint: Mapping[str, Array]) -> Floats:
    """The last layer: one row of 1,280 numbers for each of the 1,000 classes."""
    return checkpoint["_fc.weight"].astype(np.float32)


def fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of about the area of a square of that side, in multiples of 32, at most 4 to 1."""
    width, height = size
    scale = side / (width * height) ** 0.5
    stretched = (min(max(edge * scale, side / 2), side * 2) for edge in (width, height))
    across, down = (max(GRID, round(edge / GRID) * GRID) for edge in stretched)
    return across, down


def _windows(grid: Floats) -> Floats:
    """The mean feature (n, 1280) of overlapping windows, half and a third as wide and high as the map."""
    channels, height, width = grid.shape
    sums = np.zeros((channels, height + 1, width + 1), np.float64)
    sums[:, 1:, 1:] = grid.cumsum(axis=1).cumsum(axis=2)
    rows = []
    for part in (0.5, 0.33):
        tall, wide = max(2, round(height * part)), max(2, round(width * part))
        for top in _starts(height - tall):
            for left in _starts(width - wide):
                total = sums[:, top + tall, left + wide] - sums[:, top, left + wide]
                total = total - sums[:, top + tall, left] + sums[:, top, left]
                rows.append(total / (tall * wide))
    return np.array(rows, np.float32)


def _starts(last: int) -> list[int]:
    return sorted({round(last * step / 3) for step in range(4)})
