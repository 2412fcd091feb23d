"""Take recorded judgments and people's choices into a project."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

from captionjudge.errors import ConfigError, DataError
from captionjudge.exchange.imports.check import check_object
from captionjudge.exchange.imports.images import FileFailure, Picture, new_image
from captionjudge.exchange.imports.ledger import UNDRAWN, Choice, Entry, Ledger, What
from captionjudge.exchange.imports.pictures import Pictures, Wanted
from captionjudge.exchange.imports.rows import RowFailure
from captionjudge.exchange.imports.standing import Standings
from captionjudge.images.files import LONGEST_PATH
from captionjudge.ontology.answer import titles
from captionjudge.running.setup import Setup
from captionjudge.store import items, reviewers
from captionjudge.store.batch import Batch
from captionjudge.store.lock import alone
from captionjudge.store.records import Decision, Item
from captionjudge.text import storable_json

LONGEST_TEXT = 1_000_000
_PER_TRANSACTION = 1000
_MOST_BYTES = 64_000_000
_PLAIN = (str, int, float, bool)
_DECISIONS: dict[str | None, Decision] = {"tie": "tie", "both_bad": "both_bad"}
_KNOWN = frozenset(
    (
        *("id", "image", "image_digest", "a", "b", "outcome", "probability", "verdicts", "final_choices"),
        *("edits", "audit", "scales", "a_length", "b_length"),
    )
)


class Line(NamedTuple):
    """One line of a judgments file, checked.

    Attributes:
        name: what the file calls the image.
        digest: its SHA-256, if the file says.
        id: the image's id, where the file is an export.
        picture: its bytes, where they are in the file.
    """

    number: int
    line: int
    data: Mapping[str, Any]
    name: str
    digest: str | None
    id: str | None
    picture: bytes | None = None


class JudgmentImport(Struct):
    """What an import of judgments or choices came to.

    Attributes:
        rows: rows that were taken, `unchanged` those of them that were there already.
        added: how much was added: images, pictures (of images that had none), descriptions, verdicts, choices, edits.
        without_picture: names of images whose bytes are not here, at most a few; `no_picture` is how many.
        candidates: names that are no candidates of the project, with the number of their rows.
        criteria: criteria that the project's ontology has not.
    """

    rows: int = 0
    unchanged: int = 0
    added: Counter[What] = field(default_factory=Counter)
    no_picture: int = 0
    without_picture: list[str] = field(default_factory=list)
    candidates: Counter[str] = field(default_factory=Counter)
    criteria: set[str] = field(default_factory=set)
    failures: list[RowFailure] = field(default_factory=list)
    image_failures: list[FileFailure] = field(default_factory=list)


class _Taken(NamedTuple):
    added: Mapping[What, int]
    unchanged: int
    bare: dict[str, str]
    failures: list[RowFailure]


def check_lines(
    setup: Setup, rows: Iterable[tuple[int, int, Mapping[str, Any], bytes | None] | RowFailure], result: JudgmentImport
) -> Iterator[Line]:
    """The lines that can be used; the others are added to the failures of `result`."""
    names = {candidate.name for candidate in setup.config.candidates}
    for row in rows:
        if isinstance(row, RowFailure):
            result.failures.append(row)
            continue
        number, line, data, picture = row
        try:
            yield _line(number, line, check_object(storable_json(data)), picture, names)
        except DataError as error:
            for side in ("a", "b"):
                named = data.get(side)
                if isinstance(named, dict) and isinstance(name := named.get("candidate"), str) and name not in names:
                    result.candidates[name] += 1
            result.failures.append(RowFailure(number, line, str(error)))


def import_judgments(
    setup: Setup, lines: Iterator[Line], pictures: Pictures, result: JudgmentImport, *, people: bool = True
) -> None:
    """Take checked lines into the project.

    A line is taken whole or not at all, and what is there already is not added again, so that an import that was
    interrupted can be started again.

    Args:
        people: whether the file has choices of people: its images are then none of this project's random audit, unless
            the file says of which it drew.
    """
    standings, bare = Standings(setup), dict[str, str]()
    known = {title for block in setup.roles.neutral.values() for title in titles(block)}
    for chunk in _chunks(lines):
        found = pictures.read(_wanted(setup, chunk))
        taken = setup.database.write(lambda batch: _take(batch, setup, chunk, found, standings, people=people))  # noqa: B023
        result.rows += len(chunk) - len(taken.failures)
        result.unchanged += taken.unchanged
        result.added.update(taken.added)
        result.failures += taken.failures
        result.criteria |= {name for line in chunk for name in _criteria(line.data)} - known
        bare |= taken.bare
    result.no_picture, result.without_picture = len(bare), list(bare.values())[:3]
    result.image_failures += pictures.failures
    result.failures.sort()


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """As many lines as go into one transaction; fewer where they bring their pictures along."""
    chunk, size = list[Line](), 0
    for line in lines:
        chunk.append(line)
        size += len(line.picture or b"")
        if len(chunk) == _PER_TRANSACTION or size > _MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _criteria(data: Mapping[str, Any]) -> Iterator[str]:
    for said in (*(data.get("verdicts") or ()), *(data.get("final_choices") or ())):
        for name, answer in (said.get("criteria") or {}).items():
            if isinstance(answer, dict):
                yield name


def _line(number: int, line: int, data: dict[str, Any], picture: bytes | None, names: set[str]) -> Line:
    for side in ("a", "b"):
        _check_side(data[side], side, names)
    for part, who in (("final_choices", "annotator"), ("edits", "annotator")):
        for place, said in enumerate(data.get(part) or ()):
            check_person(said, who, f"{part}[{place}]")
    for place, said in enumerate(data.get("final_choices") or ()):
        if said.get("shown") and not {data["a"]["candidate"], data["b"]["candidate"]} <= {*said["shown"]}:
            raise DataError(f"final_choices[{place}].shown must hold both candidates of the line")
    given = data.get("image")
    name = check_image(data.get("id") if given is None else given)
    digest = data.get("image_digest")
    return Line(number, line, data, name, digest if _is_digest(digest) else None, _own_id(data), picture)


def _check_side(side: Mapping[str, Any], where: str, names: set[str]) -> None:
    if side["candidate"] not in names:
        raise DataError(f"{where}.candidate: {side['candidate'][:60]!r} is no candidate of the project")
    if len(side.get("text") or "") > LONGEST_TEXT:
        raise DataError(f"{where}.text: {len(side['text'])} characters are more than {LONGEST_TEXT}")


def check_person(said: dict[str, Any], who: str, where: str) -> None:
    """Put the reviewer's name into the form in which the store has it.

    Raises:
        DataError: it is none.
    """
    try:
        said[who] = reviewers.check_name(said[who])
    except ConfigError as error:
        raise DataError(f"{where}.{who}: {error}: {error.hint}") from None


def check_image(given: object) -> str:
    """What a row calls its image.

    Raises:
        DataError: there is nothing, or more than the store can look up.
    """
    name = "" if given is None else str(given).strip()
    if not name:
        raise DataError("image: it is missing")
    if len(name.encode()) > LONGEST_PATH:
        raise DataError(f"image: the name has more than {LONGEST_PATH} bytes")
    return name


def _is_digest(digest: str | None) -> bool:
    return digest is not None and len(digest) == 64 and all(letter in "0123456789abcdef" for letter in digest)


def _own_id(data: Mapping[str, Any]) -> str | None:
    """The image's id in the id of an export's line."""
    given = str(data.get("id") or "")
    first, _, rest = given.partition(":")
    try:
        canonical = str(UUID(first)) == first
    except ValueError:
        return None
    return first if canonical and rest == f"{data['a']['candidate']}:{data['b']['candidate']}" else None


class _Images:
    """The project's images that lines mean."""

    def __init__(self, connection: Any, setup: Setup, lines: Sequence[Line]) -> None:
        names = {line.name for line in lines} | {line.digest for line in lines if line.digest}
        self._named = items.named(connection, setup.project_id, sorted(names))
        self._ids = items.by_ids(connection, sorted({line.id for line in lines if line.id}))
        self._project = setup.project_id

    def of(self, line: Line) -> Item | None:
        """The image of a line: by the id of an export, by content, by name.

        Raises:
            DataError: several images have the name.
        """
        own = self._ids.get(line.id or "")
        if own is not None and own.project_id == self._project and own.kind == "image":
            return own
        if line.digest in self._named:
            return self._named[line.digest][0]
        same = (line.digest, None) if line.digest else None
        named = [one for one in self._named.get(line.name, []) if same is None or items.content_of(one) in same]
        if len(named) > 1:
            raise DataError(f"image: {len(named)} images of the project are called {line.name!r}: give image_digest")
        return named[0] if named else None

    def every(self) -> list[Item]:
        """All that were found."""
        found = {image.id: image for those in self._named.values() for image in those}
        own = (one for one in self._ids.values() if one.project_id == self._project and one.kind == "image")
        return list((found | {one.id: one for one in own}).values())

    def free(self, id_: str | None) -> str | None:
        """The id, if nothing in the store has it."""
        return None if id_ in self._ids else id_


def _wanted(setup: Setup, lines: Sequence[Line]) -> list[Wanted]:
    """The pictures that are not in the project yet, once each."""
    with setup.database.read() as connection:
        known = _Images(connection, setup, lines)
    found: dict[str, Wanted] = {}
    for line in lines:
        try:
            image = known.of(line)
        except DataError:
            continue
        if image is None or image.mime == items.NO_PICTURE:
            found.setdefault(line.name, Wanted(line.name, line.digest, line.picture))
    return list(found.values())


def _take(
    batch: Batch,
    setup: Setup,
    lines: Sequence[Line],
    pictures: Mapping[str, Picture],
    standings: Standings,
    *,
    people: bool,
) -> _Taken:
    # Another process may be importing the same file.
    alone(batch.connection, "import")
    known = _Images(batch.connection, setup, lines)
    ledger = Ledger(setup, batch)
    content = items.with_content(batch.connection, setup.project_id, [one.digest for one in pictures.values()])
    ledger.load([*known.every(), *items.by_ids(batch.connection, [id_ for id_, _ in content.values()]).values()])
    ledger.know(one["annotator"] for line in lines for one in line.data.get("final_choices") or ())
    made: dict[str, Entry] = {content_: ledger.entries[id_] for content_, (id_, _) in content.items()}
    failures, unchanged = list[RowFailure](), 0
    for line in lines:
        before = sum(ledger.added.values())
        try:
            picture = pictures.get(line.name)
            entry = _entry(ledger, known, made, line, picture, people=people)
            _add(ledger, entry, line, picture)
        except DataError as error:
            failures.append(RowFailure(line.number, line.line, str(error)))
            continue
        unchanged += sum(ledger.added.values()) == before
    bare = {id_: one.image.title for id_, one in ledger.entries.items() if one.image.mime == items.NO_PICTURE}
    return _Taken(ledger.finish(standings.settle), unchanged, bare, failures)


def _entry(
    ledger: Ledger, known: _Images, made: dict[str, Entry], line: Line, picture: Picture | None, *, people: bool
) -> Entry:
    """The entry of a line's image, which may be new."""
    image = known.of(line)
    if image is not None:
        return ledger.entries[image.id]
    contents = [key for key in (picture.digest if picture else None, line.digest) if key]
    # The surest that there is says which image it is; a name is only asked where there is nothing else.
    keys = [f"id:{line.id}"] if line.id else contents or [f"name:{line.name}"]
    entry = next((made[key] for key in keys if key in made), None)
    if entry is None:
        content = picture.digest if picture else line.digest
        header = picture.header if picture else None
        item, task = new_image(ledger.setup, line.name, content, header, known.free(line.id))
        drawn = {} if not people or line.data.get("audit") is not None else {UNDRAWN: True}
        more = {key: value for key, value in line.data.items() if key not in _KNOWN and isinstance(value, _PLAIN)}
        item = replace(item, client_metadata=more | dict(item.client_metadata) | drawn)
        entry = Entry(item, task, new=True, changed=True)
    for key in (*keys, *contents, f"name:{line.name}"):
        made.setdefault(key, entry)
    return entry


def _add(ledger: Ledger, entry: Entry, line: Line, picture: Picture | None) -> None:
    """Add what a line says: first all that can be wrong with it is looked for."""
    data = line.data
    texts: dict[str, Item] = {}
    for side in ("a", "b"):
        try:
            texts[side] = ledger.description(entry, data[side]["candidate"], data[side], data.get(f"{side}_length"))
        except DataError as error:
            raise DataError(f"{side}.{error}") from None
    a, b = texts["a"], texts["b"]
    if a.author == b.author:
        if a.text != b.text:
            raise DataError(f"b.text: {b.author!r} has another description of {entry.image.title!r} already")
        b = a
    choices = ledger.fresh(entry, _choices(line))
    ledger.keep_image(entry, picture)
    if picture is not None and entry.image.mime == items.NO_PICTURE:
        ledger.fill(entry, picture)
    if entry.audit is None:
        entry.audit = data.get("audit")
    entry.failed_before = entry.failed_before or ("audit" in data and data["audit"] is None)
    for text in (a, b):
        ledger.add_description(entry, text)
    ledger.add_verdicts(entry, a, b, data.get("verdicts") or (), data.get("overlap"))
    ledger.add_choices(entry, choices)
    for edit in data.get("edits") or ():
        ledger.add_edit(entry, texts[edit["of"]], edit["annotator"], edit["text"])


def _choices(line: Line) -> list[Choice]:
    data = line.data
    names = {"a": data["a"]["candidate"], "b": data["b"]["candidate"]}
    given = data.get("final_choices") or ()
    return [choice_of(said, said.get("shown") or (names["a"], names["b"]), names) for said in given]


def choice_of(said: Mapping[str, Any], shown: Sequence[str], names: Mapping[str, str]) -> Choice:
    """A person's choice among the candidates in `shown`; `names` says which of them "a" and "b" are."""
    choice: str | None = said.get("choice")
    if choice is not None and choice in names:
        return Choice(said["annotator"], shown, "one", names[choice], said)
    return Choice(said["annotator"], shown, _DECISIONS.get(choice, "skip"), None, said)
