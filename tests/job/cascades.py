"""Projects whose judges are a cascade, and judges that say what a test tells them to."""

import base64
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from tests.servers.instances import instance
from tests.servers.scripted import ScriptedServer, Seen, Step, fails, says

from captionjudge.folder import write_template
from captionjudge.project import Project

CONFIG = """
[[candidates]]
name = "Terse"
model = "local/a"
[[candidates]]
name = "Detailed"
model = "local/b"
[judge]
cascade = [{cascade}]
cascade_overlap = {overlap}
{judge}
[providers.local]
base_url = "{url}/v1"
[run]
attempts = 1
{more}
"""
Told = tuple[str, float | None]
"""What a judge says: a, b (by which candidate the better text is), unstable or fails; and the probability it gives."""


@dataclass
class Judges:
    """What every judge says about every image, by their names and numbers; and a rule for `ScriptedServer`."""

    told: dict[tuple[str, int], Told] = field(default_factory=dict)
    otherwise: Mapping[str, Told] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def rule(self, seen: Seen) -> Step | None:
        body = seen.json
        if "response_format" not in body:
            return says(f"photo {number_of(body)} by {body['model']}")
        image, first = place(body)
        said, probability = self.told.get((body["model"], image), self.otherwise[body["model"]])
        if body["model"] in self.held:
            return Step(hang=True)
        if said == "fails":
            return fails(400, "no")
        choice = "1" if said == "unstable" or said == first else "2"
        filled = instance(body["response_format"]["json_schema"]["schema"]) | {"choice": choice}
        return says(json.dumps(filled if probability is None else filled | {"probability": probability}))


def number_of(body: Any) -> int:
    """Of a request for a description, the number of the image, which is its red."""
    url = next(part["image_url"]["url"] for part in body["messages"][-1]["content"] if part["type"] == "image_url")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(";base64,")[2]))) as image:
        red = image.convert("RGB").getpixel((0, 0))
    assert isinstance(red, tuple)
    return int(red[0])


def place(body: Any) -> tuple[int, str]:
    """Of a request for a judgment, the number of the image and whose text is shown first."""
    text = next(part["text"] for part in body["messages"][-1]["content"] if part["type"] == "text")
    words = text.partition("photo ")[2].split()
    return int(words[0]), words[2]


def asked(server: ScriptedServer) -> dict[str, list[int]]:
    """By judge, the images that it was asked about, each as often as it was."""
    found: dict[str, list[int]] = {}
    for seen in list(server.seen):
        body = seen.json
        if "response_format" in body:
            found.setdefault(body["model"], []).append(place(body)[0])
    return {judge: sorted(images) for judge, images in found.items()}


def twice(*images: int) -> list[int]:
    """Each image once an order."""
    return sorted([*images, *images])


def cascade_project(
    folder: Path,
    server: ScriptedServer,
    images: int,
    cascade: Sequence[str] = ("cheap", "strong"),
    overlap: float = 0.0,
    judge: str = "",
    more: str = "",
) -> Path:
    """A project with so many images, whose red is their number."""
    pictures = folder / "images"
    pictures.mkdir(parents=True)
    for index in range(images):
        Image.new("RGB", (16, 16), (index, 0, 0)).save(pictures / f"{index}.png")
    write_template(folder / "p", "default")
    named = ", ".join(f'"local/{name}"' for name in cascade)
    text = CONFIG.format(url=server.url, cascade=named, overlap=overlap, judge=judge, more=more)
    (folder / "p" / "captionjudge.toml").write_text(text)
    with Project.open(folder / "p") as project:
        project.import_images(pictures)
    return folder / "p"


def outcomes(project: Project) -> dict[int, tuple[str, str | None]]:
    """Of every image's pair the outcome, and who decided."""
    return {int(line["image"].partition(".")[0]): (line["outcome"], line["decided_by"]) for line in project.judgments()}


def counted(found: dict[str, list[int]]) -> dict[str, int]:
    """How often each judge was asked."""
    return dict(Counter({judge: len(images) for judge, images in found.items()}))
