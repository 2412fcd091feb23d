import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from captionjudge.errors import ImageError
from captionjudge.images import IMAGE_ERROR_KINDS, Limits, read_header

Encode = Callable[..., bytes]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_claiming(width: int, height: int) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    picture = png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + header + picture + png_chunk(b"IEND", b"")


def tiff_claiming(width: int, height: int) -> bytes:
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 1)]
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\x00" + struct.pack("<I", 8) + directory + struct.pack("<I", 0)


BOMBS = {
    "PNG": png_claiming(100_000, 100_000),
    "GIF": b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + b"\x00\x00\x00," + bytes(20),
    "TIFF": tiff_claiming(100_000, 100_000),
    "BMP": b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 90_000, 90_000, 1, 24, 0) + bytes(20),
    "WEBP": b"RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + b"\x00" * 4 + b"\xff\x3f\x00\xff\x3f\x00",
    "JPEG": b"\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x02\x00\xff\xd9",
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_format_and_size_are_read_from_the_content(format: str, encode: Encode, scene: Image.Image) -> None:
    header = read_header(encode(scene, format))
    assert (header.format, header.mime, header.width, header.height) == (format, f"image/{format.lower()}", 48, 32)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}])
def test_every_kind_of_webp_has_its_size(options: dict[str, object], encode: Encode, scene: Image.Image) -> None:
    header = read_header(encode(scene, "WEBP", **options))
    assert (header.width, header.height) == (48, 32)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_that_of_the_upright_picture(format: str, orientation: int, encode: Encode, scene: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    header = read_header(encode(scene, format, exif=exif))
    assert header.orientation == orientation
    assert (header.width, header.height) == ((48, 32) if orientation < 5 else (32, 48))


def test_an_orientation_that_does_not_exist_counts_as_upright(encode: Encode, scene: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert read_header(encode(scene, "JPEG", exif=exif)).orientation == 1


@pytest.mark.parametrize("format", BOMBS)
def test_a_bomb_is_refused_by_its_header(format: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_header(BOMBS[format])
    assert caught.value.kind == "too_many_pixels"


def test_limits_are_the_callers(encode: Encode, scene: Image.Image) -> None:
    data = encode(scene, "PNG")
    assert read_header(data, Limits(max_pixels=48 * 32)).width == 48
    with pytest.raises(ImageError, match="more than the limit of 1,535"):
        read_header(data, Limits(max_pixels=48 * 32 - 1))
    with pytest.raises(ImageError) as caught:
        read_header(data, Limits(max_bytes=len(data) - 1))
    assert caught.value.kind == "too_many_bytes"


@pytest.mark.parametrize(
    ("data", "kind", "hint"),
    [
        (b"", "empty", "again"),
        (b"just a text", "not_an_image", "Remove"),
        (bytes(1000), "not_an_image", "Remove"),
        (b"\n<!DOCTYPE html><html>login</html>", "not_an_image", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "not_an_image", "git lfs pull"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(50), "unsupported", "Convert"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported", "Convert"),
        (b"%PDF-1.7 ...", "unsupported", "Convert"),
        (b"\xff\xd8\xff", "truncated", "again"),
        (b"\x89PNG\r\n\x1a\n", "truncated", "again"),
        (b"RIFF\x04\x00\x00\x00WEBP", "truncated", "again"),
        (png_claiming(0, 10), "corrupt", ""),
    ],
)
def test_what_is_no_usable_image_is_named(data: bytes, kind: str, hint: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_header(data)
    assert caught.value.kind == kind
    assert kind in IMAGE_ERROR_KINDS
    assert hint in caught.value.hint


def test_importing_the_room_does_not_import_pillow() -> None:
    program = "import sys, captionjudge.images; sys.exit('PIL' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
