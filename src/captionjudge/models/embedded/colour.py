"""Which colours an image shows, by the names people give them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

Bools = NDArray[np.bool_]

SIDE = 96
NAMES = ("black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "beige")
SYNONYMS: Mapping[str, str] = {
    "grey": "gray",
    "silver": "gray",
    "golden": "yellow",
    "gold": "yellow",
    "violet": "purple",
    "lilac": "purple",
    "lavender": "purple",
    "magenta": "pink",
    "crimson": "red",
    "scarlet": "red",
    "maroon": "red",
    "turquoise": "blue",
    "teal": "blue",
    "navy": "blue",
    "cyan": "blue",
    "tan": "beige",
    "cream": "beige",
    "blond": "beige",
    "blonde": "beige",
}
GREY_SATURATION = 0.08


class Colours(Struct, frozen=True):
    """Masks (96, 96) of the pixels that may be called by each name, and of those that no other name fits as well."""

    loose: Mapping[str, Bools]
    strict: Mapping[str, Bools]
    greyscale: bool
    brightness: float

    def share(self, name: str, corners: tuple[float, float, float, float] = (0, 0, 1, 1)) -> float:
        """The share of the pixels inside a box (shares of the sides) that may be called by the name."""
        left, top, right, bottom = (round(edge * SIDE) for edge in corners)
        part = self.loose[name][top : max(bottom, top + 1), left : max(right, left + 1)]
        return float(part.mean()) if part.size else 0.0

    def weighted(self, name: str, weights: NDArray[np.float32]) -> float:
        """The share of the pixels that may be called by the name, each counted by its weight; they add up to one."""
        return float(weights[self.loose[name]].sum())

    def peak(self, name: str) -> float:
        """The highest share in any of 4 x 4 tiles: the colour of a small thing shows there."""
        tiles = self.loose[name].reshape(4, SIDE // 4, 4, SIDE // 4)
        return float(tiles.mean(axis=(1, 3)).max())

    def plain(self) -> list[tuple[str, float]]:
        """Names with the share of pixels they fit best, the largest first."""
        shares = ((name, float(mask.mean())) for name, mask in self.strict.items())
        return sorted(shares, key=lambda pair: -pair[1])


def look(image: Image.Image) -> Colours:
    """The colours of an RGB image of any size."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small.convert("HSV"), np.float32)
    hue, saturation, value = pixels[..., 0] * (360 / 255), pixels[..., 1] / 255, pixels[..., 2] / 255
    grey = bool((saturation < GREY_SATURATION).mean() > 0.9)
    loose, strict = _loose(hue, saturation, value), _strict(hue, saturation, value)
    return Colours(loose, strict, grey, float(value.mean()))


def _loose(hue: NDArray[Any], saturation: NDArray[Any], value: NDArray[Any]) -> dict[str, Bools]:
    """Generous limits: a pixel may have several names, as people disagree about the borders."""
    seen = (value > 0.16) & (saturation > 0.2)
    vivid = (value > 0.2) & (saturation > 0.35)
    red_side = (hue < 18) | (hue > 338)
    return {
        "black": (value < 0.22) | ((value < 0.32) & (saturation < 0.3)),
        "white": (saturation < 0.2) & (value > 0.72),
        "gray": (saturation < 0.2) & (value > 0.2) & (value < 0.88),
        "red": vivid & red_side & ((saturation > 0.5) | (hue > 338)),
        "orange": (saturation > 0.5) & (value > 0.5) & (hue > 8) & (hue < 42),
        "yellow": (saturation > 0.35) & (value > 0.45) & (hue > 36) & (hue < 68),
        "green": seen & (hue > 62) & (hue < 172),
        "blue": seen & (hue > 168) & (hue < 258),
        "purple": seen & (hue > 245) & (hue < 318),
        "pink": (value > 0.45)
        & (saturation > 0.15)
        & ((hue > 305) | ((hue < 12) & (saturation < 0.6) & (value > 0.7))),
        "brown": (saturation > 0.22) & (value > 0.12) & (value < 0.72) & (hue > 4) & (hue < 45),
        "beige": (saturation > 0.1) & (saturation < 0.55) & (value > 0.5) & (hue > 12) & (hue < 58),
    }


def _strict(hue: NDArray[Any], saturation: NDArray[Any], value: NDArray[Any]) -> dict[str, Bools]:
    """One name a pixel at most, and only where few would disagree. Wood and skin are neither orange nor red."""
    dark = value < 0.18
    pale = (saturation < 0.13) & ~dark
    vivid = (saturation > 0.4) & (value > 0.3) & ~dark
    strong = (saturation > 0.68) & (value > 0.6)
    brown = (saturation > 0.3) & (value < 0.62) & (hue > 8) & (hue < 45) & ~dark
    return {
        "black": dark,
        "white": pale & (value > 0.82),
        "gray": pale & (value <= 0.82) & (value > 0.25),
        "red": ((saturation > 0.6) & (value > 0.3)) & ((hue < 10) | (hue > 345)),
        "orange": strong & (hue >= 14) & (hue < 38),
        "yellow": strong & (hue >= 44) & (hue < 66),
        "green": (saturation > 0.25) & (value > 0.2) & (hue >= 72) & (hue < 165),
        "blue": (saturation > 0.25) & (value > 0.25) & (hue >= 178) & (hue < 252),
        "purple": vivid & (hue >= 258) & (hue < 305),
        "pink": vivid & (value > 0.6) & (hue >= 312) & (hue < 345),
        "brown": brown,
        "beige": (saturation > 0.14) & (saturation < 0.4) & (value > 0.7) & (hue > 20) & (hue < 55),
    }
