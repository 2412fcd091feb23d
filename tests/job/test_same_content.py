"""Requests of the same content are one request, also when they are made at the same moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.servers.scripted import ScriptedServer

from captionjudge.project import Project, write_template

IMAGES = 12
CONFIG = """
[[candidates]]
name = "Terse"
model = "local/a"
[[candidates]]
name = "Detailed"
model = "local/b"
[judge]
models = ["local/j"]
[providers.local]
base_url = "{url}/v1"
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def test_both_orders_of_equal_descriptions_are_one_call(tmp_path: Path, server: ScriptedServer) -> None:
    (tmp_path / "images").mkdir()
    for index in range(IMAGES):
        Image.new("RGB", (16, 16), (20 * index, 0, 0)).save(tmp_path / "images" / f"{index}.png")
    write_template(tmp_path / "p", "default")
    (tmp_path / "p" / "captionjudge.toml").write_text(CONFIG.format(url=server.url))
    with Project.open(tmp_path / "p") as project:
        project.import_images(tmp_path / "images")
        summary = project.run()
        assert all(len(project.verdicts(image)) == 2 for image in project.images())
    # The server gives every candidate the same text.
    assert sum(seen.json["model"] == "j" for seen in server.seen) == IMAGES
    assert summary.progress.reused_replies == IMAGES
