"""Judgments to make cards of, and what is on a card."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from captionjudge.reporting.card.build import Card, Material, build
from captionjudge.reporting.card.gallery import show
from captionjudge.reporting.card.page import html
from captionjudge.reporting.card.pictures import beside
from captionjudge.reporting.card.read import read_file

Line = dict[str, Any]
VOID = {"meta", "link", "br", "img", "input", "hr"}


def rich(count: int = 240, seed: int = 7) -> list[Line]:
    """Three candidates, a good judge and one that leans to the first place, three people, criteria, probabilities."""
    rng = random.Random(seed)
    names, lines = ("Small", "Large", "Expert"), list[Line]()
    for number in range(count):
        a, b = ((0, 1), (0, 2), (1, 2))[number % 3]
        truth = "a" if rng.random() < 0.3 else rng.choice(["b"] * 8 + ["tie", "both_bad"])
        verdicts = [
            _verdict(rng, judge, order, truth, accuracy, lean)
            for judge, accuracy, lean in (("good/judge", 0.9, 0.03), ("poor/judge", 0.6, 0.35))
            for order in ("ab", "ba")
        ]
        people = [
            {"annotator": who, "choice": truth if rng.random() < 0.9 else rng.choice(["a", "b", "tie"]),
             "criteria": {"Fluency": {"choice": rng.choice(["a", "b", "tie"]), "strength": 1}}, "seen_judge": False}
            for who in ("Ann", "Ben", "Cem")
            if number < 120 and rng.random() < 0.8
        ]  # fmt: skip
        texts = [f"{name}: " + "a mug " * rng.randrange(1, 9) for name in (names[a], names[b])]
        lines.append(
            {
                "id": f"p{number}", "image": f"i{number}.png", "audit": number < 120,
                "a": {"candidate": names[a], "text": texts[0]}, "b": {"candidate": names[b], "text": texts[1]},
                "verdicts": verdicts, "final_choices": people,
            }
        )  # fmt: skip
    return lines


def _verdict(rng: random.Random, judge: str, order: str, truth: str, accuracy: float, lean: float) -> Line:
    said = truth if rng.random() < accuracy else rng.choice(["a", "b", "tie"])
    choice = order[0] if rng.random() < lean else said
    sure = min(0.99, max(0.5, rng.gauss(0.9 if choice == truth else 0.75, 0.08)))
    levels = {side: rng.choice([3, 4]) if choice == side else rng.choice([1, 2]) for side in "ab"}
    criteria = {"Correctness": levels, "Detail": {side: rng.choice([1, 2, 3]) for side in "ab"}}
    return {"judge": judge, "order": order, "choice": choice, "probability": sure, "criteria": criteria, "reason": "R."}


def write(folder: Path, lines: Iterable[Line], name: str = "judgments.jsonl") -> Path:
    """A judgments file."""
    file = folder / name
    file.write_text("\n".join(json.dumps(line) for line in lines))
    return file


def picture(file: Path, size: tuple[int, int] = (640, 480), **more: Any) -> None:
    """An image file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise(size, 80).convert("RGB").save(file, **more)


def card_of(file: Path) -> tuple[Card, Material]:
    """The card of a file, and what it was made of."""
    read = read_file(file)
    return build(read.material, show(read.gallery, beside(file.parent))), read.material


def page_of(file: Path) -> "Page":
    """The page of a file, read."""
    return Page.read(html(card_of(file)[0]))


def at(figures: Any, key: str) -> Any:
    """What `report --json` has under a key such as `judges[0].flips.rate.value`."""
    for step in key.replace("]", "").replace("[", ".").split("."):
        figures = figures[int(step)] if step.isdigit() else figures[step]
    return figures


def plain(figures: Any) -> Any:
    """The figures as JSON has them."""
    return orjson.loads(orjson.dumps(figures))


@dataclass
class Page(HTMLParser):
    """The elements of a page: their names with attributes, and the text."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def read(cls, source: str) -> "Page":
        page = cls(source=source)
        page.feed(source)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]
