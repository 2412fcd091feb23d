"""A project whose images are in an object store: everything that reads or writes them, and a store that fails."""

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient
from tests.encord.caller import ORIGIN, Caller
from tests.encord.conftest import Place
from tests.encord.test_notebook_path import upload
from tests.job.conftest import Provider
from tests.job.state import final_state, rows
from tests.review.shop import Shop
from tests.servers.s3 import ObjectStore

from captionjudge.encord.app import app_of
from captionjudge.encord.host import open_host
from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.training import Wanted
from captionjudge.project import Project
from captionjudge.running.runner import Summary
from captionjudge.store import keys

Make = Callable[..., Path]
Images = Callable[[int], Path]
IMAGES = 12


@pytest.fixture
def folder(make_project: Make, images: Images, s3: ObjectStore) -> Path:
    return make_project(images(IMAGES), blobs=f"s3://{s3.new_bucket()}/shop")


def run(folder: Path) -> Summary:
    with Project.open(folder) as project:
        return project.run()


def test_a_store_that_fails_now_and_then_changes_nothing(
    folder: Path, make_project: Make, images: Images, s3: ObjectStore, provider: Provider
) -> None:
    s3.trouble = lambda number, _method: None if number % 3 else 500
    assert run(folder).progress.finished == IMAGES
    assert not (folder / ".captionjudge" / "blobs").exists()
    asked = Counter(request["image"] for request in provider.requests())
    calm = make_project(images(IMAGES), name="calm")
    run(calm)
    assert asked == {sha256(file.read_bytes()).hexdigest(): 4 for file in (folder.parent / "images").iterdir()}
    assert final_state(folder) == final_state(calm)


def test_a_run_whose_object_store_goes_away_ends_with_one_line_and_the_next_asks_nothing_twice(
    folder: Path, s3: ObjectStore, provider: Provider
) -> None:
    reads = Counter[str]()

    def goes_away(_number: int, method: str) -> int | None:
        reads[method] += 1
        return 500 if reads["GET"] > IMAGES // 2 else None

    s3.trouble = goes_away
    ran = run(folder)
    assert str(ran.stopped_by).startswith("the images at s3://bucket-")
    assert (ran.progress.failed, ran.waiting) == (0, IMAGES - ran.progress.finished)
    assert ran.waiting > 0
    s3.trouble = None
    assert run(folder).waiting == 0
    asked = Counter(request["key"] for request in provider.requests())
    assert (len(asked), max(asked.values())) == (4 * IMAGES, 1)


def test_a_bucket_that_is_not_there_is_told_before_anything_is_claimed(folder: Path) -> None:
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text().replace("s3://bucket-", "s3://gone-"))
    with pytest.raises(ConfigError, match="there is no such bucket"):
        run(folder)
    assert rows(folder, "workers") == []


def test_pages_exports_and_the_protocol_read_and_write_images_there(
    folder: Path, s3: ObjectStore, tmp_path: Path
) -> None:
    run(folder)
    with Project.open(folder) as project:
        image = next(project.images())
        content = project.image_bytes(image)
        shop = Shop(folder, project.setup)
        browser = shop.browser()
        assert browser.get(f"/images/{image.digest}").content == content
        s3.trouble = lambda _number, _method: 403
        assert browser.get(f"/images/{image.digest}").status_code == 503
        s3.trouble = None
        shop._clients[0].close()
        project.export(Wanted("parquet"), tmp_path / "out")
        rows = [row for file in (tmp_path / "out").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
        assert content in [row["picture"]["bytes"] for row in rows]
        _protocol(project, image.id, content)


def _protocol(project: Project, item_id: str, content: bytes) -> None:
    host = open_host(project.setup)
    place = Place(project, host, app_of(host))
    with TestClient(place.app, base_url=ORIGIN) as client:
        url = host.url(ORIGIN, "bytes", item=item_id)
        got = client.get(url)
        assert got.content == content
        assert client.get(url, headers={"if-none-match": got.headers["etag"]}).status_code == 304
    agent = Caller(place.app, Ed25519PrivateKey.generate())
    project.setup.database.write(lambda batch: keys.add(batch, place.id, "agent", agent.public, "agent"))
    made = upload(agent, place, "words.txt", "Some words: ä.", {"Data Type": "Terse"})
    with TestClient(place.app, base_url=ORIGIN) as client:
        assert client.get(host.url(ORIGIN, "bytes", item=made)).text == "Some words: ä."
