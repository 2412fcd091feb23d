"""The dataset card: what an export holds, what it left out, and what to beware of."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from captionjudge.exchange.exports.columns import Columns, card_features
from captionjudge.exchange.exports.tally import RULES, TEXT_RULES, Agreement, Tally
from captionjudge.statistics.rates import wilson

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SOURCES = {
    "person": "a person's Final Choice",
    "judges": "the judges' outcome",
    "edit": "a text that a person wrote in place of a description, over both descriptions",
    "undecided": "nobody: the pair is there to be decided",
}


def card(
    title: str,
    format: str,
    tally: Tally,
    filters: Iterable[str],
    files: Sequence[tuple[str, str]] = (),
    columns: Columns | None = None,
) -> str:
    """README.md of an export.

    Args:
        filters: what was asked for, as on the command line.
        files: split and path of each file that `datasets` reads.
        columns: declared for files that carry no types themselves.
    """
    parts = [
        _front(title, tally, files, columns),
        f"# Preferences about image descriptions: {_inline(title)}\n",
        f"Written by captionjudge (`--format {format}`) from {tally.lines:,} judged pairs. {_asked(filters)}",
        "The columns are explained in captionjudge's docs/export.md.\n",
        "## Counts\n",
        _table(("split", "rows", "pictures"), _splits(tally)),
        f"{tally.kept:,} of {tally.pairs:,} pairs were kept (a text that a person wrote makes a pair of its own):\n",
        _table(("label", "pairs"), [(_SOURCES[key], f"{n:,}") for key, n in sorted(tally.sources.items())]),
        *_left_out(tally),
        "## How far judges and people agree\n",
        _agreement("all pairs that both decided, chosen for being hard or not", tally.whole),
        _agreement("the random audit slice alone, the only sample of all images", tally.audited),
        "\n## Beware\n",
        _caveats(tally),
    ]
    return "\n".join(parts)


def _front(title: str, tally: Tally, files: Sequence[tuple[str, str]], columns: Columns | None) -> str:
    rows = tally.rows.total()
    fields: dict[str, Any] = {
        "pretty_name": title,
        "license": "unknown",
        "task_categories": ["image-to-text"],
        "tags": ["captionjudge", "preference", "image-captioning"],
        "size_categories": [next((name for most, name in _SIZES if rows < most), "1M<n<10M")],
    }
    if files:
        data = [{"split": split, "path": path} for split, path in files]
        fields["configs"] = [{"config_name": "default", "data_files": data}]
    if columns is not None:
        fields["dataset_info"] = {"features": card_features(columns)}
    # JSON is YAML: nothing that a title holds can end the front matter.
    lines = [f"{key}: {orjson.dumps(value).decode()}" for key, value in fields.items()]
    return "\n".join(("---", *lines, "---\n"))


def _asked(filters: Iterable[str]) -> str:
    asked = " ".join(filters)
    return f"Filters: `{asked}`." if asked else "No filters."


def _splits(tally: Tally) -> list[tuple[str, str, str]]:
    return [
        (split, f"{rows:,}", f"{tally.images[split]:,}" if tally.images.total() else "in the rows")
        for split, rows in tally.rows.items()
    ]


def _left_out(tally: Tally) -> Iterable[str]:
    if tally.left_out or tally.bad_lines:
        rows = [(f"`{rule}`", f"{n:,}", RULES[rule]) for rule, n in sorted(tally.left_out.items())]
        if tally.bad_lines:
            rows.append(("unreadable", f"{tally.bad_lines:,}", "the line is no judgment"))
        yield "Pairs left out, by the first rule that applied:\n"
        yield _table(("rule", "pairs", "why"), rows)
    if found := {rule: n for rule, n in sorted(tally.rows_left_out.items()) if n}:
        yield "Rows of kept pairs that were not written:\n"
        yield _table(("rule", "rows", "why"), [(f"`{rule}`", f"{n:,}", TEXT_RULES[rule]) for rule, n in found.items()])


def _agreement(where: str, found: Agreement) -> str:
    rate = wilson(found.agree, found.n)
    if rate is None:
        return f"- In {where}: none has both."
    return (
        f"- In {where}: the judges chose what people chose in {found.agree:,} of {found.n:,}: {rate.value:.1%}, 95 % "
        f"Wilson interval {rate.low:.1%} to {rate.high:.1%}. Pairs are counted, as if independent; pairs in which "
        "either made no choice are not."
    )


def _caveats(tally: Tally) -> str:
    judged = tally.sources["judges"]
    names = ", ".join(_inline(name) for name in tally.judges)
    by = f" (judges: {names})" if names else ""
    lines = [
        f"{judged:,} of {tally.kept:,} labels were made by models, not by people{by}. "
        "They carry the judges' biases: for the first slot, for length, for their own kind.",
        "`soft_label` counts votes, and `probability` is what the judges say of themselves: neither is calibrated.",
        f"{tally.audit_pairs:,} pairs are of the random audit slice (`audit`): keep them out of training if they are "
        "to measure what comes of it.",
        f"In {tally.length_unknown:,} pairs the better text is the longer one, and no criterion tells whether it is "
        "better by that alone.",
        "Splits are drawn by the picture's bytes: the same picture in another encoding may be in another split.",
        "Who holds the rights in pictures and texts is not known here: `license` is yours to fill in.",
    ]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join((*lines, *(f"| {' | '.join(row)} |" for row in rows))) + "\n"


def _inline(text: str) -> str:
    """A name as a piece of one line, whatever is in it."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"
