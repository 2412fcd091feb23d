"""What a judge leans to: places, lengths, its own kind, one answer; and its answers to criteria beside people's."""

from captionjudge.reporting.card.place import Figure, Place
from captionjudge.reporting.card.section import KAPPA, SHARE, Axis, Methods, Part, measured
from captionjudge.reporting.sheet import Cell, Row, Sheet

_SIGNED = Axis("signed", -1.0, 1.0, 0.0)
_POINTS = Axis("points", -0.5, 0.5, 0.0)
_SPLITS = {"always_first": "always the first", "always_second": "always the second", "other": "otherwise"}
_OF_ANSWERS = {
    "accuracy": ("same answer", SHARE),
    "cohen_kappa": ("Cohen's kappa", KAPPA),
    "cohen_quadratic": ("Cohen's kappa, quadratic", KAPPA),
    "krippendorff_interval": ("Krippendorff's alpha, interval", KAPPA),
    "spearman": ("Spearman", _SIGNED),
    "pairwise_accuracy": ("pairs ordered alike", SHARE),
}


def lean(key: str, judge: Place, methods: Methods) -> Part:
    """Every leaning with its interval."""
    criteria, own = judge["criteria"], judge["self_preference"]
    listed: list[tuple[str, str, Figure | None, Axis]] = [
        ("place", "chose the one shown first", judge["first_slot"].figure, Axis(middle=0.5)),
        ("place", "flips with the order", judge["flips"]["rate"].figure, SHARE),
        ("options", "took the option listed first, beyond chance", judge["option_order"].figure, _POINTS),
        ("length", "chose the longer one", judge["longer_wins"].figure, Axis(middle=0.5)),
        ("length", "log-odds by length", judge["length"]["coefficient"].figure, Axis("signed", -3.0, 3.0, 0.0)),
        ("own kind", "beyond other judges", own["beside_judges"].figure, _POINTS),
        ("own kind", "beyond people", own["beside_people"].figure, _POINTS),
        (
            "one answer",
            f"most frequent: {judge['constancy']['answer'].text}",
            judge["constancy"]["share"].figure,
            SHARE,
        ),
        ("criteria", "contradicts them, by its verdicts", judge["contradicts"].figure, SHARE),
        ("criteria", "contradicts them, by their sums", criteria["contradictions"].figure, SHARE),
        ("criteria", "halo: they go together", criteria["halo"].figure, _SIGNED),
        ("criteria", "halo, less people's", criteria["halo_less_people"].figure, _SIGNED),
    ]
    rows: list[Row] = [
        (Cell(about), Cell(words), *measured(figure, axis, methods))
        for about, words, figure, axis in listed
        if figure is not None and figure.value is not None
    ]
    columns = ("leans to", "measure", "interval", *SHARE.columns[1:])
    note = "Shares are drawn from 0% to 100%, differences and correlations around the line at 0."
    if own["family"].there:
        note += f" Own kind: candidates of the family {own['family'].text}."
    return Part(Sheet(f"{key}-leanings", "Leanings", columns, tuple(rows), 2, note))


def flips(key: str, judge: Place) -> Part | None:
    """What the flipped choices went to."""
    found = judge["flips"]
    if not found["rate"]["n"].count:
        return None
    cells = [found[name].counted() for name in _SPLITS]
    row = (*cells, found["rate"]["n"].counted())
    columns = (*(_SPLITS.values()), "judged in both orders")
    return Part(Sheet(f"{key}-flips", "What flipped", columns, (row,), 0, "Pairs whose choice changed with the order."))


def length_by_criterion(key: str, length: Place, methods: Methods) -> Part:
    """How far the longer description is ahead on each criterion."""
    rows: list[Row] = []
    for place in length["criteria"]:
        figure = place["spearman"].figure
        if figure is not None and figure.value is not None:
            rows.append((Cell(place["criterion"].text), *measured(figure, _SIGNED, methods)))
    columns = ("criterion", *_SIGNED.columns)
    note = "Spearman's correlation of the difference in length with the difference in the answers."
    return Part(Sheet(f"{key}-length", "Length by criterion", columns, tuple(rows), 1, note))


def answers_beside_people(key: str, answers: Place, methods: Methods) -> Part:
    """How far judge and people give the same answers to each criterion."""
    rows: list[Row] = []
    for place in answers:
        reference = place["references"]["majority"]
        for name, (words, axis) in _OF_ANSWERS.items():
            figure = reference[name].figure
            if figure is not None and figure.value is not None:
                heads = (Cell(place["criterion"].text), Cell(place["about"].text), Cell(words))
                rows.append((*heads, *measured(figure, axis, methods)))
    columns = ("criterion", "about a", "measure", "interval", *SHARE.columns[1:])
    note = "The judge's answers beside the majority of people's. report --json has every other measure and reference."
    return Part(Sheet(f"{key}-answers", "Criteria, judge and people", columns, tuple(rows), 3, note))
