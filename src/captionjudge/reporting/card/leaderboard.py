"""Who is better: ranking, win rates, outcomes, and everybody against everybody."""

from markupsafe import Markup

from captionjudge.reporting.card.place import Figure, Place
from captionjudge.reporting.card.section import Axis, Links, Methods, Part, Section, measured, span_of
from captionjudge.reporting.charts import key_to_parts, stack
from captionjudge.reporting.sheet import Cell, Sheet

OUTCOMES = ("A", "B", "tie", "both_bad", "unstable", "failed")
_WORDS = ("A better", "B better", "equally good", "both bad", "unstable", "failed")
_SHADES = (0.2, 0.4, 0.6, 0.8)


def leaderboard(found: Place, methods: Methods, links: Links) -> Section:
    """Which candidate is better, by the judges."""
    parts = [_ranking(found["ranking"], methods), _wins(found, methods), _outcomes(found, links)]
    parts += [_elo(found["ranking"]["elo"], methods), _chances(found["ranking"]["expected_wins"])]
    made = tuple(part for part in parts if part is not None and part.sheet.rows)
    return Section("leaderboard", "Leaderboard", _said(found), made, _missing(found, made))


def _missing(found: Place, made: tuple[Part, ...]) -> str:
    return "" if made else "There are no pairs of two candidates."


def _said(found: Place) -> tuple[str, ...]:
    ranking = found["ranking"]
    if ranking["reason"].there:
        return (f"No ranking: {ranking['reason'].text}.",)
    groups = [group.value for group in ranking["groups"]]
    if not groups:
        return ()
    first = ", ".join(groups[0])
    said = [
        f"{first} is surely ahead of all others."
        if len(groups[0]) == 1
        else f"Nobody is surely ahead: {first} share the first place."
    ]
    if any(len(group) > 1 for group in groups):
        said.append(
            "Candidates of one group cannot be told apart with these data: the order within it is not claimed. Two of "
            "different groups surely differ, all pairs taken together (Holm)."
        )
    if ranking["next_pair"].there:
        said.append(f"To narrow the ranking most, compare next: {' and '.join(ranking['next_pair'].value)}.")
    return tuple(said)


def _ranking(ranking: Place, methods: Methods) -> Part | None:
    figures = [
        Figure(place.key, place["strength"].number, place["low"].number, place["high"].number, ranking["n"].count,
               ranking["rule"].text, ranking["left_out"].value or {})
        for place in ranking["candidates"]
    ]  # fmt: skip
    group_of = {name: number for number, group in enumerate(ranking["groups"], 1) for name in group.value}
    low, high = span_of(figures, 0.5)
    axis, rows, begins, before = Axis("signed", low, high, 0.0), [], set[int](), 0
    for place, figure in zip(ranking["candidates"], figures, strict=True):
        name = place["candidate"].text
        group = group_of.get(name, 0)
        if group != before:
            begins.add(len(rows))
        before = group
        drawn, _, least, most, *rest = measured(figure, axis, methods)
        strength = place["strength"].cell("signed", strong=True)
        rows.append((_rank(place["rank"]), Cell(name), Cell(group), drawn, strength, least, most, rest[-1]))
    head, _, *ends = axis.columns
    columns = ("place", "candidate", "group", f"log-odds, {head}", "strength", ends[0], ends[1], "rule")
    note = (
        "Strengths in log-odds, their mean 0. A place is a range: below all that are surely stronger, above all that are "
        "surely weaker. Rows of a group are tied."
    )
    return Part(Sheet("ranking", "Ranking", columns, tuple(rows), 2, note, frozenset(begins)))


def _rank(rank: Place) -> Cell:
    best, worst = rank["best"].count, rank["worst"].count
    return Cell(f"{best}" if best == worst else f"{best}–{worst}")


def _wins(found: Place, methods: Methods) -> Part:
    axis, rows = Axis(middle=0.5), []
    for place in found["comparisons"]:
        a, b = place["a"].text, place["b"].text
        if place["win_rate"].figure is not None:
            cells = measured(place["win_rate"].figure, axis, methods)
            rows.append((Cell(a), Cell(b), *cells))
    note = "How often A is better, by the judges. The line is at 50 %."
    return Part(Sheet("wins", "Win rates", ("A", "B", *axis.columns), tuple(rows), 2, note))


def _outcomes(found: Place, links: Links) -> Part:
    rows = []
    for place in found["comparisons"]:
        a, b, counted = place["a"].text, place["b"].text, place["outcomes"]
        cells = [counted[name].counted(links.pairs(a, b, name)) for name in OUTCOMES]
        drawn = Cell(None, drawing=stack("outcome", [counted[name].count for name in OUTCOMES]))
        rows.append(
            (Cell(a), Cell(b), drawn, *cells, counted["missing"].counted(), place["pairs"].counted(links.pairs(a, b)))
        )
    columns = ("A", "B", "share of all", *_WORDS, "not judged", "all")
    note = "Six outcomes, never merged. Unstable: the choice changed with the order. Failed: no verdict that could be used."
    legend = key_to_parts("outcome", _WORDS) if rows else Markup("")
    return Part(Sheet("outcomes", "Outcomes", columns, tuple(rows), 2, note), (legend,))


def _elo(elo: Place, methods: Methods) -> Part | None:
    rows = []
    for place in elo["candidates"]:
        figure = place["rating"].figure
        if figure is not None:
            ends = (place["rating"][end].cell() for end in ("value", "low", "high"))
            rows.append((place["candidate"].text, *ends, methods.cite(figure.rule)))
    return Part(
        Sheet("elo", "Elo", ("candidate", "rating", "95 % from", "95 % to", "rule"),
              tuple((Cell(name), *cells) for name, *cells in rows))
    )  # fmt: skip


def _chances(expected: Place) -> Part | None:
    names = [place.text for place in expected["candidates"]]
    rows = []
    for name, line in zip(names, expected["table"], strict=False):
        cells = [
            Cell(None) if each.number is None else each.cell("share")._replace(shade=_shade(each.number))
            for each in line
        ]
        rows.append((Cell(name), *cells))
    note = "The chance that the candidate of the row is better than that of the column, by the model of the ranking; ties half."
    return Part(Sheet("chances", "Everybody against everybody", ("", *names), tuple(rows), 1, note))


def _shade(share: float) -> int:
    return sum(share > bound for bound in _SHADES)
