import pytest
from PIL import Image

from captionjudge.models.embedded.classifier import fitted
from captionjudge.models.embedded.evidence import Evidence, look
from captionjudge.models.embedded.resources import Models


def test_coffee_is_an_espresso(coffee: Evidence, models: Models) -> None:
    assert models.knowledge.classes[int(coffee.sight.probabilities.argmax())].name == "espresso"


def test_probabilities_add_up_to_one(cat: Evidence) -> None:
    assert float(cat.sight.probabilities.sum()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (4000, 3), (3, 4000), (640, 480)])
def test_any_shape_can_be_looked_at(size: tuple[int, int], models: Models) -> None:
    evidence = look(Image.new("RGB", size, (90, 120, 150)), models.classifier, models.detector)
    assert evidence.sight.feature.shape == (1280,)


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (300, 300), (640, 480)])
def test_the_work_is_bounded(size: tuple[int, int]) -> None:
    width, height = fitted(size, 300)
    assert width * height <= 2 * 300 * 300
