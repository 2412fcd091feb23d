from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Encodes a picture in a format, with the options of Pillow's save."""

    def to_bytes(picture: Image.Image, format: str, **options: object) -> bytes:
        stream = BytesIO()
        picture.save(stream, format, **options)
        return stream.getvalue()

    return to_bytes


@pytest.fixture(scope="session")
def scene() -> Image.Image:
    """48 x 32: red, green, blue and yellow quarters, so that every turn can be told."""
    picture = Image.new("RGB", (48, 32))
    for colour, corner in {
        (220, 30, 30): (0, 0),
        (30, 200, 30): (24, 0),
        (30, 30, 220): (0, 16),
        (220, 220, 30): (24, 16),
    }.items():
        picture.paste(colour, (*corner, corner[0] + 24, corner[1] + 16))
    return picture
