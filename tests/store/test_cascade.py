"""What the store says of cascades: verdicts with their steps, costs of the overlap, stated probabilities."""

from msgspec.structs import replace

from captionjudge.identity import new_id, now_ms
from captionjudge.store import calls, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database
from captionjudge.store.records import Call, Item, Usage, Verdict
from captionjudge.store.verdicts import Stated


def _image(batch: Batch, project: str) -> str:
    image = Item(new_id(), project, "image", "title", new_id(), "digest", "image/png", now_ms())
    batch.add(image)
    batch.flush()
    return image.id


def _call(project: str, image: str, judge: str, cost: float | None, purpose: str = "judge") -> Call:
    made = (new_id(), project, image, purpose, judge, judge, "digest", "instructions", "prompt", now_ms())
    return Call(*made, prompt_tokens=2_000_000_000, completion_tokens=1, cost=cost)


def _verdict(
    project: str,
    image: str,
    judge: str,
    probability: float | None,
    step: int | None = 0,
    overlap: bool | None = None,
) -> Verdict:
    made = Verdict(new_id(), project, image, image, image, "A", "B", judge, "ab", "ontology", now_ms())
    return replace(made, choice="a", probability=probability, step=step, overlap=overlap)


def test_only_calls_of_the_purpose_about_images_of_the_overlap_are_added_up(database: Database, project: str) -> None:
    def write(batch: Batch) -> None:
        inside, outside = _image(batch, project), _image(batch, project)
        for image, overlap in ((inside, True), (outside, False)):
            # Two verdicts about the image must not count its calls twice.
            batch.add(_verdict(project, image, "p/cheap", 0.9, 0, overlap))
            batch.add(_verdict(project, image, "p/strong", 0.9, 1, overlap))
            calls.record(batch, _call(project, image, "p/cheap", 0.25))
            calls.record(batch, _call(project, image, "p/cheap", 0.5))
            calls.record(batch, _call(project, image, "p/strong", None))
            calls.record(batch, _call(project, image, "p/cheap", 8.0, "audit"))

    database.write(write)
    with database.read() as connection:
        found = sorted(calls.of_overlap(connection, project, "judge"), key=lambda each: each.model)
    assert found == [
        Usage("judge", "p/cheap", "p/cheap", 2, 0, 4_000_000_000, 2, 0, 0, 0.75, 0),
        Usage("judge", "p/strong", "p/strong", 1, 0, 2_000_000_000, 1, 0, 0, 0.0, 1),
    ]
    assert all(type(each.prompt_tokens) is int for each in found)


def test_the_step_and_the_overlap_of_a_verdict_come_back(database: Database, project: str) -> None:
    def write(batch: Batch) -> list[Verdict]:
        image = _image(batch, project)
        made = [
            _verdict(project, image, "p/panel", None, None),
            _verdict(project, image, "p/cheap", 0.9, 0, overlap=False),
            _verdict(project, image, "p/strong", 0.9, 1, overlap=True),
        ]
        for each in made:
            batch.add(each)
        return made

    made = database.write(write)
    with database.read() as connection:
        assert verdicts.of_item(connection, made[0].item_id) == made


def test_probabilities_are_counted_among_the_latest_verdicts_of_cascades(database: Database, project: str) -> None:
    def write(batch: Batch) -> None:
        image = _image(batch, project)
        batch.add(_verdict(project, image, "p/silent", 0.9))
        for judge, probability, step in (
            ("silent", None, 0),
            ("sure", 0.9, 1),
            ("sure", None, 1),
            ("panel", 0.9, None),
        ):
            batch.add(_verdict(project, image, f"p/{judge}", probability, step))

    database.write(write)
    with database.read() as connection:
        assert verdicts.stated(connection, project, 4) == [Stated("p/silent", 1, 0), Stated("p/sure", 2, 1)]
        assert verdicts.stated(connection, project, 5)[0] == Stated("p/silent", 2, 1)
