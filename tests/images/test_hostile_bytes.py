"""Whatever the bytes are, the answer is an image or an ImageError of a known kind, and it comes soon."""

import struct
import time
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captionjudge.errors import ImageError
from captionjudge.images import IMAGE_ERROR_KINDS, Bounds, Limits, open_rgb, prepare, read_header, verify

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
LIMITS = Limits(max_pixels=1_000_000, max_bytes=1_000_000)


def samples() -> list[bytes]:
    picture = Image.effect_noise((40, 30), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    films = {"GIF", "WEBP", "PNG", "TIFF"}
    made = []
    for format in FORMATS:
        options = {"save_all": True, "append_images": [picture.rotate(90)]} if format in films else {}
        for extra in ({}, {"exif": exif}, options):
            stream = BytesIO()
            picture.save(stream, format, **extra)
            made.append(stream.getvalue())
    for mode, format in (("CMYK", "JPEG"), ("P", "PNG"), ("RGBA", "TIFF"), ("1", "TIFF"), ("L", "GIF")):
        stream = BytesIO()
        picture.convert(mode).save(stream, format)
        made.append(stream.getvalue())
    stream = BytesIO()
    picture.save(stream, "TIFF", compression="tiff_lzw")
    return [*made, stream.getvalue()]


SAMPLES = samples()
MAGICS = [sample[:n] for sample in SAMPLES for n in (4, 12, 26)]


def survives(data: bytes) -> None:
    for use in (read_header, verify, open_rgb, lambda d, limits: prepare(d, Bounds(max_side=16), limits)):
        caught: ImageError | None = None
        try:
            use(data, LIMITS)
        except ImageError as error:
            caught = error
        assert caught is None or (caught.kind in IMAGE_ERROR_KINDS and str(caught))


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    survives(data)


@given(st.sampled_from(MAGICS), st.binary(max_size=300))
def test_random_bytes_behind_a_real_beginning(magic: bytes, data: bytes) -> None:
    survives(magic + data)


@given(st.sampled_from(SAMPLES), st.floats(0, 1))
def test_cut_files(sample: bytes, kept: float) -> None:
    survives(sample[: int(len(sample) * kept)])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_files_with_changed_bytes(sample: bytes, changes: list[tuple[float, int]]) -> None:
    data = bytearray(sample)
    for place, value in changes:
        data[min(int(len(data) * place**3), len(data) - 1)] = value
    survives(bytes(data))


@given(st.sampled_from(SAMPLES), st.sampled_from(SAMPLES), st.floats(0, 1), st.floats(0, 1))
def test_files_grown_together(one: bytes, other: bytes, kept: float, skipped: float) -> None:
    survives(one[: int(len(one) * kept)] + other[int(len(other) * skipped) :])


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


BOMB = zlib.compress(bytes(200_000_000), 9)
GIF = next(sample for sample in SAMPLES if sample.startswith(b"GIF"))
HEADER = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
PICTURE = chunk(b"IDAT", zlib.compress(bytes(25 * 8)))
END = chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        HEADER + chunk(b"zTXt", b"key\0\0" + BOMB) + PICTURE + END,
        HEADER + chunk(b"iCCP", b"key\0\0" + BOMB) + PICTURE + END,
        HEADER + chunk(b"IDAT", BOMB) + END,
        SAMPLES[0][:2] + (b"\xff\xe0\x00\x02" * 2_000_000) + SAMPLES[0][2:],
        SAMPLES[0][:2] + b"\xff" * 20_000_000 + SAMPLES[0][2:],
        b"\xff\xd8" + b"\xff\x00" * 10_000_000,
        HEADER + chunk(b"aaAa", b"") * 2_000_000 + PICTURE + END,
        GIF[:13] + b"!\xfe\x01a\x00" * 5_000_000 + GIF[13:],
        GIF[:13] + b"!\xfe" + b"\x01a" * 10_000_000 + b"\x00" + GIF[13:],
    ],
    ids=["zTXt", "iCCP", "IDAT", "segments", "padding", "no markers", "chunks", "comments", "comment"],
)
def test_a_file_made_to_be_slow_is_answered_soon(data: bytes) -> None:
    started = time.process_time()
    for use in (verify, open_rgb):
        with suppress(ImageError):
            use(data)
    assert time.process_time() - started < 3
