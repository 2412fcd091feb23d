"""Cuts WordNet 3.0 down to the nouns that name things one can see, with all that they are kinds of."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

CONCRETE = frozenset({"05", "06", "08", "13", "15", "17", "18", "19", "20", "27", "03"})
"""Lexicographer files: animals, artifacts, bodies, food, places, objects, people, phenomena, plants, ..."""
_EXTRA = """
notebook diary pyramid cube sphere arrow heart star column
book newspaper magazine letter sign street_sign traffic_light stop_sign poster flag map coin money banknote cash
forest woods crowd herd flock family couple sunset sunrise dusk light fire flame shadow rainbow lightning
sculpture painting drawing graffiti photograph logo label menu screen text market traffic match party wedding
rain bouquet fleet team band orchestra audience jewelry furniture food fruit vegetable meal breakfast lunch
dinner dessert card ticket receipt stamp envelope postcard notice billboard board track path trail circuit_board
playing_card village stage whiteboard telescope basketball football racket pepper brush? summit fireworks watch? fig
"""
EXTRA = frozenset(_EXTRA.split())
"""Words for visible things that WordNet files under ideas, acts, groups, possessions or times; "?" marks the rare."""
MAX_SENSES = 4
NOUN_SHARE, RARE_SHARE = 0.3, 0.08
"""A word that is used as a visible thing less often than the first (verb, adjective, idea) is one only where its place
in the sentence says so ("a watch", not "to watch"); below the second it makes no claim."""
RARE = "?"
"""Follows a lemma of that kind."""


def noun_subset(folder: Path, needed: Iterable[str]) -> bytes:
    """A gzip of lines: `offset hypernym,hypernym` for synsets, an empty line, then `lemma offset,offset`.

    `needed` are offsets that are kept whatever their kind.
    """
    synsets = read_synsets(folder / "data.noun")
    lemmas = _visible_lemmas(folder, synsets)
    kept: dict[str, tuple[str, ...]] = {}
    waiting = [*needed, *(offset for senses in lemmas.values() for offset in senses)]
    while waiting:
        offset = waiting.pop()
        if offset not in kept:
            kept[offset] = synsets[offset][1]
            waiting.extend(kept[offset])
    lines = [f"{offset} {','.join(kept[offset])}".rstrip() for offset in sorted(kept)]
    lines += ["", *(f"{lemma} {','.join(lemmas[lemma])}" for lemma in sorted(lemmas))]
    lines += ["", *_irregular(folder / "noun.exc", lemmas)]
    return gzip.compress("\n".join(lines).encode(), 9, mtime=0)


def read_synsets(path: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Offset to lexicographer file and hypernyms. Instances (one river, one person) are left out of the hypernyms."""
    synsets = {}
    for line in _entries(path):
        fields = line.split("|")[0].split()
        words = int(fields[3], 16)
        pointers = fields[4 + 2 * words :]
        count = int(pointers[0])
        marks = ((pointers[1 + 4 * i], pointers[2 + 4 * i]) for i in range(count))
        synsets[fields[0]] = (fields[1], tuple(target for mark, target in marks if mark == "@"))
    return synsets


def read_words(path: Path) -> dict[str, list[str]]:
    """Offset to the words for it, from `data.noun`."""
    words = {}
    for line in _entries(path):
        fields = line.split()
        words[fields[0]] = [fields[4 + 2 * i].replace("_", " ").lower() for i in range(int(fields[3], 16))]
    return words


def read_index(path: Path) -> dict[str, list[str]]:
    """Lemma to offsets, the most common sense first, from an `index` file."""
    index = {}
    for line in _entries(path):
        fields = line.split()
        index[fields[0]] = fields[-int(fields[2]) :]
    return index


def _entries(path: Path) -> list[str]:
    return [line for line in path.read_text("latin1").splitlines() if not line.startswith(" ")]


def _visible_lemmas(folder: Path, synsets: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    uses = _uses(folder / "cntlist.rev")
    others = [set(read_index(folder / f"index.{kind}")) for kind in ("verb", "adj", "adv")]
    lemmas = {}
    for lemma, senses in read_index(folder / "index.noun").items():
        if lemma.count("_") > 2 or not lemma.replace("_", "").replace("-", "").replace("'", "").isalpha():
            continue
        visible = [offset for offset in senses if synsets[offset][0] in CONCRETE and synsets[offset][1]]
        if lemma in EXTRA or lemma + RARE in EXTRA:
            lemmas[lemma if lemma in EXTRA else lemma + RARE] = senses[:MAX_SENSES]
            continue
        if not visible:
            continue
        counts = uses[lemma]
        seen = sum(count for kind, count in counts.items() if kind in CONCRETE)
        prior = len(visible) / (len(senses) + sum(lemma in words for words in others))
        share = (seen + prior) / (sum(counts.values()) + 1)
        if share >= RARE_SHARE:
            lemmas[lemma if share >= NOUN_SHARE else lemma + RARE] = visible[:MAX_SENSES]
    return lemmas


def _uses(path: Path) -> Mapping[str, Counter[str]]:
    """How often a lemma was met as which kind of noun ("06") or as another part of speech ("-")."""
    uses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in path.read_text("latin1").splitlines():
        key, _, count = line.split()
        lemma, rest = key.split("%")
        kind = rest.split(":")[1] if rest.startswith("1:") else "-"
        uses[lemma][kind] += int(count)
    return uses


def _irregular(path: Path, lemmas: Mapping[str, list[str]]) -> list[str]:
    pairs = (line.split()[:2] for line in path.read_text("latin1").splitlines())
    known = {lemma.removesuffix(RARE) for lemma in lemmas}
    return sorted({f"{plural} {singular}" for plural, singular in pairs if singular in known and plural not in known})
