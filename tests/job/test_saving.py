"""What 1,000 pairs cost before and after, from the project's own pictures and words."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from captionjudge.cli.app import app
from captionjudge.folder import write_template
from captionjudge.models.price import tokens_of
from captionjudge.project import Project
from captionjudge.running.runner import Options
from captionjudge.running.saving import savings

CONFIG = """
[[candidates]]
name = "Terse"
model = "openai/gpt-4o"
prompt = "Describe."
[[candidates]]
name = "Detailed"
model = "local/unpriced"
[judge]
cascade = ["openai/gpt-5.6-sol", "anthropic/claude-opus-5-5"]
[providers.local]
base_url = "http://127.0.0.1:9/v1"
[prices."openai/gpt-4o"]
input = 1.0
output = 0.0
[prices."openai/gpt-5.6-sol"]
input = 1.0
output = 0.0
cached_input = 0.1
cache_write = 1.25
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for index, size in enumerate(((4032, 3024), (1024, 768))):
        Image.new("L", size, 90 * index).save(tmp_path / "images" / f"{index}.png")
    write_template(tmp_path / "p", "default")
    (tmp_path / "p" / "captionjudge.toml").write_text(CONFIG)
    with Project.open(tmp_path / "p") as project:
        project.import_images(tmp_path / "images")
    return tmp_path / "p"


def test_images_are_counted_by_each_models_rule_as_they_are_and_as_they_are_sent(folder: Path) -> None:
    with Project.open(folder) as project:
        found = {each.model: each for each in savings(project.setup, Options())}
    tiles, judge = found["openai/gpt-4o"], found["openai/gpt-5.6-sol"]
    assert (tiles.image_before, tiles.image_after) == (765, 765)
    # 12 megapixels as they are, and within 1568 pixels: 49 x 37 patches; the other one is 32 x 24 both times.
    small = 922
    assert judge.image_before == pytest.approx((14364 + small) / 2, abs=1)
    assert judge.image_after == pytest.approx((2176 + small) / 2, abs=1)


def test_the_cost_before_and_after_follows_from_tokens_prices_cache_and_cascade(folder: Path) -> None:
    with Project.open(folder) as project:
        found = {each.model: each for each in savings(project.setup, Options())}
    describe, judge = found["openai/gpt-4o"], found["openai/gpt-5.6-sol"]
    told = "Describe.\nReply with the description alone."
    words = tokens_of(told) + tokens_of("Describe the image.")
    assert describe.before == describe.after == pytest.approx(1000 * (765 + words) / 1e6)
    assert judge.before is not None
    assert judge.after is not None
    texts = judge.before / 2000 * 1e6 - judge.image_before
    # The criteria are read, the image is put there by the first order and read by the second.
    assert judge.cached > 0.5
    assert judge.after < 2000 * (0.1 * texts + (1.25 + 0.1) / 2 * judge.image_after + 200) / 1e6
    second = found["anthropic/claude-opus-5-5"]
    assert second.before is not None
    assert (second.after or 0) < 0.37 * second.before
    assert found["local/unpriced"].before is None


def test_a_dry_run_shows_both_and_what_it_assumes(folder: Path) -> None:
    shown = CliRunner().invoke(app, ["run", str(folder), "--dry-run"])
    assert shown.exit_code == 0, shown.output
    assert "before" in shown.output
    assert "price unknown" in shown.output
    for words in ("four characters a token", "the sizes of 2 that wait", "350 characters are assumed", "cascade"):
        assert words in shown.output
    data = json.loads(CliRunner().invoke(app, ["run", str(folder), "--dry-run", "--json"]).output)
    assert {each["model"] for each in data["per_1000_pairs"]} == {each["model"] for each in data["estimates"]}
    assert len(data["assumptions"]) == 5
