"""From a row of somebody else's table to a line of a judgments file, or to a person's choice."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from captionjudge.errors import DataError
from captionjudge.exchange.imports.columns import CRITERIA, Columns
from captionjudge.exchange.imports.rows import Row, RowFailure

_WORDS = {
    "a": "a",
    "first": "a",
    "1": "a",
    "left": "a",
    "modela": "a",
    "captiona": "a",
    "b": "b",
    "second": "b",
    "2": "b",
    "right": "b",
    "modelb": "b",
    "captionb": "b",
    "tie": "tie",
    "equal": "tie",
    "same": "tie",
    "draw": "tie",
    "bothgood": "tie",
    "bothbad": "both_bad",
    "tiebothbad": "both_bad",
    "neither": "both_bad",
    "skip": "skip",
    "skipped": "skip",
    "": "skip",
}
_YES, _NO = ("true", "yes", "1", "y", "t"), ("false", "no", "0", "n", "f", "")
CHOICES = ("a", "b", "tie", "both_bad", "skip")


class Bytes(NamedTuple):
    """A picture that is in a row: what it is called, and its bytes."""

    name: str
    data: bytes


def image_of(value: object, row: int) -> str | Bytes:
    """A row's image: a name, or the bytes that are embedded in it, alone or as a struct of bytes and path."""
    if isinstance(value, Mapping):
        data, path = value.get("bytes"), value.get("path")
        return Bytes(str(path or f"row {row}"), data) if isinstance(data, bytes) else str(path or "")
    if isinstance(value, bytes):
        return Bytes(f"row {row}", value)
    return "" if value is None else str(value).strip()


def as_lines(
    rows: Iterator[Row | RowFailure], columns: Columns
) -> Iterator[tuple[int, int, Mapping[str, Any], bytes | None] | RowFailure]:
    """Rows of judgments as lines of a judgments file, each with one verdict or one final choice."""
    for row in rows:
        if isinstance(row, RowFailure):
            yield row
            continue
        try:
            line, data = _line(Cells(row, columns), columns)
            yield row.number, row.line, line, data
        except DataError as error:
            yield RowFailure(row.number, row.line, str(error))


class Cells:
    """The cells of a row by field."""

    def __init__(self, row: Row, columns: Columns) -> None:
        self.row = row
        self._columns = columns

    def get(self, field: str) -> Any:
        """The field's value; None for an empty cell, and where there is no such field."""
        if field in self._columns.columns:
            value = self.row.values.get(self._columns.columns[field])
        else:
            value = self._columns.fixed.get(field)
        return None if isinstance(value, str) and not value.strip() else value

    def text(self, field: str) -> str | None:
        """A text."""
        value = self.get(field)
        return None if value is None else str(value)

    def name(self, field: str) -> str | None:
        """A name, without space around it."""
        value = self.get(field)
        return None if value is None else str(value).strip()

    def number(self, field: str) -> float | None:
        """A number.

        Raises:
            DataError: it is none.
        """
        value = self.get(field)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        try:
            return float(str(value))
        except ValueError:
            raise DataError(f"{field}: {str(value)[:40]!r} is no number") from None

    def whole(self, field: str) -> int | None:
        """A whole number.

        Raises:
            DataError: it is none.
        """
        value = self.number(field)
        if value is not None and value != value // 1:
            raise DataError(f"{field}: {value} is no whole number")
        return None if value is None else int(value)

    def boolean(self, field: str) -> bool | None:
        """Yes or no.

        Raises:
            DataError: it is neither.
        """
        value = self.get(field)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).strip().casefold()
        if word not in (*_YES, *_NO):
            raise DataError(f"{field}: {word[:40]!r} is neither true nor false")
        return word in _YES

    def choice(self, field: str, names: Mapping[str, str]) -> str:
        """A choice: a, b, tie, both_bad or skip.

        Args:
            names: further words for it: candidates' names, say.

        Raises:
            DataError: it is none.
        """
        word = self.name(field) or ""
        plain = _plain(word)
        for known in (
            self._columns.values,
            {_plain(key): choice for key, choice in self._columns.values.items()},
            names,
        ):
            if word in known or plain in known:
                return _one_of(known[word] if word in known else known[plain], field)
        found = _WORDS.get(plain)
        if found is None:
            raise DataError(
                f"{field}: {word[:40]!r} is no choice: there are a, b, tie, both_bad, skip, and the candidates' names; "
                f"say what it means with --value {word[:40]}=a"
            )
        return found


def _one_of(choice: str, field: str) -> str:
    if choice not in CHOICES:
        raise DataError(f"{field}: --value says {choice[:40]!r}, which is none of {', '.join(CHOICES)}")
    return choice


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))


def _line(cells: Cells, columns: Columns) -> tuple[dict[str, Any], bytes | None]:
    image = image_of(cells.get("image"), cells.row.number)
    names = {side: cells.name(f"{side}_candidate") or columns.columns.get(f"{side}_text") for side in ("a", "b")}
    for side, name in names.items():
        if not name:
            raise DataError(f"{side}_candidate: it is empty")
    a, b = names["a"] or "", names["b"] or ""
    words = {word: side for side, name in (("a", a), ("b", b)) for word in (name, _plain(name)) if word}
    words |= {word: side for side in ("a", "b") for word in (columns.columns.get(f"{side}_text"),) if word}
    choice = cells.choice("winner", words)
    line: dict[str, Any] = {
        "image": image.name if isinstance(image, Bytes) else image,
        "image_digest": cells.text("image_digest"),
        **{side: {"candidate": names[side], "text": cells.text(f"{side}_text")} for side in ("a", "b")},
        **_said(cells, columns, choice),
        "a_length": cells.number("a_length"),
        "b_length": cells.number("b_length"),
    }
    if (audit := cells.boolean("audit")) is not None:
        line["audit"] = audit
    used = {*columns.columns.values()}
    more = {key: value for key, value in cells.row.values.items() if key and key not in used and key not in line}
    return line | more, image.data if isinstance(image, Bytes) else None


def _said(cells: Cells, columns: Columns, choice: str) -> dict[str, Any]:
    criteria = _criteria(cells, columns)
    shared = {"choice": choice, "strength": cells.whole("strength"), "criteria": criteria}
    if judge := cells.name("judge"):
        failed = choice == "skip"
        verdict = {
            **shared,
            "judge": judge,
            "order": cells.name("order"),
            "sample": cells.whole("sample"),
            "choice": None if failed else choice,
            "probability": cells.number("probability"),
            "reason": cells.text("reason"),
            "error": "no choice" if failed else None,
        }
        return {"verdicts": [verdict], "final_choices": []}
    annotator = cells.name("annotator")
    if not annotator:
        raise DataError("annotator: it is empty")
    final = {**shared, "annotator": annotator, "seen_judge": cells.boolean("seen_judge")}
    return {"verdicts": [], "final_choices": [final]}


def _criteria(cells: Cells, columns: Columns) -> dict[str, Any]:
    """From columns called criteria.NAME.a and criteria.NAME.b."""
    found: dict[str, dict[str, Any]] = {}
    for field in columns.columns:
        if field.startswith(CRITERIA) and field[-2:] in (".a", ".b"):
            found.setdefault(field[len(CRITERIA) : -2], {"a": None, "b": None})[field[-1]] = cells.get(field)
    return found
