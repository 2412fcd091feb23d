"""Projects whose images wait for people, made through the store's own functions, and people who review them."""

import atexit
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import orjson
from PIL import Image
from starlette.testclient import TestClient

from captionjudge.folder import open_setup, write_template
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images import digest as content_digest
from captionjudge.judging.settlement import open_case
from captionjudge.ontology.template import build_ontology
from captionjudge.review import decide
from captionjudge.review.app import create_app
from captionjudge.running.setup import Setup
from captionjudge.store import cases, items, reviewers, reviews, tasks
from captionjudge.store.batch import Batch
from captionjudge.store.cases import Filter, Queue
from captionjudge.store.database import open_database, sqlite_url
from captionjudge.store.records import (
    Case,
    Decision,
    Item,
    Outcome,
    Pair,
    Review,
    Reviewer,
    Role,
    Standing,
    Task,
    Verdict,
)

NAMES = ("Terse", "Detailed")
ORIGIN = "http://127.0.0.1"
_OWN = {"sec-fetch-site": "same-origin"}
_PER_TRANSACTION = 1000


@dataclass(frozen=True)
class Told:
    """What is stored about the image of a number: descriptions by candidate, and how its judges came out."""

    texts: Mapping[str, str]
    outcome: Outcome = "A"
    probability: float | None = 0.8
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def plain(number: int) -> Told:
    """Neutral descriptions; every image's judges are a little surer than those of the one before."""
    return Told({name: f"Words {number}.{slot}" for slot, name in enumerate(NAMES)}, "A", 0.6 + 0.3 / (1 + number))


@dataclass
class Shop:
    """An open project."""

    folder: Path
    setup: Setup
    images: list[str] = field(default_factory=list)
    _clients: list[TestClient] = field(default_factory=list)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.setup.database.close()

    def add(self, number: int, told: Callable[[int], Told] = plain, stage: str = "Review", side: int = 8) -> list[str]:
        """The ids of new images that wait at a stage."""
        made = add_images(self.setup, range(len(self.images), len(self.images) + number), told, stage, side)
        self.images += made
        return made

    def person(self, name: str = "ann", role: Role = "reviewer") -> Reviewer:
        return self.setup.database.write(lambda batch: reviewers.add(batch, self.setup.project_id, name, role))

    def client(self) -> TestClient:
        """A browser that nobody has signed in with."""
        app: Any = create_app(self.setup, self.folder)
        client = TestClient(app, base_url=ORIGIN, headers=_OWN, raise_server_exceptions=False)
        self._clients.append(client)
        return client

    def browser(self, name: str = "ann", role: Role = "reviewer") -> "Browser":
        """A browser in which a person is signed in."""
        person, client = self.person(name, role), self.client()
        link = self.setup.database.write(lambda batch: reviewers.issue(batch, person.id, "link", 60_000))
        assert client.get(f"/start/{link}", follow_redirects=False).status_code == 303
        return Browser(client, person)

    def next(self, who: Reviewer, queue: Queue = "pending", **filters: Any) -> str | None:
        """The image that a person is given next."""
        wanted = Filter(queue=queue, **filters)
        return self.setup.database.write(lambda batch: decide.take_next(self.setup, batch, who, wanted))

    def show(self, who: Reviewer, item_id: str) -> Standing:
        return self.setup.database.write(lambda batch: decide.show(self.setup, batch, who, item_id))

    def vote(
        self, who: Reviewer, item_id: str, choice: str = "Terse", vote_id: str | None = None, **more: Any
    ) -> Review:
        """A choice: a candidate's name, or "tie", "both_bad" or "skip"."""
        decision: Any = choice if choice in ("tie", "both_bad", "skip") else "one"
        winner = choice if decision == "one" else None
        cast = decide.Vote(vote_id or new_id(), item_id, decision, winner, **more)
        return self.setup.database.write(lambda batch: decide.vote(self.setup, batch, who, cast))

    def undo(self, who: Reviewer, item_id: str, vote_id: str | None = None) -> None:
        id_ = vote_id or new_id()
        self.setup.database.write(lambda batch: decide.undo(self.setup, batch, who, item_id, id_))

    def case(self, item_id: str) -> Case:
        with self.setup.database.read() as connection:
            found = cases.get(connection, item_id)
        assert found is not None
        return found

    def stage(self, item_id: str) -> str:
        with self.setup.database.read() as connection:
            found = tasks.of_item(connection, item_id)
        assert found is not None
        return found.stage

    def standing(self, who: Reviewer, item_id: str) -> Standing:
        with self.setup.database.read() as connection:
            found = reviews.standing_of(connection, item_id, who.id)
        assert found is not None
        return found

    def reviews(self, item_id: str) -> list[Review]:
        with self.setup.database.read() as connection:
            return [one for one, _ in reviews.of_item(connection, item_id)]

    def decisions(self, item_id: str) -> list[tuple[str, str, Decision]]:
        """Every revision about an image: who, in which way, what."""
        with self.setup.database.read() as connection:
            return [(name, one.way, one.decision) for one, name in reviews.of_item(connection, item_id)]

    def expire(self, item_id: str) -> None:
        """Let everybody's hold of an image run out."""

        def change(batch: Batch) -> None:
            for standing, _ in cases.standings(batch.connection, item_id):
                reviews.update_standing(batch, item_id, standing.reviewer_id, {"until": now_ms() - 1})

        self.setup.database.write(change)


@dataclass
class Browser:
    """A signed-in person's browser."""

    http: TestClient
    person: Reviewer

    def get(self, url: str, **more: Any) -> Any:
        return self.http.get(url, **more)

    def post(self, url: str, fields: Mapping[str, Any] | None = None, **more: Any) -> Any:
        return self.http.post(url, data=fields or {}, **more)

    def choose(self, url: str, choice: str) -> Any:
        """Open an image's page and press a button."""
        return self.post(f"{path_of(url)}/choice", {"choice": choice, "vote": vote_of(self.get(url).text)})


def vote_of(html: str) -> str:
    """The id that the page's next vote will have."""
    found = re.search(r'name="vote" value="([0-9a-f-]{36})"', html)
    assert found is not None, html
    return found[1]


def shown_texts(html: str) -> list[str]:
    """The descriptions on a page, in the order in which they are shown."""
    return [unescape(text) for text in re.findall(r'<p dir="auto" class="text">(.*?)</p>', html, re.DOTALL)]


def path_of(url: str) -> str:
    return url.partition("?")[0]


def write_files(
    folder: Path, names: Sequence[str] = NAMES, review: str = "", candidates: str = "", workflow: str = ""
) -> None:
    """A project's files.

    Args:
        review: further lines of `[review]`.
        candidates: further lines of each `[[candidates]]`, in which NAME is the candidate's name.
        workflow: the JSON of the workflow, if not the default's.
    """
    write_template(folder, "default")
    (folder / ".captionjudge").mkdir()
    shutil.copy(_empty_store(), folder / ".captionjudge" / "store.db")
    tables = "".join(f'[[candidates]]\nname = "{name}"\n{candidates.replace("NAME", name)}\n' for name in names)
    (folder / "captionjudge.toml").write_text(f"{tables}\n[review]\naudit = 0\n{review}\n")
    (folder / "ontology.json").write_bytes(orjson.dumps(build_ontology(names)))
    if workflow:
        (folder / "workflow.json").write_text(workflow)


@cache
def _empty_store() -> Path:
    """A store without rows: to copy it is quicker than to make its tables."""
    path = Path(tempfile.mkdtemp(prefix="captionjudge-test-")) / "store.db"
    atexit.register(shutil.rmtree, path.parent)
    open_database(sqlite_url(path)).close()
    return path


def open_shop(
    folder: Path, images: int = 0, told: Callable[[int], Told] = plain, stage: str = "Review", **files: Any
) -> Shop:
    """A project with images that wait for people; further arguments are those of `write_files`."""
    write_files(folder, **files)
    shop = Shop(folder, open_setup(folder))
    if images:
        shop.add(images, told, stage)
    return shop


def picture(number: int, side: int = 8) -> bytes:
    """A small PNG, another one for each number."""
    out = io.BytesIO()
    colour = (number * 37 % 256, number // 7 % 256, number * 11 % 256)
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def add_images(
    setup: Setup,
    numbers: Sequence[int],
    told: Callable[[int], Told] = plain,
    stage: str = "Review",
    side: int = 8,
    content: Callable[[int], bytes] | None = None,
) -> list[str]:
    """New images with descriptions, verdicts and cases, as a run leaves them at a review stage; their ids."""
    made: list[str] = []
    for start in range(0, len(numbers), _PER_TRANSACTION):
        chunk = numbers[start : start + _PER_TRANSACTION]
        contents = [content(number) if content else picture(number, side) for number in chunk]
        digests = [content_digest(data) for data in contents]
        for digest, data in dict(zip(digests, contents, strict=True)).items():
            setup.blobs.put(digest, data)

        def write(batch: Batch, chunk: Sequence[int] = chunk, digests: Sequence[str] = digests) -> list[str]:
            return [
                _add_image(setup, batch, number, digest, told(number), stage, side)
                for number, digest in zip(chunk, digests, strict=True)
            ]

        made += setup.database.write(write)
    return made


def _add_image(setup: Setup, batch: Batch, number: int, digest: str, told: Told, stage: str, side: int) -> str:
    now, tag, project = now_ms(), new_id(), setup.project_id
    mime = "image/png"
    image = Item(new_id(), project, "image", f"photo-{number:06}", tag, digest, mime, now, side, side)
    items.add_image(batch, image, Task(new_id(), project, image.id, stage, now), None)
    texts = {}
    for name, text in told.texts.items():
        metadata = {"Tag": tag, **told.metadata.get(name, {})}
        texts[name] = Item(
            id=new_id(),
            project_id=project,
            kind="text",
            title=f"{image.title}, {name}",
            tag=tag,
            digest=digest_of("text", text),
            mime="text/plain",
            created_at=now,
            text=text,
            client_metadata=metadata,
            author_kind="model",
            author=name,
        )
        batch.add(texts[name])
    pairs = [_judge(setup, batch, image, texts, a, b, told) for a, b in setup.config.pairs() if {a, b} <= set(texts)]
    if setup.workflow.stage(stage).type == "review":
        batch.enter_case(open_case(image.id, project, stage, pairs, setup.draw, now))
    return image.id


def _judge(setup: Setup, batch: Batch, image: Item, texts: Mapping[str, Item], a: str, b: str, told: Told) -> Pair:
    now = now_ms()
    choice: Any = {"A": "a", "B": "b", "unstable": "a", "failed": None}.get(told.outcome, told.outcome)
    for slots in ("ab", "ba"):
        batch.add(
            Verdict(
                id=new_id(),
                project_id=setup.project_id,
                item_id=image.id,
                a_item=texts[a].id,
                b_item=texts[b].id,
                a=a,
                b=b,
                judge="acme/oracle-7",
                slots=slots,
                ontology_digest=setup.ontology_digest,
                created_at=now,
                choice=choice,
                probability=told.probability,
                reason="Because the judge found it so.",
            )
        )
    pair = Pair(image.id, a, b, setup.project_id, told.outcome, now, told.probability, told.outcome == "unstable")
    batch.keep_pair(pair)
    return pair
