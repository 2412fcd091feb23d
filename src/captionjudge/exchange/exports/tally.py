"""What an export took in, left out and wrote, counted."""

from collections import Counter
from typing import NamedTuple

from msgspec import Struct, field

from captionjudge.exchange.exports.preferences import Preference

RULES = {
    "tie": "neither is better",
    "both_bad": "both descriptions are bad; trl-kto takes them as two undesirable texts",
    "unstable": "the judges' choice changed with the order, or they have no majority",
    "failed": "no judge gave a verdict that can be used",
    "no_verdict": "neither judged nor chosen by a person",
    "people_differ": "no choice of more than half of the people, and nobody has settled it",
    "no_text": "a description is missing or empty",
    "not_human": "--human-only: judges made the label",
    "not_stable": "--stable-only: judges made the label, and not every one was seen to keep it in both orders",
    "probability_unknown": "--min-probability: judges made the label and did not say how likely it is",
    "probability_below": "--min-probability: judges made the label, and it is less likely",
    "longer_without_a_better_criterion": "--drop-length-only: the better text is the longer one, and in no criterion "
    "do those who chose it put it first",
    "no_image": "the image cannot be read",
    "image_differs": "the image's content is not what was judged: its digest is another",
}
"""Every rule by which a pair is left out, and what it means."""

TEXT_RULES = {
    "same_text": "both texts are the same",
    "duplicate": "the same row is there already, from another pair of the image",
    "loses_another_pair": "the text is better in one pair of the image and worse in another: no row of trl-kto, "
    "trl-sft and coco",
}
"""Every rule by which a row of a pair that was kept is not written."""

_EXAMPLES = 20


class Problem(NamedTuple):
    """A line that could not be used: its number, from 1, and why."""

    line: int
    message: str


class Agreement(Struct):
    """How often the judges chose what people chose, over pairs where both made a choice."""

    agree: int = 0
    n: int = 0


class Tally(Struct):
    """Counts; `pairs` are kept or left out: `pairs == kept + sum(left_out.values())`.

    Attributes:
        lines: lines read; `bad_lines` of them could not be used.
        pairs: what they came to: one a line, and one for each text that a person wrote.
        left_out: pairs by the rule that left them out, the first that applied.
        rows_left_out: rows of kept pairs that were not written, by rule.
        sources: kept pairs by who made the label.
        length_unknown: kept pairs whose better text is the longer, with no criterion to tell whether by that alone.
        audit_pairs: kept pairs of the random audit slice.
        judges: kept pairs by judge, of the first judges.
        rows: rows written, by split; `images` likewise.
        problems: the first of what could not be used.
        whole, audited: agreement of judges and people in all pairs, and in those of the audit slice alone.
    """

    lines: int = 0
    bad_lines: int = 0
    pairs: int = 0
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    rows_left_out: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    length_unknown: int = 0
    audit_pairs: int = 0
    judges: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    whole: Agreement = field(default_factory=Agreement)
    audited: Agreement = field(default_factory=Agreement)

    def problem(self, line: int, message: str) -> None:
        """Keep what was wrong with a line, as long as there are few."""
        if len(self.problems) < _EXAMPLES:
            self.problems.append(Problem(line, message))

    def bad_line(self, line: int, message: str) -> None:
        """Count a line that cannot be used."""
        self.bad_lines += 1
        self.problem(line, message)

    def keep(self, preference: Preference) -> None:
        """Count a pair that is kept."""
        self.kept += 1
        self.sources[preference.source or "undecided"] += 1
        self.length_unknown += preference.length_only is None
        self.audit_pairs += preference.audit is True
        for judge in preference.judges:
            if judge.judge in self.judges or len(self.judges) < _EXAMPLES:
                self.judges[judge.judge] += 1

    def compare(self, preference: Preference) -> None:
        """Count whether judges and people agree about a pair."""
        judged = (preference.judged or "").lower()
        if preference.chosen_by_people is None or judged not in ("a", "b", "tie", "both_bad"):
            return
        for agreement in (self.whole, self.audited) if preference.audit else (self.whole,):
            agreement.n += 1
            agreement.agree += judged == preference.chosen_by_people
