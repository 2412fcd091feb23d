"""The whole job against a real llama.cpp server with a vision-language model of random weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.job.conftest import cli
from tests.job.state import rows
from tests.servers.tiny_vlm import tiny_vlm

from captionjudge.config import CONFIG_FILE
from captionjudge.project import Project

CONFIG = """
[[candidates]]
name = "Terse"
model = "llama/tiny"
max_tokens = 400
seed = 1
[[candidates]]
name = "Detailed"
model = "llama/tiny"
prompt = "Describe everything."
max_tokens = 400
seed = 2
[judge]
models = ["llama/tiny"]
max_tokens = 1900
temperature = 0.0
[providers.llama]
base_url = "{url}/v1"
concurrency = 1
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with tiny_vlm() as address:
        yield address


@pytest.fixture(scope="module")
def done(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    (folder / "images").mkdir()
    for index in range(4):
        Image.new("RGB", (64, 48), (60 * index, 200 - 40 * index, 90)).save(folder / "images" / f"{index}.png")
    with Project.init(folder / "p") as project:
        project.import_images(folder / "images")
    (folder / "p" / CONFIG_FILE).write_text(CONFIG.format(url=url))
    cli("run", folder / "p")
    return folder / "p"


def test_every_image_is_judged_or_has_failed_because_a_random_model_never_stopped(done: Path) -> None:
    ends = {row[1:4] for row in rows(done, "tasks")}
    assert ("Review", "waiting", None) in ends
    assert {end for end in ends if end[0] != "Review"} <= {
        ("Describe", "failed", "truncated"),
        ("Judge", "failed", "truncated"),
    }


def test_what_went_through_was_described_twice_and_judged_in_both_orders_by_the_schema(done: Path) -> None:
    through = [row[0] for row in rows(done, "tasks") if row[1] == "Review"]
    verdicts = [row for row in rows(done, "verdicts") if row[0] in through]
    assert [row[4] for row in verdicts] == ["ab", "ba"] * len(through)
    assert {row[6] for row in verdicts} <= {"a", "b", "tie", "both_bad"}
    assert all(sum(row[0] == title for row in rows(done, "descriptions")) == 2 for title in through)


def test_no_fragment_became_a_description(done: Path) -> None:
    failed = {row[0] for row in rows(done, "tasks") if row[1] == "Describe"}
    assert [row for row in rows(done, "descriptions") if row[0] in failed] == []
