import importlib.util
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.images import Bounds, EncodedImage, prepare
from captionjudge.models.embedded.evidence import Evidence, look
from captionjudge.models.embedded.packages import PACKAGES
from captionjudge.models.embedded.resources import Models, open_models


def photo(name: str) -> Path:
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        pytest.skip("scikit-image, whose photographs are used, is not installed")
    return Path(found.origin).parent / "data" / name


def seen(name: str, models: Models) -> Evidence:
    return look(Image.open(photo(name)).convert("RGB"), models.classifier, models.detector)


@pytest.fixture(scope="session")
def models() -> Models:
    for package in PACKAGES:
        pytest.importorskip(package)
    return open_models()


@pytest.fixture(scope="session")
def cat(models: Models) -> Evidence:
    return seen("chelsea.png", models)


@pytest.fixture(scope="session")
def coffee(models: Models) -> Evidence:
    return seen("coffee.png", models)


@pytest.fixture(scope="session")
def cat_image(models: Models) -> EncodedImage:
    return prepare(photo("chelsea.png").read_bytes(), Bounds())
