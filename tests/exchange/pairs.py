"""Lines of a judgments file and the pictures they are about, made up."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

WORDS = {"a": "A dog on a lawn.", "b": "A dog, a very good dog, on a lawn."}


def picture(number: int) -> bytes:
    """A PNG of one colour, another for each number."""
    out = io.BytesIO()
    Image.new("RGB", (4, 3), (number % 256, number // 256 % 256, 7)).save(out, "PNG")
    return out.getvalue()


def verdict(choice: str | None, order: str = "ab", judge: str = "J", **more: Any) -> dict[str, Any]:
    return {"judge": judge, "order": order, "choice": choice} | more


def both_orders(choice: str | None, second: str | None = "", **more: Any) -> list[dict[str, Any]]:
    """A judge's two verdicts, alike unless the second is given."""
    return [verdict(choice, "ab", **more), verdict(choice if second == "" else second, "ba", **more)]


def person(choice: str, annotator: str = "Ann", **more: Any) -> dict[str, Any]:
    return {"annotator": annotator, "choice": choice} | more


def line(
    verdicts: Sequence[Mapping[str, Any]] = (), people: Sequence[Mapping[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    """A pair whose second text is the longer one."""
    made = {
        "id": "p",
        "image": "0.png",
        "a": {"candidate": "A", "text": WORDS["a"]},
        "b": {"candidate": "B", "text": WORDS["b"]},
        "verdicts": list(verdicts),
        "final_choices": list(people),
    }
    return made | more


def write(folder: Path, lines: Iterable[Mapping[str, Any]], pictures: int = 1) -> Path:
    """A judgments file, with pictures 0.png, 1.png … beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pictures):
        (folder / f"{number}.png").write_bytes(picture(number))
    file = folder / "judgments.jsonl"
    with file.open("wb") as out:
        out.writelines(orjson.dumps(each) + b"\n" for each in lines)
    return file
