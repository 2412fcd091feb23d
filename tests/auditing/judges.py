"""Judges with one fault each, as rules of the scripted server, and photographs of which the truth is known.

A judge's model name says what is wrong with it. It reads nothing but the request: the picture, both texts, the schema.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from tests.servers.scripted import Seen, Step, fails, says

from captionjudge.folder import write_template
from captionjudge.project import Project

NAMES = ("Candidate A", "Candidate B")
IMAGES = 20

COLOURS = ("red", "green", "blue", "yellow", "purple", "pink", "brown", "white")
THINGS = ("car", "horse", "piano", "guitar", "sofa", "lamp", "vase")
PLACES = ("church", "barn", "castle", "lighthouse")
NUMBERS = ("two", "three", "four", "five", "six")
_INJECTED = re.compile(r"choose|this description|better", re.IGNORECASE)


def sentences(number: int) -> list[str]:
    """What is true of the photograph of this number. The last sentence holds no word that an error is planted with."""
    colour, thing = COLOURS[number % 8], THINGS[number % 7]
    place, count = PLACES[number // 8], NUMBERS[number % 5]
    return [
        f"In this photograph number {number + 100} a {colour} {thing} is on the left side of a large {place}.",
        f"There are {count} gulls flying high over the roof, and clouds drift by.",
        "Nobody waves.",
    ]


def texts(number: int) -> tuple[str, str]:
    """A true description, and one with something wrong."""
    true = sentences(number)
    return " ".join(true), " ".join([*true[:2], "Somebody waves."])


def photograph(number: int) -> bytes:
    """A picture of its own."""
    picture = Image.new("RGB", (64, 48), (number * 11 % 256, 90, 160))
    ImageDraw.Draw(picture).rectangle((4, 4, 8 + number * 3, 20), fill=(250, 240, number * 9 % 256))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True)
class Asked:
    """What a judge gets to see."""

    model: str
    image: str
    first: str
    second: str
    schema: dict[str, Any]


def read(seen: Seen) -> Asked:
    """The request, taken apart."""
    body = seen.json
    parts = body["messages"][1]["content"]
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    text = next(part["text"] for part in parts if part["type"] == "text")
    found = re.search(
        r"Description 1:\n<(text-\w+)>\n(.*)\n</\1>\n\nDescription 2:\n<\1>\n(.*)\n</\1>", text, re.DOTALL
    )
    assert found is not None
    image = hashlib.sha256(base64.b64decode(url.partition(";base64,")[2])).hexdigest()
    schema = body["response_format"]["json_schema"]["schema"]
    return Asked(body["model"], image, found[2], found[3], schema)


TRUTH = {hashlib.sha256(photograph(number)).hexdigest(): sentences(number) for number in range(IMAGES)}


def worth(text: str, truth: list[str]) -> int:
    """True sentences less the others."""
    said = re.split(r"(?<=[.!?])\s+", text)
    return sum(1 if sentence in truth else -1 for sentence in said)


def honest(asked: Asked) -> str:
    """Knows the truth; of a picture that shows nothing it says that neither is better."""
    truth = TRUTH.get(asked.image)
    if truth is None:
        return "tie"
    first, second = worth(asked.first, truth), worth(asked.second, truth)
    if max(first, second) < 0:
        return "both_bad"
    return "tie" if first == second else "1" if first > second else "2"


def leaning(asked: Asked) -> str:
    """Takes the first where it should call a tie."""
    return honest(asked).replace("tie", "1")


def lengthy(asked: Asked) -> str:
    """Takes the longer one where it is much longer."""
    first, second = len(asked.first), len(asked.second)
    if max(first, second) < 1.9 * min(first, second):
        return honest(asked)
    return "1" if first > second else "2"


def obedient(asked: Asked) -> str:
    """Does what a description says."""
    first, second = (bool(_INJECTED.search(text)) for text in (asked.first, asked.second))
    return honest(asked) if first == second else "1" if first else "2"


def blind(asked: Asked) -> str:
    """Goes by how the texts begin, whatever the picture shows."""
    first, second = (hashlib.sha256(text.split(".")[0].encode()).digest() for text in (asked.first, asked.second))
    return "tie" if first == second else "1" if first > second else "2"


def constant(asked: Asked) -> str:
    """Always the first."""
    return "1"


def chooser(asked: Asked) -> str:
    """Takes whatever choice is listed first."""
    choices = asked.schema["properties"]["choice"]["enum"]
    return str(choices[0])


JUDGES: Mapping[str, Callable[[Asked], str]] = {
    "honest": honest,
    "leaning": leaning,
    "lengthy": lengthy,
    "obedient": obedient,
    "blind": blind,
    "constant": constant,
    "lister": honest,
    "chooser": chooser,
}


def filled(schema: dict[str, Any], listed: bool) -> Any:
    """An instance of a schema: the options that are `listed` first, or those that are first in the alphabet."""
    if "anyOf" in schema:
        found = [filled(each, listed) for each in schema["anyOf"]]
        return found[0] if listed else min(found, key=lambda each: json.dumps(each, sort_keys=True))
    if "enum" in schema:
        return schema["enum"][0] if listed else min(schema["enum"], key=str)
    if schema["type"] == "object":
        return {key: filled(value, listed) for key, value in schema["properties"].items()}
    return {"boolean": True, "string": "words", "null": None}[schema["type"]]


def rule(seen: Seen) -> Step:
    """What the judge of this name answers. A name with "-flaky" fails for some of the texts, for good."""
    asked = read(seen)
    name, _, more = asked.model.partition("-")
    if more == "flaky" and hashlib.sha256(asked.first.encode()).digest()[0] < 64:
        return fails(400, "no")
    answer = filled(asked.schema, listed=name == "lister")
    answer["choice"] = JUDGES[name](asked)
    return says(json.dumps(answer))


def new_project(
    folder: Path,
    url: str,
    judges: tuple[str, ...],
    more: str = "",
    images: int = IMAGES,
    written: Callable[[int], tuple[str, str]] = texts,
    store: str = "",
) -> Path:
    """A project with photographs and two imported descriptions of each."""
    write_template(folder, "judge-only")
    photos = folder / "photos"
    photos.mkdir()
    lines = []
    for number in range(images):
        (photos / f"{number:02}.png").write_bytes(photograph(number))
        for name, text in zip(NAMES, written(number), strict=True):
            lines.append(json.dumps({"image": f"{number:02}.png", "candidate": name, "text": text}))
    (folder / "captions.jsonl").write_text("\n".join(lines))
    tables = "".join(f'[[candidates]]\nname = "{name}"\n' for name in NAMES)
    models = ", ".join(f'"local/{judge}"' for judge in judges)
    (folder / "captionjudge.toml").write_text(
        f'store = "{store}"\n{tables}[judge]\nmodels = [{models}]\n'
        f'[providers.local]\nbase_url = "{url}/v1"\nconcurrency = 4\n[run]\nattempts = 2\n{more}\n'
    )
    with Project.open(folder) as project:
        project.import_images(photos)
        found = project.import_file(folder / "captions.jsonl")
        assert found.added == 2 * images, found
    return folder
