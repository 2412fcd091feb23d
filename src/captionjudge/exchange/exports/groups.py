"""Pairs by picture, and the comparisons in them, from which every format makes its rows."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from captionjudge.errors import DataError, ImageError
from captionjudge.exchange.exports.filters import Filters, kept
from captionjudge.exchange.exports.lines import Source
from captionjudge.exchange.exports.pictures import Picture, open_picture
from captionjudge.exchange.exports.preferences import Preference, Text, preferences
from captionjudge.exchange.exports.splits import Splits
from captionjudge.exchange.exports.tally import Tally


class Takes(Struct, frozen=True):
    """Which pairs a format takes besides decided ones."""

    both_bad: bool = False
    undecided: bool = False


class Group(NamedTuple):
    """The pairs of one picture that stand together, and the split that the picture is in."""

    split: str
    picture: Picture
    preferences: tuple[Preference, ...]


class Comparison(NamedTuple):
    """A better text and a worse one. Of a pair whose descriptions are both bad there is no better one."""

    preference: Preference
    chosen: Text | None
    rejected: Text


class Labelled(NamedTuple):
    """One text and whether it is wanted, with the weakest comparison that says so."""

    text: Text
    wanted: bool
    comparison: Comparison


def groups(source: Source, filters: Filters, splits: Splits, takes: Takes, tally: Tally) -> Iterator[Group]:
    """The pairs that are kept, picture by picture, in the order of the lines. What is left out is counted.

    A picture whose lines do not stand together makes several groups, all in the same split. One picture is held in
    memory at a time.
    """
    found = kept(_preferences(source, tally), filters, tally, both_bad=takes.both_bad, undecided=takes.undecided)
    for (content, name), members in groupby(found, key=lambda one: (one.image_digest, one.image)):
        together = tuple(members)
        try:
            picture = open_picture(source.read(name, content), content, source.limits)
        except ImageError as error:
            tally.left_out["image_differs" if error.kind == "differs" else "no_image"] += len(together)
            tally.problem(together[0].line, f"image {name!r}: {error}")
            continue
        for preference in together:
            tally.keep(preference)
        yield Group(splits.of(picture.digest), picture, together)


def _preferences(source: Source, tally: Tally) -> Iterator[Preference]:
    for number, line in source.lines(tally):
        try:
            found = preferences(line, number)
        except DataError as error:
            tally.bad_line(number, str(error))
            continue
        tally.lines += 1
        tally.compare(found[0])
        yield from found


def comparisons(group: Group, tally: Tally) -> Iterator[Comparison]:
    """Every comparison of a group, each two texts once; without two texts that are the same."""
    seen: set[tuple[str | None, str]] = set()
    for preference in group.preferences:
        for rejected in preference.rejected:
            chosen = preference.chosen
            key = (chosen.text if chosen else None, rejected.text)
            if key[0] == key[1]:
                tally.rows_left_out["same_text"] += 1
            elif key in seen:
                tally.rows_left_out["duplicate"] += 1
            else:
                seen.add(key)
                yield Comparison(preference, chosen, rejected)


def labelled(group: Group, tally: Tally) -> Iterator[Labelled]:
    """Each text of a group once: wanted, or not. One that wins here and loses there is left out."""
    wanted: dict[str, Labelled] = {}
    unwanted: dict[str, Labelled] = {}
    for comparison in comparisons(group, tally):
        if comparison.chosen is not None:
            _weakest(wanted, Labelled(comparison.chosen, True, comparison))
        _weakest(unwanted, Labelled(comparison.rejected, False, comparison))
    tally.rows_left_out["loses_another_pair"] += len(wanted.keys() & unwanted.keys())
    yield from (one for text, one in wanted.items() if text not in unwanted)
    yield from (one for text, one in unwanted.items() if text not in wanted)


def _weakest(found: dict[str, Labelled], one: Labelled) -> None:
    other = found.get(one.text.text)
    if other is None or one.comparison.preference.soft_label < other.comparison.preference.soft_label:
        found[one.text.text] = one
