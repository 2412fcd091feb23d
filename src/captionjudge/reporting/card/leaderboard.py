"""Who is better: ranking, win rates, outcomes, and everybody against everybody."""

from captionjudge.reporting.card.place import Figure, Place
from captionjudge.reporting.card.section import SHARE, Axis, Links, Methods, Part, Section, measured, span_of
from captionjudge.reporting.charts import key_to_parts, stack
from captionjudge.reporting.sheet import Cell, Row, Sheet

OUTCOMES = ("A", "B", "tie", "both_bad", "unstable", "failed")
_WORDS = ("A better", "B better", "equally good", "both bad", "unstable", "failed")
_SHADES = (0.2, 0.4, 0.6, 0.8)
_MOST_COLUMNS = 30


def leaderboard(found: Place, methods: Methods, links: Links) -> Section:
    """Which candidate is better, by the judges, and by people where they chose."""
    ranking = found["ranking"]
    matrix, expected = ranking["matrix"], ranking["expected_wins"]
    parts = [
        ranked("ranking", "Ranking", ranking, methods),
        _wins("wins", "Win rates", "win_rate", found, methods),
        _outcomes(found, links),
        ranked("ranking-people", "Ranking by people", ranking["people"], methods),
        _wins("wins-people", "Win rates by people", "people_win_rate", found, methods),
        _alike(ranking["people"]["systems"], methods),
        _table("matrix", "Who won how often", matrix, matrix["share"], _OBSERVED),
        _table("chances", "Everybody against everybody", expected, expected["table"], _MODEL),
        _elo(ranking["elo"], methods),
    ]  # fmt: skip
    made = tuple(part for part in parts if part.sheet.rows)
    missing = "" if made else "Nobody has chosen between two candidates, neither judges nor people."
    return Section("leaderboard", "Leaderboard", _said(found), made, missing)


_OBSERVED = "The share of pairs that the row's candidate won against the column's, as judged; ties half."
_MODEL = "The chance that the row's candidate is better than the column's, by the model of the ranking; ties half."


def _said(found: Place) -> tuple[str, ...]:
    ranking = found["ranking"]
    if ranking["reason"].there:
        return (f"No ranking: {ranking['reason'].text}.",)
    groups = [group.value for group in ranking["groups"]]
    if not groups:
        return ()
    first = [place["candidate"].text for place in ranking["candidates"] if place["rank"]["best"].count == 1]
    if len(first) == 1:
        said = [f"{first[0]} is surely ahead of all others."]
    else:
        said = [f"Who is first is open: {', '.join(first[:-1])} or {first[-1]}."]
    if any(len(group) > 1 for group in groups):
        said.append(
            "Candidates in a row of one group cannot be told apart with these data: their order is not claimed. Two of "
            "different groups surely differ, all pairs taken together (Holm)."
        )
    if ranking["next_pair"].there:
        said.append(f"To narrow the ranking most, compare next: {' and '.join(ranking['next_pair'].value)}.")
    return tuple(said)


def ranked(key: str, title: str, ranking: Place, methods: Methods) -> Part:
    """Candidates, strongest first, with the places they can have; a group's rows are tied."""
    figures = strengths(ranking)
    group_of = {name: number for number, group in enumerate(ranking["groups"], 1) for name in group.value}
    low, high = span_of(figures, 0.5)
    axis, begins, before = Axis("signed", low, high, 0.0), set[int](), 0
    rows: list[Row] = []
    for place, figure in zip(ranking["candidates"], figures, strict=True):
        name = place["candidate"].text
        group = group_of.get(name, 0)
        if group != before:
            begins.add(len(rows))
        before = group
        drawn, _, least, most, *rest = measured(figure, axis, methods)
        ends = (least._replace(key=f"{place.key}.low"), most._replace(key=f"{place.key}.high"))
        strength = place["strength"].cell("signed", strong=True)
        rows.append((_rank(place["rank"]), Cell(name), Cell(group), drawn, strength, *ends, rest[-1]))
    head, _, *ends_ = axis.columns
    columns = ("place", "candidate", "group", f"log-odds, {head}", "strength", *ends_[:2], "rule")
    note = (
        "Strengths in log-odds, their mean 0. A place is a range: below all that are surely stronger, above all that "
        "are surely weaker."
    )
    return Part(Sheet(key, title, columns, tuple(rows), 2, note, frozenset(begins)))


def strengths(ranking: Place) -> list[Figure]:
    """The candidates' strengths as figures."""
    n, rule, left_out = ranking["n"].count, ranking["rule"].text, ranking["left_out"].value or {}
    return [
        Figure(each.key, each["strength"].number, each["low"].number, each["high"].number, n, rule, left_out)
        for each in ranking["candidates"]
    ]


def _rank(rank: Place) -> Cell:
    best, worst = rank["best"].count, rank["worst"].count
    return Cell(f"{best}" if best == worst else f"{best}–{worst}")


def _wins(key: str, title: str, name: str, found: Place, methods: Methods) -> Part:
    axis, rows = Axis(middle=0.5), list[Row]()
    for place in found["comparisons"]:
        figure = place[name].figure
        if figure is not None and figure.value is not None:
            rows.append((Cell(place["a"].text), Cell(place["b"].text), *measured(figure, axis, methods)))
    note = "How often A is better. The line is at 50%."
    if found["comparisons_left_out"].count:
        note += f" {found['comparisons_left_out'].count:,} comparisons of the fewest pairs are not listed."
    return Part(Sheet(key, title, ("A", "B", *axis.columns), tuple(rows), 2, note))


def _outcomes(found: Place, links: Links) -> Part:
    rows: list[Row] = []
    for place in found["comparisons"]:
        a, b, counted = place["a"].text, place["b"].text, place["outcomes"]
        if not any(counted[name].count for name in OUTCOMES):
            continue
        cells = [counted[name].counted(links.pairs(a, b, name)) for name in OUTCOMES]
        drawn = Cell(None, drawing=stack("outcome", [counted[name].count for name in OUTCOMES]))
        same = place["same_text"].counted()
        last = (same, counted["missing"].counted(), place["pairs"].counted(links.pairs(a, b)))
        rows.append((Cell(a), Cell(b), drawn, *cells, *last))
    columns = ("A", "B", "share of all", *_WORDS, "same text", "not judged", "all")
    note = (
        "Six outcomes, never merged. Unstable: the choice changed with the order. Failed: no usable verdict. "
        "Same text: how many of the equally good are one text twice, about which no judge was asked."
    )
    legend = (key_to_parts("outcome", _WORDS),) if rows else ()
    return Part(Sheet("outcomes", "Outcomes", columns, tuple(rows), 2, note), legend)


def _alike(systems: Place, methods: Methods) -> Part:
    """How alike judges and people rank the candidates."""
    axis = Axis("signed", -1.0, 1.0, 0.0)
    names = {"spearman": "Spearman", "kendall_tau_b": "Kendall's tau-b", "pearson": "Pearson"}
    rows = tuple(
        (Cell(words), *measured(systems[name].figure, axis, methods))
        for name, words in names.items()
        if systems[name]["value"].number is not None
    )
    title = "Ranking by judges beside ranking by people"
    return Part(Sheet("systems", title, ("measure", *axis.columns), rows, 1, f"Of {systems['rule'].text}."))


def _elo(elo: Place, methods: Methods) -> Part:
    """Elo's points, of the model's strengths and as played."""
    names = ("points", "low", "high", "played", "played_low", "played_high")
    rows = tuple(
        (Cell(place["candidate"].text), *(_points(place[name]) for name in names), methods.cite(elo["rule"].text))
        for place in elo["candidates"]
    )
    columns = ("candidate", "points", *SHARE.columns[2:4], "as played", "lowest", "highest", "rule")
    return Part(Sheet("elo", "Elo", columns, rows))


def _points(place: Place) -> Cell:
    number = place.number
    return place.cell()._replace(written="–" if number is None else f"{number:,.0f}")


def _table(key: str, title: str, about: Place, table: Place, note: str) -> Part:
    """Shares of every candidate against every other; none where the table would be wider than any screen."""
    names = [place.text for place in about["candidates"]]
    rows: list[Row] = []
    for name, line in zip(names, table, strict=False):
        cells = (each.cell("share", shade=_shade(each.number)) for each in line)
        rows.append((Cell(name), *cells))
    if len(names) > _MOST_COLUMNS or len(names) < 3:
        rows = []
    return Part(Sheet(key, title, ("", *names), tuple(rows), 1, note))


def _shade(share: float | None) -> int:
    return 0 if share is None else sum(share > bound for bound in _SHADES)
