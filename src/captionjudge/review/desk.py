"""The desk: all that the page shows of one image to one person."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from captionjudge.judging.settlement import agree, choice_key
from captionjudge.review import decide
from captionjudge.review.answers import blocks, form_of, lettered, own_answers
from captionjudge.review.board import Board, arrange
from captionjudge.review.decide import NotPossible
from captionjudge.review.diff import Diff, compare
from captionjudge.review.form import Control
from captionjudge.review.judged import Judged, read_judged
from captionjudge.review.keys import Registry, make_registry
from captionjudge.review.site import Site
from captionjudge.review.text import visible
from captionjudge.review.writing import written_by
from captionjudge.store import cases, items, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.cases import DECIDED, Filter
from captionjudge.store.database import Reading
from captionjudge.store.records import Case, Item, Pair, Review, Reviewer, Standing


class Slot(Struct, frozen=True):
    """One description as it is shown. `author` is None for as long as nobody may know."""

    number: int
    text: str
    fields: Mapping[str, str]
    author: str | None = None
    chosen: bool = False


class Desk(Struct, frozen=True):
    """All that the page shows of one image. Nothing in it tells who wrote what before `revealed`."""

    image: Item
    case: Case
    standing: Standing
    board: Board
    slots: tuple[Slot, ...]
    revealed: bool
    judged: Judged | None
    form: Mapping[str, Control]
    keys: Registry
    votes: tuple[tuple[Review, str], ...]
    written: str | None
    upcoming: str | None

    @property
    def adjudicating(self) -> bool:
        """Whether this is about settling what others disagree about."""
        return bool(self.votes)

    @property
    def decided(self) -> bool:
        """Whether this person has chosen."""
        return self.standing.decision in DECIDED

    def slot(self, number: int) -> Slot:
        """The slot of this number."""
        return self.slots[number - 1]

    def differences(self, number: int) -> Diff:
        """How a slot's text differs from that of slot 1; for slot 1, from that of slot 2."""
        other = self.slots[1 if number == 1 else 0]
        pair = (self.slot(number), other) if number == 1 else (other, self.slot(number))
        return compare(*(one.text for one in pair))


def open_desk(site: Site, batch: Batch, person: Reviewer, wanted: Filter, item_id: str) -> Desk:
    """What the page shows, and the record that it was shown.

    Raises:
        NotPossible: there is no such image to review.
    """
    setup, connection = site.setup, batch.connection
    stands = decide.show(setup, batch, person, item_id)
    image, case = items.get(connection, item_id), cases.get(connection, item_id)
    if image is None or case is None:
        raise NotPossible("there is no such image to review")
    revealed = is_revealed(site, stands)
    if revealed:
        stands = decide.reveal(batch, stands)
    texts = decide.descriptions(setup, batch, image)
    judged = read_judged(setup, connection, image, stands.shown) if revealed else None
    keys = registry(site, person, stands.shown)
    asked = blocks(setup, stands.shown) if revealed or setup.config.review.reveal == "never" else {}
    return Desk(
        image=image,
        case=case,
        standing=stands,
        board=arrange(setup.layout, image, [texts[name] for name in texts if name in stands.shown]),
        slots=tuple(_slots(stands, texts, revealed=revealed)),
        revealed=revealed,
        judged=judged,
        form=form_of(asked, own_answers(connection, item_id, person), judged, keys.option_keys),
        keys=keys,
        votes=_votes(connection, case, person),
        written=written_by(site, batch, person, image),
        upcoming=_upcoming(site, connection, person, wanted, item_id),
    )


def is_revealed(site: Site, stands: Standing) -> bool:
    """Whether this person may see who wrote what and what the judges said."""
    reveal = site.setup.config.review.reveal
    return reveal == "always" or (reveal == "after_choice" and stands.decision in DECIDED)


def registry(site: Site, person: Reviewer, shown: Sequence[str]) -> Registry:
    """The keys of a page that shows these descriptions to this person.

    Raises:
        KeyConflict: a key would do two things.
    """
    own = person.settings.get("keymap")
    return make_registry(
        lettered(site.setup, shown),
        len(shown),
        site.setup.config.review.keys,
        own if isinstance(own, dict) else {},
        enabled=person.settings.get("keys") != "off",
    )


def _slots(stands: Standing, texts: Mapping[str, Item], *, revealed: bool) -> list[Slot]:
    found: list[Slot] = []
    for number, name in enumerate(stands.shown, start=1):
        item = texts.get(name)
        text = "" if item is None else visible(item.text or "")
        fields = {} if item is None else {visible(k): visible(v) for k, v in (item.fields or {}).items()}
        chosen = stands.decision == "one" and stands.winner == name
        found.append(Slot(number, text, fields, name if revealed else None, chosen))
    return found


def _votes(connection: Reading, case: Case, person: Reviewer) -> tuple[tuple[Review, str], ...]:
    """What the reviewers chose, for an adjudicator to settle; nobody else sees it."""
    if case.state != "split" or person.role != "adjudicator":
        return ()
    revisions = [(one, name) for one, name in reviews.of_item(connection, case.item_id) if one.way != "adjudication"]
    return tuple(reviews.latest(revisions))


def _upcoming(site: Site, connection: Reading, person: Reviewer, wanted: Filter, item_id: str) -> str | None:
    """The digest of the image that most likely comes next, for the browser to load ahead."""
    who = decide.person_of(site.setup, person)
    since = site.ahead.mark(person, wanted)
    following = cases.first(connection, site.setup.project_id, wanted, who, item_id, since)
    image = None if following is None else items.get(connection, following)
    return None if image is None else image.digest


def comparison(desk: Desk) -> str:
    """How a person's choice stands to the judges', in words to be read out."""
    same = agree(desk.case.judge_choice, choice_key(desk.standing.decision or "skip", desk.standing.winner))
    if same is None:
        return "The judge made no choice."
    return "The judge preferred the same." if same else "The judge preferred another."


def outcome_words(pair: Pair) -> str:
    """What the judges' verdicts about a pair come to, in words."""
    if pair.same_text:
        return f"{pair.a} and {pair.b} wrote the same: no judge was asked"
    words = {
        "A": f"Better: {pair.a}",
        "B": f"Better: {pair.b}",
        "tie": f"{pair.a} and {pair.b} are equally good",
        "both_bad": f"{pair.a} and {pair.b} are both bad",
        "unstable": f"Unstable: between {pair.a} and {pair.b} the choice changes with the order",
        "failed": f"No verdict about {pair.a} and {pair.b}",
        "missing": f"No judge was asked about {pair.a} and {pair.b}",
    }[pair.outcome]
    return words if pair.probability is None else f"{words} (probability {pair.probability:.0%})"


def choice_words(review: Review, shown: Sequence[str]) -> str:
    """A person's choice in words, by the slots that somebody else sees."""
    if review.decision == "one" and review.winner in shown:
        return f"description {shown.index(review.winner) + 1}"
    return {"tie": "equally good", "both_bad": "all bad"}.get(review.decision, review.decision)
