"""Charts as SVG, made of numbers. Widths are shares of the page's and text keeps its size, so they fit any screen.

Colours come from the style sheet by class; each is told apart by a pattern too, and every number is in the table
beside the chart.
"""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from captionjudge.statistics.rates import Rate

_ROW = 46
_BAR = 22
_TALL = 150
_NARROWEST_LABELLED = 7.0
_LONGEST_LABEL = 40
# One for each colour; the first is plain.
_PATTERNS = (
    "",
    "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
    "M2,3 h2 M6,7 h2",
    "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
    "M0,4 h8",
    "M4,0 v8",
    "M0,4 h8 M4,0 v8",
)


class Bar(NamedTuple):
    """A row of a bar chart: a label, and a value for each part."""

    label: str
    values: Sequence[float]


class Interval(NamedTuple):
    """A row of an interval chart: a label, and a share with its interval."""

    label: str
    rate: Rate


def bars(key: str, name: str, parts: Sequence[str], rows: Sequence[Bar], *, whole: float | None = None) -> Markup:
    """Stacked horizontal bars, each as long as the page; with `whole`, as long as its share of that."""
    body = [_row_of_bar(key, index, row, whole) for index, row in enumerate(rows)]
    said = "; ".join(
        f"{r.label}: " + ", ".join(f"{p} {v:,}" for p, v in zip(parts, r.values, strict=True)) for r in rows
    )
    drawing = _svg(f"{name}. {said}", _ROW * len(rows), _patterns(key, len(parts)) + Markup("").join(body))
    return drawing + _legend(key, parts)


def intervals(name: str, rows: Sequence[Interval], middle: float = 0.5) -> Markup:
    """Shares as dots on lines from one end of their intervals to the other, with a line at `middle`."""
    height = _ROW * len(rows)
    body = [
        Markup('<line class="middle" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(_percent(middle), height),
        *(_row_of_interval(index, row) for index, row in enumerate(rows)),
        *_axis(height, ("0 %", "50 %", "100 %")),
    ]
    said = "; ".join(f"{row.label}: {_words(row.rate)}" for row in rows)
    return _svg(f"{name}. {said}", height + 20, Markup("").join(body))


def histogram(name: str, counts: Sequence[int], ends: tuple[str, str, str]) -> Markup:
    """Columns of equal width; `ends` is written under the left end, the middle and the right end."""
    width, most = 100 / max(1, len(counts)), max((*counts, 1))
    body: list[Markup] = []
    for index, count in enumerate(counts):
        tall = round(_TALL * count / most, 1)
        top, left = _TALL + 18 - tall, width * index
        body.append(
            Markup('<rect class="part-0" x="{}%" y="{}" width="{}%" height="{}"/>').format(
                _short(left + width * 0.04), _short(top), _short(width * 0.92), _short(tall)
            )
        )
        if count:
            body.append(_text(left + width / 2, top - 4, f"{count:,}", "middle"))
    body += _axis(_TALL + 18, ends)
    return _svg(f"{name}. From left to right: {', '.join(map(str, counts))}", _TALL + 38, Markup("").join(body))


def _row_of_bar(key: str, index: int, row: Bar, whole: float | None) -> Markup:
    total, top = whole or sum(row.values) or 1, index * _ROW
    body, left = [_text(0, top + 14, _clipped(row.label), "start")], 0.0
    for part, value in enumerate(row.values):
        wide = 100 * value / total
        if value:
            body.append(_part(key, part, left, top + 19, wide))
            if wide >= _NARROWEST_LABELLED:
                body.append(_text(left + wide / 2, top + 35, f"{value:,}", "middle"))
        left += wide
    return Markup("").join(body)


def _part(key: str, part: int, left: float, top: float, wide: float) -> Markup:
    place = Markup('x="{}%" y="{}" width="{}%" height="{}"').format(_short(left), top, _short(wide), _BAR)
    base = Markup('<rect class="part-{}" {}/>').format(part, place)
    if not part:
        return base
    return base + Markup('<rect class="hatch" fill="url(#{}-{})" {}/>').format(key, part, place)


def _row_of_interval(index: int, row: Interval) -> Markup:
    top, rate = index * _ROW, row.rate
    low, high = _percent(rate.low), _percent(rate.high)
    line = Markup('<line class="{}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>')
    return Markup("").join(
        [
            _text(0, top + 14, f"{_clipped(row.label)}: {rate.value:.0%}", "start"),
            line.format("span", low, high, top + 30, top + 30),
            *(line.format("span", end, end, top + 25, top + 35) for end in (low, high)),
            Markup('<circle class="dot" cx="{}%" cy="{}" r="6"/>').format(_percent(rate.value), top + 30),
        ]
    )


def _words(rate: Rate) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}, of {rate.n:,})"


def _clipped(label: str) -> str:
    # SVG text does not wrap; the whole label is in the chart's name and in the table.
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _axis(top: float, ends: tuple[str, str, str]) -> list[Markup]:
    line = Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(top)
    places = zip((0, 50, 100), ends, ("start", "middle", "end"), strict=True)
    return [line, *(_text(x, top + 16, words, anchor) for x, words, anchor in places)]


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(_short(x), _short(y), anchor, words)


def _patterns(key: str, parts: int) -> Markup:
    pattern = Markup('<pattern id="{}-{}" width="8" height="8" patternUnits="userSpaceOnUse"><path d="{}"/></pattern>')
    made = [pattern.format(key, part, _PATTERNS[part % len(_PATTERNS)]) for part in range(1, parts)]
    return Markup("<defs>{}</defs>").format(Markup("").join(made))


def _legend(key: str, parts: Sequence[str]) -> Markup:
    swatch = Markup(
        '<li><svg class="swatch" aria-hidden="true" focusable="false">'
        '<rect class="part-{0}" width="100%" height="100%"/>'
        '<rect class="hatch" width="100%" height="100%" fill="{1}"/></svg> <bdi>{2}</bdi></li>'
    )
    items = [swatch.format(part, f"url(#{key}-{part})" if part else "none", words) for part, words in enumerate(parts)]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))


def _svg(name: str, height: float, body: Markup) -> Markup:
    start = Markup('<svg class="chart" role="img" aria-label="{}" width="100%" height="{}" focusable="false">')
    return start.format(escape(name), _short(height)) + body + Markup("</svg>")


def _percent(value: float) -> str:
    return _short(100 * value)


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
