"""Judgments as training data: what the formats are, and the one way to write them."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.card import card
from captionjudge.exchange.exports.coco import write_coco
from captionjudge.exchange.exports.columns import SHAPES, Columns, beside
from captionjudge.exchange.exports.filters import Filters
from captionjudge.exchange.exports.folder import Folder, new_folder
from captionjudge.exchange.exports.groups import Group, Takes, groups
from captionjudge.exchange.exports.json_lines import write_json_lines
from captionjudge.exchange.exports.label_studio import write_label_studio
from captionjudge.exchange.exports.lines import Source
from captionjudge.exchange.exports.parquet import require_pyarrow, write_beside, write_embedded
from captionjudge.exchange.exports.rows import DEFAULT_PROMPT, Rows, dpo_rows, flat_rows, kto_rows, sft_rows
from captionjudge.exchange.exports.splits import Splits
from captionjudge.exchange.exports.table import write_csv
from captionjudge.exchange.exports.tally import Tally

Images = Literal["embed", "path"]
Write = Callable[[Iterable[Group], Folder, Tally], None]
"""Writes the pairs to the folder and counts what it writes."""

JUDGMENTS = "jsonl"
TRAINING = ("trl-dpo", "trl-kto", "trl-sft", "parquet", "csv", "label-studio", "coco")
FORMATS = (JUDGMENTS, *TRAINING)

_CHAT = {"trl-dpo": dpo_rows, "trl-kto": kto_rows, "trl-sft": sft_rows}
_TAKES = {"trl-kto": Takes(both_bad=True), "label-studio": Takes(undecided=True)}


class Wanted(Struct, frozen=True):
    """What is to be written.

    Attributes:
        format: one of `TRAINING`.
        images: whether pictures are in the rows ("embed": trl-* and parquet) or files ("path"); by default in the
            rows of parquet, files for all others.
        prompt: what the rows of trl-*, parquet and csv ask of a model.
    """

    format: str
    filters: Filters = field(default_factory=Filters)
    splits: Splits = field(default_factory=Splits)
    images: Images | None = None
    prompt: str = DEFAULT_PROMPT


class _Form(Struct, frozen=True):
    """How a format is written: `path` is that of a split's file, `columns` what the card declares."""

    write: Write
    path: str | None = None
    columns: Columns | None = None


def export_training(source: Source, wanted: Wanted, out: Path) -> Tally:
    """Write judgments as training data to the folder `out`, all of it or nothing. Returns what was counted.

    Memory does not grow with the number of pairs.

    Raises:
        ConfigError: something that was asked for cannot be, or no row is left.
    """
    form = _form(wanted)
    tally = Tally()
    with new_folder(out) as folder:
        found = groups(source, wanted.filters, wanted.splits, _TAKES.get(wanted.format, Takes()), tally)
        form.write(found, folder, tally)
        if not tally.rows.total():
            first = tally.problems[0] if tally.problems else None
            hint = f"line {first.line}: {first.message}" if first else "docs/export.md explains the rules"
            raise ConfigError(f"there is nothing to write: {_nothing(tally)}", hint=hint)
        # In the order asked for, so that the card is the same however the pictures came.
        tally.rows = Counter({name: tally.rows[name] for name in wanted.splits.names if tally.rows[name]})
        files = [(name, form.path.format(name)) for name in tally.rows] if form.path else []
        text = card(source.title, wanted.format, tally, asked(wanted), files, form.columns)
        folder.file("README.md").write(text.encode())
    return tally


def asked(wanted: Wanted) -> list[str]:
    """The filters as they are asked for on the command line."""
    filters = wanted.filters
    probability = filters.min_probability
    return [
        *(["--human-only"] if filters.human_only else []),
        *(["--stable-only"] if filters.stable_only else []),
        *([] if probability is None else [f"--min-probability {probability:g}"]),
        *(["--drop-length-only"] if filters.drop_length_only else []),
    ]


def _form(wanted: Wanted) -> _Form:
    name = wanted.format
    if name not in TRAINING:
        raise ConfigError(f"there is no format {name!r}", hint=f"there are: {', '.join(FORMATS)}")
    images = wanted.images or ("embed" if name == "parquet" else "path")
    if images not in ("embed", "path"):
        raise ConfigError(f"--images must be embed or path, not {images!r}")
    if images == "embed" and name not in (*_CHAT, "parquet"):
        raise ConfigError(f"{name} cannot hold pictures in its rows", hint="--images path, or another format")
    match name:
        case "coco":
            return _Form(write_coco)
        case "label-studio":
            return _Form(write_label_studio)
    rows = partial(_CHAT.get(name, flat_rows), wanted.prompt)
    if name == "csv":
        return _Form(partial(write_csv, rows=rows), "{}.csv")
    return _rows_form(rows, SHAPES[name if name in _CHAT else "flat"], images, arrow=name == "parquet")


def _rows_form(rows: Rows, columns: Columns, images: Images, *, arrow: bool) -> _Form:
    """Rows with types: JSON lines, or Parquet where that is asked for or pictures are to be in the rows."""
    if images == "path" and not arrow:
        return _Form(partial(write_json_lines, rows=rows), "{}.jsonl", beside(columns))
    require_pyarrow()
    if images == "path":
        return _Form(partial(write_beside, rows=rows, columns=columns), "{}/**")
    return _Form(partial(write_embedded, rows=rows, columns=columns), "{}.parquet")


def _nothing(tally: Tally) -> str:
    reasons = Counter(tally.left_out) + Counter(tally.rows_left_out) + Counter({"unreadable": tally.bad_lines})
    return ", ".join(f"{rule} {n:,}" for rule, n in sorted(reasons.items())) or "there are no judged pairs"
