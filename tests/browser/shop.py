"""A small project whose models answer from a file, and its review page in a process of its own."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from captionjudge.cli.app import app
from captionjudge.folder import write_template
from captionjudge.judging.form import Form
from captionjudge.layout import default_layout
from captionjudge.ontology.template import build_ontology
from captionjudge.ontology.tree import Attribute
from captionjudge.project import Project
from captionjudge.store.database import Reading

NAMES = ("Terse", "Detailed", "Third", "Fourth", "Fifth", "Sixth")
Judged = Literal["first", "second", "tie", "both_bad", "unstable"]
WAYS: tuple[Judged, ...] = ("first", "second", "unstable", "tie", "second", "both_bad")
REASON = "The mug is red, as description 1 says; the other one calls it blue."


@dataclass(frozen=True)
class Scene:
    """An image, what each candidate says about it, and what the judge makes of every two of them."""

    title: str
    texts: Sequence[str]
    judged: Judged = "first"
    size: tuple[int, int] = (320, 240)
    reason: str = REASON


def scenes(count: int, candidates: int = 2) -> list[Scene]:
    """Scenes that the judge comes to all kinds of outcomes about."""
    texts = ("A red mug on table {}.", "A blue mug with a handle stands on wooden table {}, beside a folded newspaper.")
    more = ("Mug {}, seen from above.", "Table {}.", "Crockery in room {}.", "It is {} o'clock, and tea is served.")
    return [
        Scene(f"mug-{n:02}.png", [text.format(n) for text in (*texts, *more)[:candidates]], WAYS[n % len(WAYS)])
        for n in range(count)
    ]


@dataclass(frozen=True)
class Shop:
    """A project with a review page at `origin`."""

    folder: Path
    origin: str

    def link(self, name: str, *, adjudicator: bool = False) -> str:
        """A start link for a person."""
        arguments = ["users", "add", name, "--project", str(self.folder), "--origin", self.origin]
        done = CliRunner().invoke(app, [*arguments, *(["--adjudicator"] if adjudicator else [])])
        assert done.exit_code == 0, done.output
        return done.output.strip()

    def blocks(self) -> Mapping[str, Attribute]:
        """The criteria by the candidate whose descriptions they are about."""
        with Project.open(self.folder) as project:
            return project.setup.roles.blocks

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """The store, to be read."""
        with Project.open(self.folder) as project, project.setup.database.read() as connection:
            yield connection


def make_project(folder: Path, about: Sequence[Scene], review: str = "", *, wait: bool = False, more: str = "") -> Path:
    """A project with these scenes, described and judged; or, if they are to `wait`, only imported."""
    count = max(len(scene.texts) for scene in about)
    images, tape = folder.parent / f"{folder.name}-images", folder.parent / f"{folder.name}.jsonl"
    write_template(folder, "default")
    _configure(folder, tape, count, review, more)
    write_images(images, about)
    with Project.open(folder) as project:
        tape.write_bytes(b"\n".join(_lines(project, images, about)))
        project.import_images(images)
        if not wait:
            project.run()
    return folder


def write_images(folder: Path, about: Sequence[Scene]) -> None:
    """A picture for every scene; no two are alike."""
    folder.mkdir(exist_ok=True)
    for number, scene in enumerate(about):
        width, height = scene.size
        picture = Image.new("RGB", scene.size, (200, 190, 170))
        draw = ImageDraw.Draw(picture)
        draw.ellipse((width * 0.25, height * 0.2, width * 0.75, height * 0.9), fill=(170, 30 + 9 * number % 200, 40))
        draw.rectangle((0, 0, 4 + 8 * number, 8), fill=(20, 20, 20))
        picture.save(folder / scene.title)


@contextmanager
def served(folder: Path) -> Iterator[Shop]:
    """The review page of a project, on a free port."""
    command = [sys.executable, "-m", "captionjudge", "review", str(folder), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            assert "http://" in said, said
            yield Shop(folder, said.split()[2].rstrip(";"))
        finally:
            process.terminate()


def _configure(folder: Path, tape: Path, count: int, review: str, more: str) -> None:
    config = folder / "captionjudge.toml"
    names = NAMES[:count]
    candidates = "".join(f'[[candidates]]\nname = "{name}"\nmodel = "tape/{name}"\n' for name in names)
    config.write_text(
        f'title = "Mugs"\n{candidates}[judge]\nmodels = ["tape/judge"]\n'
        f'[providers.tape]\nkind = "recorded"\npath = "{tape}"\n[review]\naudit = 0.0\n{review}\n{more}'
    )
    if count > 2:
        (folder / "ontology.json").write_text(json.dumps(build_ontology(names)))
        (folder / "editor_layout.json").write_text(json.dumps(default_layout(names)))


def _lines(project: Project, images: Path, about: Sequence[Scene]) -> Iterator[bytes]:
    form = json.loads(Form(project.setup.roles, *NAMES[:2]).schema.json)
    for scene in about:
        digest = hashlib.sha256((images / scene.title).read_bytes()).hexdigest()
        for name, text in zip(NAMES, scene.texts, strict=False):
            yield orjson.dumps({"model": name, "kind": "describe", "image": digest, "reply": text})
        for first in scene.texts:
            for second in scene.texts:
                if first != second:
                    swapped = scene.texts.index(first) > scene.texts.index(second)
                    yield orjson.dumps(_verdict(scene, form, digest, (first, second), swapped=swapped))


def _verdict(
    scene: Scene, form: Mapping[str, Any], digest: str, shown: tuple[str, str], *, swapped: bool
) -> dict[str, Any]:
    line = {"model": "judge", "kind": "compare", "image": digest, "first": shown[0], "second": shown[1]}
    better = {"first": "2" if swapped else "1", "second": "1" if swapped else "2", "unstable": "1"}
    choice = better.get(scene.judged, scene.judged)
    filled = {**_instance(form), "reasoning": scene.reason, "choice": choice}
    text = json.dumps(filled)
    before, after = text.rsplit(f'"{choice}"', 1)
    tokens = [{"token": before + '"', "logprob": 0.0}, {"token": choice, "logprob": -0.2, "top": {"tie": -1.8}}]
    return {**line, "reply": text, "logprobs": [*tokens, {"token": '"' + after, "logprob": 0.0}]}


def _instance(schema: Mapping[str, Any]) -> Any:
    """What a schema allows, with the fourth of five options where there are so many."""
    if "anyOf" in schema:
        return _instance(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][min(3, len(schema["enum"]) - 1)]
    if schema["type"] == "object":
        return {key: _instance(value) for key, value in schema["properties"].items()}
    return "Name the newspaper."
