"""Which pairs are kept."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.preferences import Preference
from captionjudge.exchange.exports.tally import Tally


class Filters(Struct, frozen=True):
    """What is asked of a pair. The first three are about labels that judges made; a person's label passes them.

    Attributes:
        human_only: a person made the label.
        stable_only: a judge saw both orders, and none changed its choice.
        min_probability: the judges say that their choice is at least this likely, 0..1.
        drop_length_only: the label is not explained by length alone.
    """

    human_only: bool = False
    stable_only: bool = False
    min_probability: float | None = None
    drop_length_only: bool = False

    def __post_init__(self) -> None:
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise ConfigError(f"--min-probability must be within 0..1, not {self.min_probability}")


def rule_against(preference: Preference, filters: Filters) -> str | None:
    """The first rule that leaves a decided pair out; None when it is kept. Names are those of `tally.RULES`."""
    if preference.source == "judges" and (rule := _against_judges(preference, filters)):
        return rule
    if filters.drop_length_only and preference.length_only:
        return "longer_without_a_better_criterion"
    return None


def _against_judges(preference: Preference, filters: Filters) -> str | None:
    if filters.human_only:
        return "not_human"
    if filters.stable_only and preference.stability != "stable":
        return "not_stable"
    if filters.min_probability is None:
        return None
    if preference.probability is None:
        return "probability_unknown"
    return "probability_below" if preference.probability < filters.min_probability else None


def kept(
    found: Iterable[Preference], filters: Filters, tally: Tally, *, both_bad: bool = False, undecided: bool = False
) -> Iterator[Preference]:
    """The pairs that a format takes and the filters let through; the others are counted.

    Args:
        both_bad: pairs whose descriptions are both bad are taken too.
        undecided: every pair is taken that has two texts.
    """
    for preference in found:
        tally.pairs += 1
        rule = _undecided(preference, both_bad=both_bad, undecided=undecided) or rule_against(preference, filters)
        if rule is not None:
            tally.left_out[rule] += 1
        else:
            yield preference


def _undecided(preference: Preference, *, both_bad: bool, undecided: bool) -> str | None:
    if preference.decision == "both_bad":
        return None if both_bad or undecided else "both_bad"
    if undecided and preference.undecided != "no_text":
        return None
    return preference.undecided
