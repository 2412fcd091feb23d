import pytest
from PIL import Image

from captionjudge.models.embedded import colour

PAINTS = {
    "red": (200, 20, 20),
    "green": (30, 150, 50),
    "blue": (30, 60, 200),
    "yellow": (250, 220, 20),
    "orange": (250, 130, 10),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
    "gray": (128, 128, 128),
    "purple": (120, 30, 170),
    "brown": (100, 60, 30),
}


@pytest.mark.parametrize("name", PAINTS)
def test_a_plain_image_has_its_colour(name: str) -> None:
    look = colour.look(Image.new("RGB", (50, 40), PAINTS[name]))
    assert (look.plain()[0][0], look.share(name)) == (name, 1.0)


@pytest.mark.parametrize("skin_or_wood", [(224, 172, 105), (198, 134, 66), (141, 85, 36), (160, 110, 70)])
def test_skin_and_wood_are_not_plainly_orange(skin_or_wood: tuple[int, int, int]) -> None:
    assert dict(colour.look(Image.new("RGB", (50, 40), skin_or_wood)).plain())["orange"] == 0


def test_a_share_can_be_asked_of_a_part() -> None:
    image = Image.new("RGB", (96, 96), PAINTS["blue"])
    image.paste(PAINTS["red"], (0, 0, 48, 96))
    look = colour.look(image)
    assert (look.share("red", (0, 0, 0.5, 1)), look.share("red", (0.5, 0, 1, 1))) == (1.0, 0.0)


def test_an_image_without_colours_is_greyscale() -> None:
    assert colour.look(Image.linear_gradient("L").convert("RGB")).greyscale
