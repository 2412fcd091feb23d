import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captionjudge.errors import ImageError
from captionjudge.images import Bounds, fit, open_rgb, prepare

Encode = Callable[..., bytes]


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_what_is_within_bounds_is_sent_byte_for_byte(format: str, encode: Encode, scene: Image.Image) -> None:
    data = encode(scene, format)
    image = prepare(data, Bounds(max_side=48, max_pixels=48 * 32, max_bytes=len(data)))
    assert image.data == data
    assert (image.mime, image.width, image.height) == (f"image/{format.lower()}", 48, 32)


def test_base64_and_digest_are_those_of_the_content(encode: Encode, scene: Image.Image) -> None:
    data = encode(scene, "PNG")
    image = prepare(data, Bounds())
    assert pybase64.b64decode(image.base64) == data
    assert image.digest == hashlib.sha256(data).hexdigest()


def test_digest_is_the_originals_when_the_image_is_converted(encode: Encode, scene: Image.Image) -> None:
    data = encode(scene, "BMP")
    assert prepare(data, Bounds()).digest == hashlib.sha256(data).hexdigest()


def test_a_known_digest_is_not_computed_again(encode: Encode, scene: Image.Image) -> None:
    assert prepare(encode(scene, "PNG"), Bounds(), digest="known").digest == "known"


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_become_jpeg(format: str, encode: Encode, scene: Image.Image) -> None:
    image = prepare(encode(scene, format), Bounds())
    assert image.mime == "image/jpeg"
    assert difference(decoded(image.data), scene) < 8


def test_the_output_is_a_format_that_is_accepted(encode: Encode, scene: Image.Image) -> None:
    image = prepare(encode(scene, "JPEG"), Bounds(formats=frozenset({"PNG"})))
    assert (image.mime, decoded(image.data).format) == ("image/png", "PNG")


def test_no_writable_format_is_an_error(encode: Encode, scene: Image.Image) -> None:
    with pytest.raises(ImageError, match="no accepted format"):
        prepare(encode(scene, "JPEG"), Bounds(formats=frozenset({"TIFF"})))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_same_upright_picture(
    format: str, orientation: int, encode: Encode, scene: Image.Image
) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene if orientation == 1 else scene.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = prepare(encode(stored, format, exif=exif), Bounds(max_side=24))
    assert (image.width, image.height) == (24, 16)
    assert difference(decoded(image.data), scene.resize((24, 16))) < 15


def test_nothing_but_the_picture_is_in_a_converted_file(encode: Encode, scene: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    data = encode(scene, "JPEG", exif=exif, comment=b"Secret comment", dpi=(300, 300))
    info = decoded(prepare(data, Bounds(max_side=24)).data).info
    assert set(info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("format", ["GIF", "WEBP", "TIFF", "AVIF", "PNG"])
def test_the_first_frame_stands_for_a_film(format: str, encode: Encode, scene: Image.Image) -> None:
    film = encode(scene, format, save_all=True, append_images=[Image.new("RGB", (48, 32), "black")] * 2)
    image = prepare(film, Bounds())
    assert image.mime == "image/jpeg"
    assert difference(decoded(image.data), scene) < 8


@pytest.mark.parametrize("max_bytes", [20_000, 4_000, 900])
def test_the_bound_of_bytes_holds(max_bytes: int, encode: Encode) -> None:
    noise = Image.effect_noise((400, 300), 80).convert("RGB")
    image = prepare(encode(noise, "PNG"), Bounds(max_bytes=max_bytes))
    assert len(image.data) <= max_bytes
    assert decoded(image.data).size == (image.width, image.height)


def test_a_bound_of_bytes_that_no_image_meets_is_an_error(encode: Encode, scene: Image.Image) -> None:
    with pytest.raises(ImageError) as caught:
        prepare(encode(scene, "PNG"), Bounds(max_bytes=50))
    assert caught.value.kind == "too_many_bytes"


def test_a_strip_longer_than_jpeg_can_hold_is_made_shorter(encode: Encode) -> None:
    image = prepare(encode(Image.new("1", (70_000, 20)), "TIFF"), Bounds())
    assert (image.width, image.height) == (65_500, 19)


def test_threads_give_the_same_bytes(encode: Encode) -> None:
    data = encode(Image.effect_noise((300, 200), 80).convert("RGB"), "JPEG")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: prepare(data, Bounds(max_side=100)).data, range(16)))
    assert len(set(results)) == 1


sides = st.integers(1, 20_000)


@given(sides, sides, st.integers(1, 2000), st.integers(1, 1_000_000))
def test_a_fitted_size_is_within_bounds_and_keeps_the_aspect_ratio(
    width: int, height: int, max_side: int, max_pixels: int
) -> None:
    bounds = Bounds(max_side=max_side, max_pixels=max_pixels)
    new_width, new_height = fit(width, height, bounds)
    assert 1 <= new_width <= min(width, max_side)
    assert 1 <= new_height <= min(height, max_side)
    assert new_width * new_height <= max_pixels
    assert fit(new_width, new_height, bounds) == (new_width, new_height)
    if min(new_width, new_height) > 1:
        # Half a pixel of rounding a side, and one more where the bound of pixels took it.
        slack = 1.5 * (1 + max(width / height, height / width))
        assert abs(new_width * height - new_height * width) <= slack * max(width, height)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 60))
def test_preparing_twice_changes_the_size_once(width: int, height: int, max_side: int) -> None:
    stream = BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, "BMP")
    bounds = Bounds(max_side=max_side)
    once = prepare(stream.getvalue(), bounds)
    twice = prepare(once.data, bounds)
    assert twice.data == once.data
    assert open_rgb(twice.data).size == (once.width, once.height)
