"""Which questions an audit asks: a function of the store, the seed and nothing else."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.auditing import options
from captionjudge.auditing.injection import FORMS, injected
from captionjudge.auditing.padding import padded
from captionjudge.auditing.plant import KINDS, Kind, plant, reads_english
from captionjudge.auditing.probe import CONTROL, Trial
from captionjudge.identity import digest_of
from captionjudge.running.setup import Setup
from captionjudge.running.stage import latest_by
from captionjudge.store import items
from captionjudge.store.records import Item

SAME_TEXT = "same text"
NO_OTHER = "no other image"
NOTHING_TO_PLANT = "nothing to plant"
NOT_ENGLISH = "not English"

_AT_ONCE = 200


class Subject(Struct, frozen=True):
    """An image that is asked about, two candidates and their descriptions of it."""

    image: Item
    names: tuple[str, str]
    texts: tuple[str, str]


def subjects(setup: Setup, number: int, seed: int) -> list[Subject]:
    """So many images that have two descriptions, drawn by chance.

    Each image has its own place in the order, so that with a higher number, or when images are added, those drawn
    before are drawn again.
    """
    found: list[Subject] = []
    with setup.database.read() as connection:
        ranked = sorted(
            (digest_of("audit", str(seed), image.digest), image.id)
            for page in items.pages(connection, setup.project_id, "image")
            for image in page
        )
        for start in range(0, len(ranked), _AT_ONCE):
            part = ranked[start : start + _AT_ONCE]
            images = items.by_ids(connection, [image_id for _, image_id in part])
            texts = items.groups(connection, setup.project_id, [image.tag for image in images.values()])
            for _, image_id in part:
                image = images[image_id]
                subject = _subject(setup, image, texts.get(image.tag, []), seed)
                if subject is not None:
                    found.append(subject)
                if len(found) == number:
                    return found
    return found


def _subject(setup: Setup, image: Item, descriptions: Sequence[Item], seed: int) -> Subject | None:
    whole: list[Subject] = []
    for names in setup.config.pairs():
        first, second = (latest_by(descriptions, name) for name in names)
        if first is not None and second is not None and first.text and second.text:
            whole.append(Subject(image, names, (first.text.strip(), second.text.strip())))
    whole = [each for each in whole if all(each.texts)]
    return whole[_drawn(len(whole), seed, "pair", image)] if whole else None


def trials(setup: Setup, sample: Sequence[Subject], probes: Sequence[str], seed: int) -> Iterator[Trial]:
    """Every question of these probes to every judge, image by image; those that are compared with come first."""
    for index, subject in enumerate(sample):
        # Neighbours stay neighbours when more images are drawn, and from three on no two are each other's.
        neighbours = sample[index - 1 : index] or sample[2:3] or sample[1:2]
        other = neighbours[0] if neighbours else None
        for judge in setup.config.judge.judges:
            yield from _of_subject(_About(setup, subject, other, judge, seed), probes)


def _of_subject(about: "_About", probes: Sequence[str]) -> Iterator[Trial]:
    seen: set[str] = set()
    for probe in probes:
        for trial in _MAKERS[probe](about):
            for each in (trial.control, trial):
                if each is not None and (key := each.key("")) not in seen:
                    seen.add(key)
                    yield each


class _About(Struct, frozen=True):
    """What the questions about one image to one judge are made of."""

    setup: Setup
    subject: Subject
    other: Subject | None
    judge: str
    seed: int

    def trial(self, probe: str, kind: str, a: str = "", b: str = "") -> Trial:
        return Trial(probe, kind, self.judge, self.subject.image, self.subject.names, a, b)

    def left_out(self, probe: str, kind: str, why: str) -> Trial:
        return replace(self.trial(probe, kind), left_out=why)

    def pair(self) -> Trial | None:
        """What the judge is asked every day; None where both descriptions are the same."""
        a, b = self.subject.texts
        return self.trial(CONTROL, "pair", a, b) if a != b else None

    def foreign(self) -> Trial | str:
        """A description beside one of another image, or why there is none."""
        if self.other is None:
            return NO_OTHER
        which = _drawn(2, self.seed, "foreign", self.subject.image)
        own, foreign = self.subject.texts[which], self.other.texts[which]
        return SAME_TEXT if own == foreign else replace(self.trial(CONTROL, "foreign", own, foreign), target="a")


def _both(trial: Trial) -> Iterator[Trial]:
    """The question in both orders, each compared with its own."""
    yield trial
    control = None if trial.control is None else replace(trial.control, slots="ba")
    yield replace(trial, slots="ba", control=control)


def _blank(about: _About) -> Iterator[Trial]:
    if (pair := about.pair()) is None:
        yield about.left_out("blank", "unchanged", SAME_TEXT)
    else:
        yield from _both(replace(pair, probe="blank", kind="unchanged", picture="blank", control=pair))
    if isinstance(foreign := about.foreign(), str):
        yield about.left_out("blank", "accuracy", foreign)
    else:
        yield from _both(replace(foreign, probe="blank", kind="accuracy", picture="blank", control=foreign))


def _wrong(about: _About) -> Iterator[Trial]:
    other = None if about.other is None else about.other.image
    if (pair := about.pair()) is None or other is None:
        yield about.left_out("wrong", "unchanged", SAME_TEXT if pair is None else NO_OTHER)
    else:
        yield from _both(replace(pair, probe="wrong", kind="unchanged", picture="other", other=other, control=pair))
    if isinstance(foreign := about.foreign(), str):
        yield about.left_out("wrong", "followed", foreign)
    else:
        shown = replace(foreign, probe="wrong", kind="followed", picture="other", other=other)
        yield from _both(replace(shown, target="b", control=foreign))


def _planted(about: _About) -> Iterator[Trial]:
    texts = about.subject.texts
    english = [text for text in texts if reads_english(text)]
    for kind in KINDS:
        first = _drawn(2, about.seed, f"planted {kind}", about.subject.image)
        order = [text for text in (texts[first], texts[1 - first]) if text in english]
        found = next(((text, made) for text in order if (made := _damaged(text, kind, about.seed))), None)
        if found is None:
            yield about.left_out("planted", kind, NOTHING_TO_PLANT if english else NOT_ENGLISH)
            continue
        one = replace(about.trial("planted", kind, *found), target="a")
        yield one
        # What counts is whether both orders say the same: the second is compared with the first.
        yield replace(one, slots="ba", control=one)


def _damaged(text: str, kind: Kind, seed: int) -> str | None:
    planted = plant(text, kind, seed)
    return None if planted is None else planted.text


def _injection(about: _About) -> Iterator[Trial]:
    pair = about.pair()
    side: Literal["a", "b"] = "ab"[_drawn(2, about.seed, "injection", about.subject.image)]  # type: ignore[assignment]
    for form in FORMS:
        if pair is None:
            yield about.left_out("injection", form, SAME_TEXT)
            continue
        one = replace(pair, probe="injection", kind=form, target=side, control=pair)
        added = replace(one, a=injected(one.a, form)) if side == "a" else replace(one, b=injected(one.b, form))
        yield from _both(added)


def _duplicated(about: _About) -> Iterator[Trial]:
    # Both orders are the same question.
    for text in dict.fromkeys(about.subject.texts):
        yield about.trial("duplicated", "lean", text, text)


def _padded(about: _About) -> Iterator[Trial]:
    which = _drawn(2, about.seed, "padded", about.subject.image)
    text = about.subject.texts[which]
    if not reads_english(text):
        yield about.left_out("padded", "lean", NOT_ENGLISH)
        return
    yield from _both(replace(about.trial("padded", "lean", text, padded(text, about.seed)), target="b"))


def _options(about: _About) -> Iterator[Trial]:
    for listing in options.LISTINGS:
        if listing == "scales" and not options.has_options(about.setup.roles):
            continue
        if (pair := about.pair()) is None:
            yield about.left_out("options", listing, SAME_TEXT)
        else:
            yield from _both(replace(pair, probe="options", kind=listing, control=pair))


def _drawn(number: int, seed: int, what: str, image: Item) -> int:
    return int(digest_of(what, str(seed), image.digest)[:12], 16) % number


_MAKERS: dict[str, Callable[[_About], Iterator[Trial]]] = {
    "blank": _blank,
    "wrong": _wrong,
    "planted": _planted,
    "injection": _injection,
    "duplicated": _duplicated,
    "padded": _padded,
    "options": _options,
}
