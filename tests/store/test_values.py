"""What is kept comes back the same from every database, or changed by one rule."""

import math
import random
from typing import Any

import pytest
from msgspec.structs import replace

from captionjudge.identity import new_id, now_ms
from captionjudge.images.files import LONGEST_PATH
from captionjudge.store import calls, items, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database
from captionjudge.store.records import Call, Item, Pair, Task, Verdict

LONG = "a long text, with an é and a 🐈, " * 100_000


def image(project: str, **more: Any) -> Item:
    return Item(new_id(), project, "image", "title", new_id(), "digest", "image/png", now_ms(), **more)


def kept(database: Database, item: Item) -> Item:
    """The item as it is read after it was written."""
    database.write(lambda batch: batch.add(item))
    with database.read() as connection:
        found = items.get(connection, item.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text", ["", " ", "plain", "naïve 🐈\u200d⬛ \U0010ffff", "back\\slash \\u0000 '\"%s %(x)s :y", LONG]
)
def test_a_text_comes_back_as_it_was(text: str, database: Database, project: str) -> None:
    assert kept(database, image(project, text=text)).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\0b", "ab"), ("\0", ""), ("a\ud83d", "a\ufffd"), ("\udc08a\ud83d\0", "\ufffda\ufffd")],
)
def test_a_nul_is_left_out_and_half_a_surrogate_pair_is_replaced(
    text: str, expected: str, database: Database, project: str
) -> None:
    found = kept(database, image(project, text=text, client_metadata={text: [text, {"in": text}]}))
    assert found.text == expected
    assert found.client_metadata == {expected: [expected, {"in": expected}]}


def test_of_rows_that_are_written_together_each_is_kept_by_the_same_rule(database: Database, project: str) -> None:
    texts = ["plain", None, "a\0b", "naïve 🐈", "a\ud83d", ""]
    rows = [image(project, text=text, width=width) for width, text in enumerate(texts, 1)]

    def write(batch: Batch) -> None:
        for row in rows:
            batch.add(row)

    database.write(write)
    with database.read() as connection:
        found = items.by_ids(connection, [row.id for row in rows])
    assert [found[row.id].text for row in rows] == ["plain", None, "ab", "naïve 🐈", "a\ufffd", ""]
    assert [found[row.id].width for row in rows] == [1, 2, 3, 4, 5, 6]


def test_the_longest_path_of_an_image_fits_into_the_indexes(database: Database, project: str) -> None:
    # Random, since what repeats itself is kept shorter than it is.
    path = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789/", k=LONGEST_PATH))
    of = image(project)
    task, came_from = Task(new_id(), project, of.id, "Describe", 1), items.Source(path, 1, 2, of.id)
    database.write(lambda batch: items.add_image(batch, replace(of, title=path), task, came_from))
    with database.read() as connection:
        assert items.sources(connection, project, [path]) == {path: came_from}


def test_a_name_that_no_database_could_hold_is_still_found(database: Database, project: str) -> None:
    item = kept(database, Item(new_id(), project, "image", "a\0b", new_id(), "digest", "image/png", now_ms()))
    with database.read() as connection:
        assert items.named(connection, project, ["ab"]) == {"ab": [item]}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"text": "\\u0000", "quoted": '"'},
        {"whole": 2**53, "below": -(2**31) - 1, "largest": 2**63 - 1},
        {"part": 0.1, "small": 5e-324, "large": 1.7976931348623157e308, "minus": -0.0},
        {"nothing": None, "yes": True, "no": False},
        {"b": 1, "a": {"z": [1, [2, []]], "y": {}}},
        {"text": LONG},
    ],
    ids=lambda value: ",".join(value) or "empty",
)
def test_json_comes_back_as_it_was_in_its_order(value: dict[str, Any], database: Database, project: str) -> None:
    found = kept(database, image(project, client_metadata=value)).client_metadata
    assert repr(dict(found)) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_no_word_for_is_null(value: float, database: Database, project: str) -> None:
    assert kept(database, image(project, client_metadata={"x": [value]})).client_metadata == {"x": [None]}


def test_a_call_keeps_counts_and_times_beyond_32_bits(database: Database, project: str) -> None:
    item = kept(database, image(project))
    asked = Call(
        new_id(), project, item.id, "describe", "A", "p/m", "r", "i", "p", created_at=2**52, cost=1e-9, response="x\0"
    )
    amounts = {
        "calls": 2**40,
        "failures": 0,
        "prompt_tokens": 2**40,
        "completion_tokens": 0,
        "cached_tokens": 0,
        "written_tokens": 0,
    }
    amounts |= {"cost": 0, "unpriced": 0}
    for _ in range(2):
        database.write(lambda batch: batch.add_usage((project, "describe", "A", "p/m"), amounts))
    database.write(lambda batch: calls.record(batch, asked))
    with database.read() as connection:
        [found] = calls.of_item(connection, item.id)
        [total] = calls.totals(connection, project)
    assert (found.created_at, found.cost, found.response) == (2**52, 1e-9, "x")
    assert (total.calls, total.prompt_tokens) == (2**41 + 1, 2**41)


def test_a_verdicts_probability_and_criteria_come_back_exactly(database: Database, project: str) -> None:
    of, a, b = (kept(database, image(project)) for _ in range(3))
    said = Verdict(new_id(), project, of.id, a.id, b.id, "A", "B", "p/j", "ba", "o", now_ms())
    criteria = {"Fluency": {"a": "good", "b": None}}
    said = replace(said, choice="b", probability=0.1 + 0.2, criteria=criteria, reason="🐈", consistent=False)
    database.write(lambda batch: batch.add(said))
    with database.read() as connection:
        assert verdicts.of_item(connection, of.id) == [said]


def test_names_are_ordered_by_code_point_whatever_the_servers_language(database: Database, project: str) -> None:
    of = kept(database, image(project))
    names = ["B", "Z", "a", "b", "é"]

    def write(batch: Any) -> None:
        for name in reversed(names):
            batch.keep_pair(Pair(of.id, name, "x", project, "tie", 1))

    database.write(write)
    with database.read() as connection:
        [*pages] = verdicts.pages(connection, project, size=2)
    assert [pair.a for page in pages for pair in page] == names
