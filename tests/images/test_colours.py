from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms

from captionjudge.images import Bounds, open_rgb, prepare

Encode = Callable[..., bytes]
Colour = tuple[int, int, int]


def middle(data: bytes) -> Colour:
    picture = open_rgb(data)
    assert picture.mode == "RGB"
    pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


def about(colour: Colour, tolerance: int = 3) -> object:
    return pytest.approx(colour, abs=tolerance)


def without_adobe_marker(data: bytes) -> bytes:
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


def test_cmyk_as_adobe_stores_it(encode: Encode) -> None:
    assert middle(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")) == about((255, 0, 0))


def test_cmyk_as_others_store_it(encode: Encode) -> None:
    inverted = ImageChops.invert(Image.new("CMYK", (16, 16), (0, 255, 255, 0)))
    assert middle(without_adobe_marker(encode(inverted, "JPEG"))) == about((255, 0, 0))


def test_cmyk_is_not_passed_through(encode: Encode) -> None:
    image = prepare(encode(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG"), Bounds())
    assert middle(image.data) == about((0, 255, 255))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize(("value", "expected"), [(0, 0), (1000, 4), (32_768, 128), (65_535, 255)])
def test_16_bit_gray_is_scaled_not_clipped(format: str, value: int, expected: int, encode: Encode) -> None:
    picture = Image.fromarray(np.full((8, 8), value, np.uint16))
    assert middle(encode(picture, format)) == about((expected,) * 3, 1)


def test_16_bit_rgb_is_scaled_not_clipped() -> None:
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\x00" + struct.pack(">HHH", 65_535, 32_768, 1000) * 4
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")
    assert middle(data) == about((255, 128, 4), 1)
    assert prepare(data, Bounds()).mime == "image/jpeg"


@pytest.mark.parametrize("scale", [1.0, 255.0, 65_535.0])
def test_real_valued_tiff_is_taken_in_its_usual_range(scale: float, encode: Encode) -> None:
    values = np.linspace(0, scale, 64, dtype=np.float32).reshape(8, 8)
    picture = np.asarray(open_rgb(encode(Image.fromarray(values), "TIFF")))[..., 0]
    np.testing.assert_allclose(picture, np.linspace(0, 255, 64).reshape(8, 8), atol=1)


def test_real_values_that_are_not_numbers_are_black(encode: Encode) -> None:
    values = np.full((8, 8), np.nan, np.float32)
    values[0, 0] = 1
    assert middle(encode(Image.fromarray(values), "TIFF")) == (0, 0, 0)


def test_32_bit_integers_keep_their_contrast(encode: Encode) -> None:
    values = np.linspace(0, 2_000_000_000, 64).astype(np.int32).reshape(8, 8)
    picture = np.asarray(open_rgb(encode(Image.fromarray(values), "TIFF")))[..., 0]
    np.testing.assert_allclose(picture, np.linspace(0, 255, 64).reshape(8, 8), atol=1)


def test_palette(encode: Encode) -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    assert middle(encode(picture, "PNG")) == (200, 100, 50)


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white(format: str, encode: Encode) -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    assert middle(encode(picture, format, transparency=1)) == (255, 255, 255)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_transparency_is_laid_on_white(format: str, encode: Encode) -> None:
    assert middle(encode(Image.new("RGBA", (16, 16), (0, 0, 0, 0)), format)) == about((255, 255, 255))
    assert middle(encode(Image.new("RGBA", (16, 16), (0, 0, 200, 128)), format)) == about((127, 127, 228), 4)


def test_gray_with_transparency(encode: Encode) -> None:
    assert middle(encode(Image.new("LA", (8, 8), (0, 128)), "PNG")) == about((127, 127, 127))


def test_a_colour_marked_transparent(encode: Encode) -> None:
    data = encode(Image.new("RGB", (8, 8), (10, 20, 30)), "PNG", transparency=(10, 20, 30))
    assert middle(data) == (255, 255, 255)


def test_a_transparent_picture_is_not_passed_through(encode: Encode) -> None:
    image = prepare(encode(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"), Bounds())
    assert middle(image.data) == about((255, 255, 255))


def test_black_and_white(encode: Encode) -> None:
    assert middle(encode(Image.new("1", (8, 8), 1), "TIFF")) == (255, 255, 255)


def test_a_colour_profile_is_brought_to_srgb(encode: Encode) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"s\0R\0G\0B", b"m\0i\0n\0e")
    # In the directory of the profile the red and the blue primary change places.
    exchanged = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    data = encode(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG", icc_profile=exchanged)
    assert middle(data) == about((50, 100, 200))


def test_a_broken_colour_profile_is_passed_over(encode: Encode) -> None:
    data = encode(Image.new("RGB", (8, 8), (100, 150, 200)), "PNG", icc_profile=b"no profile" * 20)
    assert middle(data) == (100, 150, 200)
