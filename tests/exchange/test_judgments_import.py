"""Recorded judgments go into a project, and out of it again as they were."""

import importlib.util
import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from gzip import decompress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from PIL import Image
from starlette.testclient import TestClient
from tests.exchange.round import NAMES, exported, files, project_for, take, write
from tests.review.judged_store import A, B, Judged, judged_project

from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.source import Options
from captionjudge.images import digest
from captionjudge.judging.outcome import merge
from captionjudge.project import Project
from captionjudge.reporting.figures import figures
from captionjudge.reporting.recorded import from_lines
from captionjudge.review.app import create_app
from captionjudge.store import cases, items, reviewers, reviews, tasks, verdicts

HERE = Path(__file__).parents[1]
LINE: dict[str, Any] = {
    "image": "1.png",
    "a": {"candidate": "X", "text": "a cat"},
    "b": {"candidate": "Y", "text": "a dog"},
    "verdicts": [{"judge": "j", "order": order, "choice": "a", "probability": 0.75} for order in ("ab", "ba")],
    "final_choices": [{"annotator": "Ann", "choice": "b"}],
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_for(write(tmp_path / "fit.jsonl", [LINE]), tmp_path / "p") as made:
        yield made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project for the candidates in NAMES, to be copied: making its tables takes the longest."""
    folder = tmp_path_factory.mktemp("empty")
    every = [LINE | {"a": {"candidate": NAMES[0]}, "b": {"candidate": name}} for name in NAMES[1:]]
    project_for(write(folder / "fit.jsonl", every), folder / "p").close()
    return folder / "p"


@settings(max_examples=20)
@given(lines=files())
def test_a_foreign_file_goes_in_and_its_export_goes_in_and_out_unchanged(
    empty: Path, lines: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        first = write(root / "first.jsonl", lines)
        for name in ("one", "two"):
            shutil.copytree(empty, root / name)
        with Project.open(root / "one") as one, Project.open(root / "two") as two:
            taken = take(one, first)
            assert (taken.rows, taken.failures) == (len(lines), [])
            out = exported(one, root / "second.jsonl")
            assert len(out.splitlines()) == len(lines)
            assert take(two, root / "second.jsonl").failures == []
            assert exported(two, root / "third.jsonl") == out
            again = take(one, first)
            assert (again.added.total(), again.unchanged) == (0, len(lines))
            assert exported(one, root / "fourth.jsonl") == out
            _same_figures(lines, out.splitlines())


def _same_figures(lines: list[dict[str, Any]], out: list[bytes]) -> None:
    """The pairs' outcomes by the statistics' own reading of both files."""
    before, after = from_lines(orjson.dumps(line) for line in lines), from_lines(iter(out))
    assert sorted(before.outcome.tolist()) == sorted(after.outcome.tolist()) or before.candidates != after.candidates
    assert before.verdicts.names == after.verdicts.names
    assert sorted(before.people.outcome.tolist()) == sorted(after.people.outcome.tolist())


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Judged, bytes]]:
    """A project of one's own with everything in it, and its export."""
    folder = tmp_path_factory.mktemp("own")
    with judged_project(folder / "p") as made:
        ann, me = made.person("Ann"), made.person("me", "adjudicator")
        for outcome in ("A", "B", "tie", "both_bad", "unstable", "failed", "A"):
            image = made.image(outcome, title=f"{outcome}.jpg", audit=outcome == "B")
            made.choose(ann, image, B)
            if outcome != "tie":
                made.choose(ann, image, A, way="bulk")
                made.choose(me, image, "skip" if outcome == "failed" else B)
            if outcome == "A":
                made.choose(me, image, "tie", way="adjudication")
        browser, image = made.browser(ann), made.image("A", title="edited.jpg")
        made.choose(ann, image, A)
        browser.post(f"/desk/{image}/write?start=1", data={"text": "a better text", "do": "keep"}, headers=_local())
        made.image("A", title="waits.jpg")
        out = folder / "own.jsonl"
        Project(made.folder, made.setup).export_jsonl(out)
        yield made, out.read_bytes()


def _local() -> dict[str, str]:
    return {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_an_export_goes_into_a_new_project_and_out_unchanged(
    own: tuple[Judged, bytes], tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    _, out = own
    assert b'"edits":[{"annotator":"Ann"' in out
    (tmp_path / "own.jsonl").write_bytes(out)
    url = "" if store == "sqlite" else request.getfixturevalue("postgres_url")
    with judged_project(tmp_path / "q", store=url) as other:
        project = Project(other.folder, other.setup)
        assert take(project, tmp_path / "own.jsonl").failures == []
        assert exported(project, tmp_path / "again.jsonl") == out


def test_cases_and_tasks_stand_as_in_the_project_that_was_exported(own: tuple[Judged, bytes], tmp_path: Path) -> None:
    made, out = own
    (tmp_path / "own.jsonl").write_bytes(out)
    with judged_project(tmp_path / "q") as other:
        take(Project(other.folder, other.setup), tmp_path / "own.jsonl")
        assert _stand(other) == _stand(made)


def _stand(project: Judged) -> dict[str, tuple[object, ...]]:
    with project.setup.database.read() as connection:
        ids = [image.id for page in items.pages(connection, project.setup.project_id, "image") for image in page]
        known, at = cases.of_items(connection, ids), tasks.of_items(connection, ids)
        return {
            id_: (
                at[id_].stage,
                *(getattr(known[id_], name) for name in ("state", "final_choice", "agrees", "audit", "people_differ")),
                known[id_].judge_choice,
                [(one.decision, one.winner, one.way, name) for one, name in reviews.latest(_of(connection, id_))],
            )
            for id_ in ids
        }


def _of(connection: Any, id_: str) -> Any:
    return reviews.of_item(connection, id_)


def test_pairs_are_what_the_runner_makes_of_the_verdicts(project: Project, tmp_path: Path) -> None:
    take(project, write(tmp_path / "f.jsonl", [LINE]))
    [image] = project.images()
    [pair], said = project.pairs(image), project.verdicts(image)
    merged = merge(said)
    assert (pair.outcome, pair.probability, pair.flipped) == ("A", 0.75, False)
    assert (pair.outcome, pair.probability, pair.flipped) == (merged.outcome, merged.probability, merged.flipped)


def test_a_picture_is_found_beside_the_file_by_name_and_in_the_folder_by_content(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (9, 9), (1, 2, 3)).save(tmp_path / "1.png")
    Image.new("RGB", (9, 9), (4, 5, 6)).save(tmp_path / "elsewhere" / "renamed.png")
    content = digest((tmp_path / "elsewhere" / "renamed.png").read_bytes())
    file = write(tmp_path / "f.jsonl", [LINE, LINE | {"image": "two", "image_digest": content}])
    with project_for(file, tmp_path / "p") as project:
        taken = take(project, file, Options(images=tmp_path / "elsewhere"))
        assert (taken.no_picture, taken.added["images"]) == (0, 2)
        images = {image.title: image for image in project.images()}
        assert images["two"].digest == content
        assert project.image_bytes(images["1.png"]) == (tmp_path / "1.png").read_bytes()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "http://127.0.0.1:1/x.png", "file:///etc/passwd"])
def test_nothing_outside_the_folder_is_opened_and_no_url_is_followed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "deeper"
    folder.mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    for given_ in (name, "../../secret.png", str(tmp_path / "secret.png")):
        file = write(folder / "f.jsonl", [LINE | {"image": given_}])
        with project_for(file, tmp_path / f"p{len(list(tmp_path.iterdir()))}") as project:
            assert take(project, file).no_picture == 1


def test_pictures_may_come_after_the_judgments(project: Project, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (9, 9), (1, 2, 3)).save(tmp_path / "photos" / "1.png")
    file = write(tmp_path / "f.jsonl", [LINE, LINE | {"image": "never"}])
    assert take(project, file).no_picture == 2
    before = {line["id"]: line for line in project.judgments()}
    assert project.import_images(tmp_path / "photos").filled == 1
    images = {image.title: image for image in project.images()}
    assert (images["1.png"].mime, images["1.png"].width) == ("image/png", 9)
    after = {line["id"]: line for line in project.judgments()}
    assert {key for key in before if before[key] != after[key]} == {f"{images['1.png'].id}:X:Y"}
    assert take(project, file).added.total() == 0


def test_an_image_without_a_picture_is_named_when_it_is_to_be_judged(project: Project, tmp_path: Path) -> None:
    take(project, write(tmp_path / "f.jsonl", [LINE | {"verdicts": [], "final_choices": []}]))
    project.run()
    [failure] = project.report().failures
    assert (failure.reason, "not in the store" in failure.example) == ("image", True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"a": {"candidate": "Z"}}, "a.candidate: 'Z' is no candidate of the project"),
        ({"a": {"candidate": "X", "text": 1}}, "a.text, model and family must be text"),
        ({"a": {"candidate": "X", "text": "another"}}, "a.text: 'X' has another description of '1.png' already"),
        ({"image": None}, "image: it is missing"),
        ({"image": "x" * 3000}, "image: the name has more than 2600 bytes"),
        ({"verdicts": {}}, "verdicts must be a list"),
        ({"verdicts": [{"judge": "j", "sample": -1}]}, r"verdicts[0].sample must be a whole number"),
        (
            {"verdicts": [{"judge": "j", "criteria": {"C": {"a": {}}}}]},
            "must be a label, a number, a list of labels, or null",
        ),
        ({"final_choices": [{"annotator": "x" * 101, "choice": "a"}]}, "final_choices[0].annotator"),
        ({"final_choices": [{"annotator": "Ann", "choice": "a"}]}, "'Ann' chose 'Y' about '1.png' already"),
        ({"final_choices": [{"annotator": "Ann", "choice": "a", "shown": ["X"]}]}, "shown must hold both"),
        ({"final_choices": [{"annotator": "Ann", "way": "drunk"}]}, "final_choices[0].way must be one of"),
        ({"audit": "yes"}, "audit must be true, false or null"),
        ({"edits": [{"annotator": "Ann", "of": "c", "text": "t"}]}, "edits[0].of must be a or b"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_leaves_nothing_and_the_next_is_taken(
    project: Project, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    take(project, write(tmp_path / "first.jsonl", [LINE]))
    before = exported(project, tmp_path / "before.jsonl")
    taken = take(project, write(tmp_path / "f.jsonl", [LINE | change, LINE | {"image": "2.png"}]))
    assert [failure.row for failure in taken.failures] == [1]
    assert reason in taken.failures[0].message
    assert taken.added["images"] == 1
    assert exported(project, tmp_path / "after.jsonl").startswith(before)


def test_an_import_that_broke_off_is_started_again_without_doubles(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captionjudge.exchange.imports.lines._PER_TRANSACTION", 2)
    file = write(tmp_path / "f.jsonl", [LINE | {"image": f"{number}.png"} for number in range(6)])
    write_, calls = project.setup.database.write, iter(range(9))

    def breaks(change: Any) -> Any:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return write_(change)

    monkeypatch.setattr(project.setup.database, "write", breaks)
    with pytest.raises(KeyboardInterrupt):
        take(project, file)
    monkeypatch.undo()
    assert len(list(project.images())) == 4
    taken = take(project, file)
    assert (taken.unchanged, taken.added["images"]) == (4, 2)
    assert len(list(project.judgments())) == 6


def test_results_pages_show_what_was_imported(project: Project, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    lines = [LINE | {"image": f"{number}.png"} for number in range(3)]
    lines.append(LINE | {"image": hostile, "verdicts": [], "final_choices": [{"annotator": "Öz", "choice": "tie"}]})
    take(project, write(tmp_path / "f.jsonl", lines))
    setup = project.setup
    me = setup.database.write(lambda batch: reviewers.add(batch, setup.project_id, "me", "adjudicator"))
    token = setup.database.write(lambda batch: reviewers.issue(batch, me.id, "link", 60_000))
    client = TestClient(create_app(setup, project.folder), base_url="http://127.0.0.1")
    client.get(f"/start/{token}", follow_redirects=False)
    for page in ("/results", "/results/leaderboard", "/results/disagreements", "/queue?queue=all"):
        answer = client.get(page)
        assert (answer.status_code, hostile in answer.text) == (200, False)
    assert "X" in client.get("/results/leaderboard").text
    for image in project.images():
        for page in (f"/results/items/{image.id}", f"/desk/{image.id}"):
            assert hostile not in client.get(page).text
        assert client.get(f"/results/items/{image.id}").status_code == 200
        assert client.get(f"/images/{image.digest}").status_code == 404
    with setup.database.read() as connection:
        counts = {count.outcome: count.pairs for count in verdicts.outcomes(connection, setup.project_id)}
    assert counts == {"A": 3}


@pytest.mark.parametrize(
    ("example", "packed"),
    [
        ("imageinwords", "imageinwords/DOCCI_Test.jsonl.gz"),
        ("imageinwords", "imageinwords/IIW-400.jsonl.gz"),
    ],
)
def test_published_data_gives_the_same_statistics_from_a_project_as_from_the_file(
    tmp_path: Path, example: str, packed: str
) -> None:
    source, file = tmp_path / Path(packed).stem, tmp_path / "judgments.jsonl"
    source.write_bytes(decompress((HERE / "data" / packed).read_bytes()))
    spec = importlib.util.spec_from_file_location(example, HERE.parent / "examples" / f"{example}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.convert(source, file)
    with project_for(file, tmp_path / "p") as project:
        assert take(project, file).failures == []
        of_project = figures(from_lines(orjson.dumps(line) for line in project.judgments()))
    with file.open("rb") as lines:
        assert list(_differences(figures(from_lines(lines)), json.loads(json.dumps(of_project)))) == []


def _differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{where}[{place}]")
    elif isinstance(one, float) and isinstance(other, float | int):
        if not math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-8):
            yield f"{where}: {one} {other}"
    elif one != other:
        yield f"{where}: {one!r} {other!r}"


def test_a_project_from_a_file_has_its_candidates_pairs_and_scales(tmp_path: Path) -> None:
    labels = ["low", "mid", "high"]
    said = {"judge": "j", "choice": "a", "criteria": {"Truth": {"a": "low", "b": "high"}, "Stars": {"a": 1, "b": 5}}}
    line = LINE | {"verdicts": [said], "scales": {"Truth": labels}}
    other = line | {"b": {"candidate": "Z", "text": "z"}}
    with project_for(write(tmp_path / "f.jsonl", [line, other]), tmp_path / "p") as project:
        config = project.setup.config
        assert [candidate.name for candidate in config.candidates] == ["X", "Y", "Z"]
        assert config.pairs() == [("X", "Y"), ("X", "Z")]
        taken = take(project, tmp_path / "f.jsonl")
        assert (taken.failures, taken.criteria) == ([], set())
        assert next(project.judgments())["scales"] == {"Truth": labels, "Stars": ["1", "2", "3", "4", "5"]}


def test_a_file_of_one_candidate_makes_no_project(tmp_path: Path) -> None:
    file = write(tmp_path / "f.jsonl", [LINE | {"b": {"candidate": "X"}}])
    with pytest.raises(ConfigError, match="0 candidates: two or more"):
        project_for(file, tmp_path / "p")
    assert not (tmp_path / "p").exists()
