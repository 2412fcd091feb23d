"""What is known about the images of some lines, and what the lines add: in one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from captionjudge.errors import DataError
from captionjudge.exchange.imports.images import Picture, fill
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.judging.edit import EDIT_OF, edit_of
from captionjudge.judging.outcome import of_pair, same_text
from captionjudge.judging.verdict import final_choice_answer
from captionjudge.running.setup import Setup
from captionjudge.store import cases, datasets, items, reviewers, reviews, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.records import Case, Decision, Item, Pair, Review, Reviewer, Task, Verdict

LENGTH = "Length"
"""The key of a description's client metadata under which a length is kept that a file states."""

UNDRAWN = "Audit unknown"
"""The key of an image's client metadata that says: whether it was drawn at random for people is not known."""

What = Literal["images", "pictures", "descriptions", "verdicts", "choices", "edits"]
_LONGEST_ERROR = 16


class Entry(Struct, eq=False):
    """One image with all that the store has about it and all that was added.

    Attributes:
        touched: pairs whose verdicts are to be merged anew.
        audit: the place in the audit slice that a file states.
        failed_before: whether a file says that the image never came to review, as one does whose judging failed.
    """

    image: Item
    task: Task | None
    new: bool = False
    texts: list[Item] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    pairs: dict[tuple[str, str], Pair] = field(default_factory=dict)
    reviews: list[tuple[Review, str]] = field(default_factory=list)
    case: Case | None = None
    touched: set[tuple[str, str]] = field(default_factory=set)
    changed: bool = False
    audit: bool | None = None
    failed_before: bool = False

    def description(self, candidate: str) -> Item | None:
        """The candidate's latest description."""
        own = (text for text in reversed(self.texts) if text.author_kind != "person")
        return next((text for text in own if text.author == candidate), None)

    def described(self) -> list[str]:
        """Who described the image."""
        return list(dict.fromkeys(text.author or "" for text in self.texts if text.author_kind != "person"))


class Choice(NamedTuple):
    """A person's choice as a file has it: among whom, what, and how."""

    annotator: str
    shown: Sequence[str]
    decision: Decision
    winner: str | None
    said: Mapping[str, Any]


class Ledger:
    """The images of a chunk of lines. Each addition is whole, or raises DataError and leaves nothing."""

    def __init__(self, setup: Setup, batch: Batch) -> None:
        self.setup = setup
        self.batch = batch
        self.entries: dict[str, Entry] = {}
        self.added: dict[What, int] = {}
        self.now = now_ms()
        self._people: dict[str, Reviewer] = {}

    def load(self, images: Iterable[Item]) -> None:
        """Read all about these images; their cases stay as they are until the transaction ends."""
        found = {image.id: image for image in images if image.id not in self.entries}
        if not found:
            return
        connection, ids = self.batch.connection, sorted(found)
        groups = items.groups(connection, self.setup.project_id, sorted({image.tag for image in found.values()}))
        said, pairs = verdicts.of_items(connection, ids), verdicts.pairs_of_items(connection, ids)
        chosen, todo = reviews.of_items(connection, ids), tasks.of_items(connection, ids)
        known = cases.of_items(connection, ids)
        for id_, image in found.items():
            self.entries[id_] = Entry(
                image,
                todo.get(id_),
                texts=groups.get(image.tag, []),
                verdicts=said.get(id_, []),
                pairs={(pair.a, pair.b): pair for pair in pairs.get(id_, [])},
                reviews=chosen.get(id_, []),
                case=known.get(id_),
            )

    def know(self, people: Iterable[str]) -> None:
        """Look up these reviewers."""
        self._people |= reviewers.by_names(self.batch.connection, self.setup.project_id, sorted(set(people)))

    def keep_image(self, entry: Entry, picture: Picture | None) -> None:
        """Add a new image, and remember which file it came from. Its task is added in the end."""
        if entry.image.id not in self.entries:
            self.entries[entry.image.id] = entry
            self.batch.add(entry.image)
            if picture is not None and picture.source is not None:
                source = picture.source._replace(item_id=entry.image.id)
                self.batch.add_source({"project_id": self.setup.project_id, **source._asdict()})
            self._count("images")

    def fill(self, entry: Entry, picture: Picture) -> None:
        """Give an image that had none its picture."""
        entry.image = fill(self.batch, entry.image, picture)
        self._count("pictures")

    def description(self, entry: Entry, candidate: str, side: Mapping[str, Any], length: float | None) -> Item:
        """The candidate's description as a side of a line has it, whether or not it was known; not yet added.

        Raises:
            DataError: the candidate has another one already.
        """
        text, known = side.get("text"), entry.description(candidate)
        if known is not None and (text is None or known.text == text):
            return known
        if known is not None and known.text is not None:
            raise DataError(f"text: {candidate!r} has another description of {entry.image.title!r} already")
        made = self._new_description(entry, candidate, side, length)
        # What was said about the description while nobody knew its text stays said about it.
        return made if known is None else replace(made, id=known.id, client_metadata=known.client_metadata)

    def _new_description(self, entry: Entry, candidate: str, side: Mapping[str, Any], length: float | None) -> Item:
        text, tag, label = side.get("text"), entry.image.tag, self.setup.config.candidate(candidate).label
        return Item(
            id=new_id(),
            project_id=self.setup.project_id,
            kind="text",
            title=f"{entry.image.title}, {candidate}",
            tag=tag,
            digest=digest_of("text", text or ""),
            mime="text/plain",
            created_at=self.now,
            text=text,
            client_metadata={"Tag": tag, "Data Type": label} | ({} if length is None else {LENGTH: length}),
            author_kind="file",
            author=candidate,
            fields=side.get("fields"),
            problems=side.get("problems") or (),
        )

    def add_description(self, entry: Entry, text: Item) -> None:
        """Add it, unless it is there."""
        place = next((place for place, known in enumerate(entry.texts) if known.id == text.id), None)
        if place is not None and entry.texts[place] is text:
            return
        if place is None:
            self.batch.add(text)
            entry.texts.append(text)
        else:
            items.set_text(self.batch, text)
            entry.texts[place] = text
        entry.changed = True
        self._count("descriptions")

    def add_verdicts(
        self, entry: Entry, a: Item, b: Item, said: Sequence[Mapping[str, Any]], overlap: bool | None = None
    ) -> None:
        """Add those of a line's verdicts about two descriptions that are not there yet.

        Args:
            overlap: whether the image is in the share that every judge of a cascade was asked about.
        """
        names = (a.author or "", b.author or "")
        known = [_same(verdict) for verdict in entry.verdicts if (verdict.a, verdict.b) == names]
        if names not in entry.pairs:
            entry.touched.add(names)
        for each in said:
            verdict = self._verdict(entry, a, b, each, overlap)
            if (same := _same(verdict)) in known:
                known.remove(same)
                continue
            self.batch.add(verdict)
            entry.verdicts.append(verdict)
            entry.touched.add(names)
            self._count("verdicts")
        entry.changed = entry.changed or bool(entry.touched)

    def _verdict(self, entry: Entry, a: Item, b: Item, said: Mapping[str, Any], overlap: bool | None) -> Verdict:
        error, reason = said.get("error"), said.get("reason") or ""
        if error and len(error) > _LONGEST_ERROR:
            error, reason = "recorded", f"{error}: {reason}" if reason else error
        return Verdict(
            id=new_id(),
            project_id=self.setup.project_id,
            item_id=entry.image.id,
            a_item=a.id,
            b_item=b.id,
            a=a.author or "",
            b=b.author or "",
            judge=said["judge"],
            slots=said.get("order") or "ab",
            ontology_digest=self.setup.ontology_digest,
            created_at=self.now,
            sample=said.get("sample") or 0,
            choice=said.get("choice"),
            strength=said.get("strength"),
            probability=said.get("probability"),
            criteria=said.get("criteria") or {},
            reason=reason,
            consistent=said.get("consistent"),
            error=error,
            step=said.get("step"),
            overlap=None if said.get("step") is None else overlap,
        )

    def compare(self, entry: Entry, pairs: Iterable[tuple[str, str]]) -> None:
        """Have the pairs of an image that people chose between, where no judge was asked about them."""
        entry.touched |= {names for names in pairs if names not in entry.pairs and names[::-1] not in entry.pairs}

    def fresh(self, entry: Entry, choices: Sequence[Choice]) -> list[Choice]:
        """Those of the choices that are not there yet.

        Raises:
            DataError: somebody chose otherwise among the same descriptions.
        """
        return [choice for choice in choices if not _known(entry, choice)]

    def add_choices(self, entry: Entry, choices: Sequence[Choice]) -> None:
        """Add choices of people that are not there yet."""
        for choice in choices:
            person = self._person(choice.annotator, adjudicator=choice.said.get("way") == "adjudication")
            review = self._review(entry, person, choice)
            self.batch.add(review)
            entry.reviews.append((review, person.name))
            entry.changed = True
            self._count("choices")
            if review.decision != "skip":
                for answer in final_choice_answer(self.setup.roles, review, person.name):
                    self.batch.add(answer)

    def _review(self, entry: Entry, person: Reviewer, choice: Choice) -> Review:
        said, own = choice.said, [one.revision for one, name in entry.reviews if name == person.name]
        seen = bool(said.get("seen_judge"))
        last = max((one.created_at for one, _ in entry.reviews), default=0)
        return Review(
            id=new_id(),
            project_id=self.setup.project_id,
            item_id=entry.image.id,
            reviewer_id=person.id,
            revision=max(own, default=0) + 1,
            decision=choice.decision,
            shown=list(choice.shown),
            seen_judge=seen,
            way=said.get("way") or ("informed" if seen else "blind"),
            took_ms=said.get("took_ms") or 0,
            ontology_digest=self.setup.ontology_digest,
            layout_digest="",
            created_at=max(self.now, last + 1),
            winner=choice.winner,
            strength=said.get("strength"),
            criteria=said.get("criteria") or None,
            revisions=said.get("revisions"),
        )

    def _person(self, name: str, *, adjudicator: bool) -> Reviewer:
        person = self._people.get(name)
        if person is None:
            role: Literal["reviewer", "adjudicator"] = "adjudicator" if adjudicator else "reviewer"
            person = self._people[name] = Reviewer(new_id(), self.setup.project_id, name, self.now, role)
            self.batch.add(person)
        return person

    def add_edit(self, entry: Entry, old: Item, person: str, text: str) -> None:
        """Add what a person wrote in place of a description, unless it is there."""
        of = {known.id for known in entry.texts if known.author == old.author and known.author_kind != "person"}
        same = (
            known for known in entry.texts if (known.author_kind, known.author, known.text) == ("person", person, text)
        )
        if any(known.client_metadata.get(EDIT_OF) in of for known in same):
            return
        made = edit_of(entry.image, old, person, text)
        self.batch.add(made)
        entry.texts.append(made)
        entry.changed = True
        self._count("edits")

    def finish(self, settle: Callable[["Ledger", Sequence[Entry]], None]) -> dict[What, int]:
        """Write the images and what the pairs come to, and `settle` the images; how much was added of what."""
        for entry in self.entries.values():
            for names in sorted(entry.touched):
                self._merge(entry, names)
        settle(self, list(self.entries.values()))
        new = [entry.image.id for entry in self.entries.values() if entry.new]
        datasets.take_in(self.batch, self.setup.project_id, new)
        return self.added

    def _merge(self, entry: Entry, names: tuple[str, str]) -> None:
        about = [verdict for verdict in entry.verdicts if (verdict.a, verdict.b) == names]
        merged = of_pair(about, same_text=self._said_the_same(entry, names))
        image, project = entry.image.id, self.setup.project_id
        pair = Pair(
            image, *names, project, merged.outcome, self.now, merged.probability, merged.flipped, merged.dissent
        )
        pair = replace(pair, same_text=merged.outcome == "tie" and not about)
        entry.pairs[names] = pair
        self.batch.keep_pair(pair)

    def _said_the_same(self, entry: Entry, names: tuple[str, str]) -> bool:
        """Whether two candidates' descriptions are the same, and judges need not be asked then."""
        a, b = map(entry.description, names)
        asked = self.setup.config.judge.same_text == "ask"
        return not asked and a is not None and b is not None and same_text(a.text, b.text)

    def _count(self, what: What) -> None:
        self.added[what] = self.added.get(what, 0) + 1


def _same(verdict: Verdict) -> tuple[object, ...]:
    """What makes two verdicts about a pair one and the same, whenever they were written."""
    ballot = (verdict.judge, verdict.slots, verdict.sample, verdict.step)
    said = (verdict.choice, verdict.strength, verdict.probability, dict(verdict.criteria), verdict.consistent)
    return (*ballot, *said, verdict.reason, verdict.error)


def _known(entry: Entry, choice: Choice) -> bool:
    """Whether a choice is there already. A skip takes nothing back, and is none beside a choice."""
    settling = choice.said.get("way") == "adjudication"
    own = [
        one
        for one, name in entry.reviews
        if (name, one.way == "adjudication", {*one.shown}) == (choice.annotator, settling, {*choice.shown})
        and one.decision != "undone"
    ]
    if any((one.decision, one.winner) == (choice.decision, choice.winner) for one in own):
        return True
    others = [one for one in own if one.decision != "skip"]
    if others and choice.decision != "skip":
        before = others[-1].winner or others[-1].decision
        raise DataError(f"{choice.annotator!r} chose {before!r} about {entry.image.title!r} already")
    return bool(others)
