"""Images within bounds are made once, whoever needs them."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.errors import ImageError
from captionjudge.images import Bounds
from captionjudge.images.records import DEFAULT_LIMITS, Fits, digest
from captionjudge.store.blobs import Blobs, open_blobs
from captionjudge.store.pictures import within

LARGE = (800, 600)
BOUNDS = Bounds(max_side=400)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return open_blobs(str(tmp_path))


def keep(blobs: Blobs, size: tuple[int, int] = LARGE) -> str:
    stream = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(stream, "JPEG")
    name = digest(stream.getvalue())
    blobs.put(name, stream.getvalue())
    return name


def kept(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def test_what_was_made_once_is_read_and_the_original_no_more(blobs: Blobs) -> None:
    name = keep(blobs)
    first = within(blobs, name, BOUNDS, DEFAULT_LIMITS, LARGE)
    blobs.remove(name)
    assert within(blobs, name, BOUNDS, DEFAULT_LIMITS, LARGE) == first
    assert (first.width, first.height, first.digest) == (400, 300, name)


def test_of_an_image_that_is_small_enough_nothing_is_kept(blobs: Blobs, tmp_path: Path) -> None:
    name = keep(blobs, (400, 300))
    assert within(blobs, name, BOUNDS, DEFAULT_LIMITS, (400, 300)).data == blobs.get(name)
    assert within(blobs, name, BOUNDS, DEFAULT_LIMITS).data == blobs.get(name)
    assert kept(tmp_path) == 1


def test_models_that_see_it_at_one_size_share_what_was_made(blobs: Blobs, tmp_path: Path) -> None:
    class Half:
        def fit(self, width: int, height: int) -> tuple[int, int]:
            return width // 2, height // 2

    fits: Fits = Half()
    name = keep(blobs)
    for bounds in (BOUNDS, Bounds(fits=fits)):
        within(blobs, name, bounds, DEFAULT_LIMITS, LARGE)
    assert kept(tmp_path) == 2


def test_other_bounds_make_another(blobs: Blobs, tmp_path: Path) -> None:
    name = keep(blobs)
    for bounds in (
        BOUNDS,
        Bounds(max_side=200),
        Bounds(max_side=400, quality=50),
        Bounds(max_side=400, max_bytes=2000),
    ):
        within(blobs, name, bounds, DEFAULT_LIMITS, LARGE)
    assert kept(tmp_path) == 5


def test_one_that_is_damaged_is_made_again(blobs: Blobs, tmp_path: Path) -> None:
    name = keep(blobs)
    first = within(blobs, name, BOUNDS, DEFAULT_LIMITS, LARGE)
    (made,) = (path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == first.data)
    made.write_bytes(b"no picture")
    assert within(blobs, name, BOUNDS, DEFAULT_LIMITS, LARGE) == first


def test_an_original_that_is_no_image_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put("ab" * 32, b"no picture")
    with pytest.raises(ImageError):
        within(blobs, "ab" * 32, BOUNDS, DEFAULT_LIMITS, LARGE)
    assert kept(tmp_path) == 1
