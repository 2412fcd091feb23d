"""Where judges and people, or the orders, differ: a few pairs of each kind, drawn by chance, with picture and texts."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from msgspec import Struct, field

from captionjudge.reporting.card.pictures import Picture, Pictures
from captionjudge.statistics.outcomes import Outcome

Kind = Literal["people", "unstable"]
KINDS: Mapping[Kind, str] = dict(
    zip(
        get_args(Kind), ("A judge and people chose differently", "A judge's choice changed with the order"), strict=True
    )
)
PER_KIND = 6
LONGEST = 1200
LONGEST_REASON = 400
"""Characters of a text that are shown."""
_MOST_SAID = 12
_CODES = {"a": Outcome.A, "b": Outcome.B, "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}


class Said(NamedTuple):
    """What somebody chose."""

    who: str
    choice: str
    detail: str
    reason: str = ""


class Text(NamedTuple):
    """A description; `more` characters of it are not shown."""

    candidate: str
    text: str
    more: int


class Case(Struct, frozen=True):
    """One pair of the gallery."""

    id: str
    image: str
    picture: Picture
    texts: tuple[Text, Text]
    judges: tuple[Said, ...]
    people: tuple[Said, ...]


class Shown(NamedTuple):
    """The cases of a kind, and of how many they were drawn."""

    title: str
    cases: tuple[Case, ...]
    of: int
    hidden: int = 0


class Gallery(Struct):
    """Keeps a few lines of each kind while a judgments file is read: those whose ids have the lowest digests."""

    counts: Counter[str] = field(default_factory=Counter)
    _kept: dict[str, list[tuple[int, int, Mapping[str, Any]]]] = field(default_factory=dict)

    def see(self, line: Mapping[str, Any]) -> None:
        """Take a line into account."""
        kind = kind_of(line)
        if kind is None:
            return
        self.counts[kind] += 1
        named = hashlib.blake2b(f"{line.get('id')}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        entry = (-int.from_bytes(named), self.counts[kind], line)
        heap = self._kept.setdefault(kind, [])
        if len(heap) < PER_KIND:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)

    def lines(self, kind: str) -> list[Mapping[str, Any]]:
        """Those that were kept, in the order of their digests."""
        return [line for _, _, line in sorted(self._kept.get(kind, []), key=lambda entry: (-entry[0], entry[1]))]


def kind_of(line: Mapping[str, Any]) -> Kind | None:
    """What kind of disagreement a line shows, if any; a judge against people comes before a choice that flipped."""
    if line["b"] is None:
        return None
    own = [set(choices) for choices in by_judge(line.get("verdicts") or ()).values()]
    people = majority_of(line.get("final_choices") or ())
    if people is not None and any(choices != {people} for choices in own if len(choices) == 1):
        return "people"
    return "unstable" if any(len(choices) > 1 for choices in own) else None


def by_judge(verdicts: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """What each judge chose, in each order by its last verdict; failed ones are not in it."""
    last = {(each["judge"], each.get("order") or "ab"): _CODES.get(each.get("choice") or "") for each in verdicts}
    found: dict[str, list[int]] = {}
    for (judge, _), code in last.items():
        if code is not None:
            found.setdefault(judge, []).append(int(code))
    return found


def majority_of(choices: Iterable[Mapping[str, Any]]) -> int | None:
    """The code that most people chose, each by their last choice; None where two have as many."""
    last = {each["annotator"]: _CODES[each["choice"]] for each in choices if each.get("choice") in _CODES}
    top = Counter(last.values()).most_common(2)
    alone = len(top) == 1 or (len(top) > 1 and top[0][1] > top[1][1])
    return int(top[0][0]) if alone else None


def show(gallery: Gallery, pictures: Pictures, hidden: Callable[[str], bool] = lambda id_: False) -> tuple[Shown, ...]:
    """The gallery. Lines whose id is `hidden` are counted and not shown."""
    found = []
    for kind, title in KINDS.items():
        lines = gallery.lines(kind)
        seen = [line for line in lines if not hidden(f"{line.get('id')}")]
        cases = tuple(case_of(line, pictures) for line in seen)
        found.append(Shown(title, cases, gallery.counts[kind], len(lines) - len(seen)))
    return tuple(found)


def case_of(line: Mapping[str, Any], pictures: Pictures) -> Case:
    """A line as the page shows it."""
    names: dict[str | None, str] = {
        "a": line["a"]["candidate"],
        "b": line["b"]["candidate"],
        "tie": "equally good",
        "both_bad": "both bad",
    }
    first = {"ab": names["a"], "ba": names["b"]}
    judges = [
        Said(
            each["judge"],
            _choice(names, each.get("choice"), each.get("error")),
            f"{first[each.get('order') or 'ab']} shown first{_probability(each.get('probability'))}",
            _cut(each.get("reason"), LONGEST_REASON)[0],
        )
        for each in (line.get("verdicts") or ())[:_MOST_SAID]
    ]
    people = [
        Said(each["annotator"], names.get(each.get("choice"), each.get("choice") or "no choice"), _way(each))
        for each in (line.get("final_choices") or ())[:_MOST_SAID]
    ]
    texts = tuple(Text(line[side]["candidate"], *_cut(line[side].get("text"))) for side in "ab")
    image = f"{line.get('image') or line.get('id') or 'no name'}"
    return Case(f"{line.get('id')}", image, pictures(line), (texts[0], texts[1]), tuple(judges), tuple(people))


def _choice(names: Mapping[str | None, str], choice: str | None, error: object) -> str:
    return f"chose {names[choice]}" if choice in names else f"made no choice ({error or 'not said why'})"


def _probability(stated: float | None) -> str:
    return "" if stated is None else f", probability {stated:.2f}"


def _way(said: Mapping[str, Any]) -> str:
    return "knew what the judges say" if said.get("seen_judge") else ""


def _cut(text: object, longest: int = LONGEST) -> tuple[str, int]:
    if not isinstance(text, str):
        return "", 0
    return text[:longest], max(0, len(text) - longest)


def drawn_words() -> str:
    """How the cases were chosen."""
    return (
        f"Of each kind up to {PER_KIND}, drawn by chance: those whose ids have the lowest digests. All of them: "
        "captionjudge report --items judges.NAME.disagreements, and judges.NAME.flips."
    )
