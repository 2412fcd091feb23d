"""NanoDet: where in the image are things of the 80 COCO categories."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from captionjudge.models.embedded.network import Network

Floats = NDArray[np.float32]

SIDE = 416
MEAN = np.array([103.53, 116.28, 123.675], np.float32)  # blue, green, red
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
BINS = 11
"""A box edge is a distribution over distances of 0 to 10 strides (Li et al., "Generalized Focal Loss", 2020)."""
CATEGORIES = 80
LOWEST = 0.3
OVERLAP = 0.5
PERSON = 0


class Box(Struct, frozen=True):
    """One thing: category number, score 0 to 1, and left, top, right, bottom as shares of the image's sides."""

    category: int
    score: float
    corners: tuple[float, float, float, float]

    @property
    def area(self) -> float:
        """The share of the image that the box covers."""
        left, top, right, bottom = self.corners
        return (right - left) * (bottom - top)


class Detection(Struct, frozen=True):
    """The boxes, the best first, and each category's highest score anywhere in the image (80 numbers)."""

    boxes: tuple[Box, ...]
    scores: Floats


class Detector:
    """Finds boxes of COCO categories."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def look(self, image: Image.Image) -> Detection:
        """An RGB image of any size."""
        pixels, scale = _letterboxed(image)
        outputs = self._network.run(input_1=pixels)
        # Each of three grids gives scores (cells, 80) and edges (cells, 4 x 11); equal cells belong together.
        scores = {output.shape[1]: output[0] for output in outputs if output.shape[2] == CATEGORIES}
        edges = {output.shape[1]: output[0] for output in outputs if output.shape[2] == 4 * BINS}
        corners = np.concatenate([_corners(edges[cells], cells) for cells in scores])
        every = np.concatenate(list(scores.values()))
        size = np.array([image.width, image.height, image.width, image.height]) * scale
        return Detection(_boxes(every, np.clip(corners / size, 0, 1)), every.max(axis=0).astype(np.float32))


def _letterboxed(image: Image.Image) -> tuple[Floats, float]:
    scale = SIDE / max(image.size)
    width, height = (max(1, round(edge * scale)) for edge in image.size)
    canvas = Image.new("RGB", (SIDE, SIDE))
    canvas.paste(image.resize((width, height), Image.Resampling.BILINEAR))
    pixels = (np.asarray(canvas, np.float32)[..., ::-1] - MEAN) / DEVIATION
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]), scale


def _corners(edges: Floats, cells: int) -> NDArray[Any]:
    side = round(cells**0.5)
    stride = SIDE // side
    logits = edges.reshape(cells, 4, BINS)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    reach = (odds / odds.sum(axis=-1, keepdims=True) * np.arange(BINS)).sum(axis=-1) * stride
    rows, columns = np.divmod(np.arange(cells), side)
    x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
    return np.stack([x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3]], axis=1)


def _boxes(scores: Floats, corners: NDArray[Any]) -> tuple[Box, ...]:
    boxes = []
    for category in np.flatnonzero(scores.max(axis=0) > LOWEST):
        cells = np.flatnonzero(scores[:, category] > LOWEST)
        for cell in cells[_distinct(corners[cells], scores[cells, category])]:
            left, top, right, bottom = (float(edge) for edge in corners[cell])
            boxes.append(Box(int(category), float(scores[cell, category]), (left, top, right, bottom)))
    return tuple(sorted(boxes, key=lambda box: (-box.score, box.category, box.corners)))


def _distinct(corners: NDArray[Any], scores: Floats) -> list[int]:
    """Indices of the boxes that do not overlap a better one too much."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        if all(overlap(corners[index], corners[other]) < OVERLAP for other in kept):
            kept.append(int(index))
    return kept


def overlap(first: Sequence[float] | NDArray[Any], second: Sequence[float] | NDArray[Any]) -> float:
    """Intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return float(shared / (sum(areas) - shared + 1e-9))
