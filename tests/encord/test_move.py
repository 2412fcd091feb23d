"""A project is copied from a server through the platform's own client, and answers go back. The server is ours."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.encord.clients import Served, served
from tests.encord.conftest import IMAGES, Place
from tests.encord.site import wait
from tests.encord.test_changes import opened, read, said, save
from tests.encord.test_notebook_path import link, rows, upload

from captionjudge.identity import new_id, now_ms
from captionjudge.ontology.answer import RadioAnswer, to_json
from captionjudge.project import Project
from captionjudge.store import items, labels
from captionjudge.store.batch import Batch
from captionjudge.store.records import Answer

pytestmark = pytest.mark.slow


@pytest.fixture
def place(new_place: Callable[[int], Place]) -> Place:
    return new_place(IMAGES)


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Served]:
    """A server with images, one text and a judged label row; its key is in the file `key`."""
    agent = place.caller()
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    (tmp_path / "key").write_bytes(agent.key.private_bytes(*pem))
    first = rows(agent, place)[0]
    at = f"storage/folders/{place.host.folder_id}/items/{first['backing_item_uuid']}"
    agent.call("PATCH", at, {"clientMetadata": {"Tag": "group", "sku": 17}})
    link(agent, place, upload(agent, place, "text", "A square.", {"Tag": "group", "Data Type": "Text_8B"}))
    (row,) = opened(agent, place, first["data_hash"])
    save(agent, place, row, said(place, "LLM Judge Choice", 1))
    with served(place.project.folder) as running:
        yield running


def command(there: Served, way: str, folder: Path) -> list[str]:
    options = ["--domain", there.origin, "--key", str(folder.parent / "key"), "--project", str(folder)]
    return [sys.executable, "-m", "captionjudge", "encord", way, there.project, *options]


def environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


def move(there: Served, way: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(there, way, folder), capture_output=True, text=True, timeout=240, check=False, env=environ()
    )


def is_begun(folder: Path) -> bool:
    """Whether something was copied already."""
    store = folder / ".captionjudge"
    if not any(store.glob("*.sqlite*")) and not any(store.glob("*.db")):
        return False
    with Project.open(folder) as project:
        return next(iter(project.images()), None) is not None


def test_a_project_is_copied_once_though_killed_and_a_persons_choice_goes_back_once(
    there: Served, place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    with subprocess.Popen(command(there, "pull", folder), stdout=subprocess.DEVNULL, env=environ()) as process:
        wait(lambda: is_begun(folder) or process.poll() is not None)
        process.kill()
    done = move(there, "pull", folder)
    assert done.returncode == 0, done.stderr
    with Project.open(folder) as project:
        setup = project.setup
        assert len(list(project.images())) == IMAGES
        image = next(each for each in project.images() if each.tag == "group")
        assert image.client_metadata["sku"] == 17
        assert [(each.author, each.text) for each in project.descriptions(image)] == [("LLM 8B", "A square.")]
        with setup.database.read() as connection:
            (answer,) = labels.answers(connection, setup.project_id, [image.id])[image.id]
        assert answer.author_kind == "model"
        choice = setup.roles.people[0]
        value = to_json(RadioAnswer(choice.feature_hash, choice.options[0].feature_hash))
        mine = Answer(new_id(), setup.project_id, image.id, choice.feature_hash, value, "person", "Ann", "", now_ms())

        def change(batch: Batch) -> None:
            batch.add(mine)
            items.merge_metadata(batch, image.id, {"sku": 18})

        setup.database.write(change)

    agent = place.caller("other@example.com")
    first = rows(agent, place)[0]["backing_item_uuid"]
    at = f"storage/folders/{place.host.folder_id}/items/{first}"
    assert agent.call("PATCH", at, {"clientMetadata": {"sku": 99}}).status == 200
    assert move(there, "pull", folder).stdout == f"0 images, 0 texts and 0 answers copied; {IMAGES + 1} known.\n"
    with Project.open(folder) as project:
        image = next(each for each in project.images() if each.tag == "group")
        assert image.client_metadata["sku"] == 18

    assert move(there, "push", folder).stdout == "1 answer added to 1 label row; 0 said it already.\n"
    assert move(there, "push", folder).stdout == "0 answers added to 0 label rows; 1 said it already.\n"
    item = agent.get(f"storage/items/{first}").json
    assert json.loads(item["clientMetadata"])["sku"] == 99
    (row,) = opened(agent, place, first)
    assert read(agent, place, row) == {"Final Choice": "LLM-8B", "LLM Judge Choice": "LLM 16B"}
