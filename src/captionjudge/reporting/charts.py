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


class Mark(NamedTuple):
    """Something to compare with, drawn beside an interval: `kind` is "baseline" or "ceiling"."""

    value: float
    kind: str


class Point(NamedTuple):
    """A point of a reliability plot: what was stated, what came of it with its interval, and of how many."""

    stated: float
    observed: float
    low: float
    high: float
    n: int


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


def whisker(
    value: float,
    low: float | None,
    high: float | None,
    *,
    span: tuple[float, float] = (0.0, 1.0),
    middle: float | None = None,
    zone: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
) -> Markup:
    """A dot on its interval, for a cell of a table that has the numbers too: screen readers pass it over.

    Args:
        span: the values at the left and the right end; what lies beyond is drawn at the end.
        middle: where a line is drawn.
        zone: the values that are good, tinted.
        marks: what to compare with.
    """

    def place(at: float) -> str:
        return _percent(min(1.0, max(0.0, (at - span[0]) / (span[1] - span[0]))))

    body = [Markup('<line class="axis" x1="0" x2="100%" y1="21" y2="21"/>')]
    if zone is not None:
        left, right = (min(span[1], max(span[0], end)) for end in zone)
        wide = _percent((right - left) / (span[1] - span[0]))
        body.insert(0, Markup('<rect class="zone" x="{}%" y="1" width="{}%" height="20"/>').format(place(left), wide))
    if middle is not None:
        body.append(Markup('<line class="middle" x1="{0}%" x2="{0}%" y1="1" y2="21"/>').format(place(middle)))
    if low is not None and high is not None:
        line = Markup('<line class="span" x1="{}%" x2="{}%" y1="{}" y2="{}"/>')
        body.append(line.format(place(low), place(high), 11, 11))
        body += [line.format(place(end), place(end), 7, 15) for end in (low, high)]
    body += [
        Markup('<svg class="mark {}" x="{}%" y="11"><path d="{}"/></svg>').format(
            mark.kind, place(mark.value), "M0,-6 L5,4 L-5,4 Z" if mark.kind == "baseline" else "M0,-6 L6,0 L0,6 L-6,0 Z"
        )
        for mark in marks
    ]
    body.append(Markup('<circle class="dot" cx="{}%" cy="11" r="4.5"/>').format(place(value)))
    start = Markup('<svg class="whisker" aria-hidden="true" focusable="false" width="100%" height="24">')
    return start + Markup("").join(body) + Markup("</svg>")


def stack(key: str, values: Sequence[float]) -> Markup:
    """A bar in parts, for a cell of a table that has the numbers too. `key` is that of a `key_to_parts` of the page."""
    total, left, body = sum(values) or 1, 0.0, list[Markup]()
    for part, value in enumerate(values):
        wide = 100 * value / total
        if value:
            body.append(_part(key, part, left, 1, wide))
        left += wide
    start = Markup('<svg class="whisker" aria-hidden="true" focusable="false" width="100%" height="24">')
    return start + Markup("").join(body) + Markup("</svg>")


def key_to_parts(key: str, parts: Sequence[str]) -> Markup:
    """The patterns that the bars of `stack` use, with their legend."""
    start = Markup('<svg class="patterns" aria-hidden="true" focusable="false" width="0" height="0">')
    return start + _patterns(key, len(parts)) + Markup("</svg>") + _legend(key, parts)


def reliability(name: str, series: Sequence[tuple[str, Sequence[Point]]]) -> Markup:
    """Stated against observed, both 0 to 1, each series with a sign of its own; on the diagonal both are the same."""
    body = [Markup('<line class="middle" x1="40" y1="280" x2="310" y2="10"/>'), *_square_axes()]
    for number, (_, points) in enumerate(series):
        body += [_point(number, point) for point in points]
    said = "; ".join(
        f"{title}: " + ", ".join(f"stated {p.stated:.0%} observed {p.observed:.0%} of {p.n}" for p in points)
        for title, points in series
    )
    start = Markup('<svg class="chart square" role="img" aria-label="{}" viewBox="0 0 320 324" focusable="false">')
    return start.format(f"{name}. {said}") + Markup("").join(body) + Markup("</svg>") + _signs([s for s, _ in series])


_SIGNS = ("M-4.5,0 a4.5,4.5 0 1 0 9,0 a4.5,4.5 0 1 0 -9,0 Z", "M-4,-4 h8 v8 h-8 Z", "M0,-5.5 L5.5,4.5 L-5.5,4.5 Z")


def _point(number: int, point: Point) -> Markup:
    x, y = 40 + 270 * point.stated, 280 - 270 * point.observed
    span = Markup('<line class="span" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>')
    whole = span.format(_short(x), _short(280 - 270 * point.low), _short(280 - 270 * point.high))
    sign = Markup('<path class="sign sign-{}" transform="translate({} {})" d="{}"/>')
    return (whole if number == 0 else Markup("")) + sign.format(number, _short(x), _short(y), _SIGNS[number])


def _square_axes() -> list[Markup]:
    lines = [
        Markup('<line class="axis" x1="40" y1="280" x2="310" y2="280"/>'),
        Markup('<line class="axis" x1="40" y1="10" x2="40" y2="280"/>'),
    ]
    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = 40 + 270 * share, 280 - 270 * share
        lines.append(Markup('<path class="axis" d="M{0},280 v4 M40,{1} h-4"/>').format(_short(x), _short(y)))
        lines.append(text.format(_short(x), 298, "middle", f"{share:.0%}"))
        lines.append(text.format(34, _short(y + 4), "end", f"{share:.0%}"))
    lines.append(text.format(175, 318, "middle", "stated probability"))
    lines.append(Markup('<text transform="translate(52 16)">{}</text>').format("observed share"))
    return lines


def _signs(titles: Sequence[str]) -> Markup:
    sign = Markup(
        '<li><svg class="swatch sign-of" aria-hidden="true" focusable="false" viewBox="-7 -7 14 14">'
        '<path class="sign sign-{}" d="{}"/></svg> <bdi>{}</bdi></li>'
    )
    items = [sign.format(number, _SIGNS[number], title) for number, title in enumerate(titles)]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))


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
