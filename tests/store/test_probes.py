"""Questions of active checks, and what was answered, once in each database."""

import pytest
from msgspec.structs import replace

from captionjudge.identity import digest_of, new_id
from captionjudge.store import items, probes
from captionjudge.store.database import Database
from captionjudge.store.records import Item, Probe, Task


@pytest.fixture
def image(database: Database, project: str) -> Item:
    made = Item(new_id(), project, "image", "one.png", "tag", "0" * 64, "image/png", 0, 4, 3)
    task = Task(new_id(), project, made.id, "Judge", 0)
    database.write(lambda batch: items.add_image(batch, made, task, None))
    return made


def _probe(image: Item, name: str, form: str = "form") -> Probe:
    return Probe(
        id=digest_of(name),
        project_id=image.project_id,
        item_id=image.id,
        probe="planted",
        kind=name,
        judge="local/judge",
        form_digest=form,
        seed=2**31,
        picture="other",
        a_text="A cat.",
        b_text="A dog\x00.",
        slots="ba",
        created_at=5,
        other_item=image.id,
        target="a",
        control=digest_of("control"),
        choice="both_bad",
        criteria={"Score": {"a": "good", "b": None}},
        call_id=new_id(),
    )


def test_what_was_kept_is_read_as_it_was_but_for_what_no_database_holds(database: Database, image: Item) -> None:
    one = _probe(image, "colour")
    database.write(lambda batch: batch.keep_probe(one))
    with database.read() as connection:
        [found] = probes.of_form(connection, image.project_id, "form")
        assert probes.any_asked(connection, image.project_id)
        assert not probes.any_asked(connection, new_id())
    assert replace(found, b_text=one.b_text) == one
    assert "\x00" not in found.b_text


def test_a_question_asked_again_is_the_same_row_with_the_later_answer(database: Database, image: Item) -> None:
    failed = replace(_probe(image, "colour"), choice=None, error="empty", created_at=3)
    database.write(lambda batch: batch.keep_probe(failed))
    with database.read() as connection:
        assert probes.settled(connection, image.project_id, "form") == {failed.id: 3}
    database.write(lambda batch: batch.keep_probe(_probe(image, "colour")))
    with database.read() as connection:
        assert probes.settled(connection, image.project_id, "form") == {failed.id: None}
        [found] = probes.of_form(connection, image.project_id, "form")
    assert (found.choice, found.error) == ("both_bad", None)


def test_answers_to_another_form_are_kept_apart(database: Database, image: Item) -> None:
    for name in ("x", "y"):
        database.write(lambda batch, name=name: batch.keep_probe(_probe(image, name, name)))  # type: ignore[misc]
    with database.read() as connection:
        assert [each.kind for each in probes.of_form(connection, image.project_id, "y")] == ["y"]
        assert list(probes.settled(connection, image.project_id, "x")) == [digest_of("x")]
