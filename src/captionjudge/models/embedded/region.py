"""Where in an image a thing seems to be: what the cells of the feature map say along the thing's direction."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captionjudge.models.embedded.bearing import Bearing
from captionjudge.models.embedded.classifier import Sight
from captionjudge.models.embedded.colour import SIDE

Weights = NDArray[np.float32]


def region(bearing: Bearing, sight: Sight) -> Weights:
    """A weight for each pixel of the colour masks (96, 96); they add up to one."""
    along: NDArray[Any] = np.tensordot(bearing.direction, sight.cells.astype(np.float32), 1)
    odds = np.exp((along - along.mean()) / (along.std() + 1e-6)).astype(np.float32)
    smooth = np.asarray(Image.fromarray(odds).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    weights: Weights = smooth / smooth.sum()
    return weights
