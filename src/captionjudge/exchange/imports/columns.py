"""What the columns of somebody else's table mean: guessed by their names, corrected by the user."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from captionjudge.errors import ConfigError

Kind = Literal["captions", "judgments", "choices"]

FIELDS: dict[Kind, dict[str, str]] = {
    "captions": {
        "image": "image filename file path imagepath imagefile img imageid imageurl url photo picture",
        "candidate": "candidate model system source author",
        "text": "text caption description",
    },
    "judgments": {
        "image": "image filename file path imagepath imagefile img imageid imageurl url photo picture",
        "image_digest": "imagedigest sha256",
        "a_candidate": "acandidate candidatea candidate1 modela model1 systema system1",
        "b_candidate": "bcandidate candidateb candidate2 modelb model2 systemb system2",
        "a_text": "atext texta text1 captiona caption1 descriptiona description1 responsea response1 outputa output1",
        "b_text": "btext textb text2 captionb caption2 descriptionb description2 responseb response2 outputb output2",
        "winner": "winner choice preference preferred better vote finalchoice humanchoice",
        "annotator": "annotator annotatorid worker workerid rater reviewer user userid person human",
        "judge": "judge judgemodel",
        "order": "order",
        "sample": "sample",
        "strength": "strength",
        "probability": "probability confidence",
        "seen_judge": "seenjudge",
        "reason": "reason rationale explanation",
        "audit": "audit",
        "a_length": "alength lengtha",
        "b_length": "blength lengthb",
    },
    "choices": {
        "image": "image filename file path imagepath imagefile img imageid imageurl url photo picture",
        "annotator": "annotator annotatorid worker workerid rater reviewer user userid person human",
        "choice": "choice winner preference preferred better vote finalchoice humanchoice",
        "strength": "strength",
        "seen_judge": "seenjudge",
        "way": "way",
    },
}
"""The fields of each kind of table, and the names by which their columns are known, without case and punctuation."""

_CAPTIONS = ("caption", "description", "text")
_TABLES = ("columns", "fixed", "values")
CRITERIA = "criteria."


class Columns(Struct, frozen=True):
    """What a table's columns mean.

    Attributes:
        columns: the column of each field.
        texts: of captions, the column of each candidate's texts, where each has one of its own.
        fixed: fields that have the same value in every row.
        values: words of the table for a choice (a, b, tie, both_bad or skip).
    """

    kind: Kind
    columns: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> set[str]:
        """The columns that mean something."""
        return {*self.columns.values(), *self.texts.values()}

    @property
    def plain(self) -> bool:
        """Whether every column is called as its field is, so that nothing was guessed."""
        return not self.texts and all(key == column.strip().casefold() for key, column in self.columns.items())

    def toml(self) -> str:
        """The mapping as a file for --map."""
        tables = {"columns": {**self.columns, **self.texts}, "fixed": self.fixed, "values": self.values}
        lines = [f"kind = {json.dumps(self.kind)}"]
        for name, table in tables.items():
            if table:
                lines += ["", f"[{name}]"]
                lines += [f"{_quoted(key)} = {_quoted(value, always=True)}" for key, value in table.items()]
        return "\n".join(lines) + "\n"


class Given(Struct, frozen=True):
    """What the user says about a table; the rest is guessed."""

    kind: Kind | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


def read_map(path: Path) -> Given:
    """What a mapping file says.

    Raises:
        ConfigError: it cannot be read, or says something else.
    """
    try:
        data = tomllib.loads(path.read_bytes().decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    for key, value in data.items():
        if key == "kind":
            if value not in FIELDS:
                raise ConfigError(f"{path}: kind {value!r} is none of {', '.join(FIELDS)}")
        elif key not in _TABLES:
            raise ConfigError(f"{path}: there is no such key {key!r}", hint=f"there are: kind, {', '.join(_TABLES)}")
        elif not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
            raise ConfigError(f"{path}: [{key}] must hold names and texts")
    return Given(data.get("kind"), *(data.get(key, {}) for key in _TABLES))


def columns_of(table: Sequence[str], given: Given, candidates: Sequence[str], name: str) -> Columns:
    """What a table's columns mean: what the user said, else what their names suggest.

    Raises:
        ConfigError: that cannot be told, or a column that was named is not there.
    """
    for column in given.columns.values():
        if column not in table:
            raise ConfigError(f"{name}: there is no column {column!r}", hint=f"the columns are: {_listed(table)}")
    every = {one for fields in FIELDS.values() for one in fields} | {*candidates}
    for key in given.columns:
        if key not in every and not key.startswith(CRITERIA):
            raise _no_field("--column", key, sorted(every))
    kind = given.kind or _kind(table, given, candidates, name)
    own = {**FIELDS[kind]}
    texts = {key: column for key, column in given.columns.items() if key not in own and not key.startswith(CRITERIA)}
    if texts and kind != "captions":
        raise _no_field("--column", next(iter(texts)), own)
    if wrong_fixed := [key for key in given.fixed if key not in own]:
        raise ConfigError(
            f"--fixed: there is no field {wrong_fixed[0]!r}", hint=f"of {kind} there are: {', '.join(own)}"
        )
    said = {key: column for key, column in given.columns.items() if key not in texts}
    guessed = {key: column for key, column in _guess(table, kind).items() if key not in (*said, *given.fixed)}
    found = {**guessed, **said}
    if kind == "captions" and not texts and not {"candidate", "text"} <= {*found, *given.fixed}:
        texts = _wide(table, found.get("image"), candidates)
    if texts:
        found = {key: column for key, column in found.items() if key == "image"}
    made = Columns(kind, found, texts, given.fixed, given.values)
    _check(made, table, name)
    return made


def _no_field(option: str, key: str, known: Iterable[str]) -> ConfigError:
    names = list(known)
    near = get_close_matches(key, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}, criteria.NAME.a, criteria.NAME.b"
    return ConfigError(f"{option}: there is no field {key!r}", hint=hint)


def _kind(table: Sequence[str], given: Given, candidates: Sequence[str], name: str) -> Kind:
    fields = {kind: {**_guess(table, kind), **given.columns, **given.fixed} for kind in FIELDS}
    of = fields["judgments"]
    if {"image", "winner"} <= of.keys() and (
        {"a_text", "b_text"} <= of.keys() or {"a_candidate", "b_candidate"} <= of.keys()
    ):
        return "judgments"
    if {"image", "candidate", "text"} <= fields["captions"].keys():
        return "captions"
    if {"image", "choice"} <= fields["choices"].keys():
        return "choices"
    if "image" in fields["captions"] and (
        _wide(table, fields["captions"]["image"], candidates) or set(given.columns) & set(candidates)
    ):
        return "captions"
    missing = next(one for one in ("image", "candidate", "text") if one not in fields["captions"])
    one = candidates[0] if candidates else "NAME"
    raise ConfigError(
        f"{name}: there is no column {missing!r}; the first line has: {_listed(table)}",
        hint="say which columns are meant: --column image=COLUMN --column candidate=COLUMN --column text=COLUMN; or of "
        f"one candidate --column '{one}=COLUMN'; or of judgments a_text, b_text, winner, annotator",
    )


def _guess(table: Sequence[str], kind: Kind) -> dict[str, str]:
    """The column of each field, by its names in the order of how plain they are."""
    by_key: dict[str, str] = {}
    for column in table:
        by_key.setdefault(_key(column), column)
    found: dict[str, str] = {}
    for name, known in FIELDS[kind].items():
        fitting = [by_key[word] for word in (_key(name), *known.split()) if word in by_key]
        if fitting and fitting[0] not in found.values():
            found[name] = fitting[0]
    return found


def _wide(table: Sequence[str], image: str | None, candidates: Sequence[str]) -> dict[str, str]:
    """A column for each candidate: by their names; where none are known, every column called like a text."""
    keys = {_key(candidate): candidate for candidate in candidates}
    named = {keys[_key(column)]: column for column in table if _key(column) in keys}
    if named or candidates:
        return named
    return {column: column for column in table if column != image and any(word in _key(column) for word in _CAPTIONS)}


def _check(made: Columns, table: Sequence[str], name: str) -> None:
    here = {*made.columns, *made.fixed}
    needed = {
        "captions": ["image", "candidate", "text"],
        "judgments": ["image", "winner"],
        "choices": ["image", "choice"],
    }
    needs = ["image"] if made.texts else needed[made.kind]
    if missing := [one for one in needs if one not in here]:
        raise ConfigError(
            f"{name}: there is no column {missing[0]!r}; the first line has: {_listed(table)}",
            hint=f"say which it is: --column {missing[0]}=NAME",
        )
    if made.kind != "captions" and not {"annotator", "judge"} & here:
        raise ConfigError(
            f"{name}: no column says who chose; the first line has: {_listed(table)}",
            hint="--column annotator=NAME, or for all rows --fixed annotator=NAME (of a model: judge=NAME)",
        )


def _listed(table: Sequence[str]) -> str:
    return ", ".join(column[:40] for column in table[:30]) or "nothing"


def _key(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _quoted(text: str, *, always: bool = False) -> str:
    plain = not always and text and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
