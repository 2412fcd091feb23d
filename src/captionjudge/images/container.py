"""Read the size, orientation and kind of JPEG, PNG, WebP and GIF without decoding and without Pillow.

The first three are sent as they are, so this is all that is done to most images. Every walk has a bound on
its steps: a file of nothing but empty segments must not hold up the rest.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from msgspec import Struct

from captionjudge.errors import ImageError

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_PNG_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_ORIENTATION_TAG = 0x0112
_AGAIN = "Copy or download it again."
_MARKER = re.compile(rb"\xff([\x01-\xfe])")
_MOST_SEGMENTS = 10_000
_MOST_FILLING = 65_536
_MOST_CHUNKS = 500_000


class Container(Struct, frozen=True):
    """What the file's structure says. `width` and `height` are as stored, before the orientation is applied.

    `complete` is False when the end of the file is missing.
    """

    width: int
    height: int
    mode: str
    plain: bool
    orientation: int
    complete: bool


def exif_orientation(exif: bytes) -> int:
    """The orientation 1 to 8 in an EXIF block, 1 when there is none (EXIF 2.32, 4.6.4, tag 0x0112)."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", tiff, entry)
        if tag == _ORIENTATION_TAG:
            (value,) = struct.unpack_from(order + ("I" if kind == 4 else "H"), tiff, entry + 8)
            return value if 1 <= value <= 8 else 1
    return 1


def read_jpeg(data: bytes) -> Container:
    """Walk the marker segments up to the first scan (ITU-T T.81, annex B)."""
    frame: bytes | None = None
    orientation = 1
    position, filling = 2, 0
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            raise _cut("JPEG", len(data))
        filling += found.start() - position
        if filling > _MOST_FILLING:
            raise _corrupt(f"the JPEG has more than {_MOST_FILLING:,} stray bytes between its segments")
        marker, position = found[1][0], found.end()
        if marker in _STANDALONE:
            continue
        if marker == 0xD9:
            raise _corrupt("the JPEG ends before its picture starts")
        size = int.from_bytes(data[position : position + 2], "big")
        if size < 2 or position + size > len(data):
            raise _cut("JPEG", len(data))
        if marker in _START_OF_FRAME:
            frame = data[position + 2 : position + size]
        elif marker == 0xE1 and data.startswith(b"Exif\x00\x00", position + 2):
            orientation = exif_orientation(data[position + 2 : position + size])
        elif marker == 0xDA:
            return _jpeg_container(data, frame, orientation, position)
        position += size
    raise _endless("JPEG", _MOST_SEGMENTS, "segments")


def _jpeg_container(data: bytes, frame: bytes | None, orientation: int, scan: int) -> Container:
    if frame is None or len(frame) < 6:
        raise _corrupt("the JPEG has no frame header before its first scan")
    precision, height, width, components = struct.unpack_from(">BHHB", frame)
    mode = _JPEG_MODES.get(components)
    if mode is None or precision != 8:
        message = f"the JPEG has {components} channels of {precision} bits"
        raise ImageError("unsupported", message, hint="Save it as an ordinary 8-bit RGB JPEG.")
    # Cameras append previews and videos after the end marker, so it is searched for, not expected last.
    complete = data.rfind(b"\xff\xd9", scan) >= 0
    return Container(width, height, mode, mode != "CMYK", orientation, complete)


def read_png(data: bytes) -> Container:
    """Walk the chunks (W3C PNG, section 5)."""
    if len(data) < 33:
        raise _cut("PNG", len(data))
    if data[12:16] != b"IHDR":
        raise _corrupt(f"the PNG starts with the chunk {data[12:16]!r} instead of IHDR")
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    mode = _PNG_MODES.get(colour)
    if mode is None or depth not in (1, 2, 4, 8, 16):
        raise _corrupt(f"the PNG has colour type {colour} with {depth} bits")
    orientation, seen = 1, set[bytes]()
    for name, start, end in _png_chunks(data):
        seen.add(name)
        if name == b"eXIf":
            orientation = exif_orientation(data[start:end])
    plain = mode in ("L", "RGB", "P") and depth <= 8 and not seen & {b"tRNS", b"acTL"}
    if depth == 16:
        mode = "I;16" if mode == "L" else f"{mode};16"
    return Container(width, height, mode, plain, orientation, b"IEND" in seen)


def check_png(data: bytes) -> None:
    """Compare the checksum of every critical chunk; raises ImageError "corrupt"."""
    view = memoryview(data)
    for name, start, end in _png_chunks(data):
        # A lower-case first letter marks a chunk that a reader may ignore.
        critical = name[:1].isupper()
        if critical and zlib.crc32(view[start - 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise _corrupt(f"the PNG chunk {name!r} at byte {start - 8} has a wrong checksum")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the content of each whole chunk up to IEND."""
    position = 8
    for _ in range(_MOST_CHUNKS):
        start = position + 8
        end = start + int.from_bytes(data[position : position + 4], "big")
        if end + 4 > len(data):
            return
        name = data[position + 4 : start]
        yield name, start, end
        if name == b"IEND":
            return
        position = end + 4
    raise _endless("PNG", _MOST_CHUNKS, "chunks")


def read_webp(data: bytes) -> Container:
    """Read the first chunk, and the EXIF chunk where there is one (RFC 9649, section 2)."""
    if len(data) < 30:
        raise _cut("WebP", len(data))
    complete = len(data) >= 8 + int.from_bytes(data[4:8], "little")
    name, body = data[12:16], data[20:30]
    if name == b"VP8 ":
        width, height = (int.from_bytes(body[i : i + 2], "little") & 0x3FFF for i in (6, 8))
        return Container(width, height, "RGB", True, 1, complete)
    if name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
        return Container(width, height, "RGBA" if alpha else "RGB", not alpha, 1, complete)
    if name != b"VP8X":
        raise _corrupt(f"the WebP starts with the chunk {name!r}")
    flags = body[0]
    width, height = (int.from_bytes(body[i : i + 3], "little") + 1 for i in (4, 7))
    alpha, animated = bool(flags & 0x10), bool(flags & 0x02)
    orientation = exif_orientation(_webp_chunk(data, b"EXIF")) if flags & 0x08 else 1
    return Container(width, height, "RGBA" if alpha else "RGB", not alpha and not animated, orientation, complete)


def _webp_chunk(data: bytes, wanted: bytes) -> bytes:
    position = 12
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(data):
            return b""
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] == wanted:
            return data[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
    raise _endless("WebP", _MOST_CHUNKS, "chunks")


def read_gif(data: bytes) -> Container:
    """Walk the blocks up to the first picture, which may be larger than the screen (GIF89a, sections 18 to 25)."""
    if len(data) < 13:
        raise _cut("GIF", len(data))
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    in_extension = False
    for _ in range(_MOST_CHUNKS):
        if position + 9 > len(data):
            raise _cut("GIF", len(data))
        byte = data[position]
        if in_extension:
            # Runs of bytes, each after its length, up to one of no length.
            position, in_extension = position + 1 + byte, byte != 0
        elif byte == 0x21:
            position, in_extension = position + 2, True
        elif byte == 0x2C:
            left, top, wide, high = struct.unpack_from("<HHHH", data, position + 1)
            return Container(max(width, left + wide), max(height, top + high), "P", False, 1, True)
        else:
            position += 1
    raise _endless("GIF", _MOST_CHUNKS, "blocks")


def _corrupt(message: str) -> ImageError:
    return ImageError("corrupt", message, hint=_AGAIN)


def _cut(name: str, size: int) -> ImageError:
    return ImageError("truncated", f"the {name} ends after {size} bytes", hint=_AGAIN)


def _endless(name: str, bound: int, parts: str) -> ImageError:
    return _corrupt(f"the {name} has more than {bound:,} {parts} and no picture before them")
