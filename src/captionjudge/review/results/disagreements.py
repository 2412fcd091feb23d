"""The disagreement browser: where people and judges, or people among themselves, or orders differ."""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.review import decide
from captionjudge.review.results.exposure import must_warn
from captionjudge.running.setup import Setup
from captionjudge.store import cases, items, reviews, verdicts
from captionjudge.store.cases import Filter
from captionjudge.store.database import Reading
from captionjudge.store.records import Case, Item, Review, Reviewer, Verdict

Kind = Literal["judge_differs", "people_differ", "flipped"]
KINDS: Mapping[Kind, str] = dict(
    zip(get_args(Kind), ("People chose otherwise than the judges", "People differ", "The judges flipped"), strict=True)
)
PAGE_SIZE = 20


class Row(Struct, frozen=True):
    """One image. Where `hidden`, the person has yet to choose about it: nothing else may be shown."""

    case: Case
    image: Item
    hidden: bool
    texts: Mapping[str, str]
    verdict: Verdict | None
    people: tuple[tuple[Review, str], ...]


class Found(Struct, frozen=True):
    """A page of images, and the image after which the next page begins."""

    rows: tuple[Row, ...]
    more: str | None

    @property
    def hidden(self) -> tuple[str, ...]:
        """The images about which this person has yet to choose."""
        return tuple(row.image.id for row in self.rows if row.hidden)


def read_disagreements(
    setup: Setup, connection: Reading, person: Reviewer, kind: Kind, wanted: Filter, after: str | None
) -> Found:
    """The images that fit `wanted` and about which there is this kind of disagreement."""
    sought = replace(wanted, queue="all", agreement=kind)
    who = decide.person_of(setup, person)
    found = cases.page(connection, setup.project_id, sought, who, after, PAGE_SIZE + 1)
    page = [case for case, _ in found[:PAGE_SIZE]]
    ids = [case.item_id for case in page]
    images = items.by_ids(connection, ids)
    texts = items.groups(connection, setup.project_id, [image.tag for image in images.values()])
    said = verdicts.of_items(connection, ids)
    people = reviews.of_items(connection, ids)
    standings = reviews.standings_of(connection, ids, person.id)
    rows = tuple(
        Row(
            case,
            images[case.item_id],
            must_warn(setup, case, standings.get(case.item_id)),
            {text.author or "": text.text or "" for text in texts.get(images[case.item_id].tag, [])},
            _first(said.get(case.item_id, [])),
            tuple(reviews.effective(people.get(case.item_id, []))),
        )
        for case in page
    )
    return Found(rows, page[-1].item_id if len(found) > PAGE_SIZE else None)


def _first(said: list[Verdict]) -> Verdict | None:
    """The first verdict that gives a reason."""
    return next((verdict for verdict in said if verdict.reason and verdict.error is None), None)
