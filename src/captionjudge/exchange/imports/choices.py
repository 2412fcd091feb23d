"""Take people's choices about images of the project, made elsewhere: image, annotator, choice."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from captionjudge.errors import DataError
from captionjudge.exchange.imports.check import check_choice
from captionjudge.exchange.imports.columns import Columns
from captionjudge.exchange.imports.convert import Cells
from captionjudge.exchange.imports.ledger import Choice, Entry, Ledger
from captionjudge.exchange.imports.lines import JudgmentImport, check_image, check_person, choice_of
from captionjudge.exchange.imports.rows import Row, RowFailure
from captionjudge.exchange.imports.standing import Standings
from captionjudge.running.setup import Setup
from captionjudge.store import items
from captionjudge.store.batch import Batch
from captionjudge.store.lock import alone
from captionjudge.store.records import Item

_PER_TRANSACTION = 200


class Chosen(NamedTuple):
    """A choice as it stands in a file: of a, of b, or a candidate's name."""

    number: int
    line: int
    image: str
    said: Mapping[str, Any]


def choices(
    setup: Setup, rows: Iterator[Row | RowFailure], columns: Columns | None, result: JudgmentImport
) -> Iterator[Chosen]:
    """The choices in a table's rows, or (without `columns`) in the `final_choices` of JSON lines."""
    names = {candidate.name: candidate.name for candidate in setup.config.candidates}
    for row in rows:
        if isinstance(row, RowFailure):
            result.failures.append(row)
            continue
        try:
            yield from _of_line(row) if columns is None else [_of_row(row, columns, names)]
        except DataError as error:
            result.failures.append(RowFailure(row.number, row.line, str(error)))


def _of_line(row: Row) -> list[Chosen]:
    image, given = check_image(row.values.get("image")), row.values.get("final_choices")
    if not isinstance(given, list):
        raise DataError("final_choices must be a list")
    found = []
    for place, said in enumerate(given):
        check_choice(said, f"final_choices[{place}]")
        check_person(said, "annotator", f"final_choices[{place}]")
        found.append(Chosen(row.number, row.line, image, said))
    return found


def _of_row(row: Row, columns: Columns, names: Mapping[str, str]) -> Chosen:
    cells = Cells(row, columns)
    word = cells.name("choice") or ""
    said: dict[str, Any] = {
        "annotator": cells.name("annotator") or "",
        # A candidate's own name comes before words like "a".
        "choice": word if word in names else cells.choice("choice", {}),
        "strength": cells.whole("strength"),
        "seen_judge": cells.boolean("seen_judge"),
        "way": cells.name("way"),
    }
    image = check_image(cells.get("image"))
    check_choice({**said, "choice": None}, "row")
    check_person(said, "annotator", "row")
    return Chosen(row.number, row.line, image, said)


def import_choices(setup: Setup, rows: Iterator[Chosen], result: JudgmentImport) -> None:
    """Take choices about known images into the project, as reviews by reviewers of those names."""
    standings = Standings(setup)
    while chunk := list(islice(rows, _PER_TRANSACTION)):
        added, unchanged, failures = setup.database.write(lambda batch: _take(batch, setup, chunk, standings))
        result.rows += len(chunk) - len(failures)
        result.unchanged += unchanged
        result.added.update(added)
        result.failures += failures
    result.failures.sort()


def _take(
    batch: Batch, setup: Setup, rows: Sequence[Chosen], standings: Standings
) -> tuple[Mapping[Any, int], int, list[RowFailure]]:
    alone(batch.connection, "import")
    named = items.named(batch.connection, setup.project_id, sorted({row.image for row in rows}))
    ledger = Ledger(setup, batch)
    ledger.load(image for those in named.values() for image in those)
    ledger.know(row.said["annotator"] for row in rows)
    failures, unchanged = list[RowFailure](), 0
    for row in rows:
        try:
            entry = _entry(ledger, named, row.image)
            fresh = ledger.fresh(entry, [_choice(setup, entry, row.said)])
        except DataError as error:
            failures.append(RowFailure(row.number, row.line, str(error)))
            continue
        unchanged += not fresh
        ledger.add_choices(entry, fresh)
        ledger.compare(entry, [pair for choice in fresh for pair in setup.config.pairs() if {*pair} <= {*choice.shown}])
    return ledger.finish(standings.settle), unchanged, failures


def _entry(ledger: Ledger, named: Mapping[str, Sequence[Item]], image: str) -> Entry:
    those = named.get(image, [])
    if not those:
        raise DataError(f"image: {image!r} is no image of the project: import it with its descriptions first")
    if len(those) > 1:
        raise DataError(f"image: {len(those)} images of the project are called {image!r}: give the image's id")
    return ledger.entries[those[0].id]


def _choice(setup: Setup, entry: Entry, said: Mapping[str, Any]) -> Choice:
    described = set(entry.described())
    shown = [candidate.name for candidate in setup.config.candidates if candidate.name in described]
    chosen = said.get("choice")
    names = {name: name for name in shown}
    if chosen in ("a", "b") and chosen not in names:
        if len(shown) != 2:
            raise DataError(f"choice: {chosen!r} is one of {len(shown)} descriptions: name the candidate")
        names = dict(zip(("a", "b"), shown, strict=True))
    elif chosen is not None and chosen not in (*names, "tie", "both_bad", "skip"):
        raise DataError(f"choice: {chosen!r} has no description of {entry.image.title!r}")
    return choice_of(said, said.get("shown") or shown, names)
