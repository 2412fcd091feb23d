"""The pictures that benchmarks send: about 100 KB each, photographs of 12 megapixels, or tiny ones."""

import importlib.util
import io
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

PHOTOGRAPHS = (
    ("skimage", "data/astronaut.png"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
    ("skimage", "data/rocket.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
)
LARGE = (4032, 3024)
CACHE = Path(tempfile.gettempdir()) / "captionjudge-benchmarks"


def make_pictures(kind: str, folder: Path, number: int) -> None:
    """So many JPEG files of a kind, each of another content, in a new folder."""
    folder.mkdir(parents=True)
    for index, data in enumerate(islice(cycle(KINDS[kind]()), number)):
        # A comment of its own makes each file another content without encoding it anew.
        comment = b"\xff\xfe\x00\x0a%08d" % index
        (folder / f"{index:06}.jpg").write_bytes(data[:2] + comment + data[2:])


def small() -> list[bytes]:
    """1024 x 768 pixels, about 100 KB: a smooth picture with a photograph's noise."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    noise = rng.integers(0, 28, (768, 1024, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((1024, 768), Image.Resampling.BICUBIC)) // 2 + noise
    return [_jpeg(Image.fromarray(picture), 66)]


def tiny() -> list[bytes]:
    """48 x 32 pixels, under 1 KB."""
    return [_jpeg(Image.linear_gradient("L").resize((48, 32)), 75)]


def twelve_megapixels() -> list[bytes]:
    """4032 x 3024 pixels, some 3 MB, of photographs in scikit-image and scikit-learn; made once, in a temporary folder.

    Raises:
        SystemExit: neither package is installed.
    """
    files = [file for package, path in PHOTOGRAPHS if (file := _installed(package, path)) is not None]
    if not files:
        raise SystemExit("12-megapixel pictures are made of photographs in scikit-image and scikit-learn: install them")
    CACHE.mkdir(exist_ok=True)
    return list(_enlarged(files))


def _installed(package: str, path: str) -> Path | None:
    found = importlib.util.find_spec(package)
    file = Path(found.origin).parent / path if found and found.origin else None
    return file if file is not None and file.is_file() else None


def _enlarged(files: list[Path]) -> Iterator[bytes]:
    rng = np.random.default_rng(7)
    # What enlarging takes away, a sensor would have: fine noise, without which the files would be far too small.
    noise = rng.normal(0, 6, (LARGE[1], LARGE[0], 1))
    for file in files:
        kept = CACHE / f"{file.stem}-12mp.jpg"
        if not kept.exists():
            photograph = ImageOps.fit(Image.open(file).convert("RGB"), LARGE, Image.Resampling.BICUBIC)
            picture = np.clip(np.asarray(photograph) + noise, 0, 255).astype(np.uint8)
            fresh = kept.with_suffix(".part")
            fresh.write_bytes(_jpeg(Image.fromarray(picture), 88))
            fresh.replace(kept)
        yield kept.read_bytes()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


KINDS: dict[str, Callable[[], list[bytes]]] = {"small": small, "12mp": twelve_megapixels, "tiny": tiny}
