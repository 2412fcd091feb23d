"""A project with judged images, written into its store, and people who review them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from starlette.testclient import TestClient

from captionjudge.folder import write_template
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.judging.settlement import open_case
from captionjudge.project import Project
from captionjudge.review import decide
from captionjudge.review.app import create_app
from captionjudge.review.decide import Vote
from captionjudge.running.setup import Setup
from captionjudge.store import calls, reviewers
from captionjudge.store.batch import Batch
from captionjudge.store.cases import DECIDED
from captionjudge.store.records import Call, Choice, Item, Outcome, Pair, Review, Reviewer, Role, Slots, Task, Verdict

A, B = "Terse", "Detailed"
HOSTILE = '<script>alert(1)</script><x-hostile onclick="a()">&amp;\u202e"\''
_CHOICES: dict[Outcome, tuple[Choice | None, Choice | None]] = {
    "A": ("a", "a"),
    "B": ("b", "b"),
    "tie": ("tie", "tie"),
    "both_bad": ("both_bad", "both_bad"),
    "unstable": ("a", "b"),
    "failed": (None, None),
}


@dataclass(frozen=True)
class Judged:
    """A project of the default template. `setup` wants two reviewers an image."""

    folder: Path
    setup: Setup

    def person(self, name: str, role: Role = "reviewer") -> Reviewer:
        return self.setup.database.write(lambda batch: reviewers.add(batch, self.setup.project_id, name, role))

    def image(
        self,
        outcome: Outcome | None,
        *,
        title: str = "photo.jpg",
        audit: bool = False,
        probability: float | None = 0.75,
    ) -> str:
        """An image that the judges came to `outcome` about; None: its first description was refused."""
        return self.setup.database.write(lambda batch: self._image(batch, outcome, title, audit, probability))

    def choose(self, person: Reviewer, item_id: str, choice: str, **more: Any) -> Review:
        """A choice: a candidate's name, or a decision."""
        decision, winner = (choice, None) if choice in (*DECIDED, "skip", "undone") else ("one", choice)
        vote = Vote(new_id(), item_id, decision, winner, **more)  # type: ignore[arg-type]
        return self.setup.database.write(lambda batch: decide.vote(self.setup, batch, person, vote))

    def browser(self, person: Reviewer) -> TestClient:
        token = self.setup.database.write(lambda batch: reviewers.issue(batch, person.id, "link", 60_000))
        client = TestClient(create_app(self.setup, self.folder), base_url="http://127.0.0.1")
        assert client.get(f"/start/{token}", follow_redirects=False).status_code == 303
        return client

    def _image(self, batch: Batch, outcome: Outcome | None, title: str, audit: bool, probability: float | None) -> str:
        project, now, id_ = self.setup.project_id, now_ms(), new_id()
        digest = digest_of("image", id_)
        shop = {"Tag": id_, "shop": HOSTILE if title == HOSTILE else "north"}
        batch.add(Item(id_, project, "image", title, id_, digest, "image/jpeg", now, 640, 480, client_metadata=shop))
        if outcome is None:
            self._call(batch, id_, "describe", A, failure="refused")
            failed = Task(new_id(), project, id_, "Describe", now, "failed", reason="refused", detail=f"no: {title}")
            batch.add(failed)
            return id_
        texts = [self._text(batch, id_, name, title) for name in (A, B)]
        batch.add(Task(new_id(), project, id_, "Review", now))
        flipped = None if outcome == "failed" else outcome == "unstable"
        known = None if outcome in ("failed", "unstable") else probability
        pair = Pair(id_, A, B, project, outcome, now, known, flipped)
        for slots, choice in zip(("ab", "ba"), _CHOICES[outcome], strict=True):
            self._verdict(batch, id_, texts, slots, choice, known, title)  # type: ignore[arg-type]
        batch.keep_pair(pair)
        case = open_case(id_, project, "Review", [pair], self.setup.draw, now)
        batch.enter_case(replace(case, audit=audit))
        return id_

    def _text(self, batch: Batch, image: str, name: str, title: str) -> Item:
        call = self._call(batch, image, "describe", name, response=f"{name}: {title}")
        text = Item(
            id=new_id(),
            project_id=self.setup.project_id,
            kind="text",
            title=f"{title}, {name}",
            tag=image,
            digest=digest_of("text", image, name),
            mime="text/plain",
            created_at=now_ms(),
            text=f"{name}: {title}",
            client_metadata={"Tag": image},
            author_kind="model",
            author=name,
            call_id=call.id,
        )
        batch.add(text)
        return text

    def _verdict(
        self,
        batch: Batch,
        image: str,
        texts: Sequence[Item],
        slots: Slots,
        choice: Choice | None,
        probability: float | None,
        title: str,
    ) -> None:
        call = self._call(batch, image, "judge", "judge", slots=slots, response='{"choice": "1"}')
        batch.add(
            Verdict(
                id=new_id(),
                project_id=self.setup.project_id,
                item_id=image,
                a_item=texts[0].id,
                b_item=texts[1].id,
                a=A,
                b=B,
                judge="local/judge",
                slots=slots,
                ontology_digest=self.setup.ontology_digest,
                created_at=now_ms(),
                choice=choice,
                probability=probability,
                criteria={"Correctness": {"a": "Accurate", "b": title}},
                reason=f"the reason: {title}",
                error=None if choice else "off_schema",
                call_id=call.id,
            )
        )

    def _call(self, batch: Batch, image: str, purpose: str, role: str, **more: Any) -> Call:
        batch.add_document("1" * 64, "prompt", f"the prompt {HOSTILE}")
        made = Call(
            id=new_id(),
            project_id=self.setup.project_id,
            item_id=image,
            purpose=purpose,
            role=role,
            model=f"local/{role}",
            request_digest=digest_of("request", new_id()),
            instructions_digest="0" * 64,
            prompt_digest="1" * 64,
            created_at=now_ms(),
            prompt_tokens=1000,
            completion_tokens=50,
            cost=0.25,
            latency_ms=700,
            finish_reason="stop",
            **more,
        )
        calls.record(batch, made)
        return made


@contextmanager
def judged_project(folder: Path, wanted: int = 2, reveal: str = "after_choice", store: str = "") -> Iterator[Judged]:
    """A new project in which `wanted` people review each image; `store` is the URL of a store elsewhere."""
    write_template(folder, "default")
    file = folder / "captionjudge.toml"
    file.write_text(f"store = {json.dumps(store)}\n{file.read_text()}")
    with Project.open(folder) as project:
        review = project.setup.config.review.model_copy(update={"reviewers": wanted, "reveal": reveal, "audit": 0.0})
        config = project.setup.config.model_copy(update={"review": review})
        yield Judged(folder, replace(project.setup, config=config))
