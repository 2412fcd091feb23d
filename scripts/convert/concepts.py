"""Names what the classifier and the detector know, and says which WordNet synsets that is."""

import json
from collections.abc import Mapping
from pathlib import Path

from scripts.convert.sources import IMAGENET_CLASSES
from scripts.convert.wordnet import read_index, read_synsets

ANIMAL, ARTIFACT, COMMUNICATION, FOOD, TOP, PLANT = "05", "06", "10", "13", "03", "20"
"""Lexicographer files of WordNet: they pick the sense that is meant."""

# COCO category, lexicographer file, lemma where it is not the category's own name.
OBJECTS: tuple[tuple[str, str, str], ...] = (
    ("person", TOP, ""),
    ("bicycle", ARTIFACT, ""),
    ("car", ARTIFACT, ""),
    ("motorcycle", ARTIFACT, ""),
    ("airplane", ARTIFACT, ""),
    ("bus", ARTIFACT, ""),
    ("train", ARTIFACT, ""),
    ("truck", ARTIFACT, ""),
    ("boat", ARTIFACT, ""),
    ("traffic light", COMMUNICATION, ""),
    ("fire hydrant", ARTIFACT, ""),
    ("stop sign", COMMUNICATION, "street sign"),
    ("parking meter", ARTIFACT, ""),
    ("bench", ARTIFACT, ""),
    ("bird", ANIMAL, ""),
    ("cat", ANIMAL, ""),
    ("dog", ANIMAL, ""),
    ("horse", ANIMAL, ""),
    ("sheep", ANIMAL, ""),
    ("cow", ANIMAL, ""),
    ("elephant", ANIMAL, ""),
    ("bear", ANIMAL, ""),
    ("zebra", ANIMAL, ""),
    ("giraffe", ANIMAL, ""),
    ("backpack", ARTIFACT, ""),
    ("umbrella", ARTIFACT, ""),
    ("handbag", ARTIFACT, ""),
    ("tie", ARTIFACT, "necktie"),
    ("suitcase", ARTIFACT, "bag"),
    ("frisbee", ARTIFACT, ""),
    ("skis", ARTIFACT, "ski"),
    ("snowboard", ARTIFACT, ""),
    ("ball", ARTIFACT, ""),
    ("kite", ARTIFACT, ""),
    ("baseball bat", ARTIFACT, ""),
    ("baseball glove", ARTIFACT, ""),
    ("skateboard", ARTIFACT, ""),
    ("surfboard", ARTIFACT, ""),
    ("tennis racket", ARTIFACT, ""),
    ("bottle", ARTIFACT, ""),
    ("wine glass", ARTIFACT, "glass"),
    ("cup", ARTIFACT, ""),
    ("fork", ARTIFACT, ""),
    ("knife", ARTIFACT, ""),
    ("spoon", ARTIFACT, ""),
    ("bowl", ARTIFACT, ""),
    ("banana", FOOD, ""),
    ("apple", FOOD, ""),
    ("sandwich", FOOD, ""),
    ("orange", FOOD, ""),
    ("broccoli", FOOD, ""),
    ("carrot", FOOD, ""),
    ("hot dog", FOOD, "hotdog"),
    ("pizza", FOOD, ""),
    ("donut", FOOD, "doughnut"),
    ("cake", FOOD, ""),
    ("chair", ARTIFACT, ""),
    ("sofa", ARTIFACT, ""),
    ("potted plant", PLANT, "houseplant"),
    ("bed", ARTIFACT, ""),
    ("table", ARTIFACT, ""),
    ("toilet", ARTIFACT, ""),
    ("television", ARTIFACT, "television receiver"),
    ("laptop", ARTIFACT, ""),
    ("computer mouse", ARTIFACT, "mouse"),
    ("remote control", ARTIFACT, ""),
    ("keyboard", ARTIFACT, "computer keyboard"),
    ("phone", ARTIFACT, "telephone"),
    ("microwave", ARTIFACT, ""),
    ("oven", ARTIFACT, ""),
    ("toaster", ARTIFACT, ""),
    ("sink", ARTIFACT, ""),
    ("refrigerator", ARTIFACT, ""),
    ("book", ARTIFACT, ""),
    ("clock", ARTIFACT, ""),
    ("vase", ARTIFACT, ""),
    ("pair of scissors", ARTIFACT, "scissors"),
    ("teddy bear", ARTIFACT, "teddy"),
    ("hair dryer", ARTIFACT, ""),
    ("toothbrush", ARTIFACT, ""),
)


def class_concepts(downloads: Path) -> list[dict[str, str]]:
    """The 1,000 classes in the classifier's order: a plain name, WordNet's words for it, the synset."""
    files = {
        Path(name).name: json.loads(content)
        for name, content in IMAGENET_CLASSES.files(downloads, lambda name: name.endswith(".json"))
    }
    words, synsets = files["imagenet1k_label_to_names.json"], files["imagenet1k_to_21k.json"]
    names = files["imagenet1k_clean_names.json"]
    return [
        {"name": names[index], "words": words[str(index)], "synset": synsets[str(index)].removeprefix("n")}
        for index in range(1000)
    ]


def object_concepts(wordnet: Path) -> list[dict[str, str]]:
    """The 80 categories in the detector's order, with the synset of each."""
    index, synsets = read_index(wordnet / "index.noun"), read_synsets(wordnet / "data.noun")
    return [{"name": name, "synset": _sense(lemma or name, kind, index, synsets)} for name, kind, lemma in OBJECTS]


def _sense(
    lemma: str, kind: str, index: Mapping[str, list[str]], synsets: Mapping[str, tuple[str, tuple[str, ...]]]
) -> str:
    return next(offset for offset in index[lemma.replace(" ", "_")] if synsets[offset][0] == kind)
