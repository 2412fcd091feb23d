from collections.abc import Callable

import pytest
from PIL import Image

from captionjudge.errors import ImageError
from captionjudge.images import Bounds, open_rgb, prepare, verify

Encode = Callable[..., bytes]


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Something with detail, so that files have a body to cut."""
    return Image.effect_noise((120, 90), 60).convert("RGB")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_whole_image_passes(format: str, encode: Encode, photo: Image.Image) -> None:
    assert verify(encode(photo, format)).format == format


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_half_a_file_is_not_an_image(format: str, kept: float, encode: Encode, photo: Image.Image) -> None:
    data = encode(photo, format)
    with pytest.raises(ImageError) as caught:
        verify(data[: int(len(data) * kept)])
    assert caught.value.kind in ("truncated", "corrupt")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("missing", [1, 2, 5])
@pytest.mark.parametrize("use", [verify, open_rgb, lambda data: prepare(data, Bounds())])
def test_a_file_that_lacks_its_last_bytes_is_truncated(
    format: str, missing: int, use: Callable[[bytes], object], encode: Encode, photo: Image.Image
) -> None:
    with pytest.raises(ImageError) as caught:
        use(encode(photo, format)[:-missing])
    assert caught.value.kind == "truncated"


def test_progressive_jpeg_cut_in_a_late_scan_is_truncated(encode: Encode, photo: Image.Image) -> None:
    data = encode(photo, "JPEG", progressive=True)
    with pytest.raises(ImageError) as caught:
        verify(data[: int(len(data) * 0.95)])
    assert caught.value.kind == "truncated"


@pytest.mark.parametrize("trailer", [bytes(4096), b"\r\n", b"....ftypmp42 a motion photo's video"])
def test_what_cameras_append_after_the_end_is_allowed(trailer: bytes, encode: Encode, photo: Image.Image) -> None:
    assert verify(encode(photo, "JPEG") + trailer).width == 120


def test_a_thumbnails_end_marker_does_not_stand_for_the_pictures(encode: Encode, photo: Image.Image) -> None:
    thumbnail = encode(photo.resize((16, 12)), "JPEG")
    data = encode(photo, "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00" + thumbnail)
    with pytest.raises(ImageError) as caught:
        verify(data[:-2])
    assert caught.value.kind == "truncated"


def test_a_flipped_bit_in_a_png_is_corrupt(encode: Encode, photo: Image.Image) -> None:
    data = bytearray(encode(photo, "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(ImageError) as caught:
        verify(bytes(data))
    assert caught.value.kind == "corrupt"


def test_a_colour_mode_that_has_no_rgb_is_unsupported(encode: Encode) -> None:
    with pytest.raises(ImageError) as caught:
        verify(encode(Image.new("LAB", (8, 8)), "TIFF"))
    assert caught.value.kind == "unsupported"


def test_warnings_of_pillow_are_not_shown(encode: Encode, recwarn: pytest.WarningsRecorder) -> None:
    picture = Image.new("P", (8, 8))
    picture.putpalette([0, 0, 0, 255, 255, 255])
    data = encode(picture, "PNG", transparency=b"\x00\x80")
    verify(data)
    open_rgb(data)
    assert not recwarn.list
