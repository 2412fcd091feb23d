"""How many tokens an image is, by each provider's published rule; docs/cost.md has the sources and their dates."""

import math
from typing import Literal, Protocol

from msgspec import Struct

Size = tuple[int, int]
Detail = Literal["low", "high", "auto"]

LOW_SIDE = 512
"""Pixels of the longer side that "low" stands for where a model has no such setting of its own."""
# So little of a side is not worth making another JPEG of the image.
_HARDLY = 0.05
# A side gives way by so much at most, to an edge of the grid, where that saves at least so large a share of the tokens,
# and so many times the share of the side: a tile that is filled by a quarter is not worth its price.
_GIVES_WAY = 0.12
_WORTH_IT = 0.1
_TIMES = 2.5


class Rule(Protocol):
    """How one family of models counts an image of width x height pixels, upright."""

    @property
    def step(self) -> int | None:
        """Pixels from one edge of its grid to the next; None where there is no grid."""
        ...

    def seen(self, width: int, height: int) -> Size:
        """The size at which the model sees the image: whatever is sent beyond it is thrown away."""
        ...

    def tokens(self, width: int, height: int) -> int:
        """Tokens that are billed for the image as it is sent."""
        ...


class Patches(Struct, frozen=True):
    """OpenAI's patches of `step` pixels, at most `most` of them, times `factor`, rounded up."""

    factor: float
    longest: int | None = None
    most: int | None = None
    step: int = 32

    def seen(self, width: int, height: int) -> Size:
        """Within `longest` pixels a side, then so small that `most` patches cover it."""
        width, height = within(width, height, self.longest)
        if self.most is None or _cells(width, height, self.step) <= self.most:
            return width, height
        shrink = math.sqrt(self.step**2 * self.most / (width * height))
        columns, rows = width * shrink / self.step, height * shrink / self.step
        if min(columns, rows) >= 1:
            shrink *= min(math.floor(columns) / columns, math.floor(rows) / rows)
        return max(1, _floor(width * shrink)), max(1, _floor(height * shrink))

    def tokens(self, width: int, height: int) -> int:
        """Patches of the image as it is seen, times the factor."""
        return math.ceil(round(_cells(*self.seen(width, height), self.step) * self.factor, 6))


class Squares(Struct, frozen=True):
    """Claude's patches of 28 pixels: a token each, at most `most`, and at most `longest` pixels a side when padded."""

    longest: int
    most: int
    step: int = 28

    def seen(self, width: int, height: int) -> Size:
        """The largest size of the same shape that fits."""
        if self._fits(width, height):
            return width, height
        if height > width:
            return self.seen(height, width)[::-1]
        low, high = 1, width
        while low + 1 < high:
            middle = (low + high) // 2
            if self._fits(middle, _other(middle, width, height)):
                low = middle
            else:
                high = middle
        return low, _other(low, width, height)

    def tokens(self, width: int, height: int) -> int:
        """Patches of the image as it is seen."""
        return _cells(*self.seen(width, height), self.step)

    def _fits(self, width: int, height: int) -> bool:
        longest = math.ceil(max(width, height) / self.step) * self.step
        return longest <= self.longest and _cells(width, height, self.step) <= self.most


class Tiles(Struct, frozen=True):
    """OpenAI's tiles of 512 pixels: `base` and `each` for a tile of the image within 2048 pixels, short side 768."""

    base: int
    each: int
    step: int = 512

    def seen(self, width: int, height: int) -> Size:
        """Within 2048 x 2048, then the shorter side at most 768."""
        width, height = within(width, height, 2048)
        short = min(width, height)
        if short > 768:
            width, height = (768 if side == short else side * 768 // short for side in (width, height))
        return width, height

    def tokens(self, width: int, height: int) -> int:
        """`base`, and `each` for every tile that is begun."""
        return self.base + self.each * _cells(*self.seen(width, height), self.step)


class Crops(Struct, frozen=True):
    """Gemini's crops before Gemini 3: 258 tokens each, one up to 384 pixels a side.

    A crop is two thirds of the shorter side, not less than 256 and not more than 768 pixels.
    """

    step: None = None

    def seen(self, width: int, height: int) -> Size:
        """As it is sent: no bound is published."""
        return width, height

    def tokens(self, width: int, height: int) -> int:
        """258 for every crop that is begun."""
        if max(width, height) <= 384:
            return 258
        return 258 * _cells(width, height, min(768, max(256, int(min(width, height) / 1.5))))


class Flat(Struct, frozen=True):
    """So many tokens whatever the size, seen within `longest` pixels a side."""

    count: int
    longest: int | None = None
    step: None = None

    def seen(self, width: int, height: int) -> Size:
        """Within `longest`."""
        return within(width, height, self.longest)

    def tokens(self, width: int, height: int) -> int:
        """`count`."""
        return self.count


class Cells(Struct, frozen=True):
    """Qwen's cells of `step` pixels: both sides are rounded to whole cells, at most `most` of them."""

    step: int
    least: int = 4
    most: int = 16_384

    def seen(self, width: int, height: int) -> Size:
        """Within `most` cells; a side that is rounded to whole cells keeps its pixels."""
        columns, rows = self._grid(width, height)
        scale = max(columns * self.step / width, rows * self.step / height)
        if columns * rows < self.most - columns - rows or scale >= 1:
            return width, height
        return max(1, round(width * scale)), max(1, round(height * scale))

    def tokens(self, width: int, height: int) -> int:
        """Whole cells."""
        columns, rows = self._grid(width, height)
        return columns * rows

    def _grid(self, width: int, height: int) -> Size:
        columns, rows = max(1, round(width / self.step)), max(1, round(height / self.step))
        area = width * height / self.step**2
        if columns * rows > self.most:
            shrink = math.sqrt(area / self.most) * self.step
            return max(1, _floor(width / shrink)), max(1, _floor(height / shrink))
        if columns * rows < self.least:
            grow = math.sqrt(self.least / area) / self.step
            return math.ceil(width * grow), math.ceil(height * grow)
        return columns, rows


class Fitting(Struct, frozen=True):
    """Brings images to the largest size that a model makes use of, a little less where that is much cheaper.

    `longest` bounds the longer side, for models that have no setting for less detail.
    """

    rule: Rule | None = None
    longest: int | None = None

    def fit(self, width: int, height: int) -> Size:
        """The size to send; never larger. Fitting twice changes nothing."""
        size = within(width, height, self.longest)
        if self.rule is None:
            return size
        seen = self.rule.seen(*size)
        size = size if _loss(seen, size) <= _HARDLY else seen
        while (smaller := _below_edge(self.rule, size)) is not None:
            size = smaller
        return size


def within(width: int, height: int, longest: int | None) -> Size:
    """The size of the same shape whose longer side is at most `longest`; never larger."""
    if longest is None or max(width, height) <= longest:
        return width, height
    scale = longest / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _below_edge(rule: Rule, size: Size) -> Size | None:
    """A size that ends at an edge of the grid and costs much less, though it is little smaller."""
    if rule.step is None:
        return None
    (width, height), before = size, rule.tokens(*size)
    column, row = width // rule.step * rule.step, height // rule.step * rule.step
    cheaper: list[Size] = []
    for each in ((column, height * column // width), (width * row // height, row)):
        loss = _loss(each, size)
        if 0 < loss <= _GIVES_WAY and min(each) > 0:
            saved = 1 - rule.tokens(*each) / before
            cheaper += [each] * (saved >= max(_WORTH_IT, _TIMES * loss))
    return max(cheaper, key=lambda each: each[0] * each[1], default=None)


def _loss(smaller: Size, size: Size) -> float:
    """The share of a side by which a size is smaller."""
    return 1 - min(each / side for each, side in zip(smaller, size, strict=True))


def _cells(width: int, height: int, step: int) -> int:
    return math.ceil(width / step) * math.ceil(height / step)


def _floor(value: float) -> int:
    # 1600.0 may come out of a square root as 1599.9999999998.
    return math.floor(value + 1e-6)


def _other(long: int, width: int, height: int) -> int:
    return max(1, round(long / (width / height)))
