"""What a line of the judgments file teaches: which text is better, who says so, and how sure that is."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import DataError
from captionjudge.exchange.exports.reasons import Criterion, Reason, criteria_of, favoured, reasons_of
from captionjudge.exchange.exports.votes import Decision, Side, Votes, count, margin, of_people, soft_label, support
from captionjudge.judging.outcome import Merged
from captionjudge.judging.recorded import Said, merge_said
from captionjudge.judging.settlement import settle
from captionjudge.text import storable_json

Source = Literal["person", "judges", "edit"]
Stability = Literal["stable", "unstable", "unknown"]
Undecided = Literal["tie", "unstable", "failed", "no_verdict", "people_differ", "no_text"]

OUTCOMES = ("A", "B", "tie", "both_bad", "unstable", "failed")


class Text(Struct, frozen=True):
    """A description: who wrote it, with which model and prompt (a digest) as far as that is known, and its length.

    `side` is which of the pair it is, "edit" for what a person wrote in place of one.
    """

    side: Literal["a", "b", "edit"]
    by: str
    text: str
    words: float
    model: str | None = None
    prompt: str | None = None


class Judge(Struct, frozen=True):
    """A judge, with its model and instructions (a digest) as far as they are known."""

    judge: str
    model: str | None = None
    instructions: str | None = None


class Preference(Struct, frozen=True):
    """One pair and what it teaches.

    Attributes:
        line: the number of the line it comes from, from 1.
        pair: the pair's id.
        image, image_digest: as the line names them.
        a, b: the two descriptions; None where a text is missing.
        edit: what a person wrote in place of one of them, which then is better than both.
        decision: which is better, or that both are bad; None where that is undecided.
        undecided: why there is no decision.
        source: who decided.
        judged: what the judges came to, one of `OUTCOMES`; None without verdicts.
        chosen_by_people: what people came to, a, b, tie or both_bad; None where nobody chose or they differ.
        probability: what the judges give their outcome, 0..1, where they came to the decision and say it.
        soft_label: how likely the decision is right, within (0, 1); see `votes.soft_label`. nan without a decision.
        margin: the same as a difference of rewards; see `votes.margin`. nan without a decision.
        stability: "stable": a judge saw both orders and none changed its choice; "unstable": one did; else "unknown".
        judge_votes, people_votes: verdicts and people by choice.
        length_only: whether the better text is longer and no criterion of those who chose it puts it first; None
            where it is longer and they answered none that compares.
        audit: whether the image is in the random audit slice; None where that is not said.
        ontology: the digest of the ontology that was judged by.
    """

    line: int
    pair: str
    image: str
    image_digest: str | None
    a: Text | None
    b: Text | None
    edit: Text | None
    decision: Decision | None
    undecided: Undecided | None
    source: Source | None
    judged: str | None
    chosen_by_people: str | None
    probability: float | None
    soft_label: float
    margin: float
    stability: Stability
    judge_votes: Votes
    people_votes: Votes
    length_only: bool | None
    reasons: tuple[Reason, ...]
    criteria: tuple[Criterion, ...]
    judges: tuple[Judge, ...]
    audit: bool | None
    ontology: str | None

    @property
    def chosen(self) -> Text | None:
        """The better text; None when both are bad or nothing is decided."""
        return self.edit or {"a": self.a, "b": self.b}.get(self.decision or "")

    @property
    def rejected(self) -> tuple[Text, ...]:
        """The texts that are worse than the chosen one, or bad."""
        losers = {"a": (self.b,), "b": (self.a,), "both_bad": (self.a, self.b)}.get(self.decision or "", ())
        return tuple(text for text in ((self.a, self.b) if self.edit else losers) if text is not None)


def preferences(line: Mapping[str, Any], number: int) -> list[Preference]:
    """What a checked line teaches: one preference, or one for each text that people wrote in place of a description.

    The person's choice is the label where there is one: an adjudicator's, else that of more than half. Without any
    the judges' outcome is. A text of a person's own is better than both descriptions.

    Raises:
        DataError: the line cannot be used; the message names the place in it.
    """
    line = storable_json(line)
    plain = _plain(line, number)
    texts = list(_edits(line))
    return [_edited(plain, text) for text in texts] if texts and plain.a and plain.b else [plain]


def _plain(line: Mapping[str, Any], number: int) -> Preference:
    verdicts = line.get("verdicts") or ()
    merged = _merged(line)
    own, adjudicated = of_people(line.get("final_choices") or ())
    settled = settle(list(own.values()), 1, "majority", adjudicated)
    a, b = _text(line, "a"), _text(line, "b")
    decided = _decided(merged, settled.state, settled.final_choice) if a and b else _Decided(undecided="no_text")
    of_judges = [(said.get("choice"), said.get("probability")) for said in verdicts]
    of_persons = [(choice, None) for choice in own.values()]
    label = float("nan")
    if decided.decision is not None:
        # A line that says only what verdicts came to counts as one of them.
        of_those = of_judges or [(decided.decision, merged.probability if merged else None)]
        said = of_persons if decided.source == "person" else of_those
        label = soft_label(*support(said, decided.decision))
    return Preference(
        line=number,
        pair=_name(line, "id") or f"line {number}",
        image=_name(line, "image"),
        image_digest=_name(line, "image_digest") or None,
        a=a,
        b=b,
        edit=None,
        decision=decided.decision,
        undecided=decided.undecided,
        source=decided.source,
        judged=merged.outcome if merged else None,
        chosen_by_people=settled.final_choice,
        probability=_probability(merged, decided.decision),
        soft_label=label,
        margin=margin(label),
        stability=_stability(merged),
        judge_votes=count(choice for choice, _ in of_judges),
        people_votes=count(own.values()),
        length_only=_length_only(decided.decision, a, b, criteria := criteria_of(line)),
        reasons=reasons_of(line),
        criteria=criteria,
        judges=_judges(line),
        audit=line["audit"] if isinstance(line.get("audit"), bool) else None,
        ontology=_name(_part(line, "provenance"), "ontology") or None,
    )


def _edited(plain: Preference, text: Text) -> Preference:
    """The preference that a person's own text is: one person's word, over which no judge has been asked."""
    label = soft_label(1.0, 1)
    return replace(
        plain,
        edit=text,
        decision=None,
        undecided=None,
        source="edit",
        probability=None,
        soft_label=label,
        margin=margin(label),
        stability="unknown",
        judge_votes=Votes(),
        people_votes=Votes(edit=1),
        length_only=False,
    )


class _Decided(Struct, frozen=True):
    decision: Decision | None = None
    source: Source | None = None
    undecided: Undecided | None = None


def _decided(merged: Merged | None, state: str, final_choice: str | None) -> _Decided:
    if state == "split":
        return _Decided(undecided="people_differ", source="person")
    if final_choice is not None:
        return _of(final_choice, "person")
    if merged is None:
        return _Decided(undecided="no_verdict")
    return _of(merged.outcome.lower(), "judges")


def _of(choice: str, source: Source) -> _Decided:
    match choice:
        case "a" | "b" | "both_bad":
            return _Decided(choice, source)
        case "tie" | "unstable" | "failed":
            return _Decided(undecided=choice, source=source)
    raise AssertionError(choice)


def _merged(line: Mapping[str, Any]) -> Merged | None:
    """What the verdicts come to; without any, what the line says they came to."""
    said = [
        Said(
            one["judge"],
            one.get("order") or "ab",
            one.get("sample") or 0,
            one.get("choice"),
            one.get("probability"),
            one.get("step"),
        )
        for one in line.get("verdicts") or ()
    ]
    if said:
        return merge_said(said)
    outcome, probability = line.get("outcome"), line.get("probability")
    if outcome in (None, "missing"):
        return None
    if outcome not in OUTCOMES:
        raise DataError(f"outcome must be one of {', '.join(OUTCOMES)}, or null")
    if probability is not None and not (isinstance(probability, int | float) and 0 <= probability <= 1):
        raise DataError("probability must be within 0..1")
    return Merged(outcome, probability, None, 0)


def _probability(merged: Merged | None, decision: Decision | None) -> float | None:
    agrees = merged is not None and decision is not None and merged.outcome.lower() == decision
    return merged.probability if merged is not None and agrees else None


def _stability(merged: Merged | None) -> Stability:
    if merged is None or merged.flipped is None:
        return "unknown"
    return "unstable" if merged.flipped else "stable"


def _length_only(
    decision: Decision | None, a: Text | None, b: Text | None, criteria: tuple[Criterion, ...]
) -> bool | None:
    if a is None or b is None or decision not in ("a", "b"):
        return False
    better, worse = (a, b) if decision == "a" else (b, a)
    if better.words <= worse.words:
        return False
    found = favoured(criteria, decision)
    return None if found is None else not found


def _text(line: Mapping[str, Any], side: Side) -> Text | None:
    about = line[side]
    text, length = about.get("text"), line.get(f"{side}_length")
    if not isinstance(text, str | None):
        raise DataError(f"{side}.text must be a string")
    if not text or not text.strip():
        return None
    origin = _part(_part(line, "provenance"), side)
    words = float(len(text.split()) if length is None else length)
    return Text(side, about["candidate"], text, words, _name(origin, "model") or None, _name(origin, "prompt") or None)


def _edits(line: Mapping[str, Any]) -> Iterator[Text]:
    """What people wrote, each text once, without what was refused."""
    seen: set[str] = set()
    for place, edit in enumerate(line.get("edits") or ()):
        if not isinstance(edit, dict) or edit.get("of") not in ("a", "b") or not isinstance(edit.get("text"), str):
            raise DataError(f"edits[{place}] must have of (a or b) and text")
        text = edit["text"]
        if edit.get("accepted") is False or not text.strip() or text in seen:
            continue
        seen.add(text)
        yield Text("edit", _name(edit, "annotator"), text, float(len(text.split())))


def _judges(line: Mapping[str, Any]) -> tuple[Judge, ...]:
    known = {_name(one, "judge"): one for one in _part(line, "provenance").get("judges") or () if isinstance(one, dict)}
    names = dict.fromkeys(said["judge"] for said in line.get("verdicts") or ())
    return tuple(
        Judge(name, _name(known.get(name, {}), "model") or None, _name(known.get(name, {}), "instructions") or None)
        for name in names
    )


def _part(line: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = line.get(key)
    return found if isinstance(found, dict) else {}


def _name(line: Mapping[str, Any], key: str) -> str:
    found = line.get(key)
    return found if isinstance(found, str) else "" if found is None else str(found)
