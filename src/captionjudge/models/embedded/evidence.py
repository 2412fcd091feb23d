"""What one look at an image gives, shared by all that is asked about the image."""

from msgspec import Struct
from PIL import Image

from captionjudge.models.embedded import colour
from captionjudge.models.embedded.classifier import Classifier, Sight
from captionjudge.models.embedded.colour import Colours
from captionjudge.models.embedded.detector import Box, Detection, Detector

SURE = 0.47
"""From this score on a box is taken for a thing that is there."""
MOST_PIXELS = 1600
"""A longer side is scaled down first; no model here sees more."""


class Evidence(Struct, frozen=True):
    """The whole image and its windows as the classifier sees them, the detector's boxes, and the colours."""

    sight: Sight
    detection: Detection
    colours: Colours

    def boxes(self, category: int, score: float = SURE) -> list[Box]:
        """The boxes of a category with at least that score, the best first."""
        return [box for box in self.detection.boxes if box.category == category and box.score >= score]


def look(image: Image.Image, classifier: Classifier, detector: Detector) -> Evidence:
    """One pass of each model over an RGB image."""
    small = image
    if max(image.size) > MOST_PIXELS:
        small = image.copy()
        small.thumbnail((MOST_PIXELS, MOST_PIXELS), Image.Resampling.BOX)
    return Evidence(classifier.look(small), detector.look(small), colour.look(small))
