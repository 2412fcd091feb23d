"""The leaderboard: which candidate is better by the judges, by people, and how far the two agree."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup
from msgspec import Struct

from captionjudge.judging.settlement import ONE, agree
from captionjudge.reporting.charts import Bar, Interval, bars, histogram, intervals
from captionjudge.reporting.sheet import RATE_COLUMNS, Cell, Sheet, rate_cells, share
from captionjudge.reporting.summary import OUTCOMES, RULE, SAME_TEXT, PairReport, report
from captionjudge.review.results.words import SLICES, cases_link, choice_words, list_link
from captionjudge.running.setup import Setup
from captionjudge.statistics.rates import wilson
from captionjudge.store import results
from captionjudge.store.cases import NO_CHOICE
from captionjudge.store.database import Reading
from captionjudge.store.results import BINS, BinCount, ChoiceCount, PairSought, PeopleCount, PeopleSought

_JUDGED = dict(zip(OUTCOMES, ("A better", "B better", "equally good", "both bad", "unstable", "failed"), strict=True))


class Figure(NamedTuple):
    """A chart with its table."""

    sheet: Sheet
    chart: Markup


class Leaderboard(Struct, frozen=True):
    """The page's tables and charts. `matrices` has one table for the random audit and one for the rest."""

    judged: Figure
    wins: Figure
    candidates: Figure
    people: Figure
    agreement: Figure
    matrices: tuple[Sheet, ...]
    between: Figure
    probabilities: Sheet
    histograms: tuple[tuple[str, Markup], ...]

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every table."""
        figures = (self.judged, self.wins, self.candidates, self.people, self.agreement, self.between)
        return (*(figure.sheet for figure in figures), *self.matrices, self.probabilities)


def read_leaderboard(setup: Setup, connection: Reading) -> Leaderboard:
    """The leaderboard as the store has it."""
    project = setup.project_id
    pairs = report(setup).pairs
    chosen = results.choices(connection, project)
    bins = results.probabilities(connection, project)
    return Leaderboard(
        judged=_judged(pairs),
        wins=_wins(pairs),
        candidates=_candidates(pairs, [candidate.name for candidate in setup.config.candidates]),
        people=_people(pairs, chosen),
        agreement=_agreement(chosen),
        matrices=tuple(_matrix(audit, chosen) for audit in SLICES),
        between=_between(results.between_people(connection, project)),
        probabilities=_probabilities(bins),
        histograms=_histograms(bins),
    )


def _judged(pairs: Sequence[PairReport]) -> Figure:
    rows, drawn = [], []
    for pair in pairs:
        cells = [
            Cell(pair.outcomes[outcome], list_link("pairs", PairSought(pair.a, pair.b, outcome=outcome)))
            for outcome in OUTCOMES
        ]
        same = Cell(pair.same_text, list_link("pairs", PairSought(pair.a, pair.b, same_text=True)))
        total = Cell(sum(pair.outcomes.values()), list_link("pairs", PairSought(pair.a, pair.b)))
        rows.append((Cell(pair.a), Cell(pair.b), *cells, same, total))
        drawn.append(Bar(_versus(pair.a, pair.b), [pair.outcomes[outcome] for outcome in OUTCOMES]))
    columns = ("A", "B", *_JUDGED.values(), "same text", "all")
    note = f"Same text: how many of the equally good are so because {SAME_TEXT}."
    sheet = Sheet("outcomes", "Outcomes by the judges", columns, tuple(rows), 2, note)
    return Figure(sheet, bars("outcomes", sheet.title, tuple(_JUDGED.values()), drawn))


def _wins(pairs: Sequence[PairReport]) -> Figure:
    rows = []
    for pair in pairs:
        decided = sum(pair.outcomes[outcome] for outcome in ("A", "B", "tie"))
        rows.append(
            (
                Cell(pair.a),
                Cell(pair.b),
                *rate_cells(pair.win_rate),
                share(pair.outcomes["tie"] / decided if decided else None),
                share(pair.flips / pair.judged_twice if pair.judged_twice else None),
                Cell(pair.flips, list_link("pairs", PairSought(pair.a, pair.b, flipped=True))),
                Cell(pair.judged_twice, list_link("pairs", PairSought(pair.a, pair.b, judged_twice=True))),
            )
        )
    columns = ("A", "B", *RATE_COLUMNS, "ties", "flip rate", "flips", "judged in both orders")
    note = (
        f"How often A is better, with its 95 % Wilson interval; {RULE}. A flip is a choice that changed with the order."
    )
    sheet = Sheet("win-rates", "Win rates by the judges", columns, tuple(rows), 2, note)
    drawn = [Interval(_versus(pair.a, pair.b), pair.win_rate) for pair in pairs if pair.win_rate is not None]
    return Figure(sheet, intervals(sheet.title, drawn))


def _candidates(pairs: Sequence[PairReport], names: Sequence[str]) -> Figure:
    known = [*names, *sorted({name for pair in pairs for name in (pair.a, pair.b)} - set(names))]
    rows, drawn = [], []
    for name in known:
        first = [pair.outcomes for pair in pairs if pair.a == name]
        second = [pair.outcomes for pair in pairs if pair.b == name]
        won = sum(one["A"] for one in first) + sum(one["B"] for one in second)
        lost = sum(one["B"] for one in first) + sum(one["A"] for one in second)
        rest = [sum(one[outcome] for one in (*first, *second)) for outcome in OUTCOMES[2:]]
        rate = wilson(won + rest[0] / 2, won + lost + rest[0])
        links = [list_link("pairs", PairSought(candidate=name, won=better)) for better in (True, False)]
        links += [list_link("pairs", PairSought(candidate=name, outcome=outcome)) for outcome in OUTCOMES[2:]]
        rows.append((Cell(name), *map(Cell, (won, lost, *rest), links), *rate_cells(rate)))
        if rate is not None:
            drawn.append(Interval(name, rate))
    columns = ("candidate", "better", "worse", *(_JUDGED[outcome] for outcome in OUTCOMES[2:]), *RATE_COLUMNS)
    note = f"Over all pairs a candidate is in; {RULE}."
    if len(known) > 2:
        note += " The interval takes pairs of the same image as independent, so it is too narrow."
    sheet = Sheet("candidates", "Candidates by the judges", columns, tuple(rows), 1, note)
    return Figure(sheet, intervals(sheet.title, drawn))


def _people(pairs: Sequence[PairReport], chosen: Sequence[ChoiceCount]) -> Figure:
    """People choose among all candidates at once: of a pair, somebody else may be the better one."""
    parts = ("A better", "B better", "equally good", "all bad", "another better", "people differ", "to decide")
    rows, drawn = [], []
    for pair in pairs:
        finals = {f"{ONE}{pair.a}": parts[0], f"{ONE}{pair.b}": parts[1], "tie": parts[2], "both_bad": parts[3]}
        for audit, slice_ in SLICES.items():
            counts = {part: [c for c in chosen if c.audit == audit and _part(c, finals) == part] for part in parts}
            numbers = [sum(count.cases for count in counts[part]) for part in parts]
            links = _people_links(pair, counts[parts[4]], audit)
            cells = [Cell(number, link) for number, link in zip(numbers, links, strict=True)]
            total = Cell(sum(numbers), cases_link(audit=audit))
            rows.append((Cell(pair.a), Cell(pair.b), Cell(slice_), *cells, total))
            drawn.append(Bar(f"{_versus(pair.a, pair.b)}, {slice_}", numbers))
    sheet = Sheet("final-choices", "Final choices by people", ("A", "B", "images", *parts, "all"), tuple(rows), 3)
    return Figure(sheet, bars("final-choices", sheet.title, parts, drawn))


def _part(count: ChoiceCount, finals: dict[str, str]) -> str:
    if count.state != "settled":
        return "people differ" if count.state == "split" else "to decide"
    return finals.get(count.final_choice or "", "another better")


def _people_links(pair: PairReport, others: Sequence[ChoiceCount], audit: bool) -> list[str | None]:
    finals = (f"{ONE}{pair.a}", f"{ONE}{pair.b}", "tie", "both_bad")
    found: list[str | None] = [cases_link(final_choice=final, state="settled", audit=audit) for final in finals]
    names = {count.final_choice for count in others if count.final_choice}
    # Several other winners have no list of their own: each has one in the matrix below.
    found.append(cases_link(final_choice=min(names), state="settled", audit=audit) if len(names) == 1 else None)
    return [*found, *(cases_link(state=state, audit=audit) for state in ("split", "open"))]


def _agreement(chosen: Sequence[ChoiceCount]) -> Figure:
    rows, drawn = [], []
    for audit, name in SLICES.items():
        compared = [
            (agree(c.judge_choice, c.final_choice), c.cases)
            for c in chosen
            if c.audit == audit and c.state == "settled"
        ]
        same, other, none = (sum(n for agrees, n in compared if agrees is which) for which in (True, False, None))
        rate = wilson(same, same + other)
        cells = (
            Cell(same, cases_link(agreement="judge_agrees", state="settled", audit=audit)),
            Cell(other, cases_link(agreement="judge_differs", state="settled", audit=audit)),
        )
        rows.append((Cell(name), *cells, Cell(none), *rate_cells(rate)))
        if rate is not None:
            drawn.append(Interval(name, rate))
    note = (
        "How often the final choice is the judges', with its 95 % Wilson interval. Left out: images about which the "
        "judges made no choice that held (unstable, failed). Only the random audit says how it is on all images: the "
        "rest were chosen for being hard, or happened to be reviewed first."
    )
    columns = ("images", "same", "other", "judges made no choice", *RATE_COLUMNS)
    sheet = Sheet("agreement", "Judges and people", columns, tuple(rows), 1, note)
    return Figure(sheet, intervals(sheet.title, drawn))


def _matrix(audit: bool, chosen: Sequence[ChoiceCount]) -> Sheet:
    settled = [count for count in chosen if count.audit == audit and count.state == "settled"]
    judged = _sorted({count.judge_choice for count in settled})
    finals = _sorted({count.final_choice for count in settled})

    def cell(where: Callable[[ChoiceCount], bool], judge: str | None, final: str | None) -> Cell:
        number = sum(count.cases for count in settled if where(count))
        return Cell(number, _matrix_link(judge, final, audit))

    rows = []
    for judge in judged:
        cells = [
            cell(lambda c, j=judge, f=final: (c.judge_choice, c.final_choice) == (j, f), judge, final)  # type: ignore[misc]
            for final in finals
        ]
        number = sum(one.value for one in cells if isinstance(one.value, int))
        total = Cell(number, cases_link(judge_choice=judge or NO_CHOICE, state="settled", audit=audit))
        rows.append((Cell(choice_words(judge)), *cells, total))
    name = SLICES[audit]
    columns = ("judges", *(f"people: {choice_words(final)}" for final in finals), "all")
    key = "matrix-audit" if audit else "matrix-rest"
    return Sheet(key, f"Judges' choice by final choice: {name}", columns, tuple(rows))


def _matrix_link(judge: str | None, final: str | None, audit: bool) -> str:
    choices = {"judge_choice": judge or NO_CHOICE, "final_choice": final or NO_CHOICE}
    return cases_link(**choices, state="settled", audit=audit)


def _between(counted: Sequence[PeopleCount]) -> Figure:
    rows, drawn = [], []
    for one in counted:
        rate = wilson(one.same, one.images)
        who = (one.one, one.other)
        rows.append(
            (
                *map(Cell, who),
                Cell(SLICES[one.audit]),
                Cell(one.same, list_link("people", PeopleSought(*who, one.audit, True))),
                Cell(one.images - one.same, list_link("people", PeopleSought(*who, one.audit, False))),
                *rate_cells(rate),
            )
        )
        if rate is not None:
            drawn.append(Interval(f"{' and '.join(who)}, {SLICES[one.audit]}", rate))
    columns = ("person", "other person", "images", "same", "other", *RATE_COLUMNS)
    note = "How often two people who decided about the same image chose the same, before anybody settled it."
    sheet = Sheet("between-people", "People and people", columns, tuple(rows), 3, note)
    return Figure(sheet, intervals(sheet.title, drawn))


def _probabilities(bins: Sequence[BinCount]) -> Sheet:
    rows = tuple(
        (
            Cell(a),
            Cell(b),
            Cell(number / BINS),
            Cell((number + 1) / BINS),
            Cell(count, list_link("pairs", PairSought(a, b, bin=number))),
        )
        for a, b, counts in _by_pair(bins)
        for number, count in enumerate(counts)
    )
    return Sheet("probabilities", "Probability of the judges' choice", ("A", "B", "from", "to", "pairs"), rows, 2)


def _histograms(bins: Sequence[BinCount]) -> tuple[tuple[str, Markup], ...]:
    name = "Pairs by the probability of the judges' choice"
    return tuple(
        (_versus(a, b), histogram(f"{name}, {_versus(a, b)}", counts, ("0", "0.5", "1")))
        for a, b, counts in _by_pair(bins)
    )


def _by_pair(bins: Sequence[BinCount]) -> Iterable[tuple[str, str, list[int]]]:
    for (a, b), group in groupby(sorted(bins), key=lambda one: (one.a, one.b)):
        found = {one.bin: one.pairs for one in group}
        yield a, b, [found.get(number, 0) for number in range(BINS)]


def _sorted(choices: Iterable[str | None]) -> list[str | None]:
    """Candidates by name, then what is no candidate, then that there was no choice."""
    return sorted(choices, key=lambda choice: (choice is None, not (choice or "").startswith(ONE), choice or ""))


def _versus(a: str, b: str) -> str:
    return f"{a} (A), {b} (B)"
