"""The described photographs: of the development set, which the models learn from, and of the held-out set."""

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.convert.sources import CALIBRATION_PHOTOS, OPENCV_SAMPLES, Source

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DEVELOPMENT = BENCHMARKS / "embedded_photos.json"
HELD_OUT = BENCHMARKS / "embedded_held_out.json"
INSTALLED = {"scikit-image": "skimage", "scikit-learn": "sklearn"}
"""Packages whose photographs are read where they are installed, and what they are imported as."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph's file, what it shows, and the same with one fact changed (some have no foil)."""

    package: str
    path: str
    content: bytes
    caption: str
    foils: tuple[str, ...]


def read_photographs(described: Path, folder: Path) -> list[Photograph]:
    """Every photograph of a JSON file of descriptions, in its order; packages are kept in the folder."""
    entries = json.loads(described.read_text())
    packages = {entry["package"] for entry in entries}
    files = {}
    for package in packages:
        files[package] = _files(package, [entry["path"] for entry in entries if entry["package"] == package], folder)
    photographs = []
    for entry in entries:
        content = files[entry["package"]][entry["path"], entry["sha256"]]
        photographs.append(
            Photograph(entry["package"], entry["path"], content, entry["caption"], tuple(entry["foils"]))
        )
    return photographs


def is_permissive(photograph: Photograph) -> bool:
    """Whether its package says MIT, BSD, Apache, CC0 or CC-BY."""
    sources = [source for source in SOURCES if source.package == photograph.package]
    return not any(word in source.licence for source in sources for word in ("GPL", "-SA-", "Creative Tim"))


def _files(package: str, paths: Sequence[str], folder: Path) -> dict[tuple[str, str], bytes]:
    if package in INSTALLED:
        found = importlib.util.find_spec(INSTALLED[package])
        if found is None or found.origin is None:
            raise SystemExit(f"install {package}: some photographs are in it")
        root = Path(found.origin).parent.parent
        contents = [(path, (root / path).read_bytes()) for path in paths]
    else:
        sources = [source for source in SOURCES if source.package == package]
        contents = [pair for source in sources for pair in source.files(folder, lambda name: name in paths)]
    return {(path, hashlib.sha256(content).hexdigest()): content for path, content in contents}


def _npm(package: str, version: str, sha256: str, licence: str = "MIT") -> Source:
    return Source("npm", package, version, f"{package}-{version}.tgz", sha256, licence)


LESSONS = (
    _npm("tabler-ui", "0.0.34", "04167737bbd743dc4f504b5a0f38bf0afe3e79b75352f057c22dbd79d276c899"),
    _npm("uikit", "3.25.29", "d1510e125df162f473fd009692723d9ca474f3ea908db097eb8fc15baadc210c"),
    _npm("startbootstrap-clean-blog", "6.0.9", "5c65d4e2d5705e29c6a144b7fa301f8ead8e976f5c4575fb6f1023ec673018a9"),
    _npm("startbootstrap-coming-soon", "6.0.7", "e5ae49c663e76bca926bcd3211c342103aad299b994a143912c4a3a511e88d9c"),
)
"""Further photographs of the development set. Like those of the calibration, none of them is shipped."""

EVALUATION = (
    _npm("admin-lte", "2.4.18", "2b29bbe4b09620c85d745af45907bb1b179c09624c2c6aebcfd448b698ecd3ae"),
    _npm("admin-lte", "4.10.0", "1a5c0420fbc3e12e904a34d885e9b2f24252d5ddafb3f54221eafae8c15b51a3"),
    _npm("argon-design-system-free", "1.2.0", "0ec937277280d61ce0b54e029543d1719c1d731ee85bcd2582a7757e31a618ea"),
    _npm(
        "blk-design-system",
        "1.0.2",
        "b978e852391699bb9da5aff556582043fb97bcf16862db9506b59e46c4dd2926",
        "Creative Tim licence",
    ),
    _npm("gentelella", "4.2.0", "42868c216515716c1f958d86459965b2d978d717eac912e456a2c540fed1e25d"),
    _npm("material-dashboard", "3.1.0", "424b8c15e9446bae383106122e22e37a349139ee6fb4b94e214a6ffabc8b41b0"),
    _npm(
        "now-ui-kit",
        "1.3.0",
        "9b71381f838de670e7dfd446523c7727bf6d5e0d3f1ebb872e7487577ed5e89a",
        "Creative Tim licence",
    ),
    _npm("soft-ui-design-system", "1.0.4", "b999a9fe6dc31469bcb498c9d0560ac17060d76957abe7f1cb1c2dddf61a5095"),
    _npm("tracking", "1.1.3", "cac8569e3f1e6158a3b1162fe2212a33c671c17f67729ad6a7fa2e35faaa52fb", "BSD"),
    Source(
        "pypi",
        "gradio",
        "6.31.0",
        "gradio-6.31.0-py3-none-any.whl",
        "7b50b9b6a2d23cd02851ad4c8b1c8312c88d8b911d1f29c93f9761c98348a64a",
        "Apache-2.0",
    ),
    Source(
        "debian",
        "lomiri-wallpapers-20.04",
        "20.04.0-2",
        "lomiri-wallpapers-20.04_20.04.0-2_all.deb",
        "d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709",
        "CC-BY-SA-3.0",
    ),
    Source(
        "debian",
        "mate-backgrounds",
        "1.26.0-1",
        "mate-backgrounds_1.26.0-1_all.deb",
        "7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04",
        "GPL-2+",
    ),
    Source(
        "debian",
        "plasma-workspace-wallpapers",
        "4:5.27.5-2",
        "plasma-workspace-wallpapers_5.27.5-2_all.deb",
        "32cd18b71c8c938a18b3b351f217c02ac590e323caa3cf322fbb875ce8892f8b",
        "GPL-2+",
    ),
)
"""Photographs of the held-out set: looked at to measure, never to learn or to tune. None of them is shipped."""

SOURCES = (*CALIBRATION_PHOTOS, OPENCV_SAMPLES, *LESSONS, *EVALUATION)
