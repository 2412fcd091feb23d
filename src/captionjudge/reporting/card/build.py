"""A card from the figures: which sections there are, and what they come to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from platform import python_version
from typing import Any

from msgspec import Struct

from captionjudge import __version__
from captionjudge.amount import amount
from captionjudge.reporting.card.active import active
from captionjudge.reporting.card.checks import Check
from captionjudge.reporting.card.cost import cost
from captionjudge.reporting.card.criteria import criteria
from captionjudge.reporting.card.estimation import estimation
from captionjudge.reporting.card.families import families
from captionjudge.reporting.card.gallery import Shown
from captionjudge.reporting.card.judge import judge_section
from captionjudge.reporting.card.leaderboard import leaderboard
from captionjudge.reporting.card.lengths import lengths
from captionjudge.reporting.card.people import ceiling
from captionjudge.reporting.card.place import Place, written
from captionjudge.reporting.card.section import Links, Methods, NoLinks, Part, Section
from captionjudge.reporting.card.slices import slices
from captionjudge.reporting.card.thresholds import THRESHOLDS
from captionjudge.reporting.sheet import Cell, Sheet
from captionjudge.reporting.summary import Report

_MOST_LINES = 50


class Material(Struct, frozen=True):
    """What a card is made of: the figures, where they are from, and what that file or project was at the time.

    Attributes:
        name: of the project or the file.
        digest: SHA-256 of the judgments that were read.
        made: when, in UTC.
        report: of a project.
        active_checks: what `captionjudge audit` found.
    """

    name: str
    figures: Mapping[str, Any]
    digest: str
    made: str
    report: Report | None = None
    active_checks: Sequence[Mapping[str, Any]] = ()


class Card(Struct, frozen=True):
    """The whole page, without its frame."""

    title: str
    facts: tuple[tuple[str, Cell], ...]
    short: tuple[str, ...]
    sections: tuple[Section, ...]
    gallery: tuple[Shown, ...]
    rules: tuple[str, ...]
    methods: tuple[str, ...]

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every table."""
        return tuple(part.sheet for section in self.sections for part in section.parts)


def build(material: Material, gallery: Sequence[Shown] = (), links: Links | None = None) -> Card:
    """The card: every section that the figures allow; the others say why not."""
    found = Place({**material.figures, "active_checks": list(material.active_checks)})
    methods, known = Methods(), links or NoLinks()
    board = leaderboard(found, methods, known)
    judged = [judge_section(number, found, one, methods) for number, one in enumerate(found["judges"], 1)]
    sections = [board, *(section for section, _ in judged)]
    if not judged:
        sections.append(Section("judges", "Judges", missing="There are no verdicts of judges."))
    sections += [ceiling(found, methods), estimation(found, methods), lengths(found, methods)]
    optional = (families(found), slices(found, methods), _left_out(found["lines_left_out"]))
    sections += [criteria(found, methods), *(each for each in optional if each is not None)]
    sections += [active(found, methods), cost(material.report), _thresholds()]
    checked = [(one["judge"].text, made) for one, (_, made) in zip(found["judges"], judged, strict=True)]
    return Card(
        title=material.name,
        facts=_facts(material, found),
        short=tuple(_short(found, board, checked)),
        sections=tuple(sections),
        gallery=tuple(gallery),
        rules=tuple(methods.rules),
        methods=_methods(found),
    )


def _facts(material: Material, found: Place) -> tuple[tuple[str, Cell], ...]:
    people = found["people"]
    facts = [
        ("Pairs", found["pairs"].counted()),
        ("Candidates", Cell(len({place[side].text for place in found["comparisons"] for side in "ab"}))),
        ("Judges", Cell(len(list(found["judges"])))),
        ("Choices by people", people["choices"].counted()),
        ("Lines left out", Cell(len(list(found["lines_left_out"])))),
        ("In the random audit", found["audit"]["pairs"].counted() if found["audit"].there else Cell("not said")),
        ("Made", Cell(f"{material.made} UTC, by captionjudge {__version__}")),
        ("Judgments, SHA-256", Cell(material.digest)),
    ]
    return tuple(facts)


def _methods(found: Place) -> tuple[str, ...]:
    """What was decided for all figures, and what computed them."""
    rules = found["rules"]
    said = [
        f"{name.capitalize()}: {rules[name].text}." for name in ("rates", "rankings", "intervals") if rules[name].there
    ]
    programs = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    seed = f", seed {rules['seed'].text}" if rules["seed"].there else ""
    return (*said, f"Computed by captionjudge {__version__}, {programs}, Python {python_version()}{seed}.")


def _left_out(lines: Place) -> Section | None:
    rows = tuple((place["line"].counted(), Cell(place["message"].text)) for place in lines)
    if not rows:
        return None
    sheet = Sheet("lines", "Lines that could not be used", ("line", "why"), rows[:_MOST_LINES], 1)
    lead = (f"In no figure: {amount(len(rows), 'line')} of the file.",)
    return Section("left-out", "Lines left out", lead, (Part(sheet),))


def _short(found: Place, board: Section, checked: Sequence[tuple[str, list[Check]]]) -> list[str]:
    """What one should take home, in sentences."""
    said = [*board.lead[:1]]
    comparisons = list(found["comparisons"])
    rate = comparisons[0]["win_rate"].figure if len(comparisons) == 1 else None
    if rate is not None and rate.value is not None and rate.low is not None and rate.high is not None:
        a, b = comparisons[0]["a"].text, comparisons[0]["b"].text
        interval = f"{written(rate.low, 'share')} to {written(rate.high, 'share')}"
        better = f"{a if rate.low > 0.5 else b} is better"
        told = "which of the two is better is open" if rate.low <= 0.5 <= rate.high else better
        said.append(
            f"By the judges, {a} is better than {b} in {written(rate.value, 'share')} of {rate.n:,} pairs "
            f"({interval}): {told}."
        )
    for name, made in checked:
        counts = Counter(check.status for check in made)
        words = f"{counts['pass']} checks pass, {counts['warn']} warn, {counts['fail']} fail"
        words += f", {counts['none']} were not measured"
        failing = [check.title.lower() for check in made if check.status == "fail"]
        said.append(f"{name}: {words}{'; failing: ' + '; '.join(failing) if failing else ''}.")
    if not found["people"]["choices"].count:
        said.append("Nobody has chosen: how far the judges agree with people is not known.")
    return said


def _thresholds() -> Section:
    rows = tuple((Cell(each.title), Cell(each.wanted), Cell(each.reason)) for each in THRESHOLDS.values())
    sheet = Sheet("threshold-table", "What a judge is held to", ("measure", "wanted", "why"), rows)
    return Section("thresholds", "Thresholds", (), (Part(sheet),))
