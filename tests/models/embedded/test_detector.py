from captionjudge.models.embedded.detector import overlap
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.resources import Models


def test_equal_boxes_overlap_fully() -> None:
    assert round(overlap((0, 0, 2, 2), (0, 0, 2, 2)), 6) == 1


def test_boxes_apart_do_not_overlap() -> None:
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_a_cat_is_found(cat: Evidence, models: Models) -> None:
    assert models.knowledge.objects[cat.detection.boxes[0].category].name == "cat"


def test_corners_are_shares_of_the_image(cat: Evidence) -> None:
    assert all(0 <= edge <= 1 for box in cat.detection.boxes for edge in box.corners)
