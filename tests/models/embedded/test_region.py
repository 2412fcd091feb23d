import pytest

from captionjudge.models.embedded import colour
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.region import region
from captionjudge.models.embedded.resources import Models


def test_weights_add_up_to_one(cat: Evidence, models: Models) -> None:
    (bearing,) = models.compass.bearings(["a photo of a cat"])
    weights = region(bearing, cat.sight)
    assert weights.shape == (colour.SIDE, colour.SIDE)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-4)


def test_a_cup_is_where_its_box_is(coffee: Evidence, models: Models) -> None:
    (bearing,) = models.compass.bearings(["a photo of a cup of coffee"])
    weights = region(bearing, coffee.sight)
    middle = weights[colour.SIDE // 4 : -colour.SIDE // 4, colour.SIDE // 4 : -colour.SIDE // 4]
    assert middle.mean() > weights.mean()
