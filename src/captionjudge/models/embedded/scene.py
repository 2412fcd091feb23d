"""Names what stands out in an image: the main thing, other things, the setting, the colours."""

from collections import Counter

import numpy as np
from msgspec import Struct

from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.resources import Models

CONFIDENT, LIKELY = 0.45, 0.22
TAG_SCORE, SURE_TAG = 1.8, 3.2
MOST_TAGS = 40
BACKED_WHOLE, BACKED_NEAR, BACKED_BOX = 0.12, 0.5, 0.3
"""Shares of the class probability, in the whole image and in its best window, that a tag needs."""
COLOUR_SHARE = 0.12
BOX_SCORE = 0.5
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
PLURALS = {
    "person": "people", "computer mouse": "computer mice", "sheep": "sheep", "knife": "knives", "skis": "skis",
    "pair of scissors": "pairs of scissors", "bus": "buses", "wine glass": "wine glasses", "toothbrush": "toothbrushes",
    "couch": "couches", "bench": "benches", "sandwich": "sandwiches",
}  # fmt: skip
PLAIN = {
    "alp": "mountain",
    "lakeside": "lake",
    "seashore": "beach",
    "monarch": "monarch butterfly",
    "worm fence": "fence",
}
VAGUE = frozenset({"bar", "sign", "cross", "log", "nail", "fly", "iron", "arch", "chain", "flag", "square", "ball"})
_PLACES = """
kitchen bathroom bedroom living_room office classroom library restaurant cafe shop supermarket market garage
hospital gym road street highway park garden playground stadium farm field meadow hill mountain volcano valley
canyon cliff desert dune forest jungle river stream waterfall lake pond swamp sea ocean beach island harbor
coast village city skyline snow fog sunset
"""
PLACES = frozenset(_PLACES.split())


class Named(Struct, frozen=True):
    """A thing, with its article or number ("two dogs"), its WordNet lemma, and whether it is sure."""

    phrase: str
    lemma: str
    sure: bool


class Scene(Struct, frozen=True):
    """What a caption can say. `main` stands out most; `colours` are the large ones, if any is clear."""

    main: Named | None
    others: tuple[Named, ...]
    place: Named | None
    colours: tuple[str, ...]
    greyscale: bool
    dark: bool


def read_scene(evidence: Evidence, models: Models) -> Scene:
    """The scene, from the evidence alone."""
    counted = _counted(evidence, models)
    top = _class(evidence, models)
    tags = _tags(evidence, models)
    things = _merged(counted, top, [tag for tag in tags if tag.lemma not in PLACES], models)
    place = next((tag for tag in tags if tag.lemma in PLACES), None)
    if place is not None and things and _related(place, things[0], models):
        place = None
    main = things[0] if things else place
    colours = [] if evidence.colours.greyscale else [n for n, s in evidence.colours.plain() if s > COLOUR_SHARE]
    return Scene(
        main,
        tuple(things[1:4]),
        None if place is main else place,
        tuple(colours[:2]),
        evidence.colours.greyscale,
        evidence.colours.brightness < 0.2,
    )


def names(scene: Scene) -> list[str]:
    """The lemmas of everything in the scene."""
    parts = [scene.main, *scene.others, scene.place]
    return [part.lemma for part in parts if part is not None]


def with_article(words: str) -> str:
    """ "a cat", "an owl"."""
    if words in MASS_NOUNS:
        return words
    return f"{'an' if words[0].lower() in 'aeiou' else 'a'} {words}"


def _counted(evidence: Evidence, models: Models) -> list[Named]:
    boxes = [box for box in evidence.detection.boxes if box.score >= BOX_SCORE]
    size: Counter[int] = Counter()
    for box in boxes:
        size[box.category] += round(1000 * box.area * box.score)
    counts = Counter(box.category for box in boxes)
    named = []
    for category, _ in size.most_common(4):
        concept = models.knowledge.objects[category]
        lemma = "person" if concept.name == "person" else concept.name.replace(" ", "_")
        named.append(Named(_numbered(concept.name, counts[category]), lemma, True))
    return named


_MASS_NOUNS = """
sky grass snow fog rain smoke sand water fire ice bread coffee tea wine rice pasta corn
"""
MASS_NOUNS = frozenset(_MASS_NOUNS.split())


def _numbered(name: str, count: int) -> str:
    if count == 1:
        return with_article(name)
    number = NUMBERS[count] if count < len(NUMBERS) else "several"
    return f"{number} {PLURALS.get(name, name + 's')}"


def _class(evidence: Evidence, models: Models) -> Named | None:
    """The likeliest class, or the most specific kind that most of the probability falls on."""
    shares = evidence.sight.probabilities
    best = int(np.argmax(shares))
    if shares[best] >= LIKELY:
        concept = models.knowledge.classes[best]
        name = PLAIN.get(concept.words[0], concept.words[0])
        return Named(with_article(name), name.lower().replace(" ", "_"), bool(shares[best] >= CONFIDENT))
    return None


def _tags(evidence: Evidence, models: Models) -> list[Named]:
    """Words whose direction fits far better than usual; where the classifier knows the thing, it has to agree."""
    scores = models.tags.scores(evidence.sight.feature)
    found = []
    for index in np.argsort(-scores, kind="stable")[:MOST_TAGS]:
        word, score = models.tags.words[index], float(scores[index])
        if score >= TAG_SCORE and word not in VAGUE and _is_backed(word, score, evidence, models):
            found.append(
                Named(
                    with_article(word.replace("_", " ")),
                    word,
                    score >= SURE_TAG and _share(word, evidence, models) >= LIKELY,
                )
            )
    return found


def _share(word: str, evidence: Evidence, models: Models) -> float:
    """The probability of the classes that a word stands for; nothing for a word that stands for none."""
    return float(evidence.sight.probabilities[models.knowledge.meaning(word).classes].sum())


def _is_backed(word: str, score: float, evidence: Evidence, models: Models) -> bool:
    meaning = models.knowledge.meaning(word)
    if meaning.person or (meaning.categories and not meaning.classes.size):
        return False  # the detector names these itself
    if not meaning.classes.size:
        return score >= SURE_TAG
    scores = evidence.detection.scores
    if meaning.categories and max(float(scores[category]) for category in meaning.categories) < BACKED_BOX:
        return False
    usual = float(models.reference.shares[meaning.classes].sum())
    whole = float(evidence.sight.probabilities[meaning.classes].sum()) - usual
    near = float(evidence.sight.window_probabilities[:, meaning.classes].sum(axis=1).max())
    return whole >= BACKED_WHOLE or (near >= BACKED_NEAR and whole >= BACKED_WHOLE / 4)


def _merged(counted: list[Named], top: Named | None, tags: list[Named], models: Models) -> list[Named]:
    """One list without near-duplicates: a class that is a kind of a counted thing takes its place."""
    things = list(counted)
    if top is not None:
        same = next((index for index, thing in enumerate(things) if _related(thing, top, models)), None)
        if same is None:
            things.insert(0, top)
        elif top.sure and things[same].phrase.startswith(("a ", "an ")):
            things[same] = top
            things.insert(0, things.pop(same))
    for tag in tags[:3]:
        if not any(_related(tag, thing, models) for thing in things):
            things.append(tag)
    return things


def _related(first: Named, second: Named, models: Models) -> bool:
    """Whether one is a kind of the other, or both are close kinds of one thing, or share a word."""
    if set(first.lemma.split("_")) & set(second.lemma.split("_")):
        return True
    wordnet = models.knowledge.wordnet
    pairs = [wordnet.ancestors(sense) for word in (first, second) for sense in wordnet.senses(word.lemma)[:1]]
    if len(pairs) < 2:
        return False
    shared = pairs[0].keys() & pairs[1].keys()
    return any(pairs[0][synset] + pairs[1][synset] <= 3 for synset in shared)
