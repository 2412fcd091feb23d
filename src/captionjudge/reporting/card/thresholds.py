"""What a judge is held to, each with its reason. docs/judge-card.md has the same table."""

from collections.abc import Mapping

from msgspec import Struct

from captionjudge.reporting.card.place import Figure
from captionjudge.reporting.card.section import Status

ENOUGH = 30
"""With fewer units no interval is to be relied on, and nothing passes or fails."""
BELOW_CEILING = 0.05


class Threshold(Struct, frozen=True):
    """The values that are good, from `low` to `high`, and why. One that is `advisory` warns and never fails."""

    title: str
    low: float
    high: float
    wanted: str
    reason: str
    advisory: bool = False

    def judge(self, figure: Figure | None) -> Status:
        """Pass: the whole interval is good. Fail: none of it is. Warn: the data do not decide, or are too few."""
        if figure is None or figure.value is None:
            return "none"
        if figure.n < ENOUGH or figure.low is None or figure.high is None:
            return "warn"
        if self.low <= figure.low and figure.high <= self.high:
            return "pass"
        outside = figure.high < self.low or figure.low > self.high
        return "fail" if outside and not self.advisory else "warn"


THRESHOLDS: Mapping[str, Threshold] = {
    "ceiling": Threshold(
        "Agreement beside the ceiling",
        -BELOW_CEILING,
        1.0,
        "at most 5 points below the ceiling",
        "The ceiling is how often one person chooses as the majority of the others does, which is what is asked of the "
        "judge. Five points less is the most that one would give up for not having to ask a person.",
    ),
    "baseline": Threshold(
        "Agreement beside the best baseline",
        0.0,
        1.0,
        "above the best of the baselines",
        "A judge that a rule without eyes equals (take the longer, take the first, draw lots) has not been shown to "
        "look at the image.",
    ),
    "kappa": Threshold(
        "Cohen's kappa with people",
        0.4,
        1.0,
        "0.40 or more",
        "Landis and Koch (1977) call what begins at 0.41 moderate; below, chance explains more of the agreement than "
        "the judge does.",
    ),
    "flips": Threshold(
        "Flips with the order",
        0.0,
        0.2,
        "20 % or less",
        "In every pair that flips at least one of two verdicts was decided by the place: at 20 % that is one verdict "
        "in ten.",
    ),
    "first_slot": Threshold(
        "Chose the one shown first",
        0.45,
        0.55,
        "45 % to 55 %",
        "Where both orders are judged, a judge without a lean is at 50 %; five points more are a tenth of all "
        "decisive verdicts. Where only one order is judged it never fails: a lean cannot be told from better "
        "descriptions.",
    ),
    "longer": Threshold(
        "Chose the longer one",
        0.4,
        0.6,
        "40 % to 60 %",
        "Beyond, length alone tells most of what the judge chose. It never fails: longer descriptions may be better. "
        "What people do, and the win rate at equal length, tell the two apart.",
        advisory=True,
    ),
    "failed": Threshold(
        "Unusable verdicts",
        0.0,
        0.02,
        "2 % or less",
        "What cannot be parsed is not missing at random: long and odd descriptions fail more often. At 2 % no rate "
        "moves by more than two points, whatever was lost.",
    ),
    "contradicts": Threshold(
        "Chose against its own criteria",
        0.0,
        0.1,
        "10 % or less",
        "Criteria may weigh unequally, so that some contradiction is fair; above one in ten the criteria are not the "
        "reasons for the choice.",
    ),
    "constancy": Threshold(
        "Most frequent answer",
        0.0,
        0.95,
        "95 % or less",
        "A judge that nearly always says the same agrees with people only as far as they do.",
    ),
    "calibration": Threshold(
        "Calibration error (ECE)",
        0.0,
        0.1,
        "10 points or less",
        "A probability that is ten points off sends the wrong pairs to people, and makes labels softer or harder than "
        "they are. It is measured before recalibration.",
    ),
    "self_preference": Threshold(
        "Self-preference",
        -0.05,
        0.05,
        "within 5 points of 0",
        "Five points are as much as two candidates of about the same quality differ by.",
    ),
}
