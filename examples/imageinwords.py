"""ImageInWords' side-by-side judgments by people as a judgments file.

    python examples/imageinwords.py DOCCI_Test.jsonl docci.jsonl
    captionjudge report docci.jsonl --json

Every image has a description of another source (A) and one by IIW (B), compared by five criteria on five levels, "IIW is
substantially better" say. IIW-400.jsonl holds two such comparisons, each for a part of the images. Nobody chose between
the descriptions as a whole, so that `choice` is null; each criterion has a choice and a strength of its own.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

STRENGTHS = {"marginally": 1, "substantially": 2}
PREFIX = "metrics/"
# In IIW-400: which key holds the judgments, who the other is, where its text is.
COMPARISONS = (("iiw-human-sxs-gpt4v", "GPT-4V", None), ("iiw-human-sxs-iiw-p5b", "IIW-P5B", "IIW-P5B"))


def convert(source: Path, out: Path) -> int:
    """Write the judgments file; returns the number of lines."""
    with source.open(encoding="utf-8") as rows, out.open("w", encoding="utf-8") as file:
        lines = 0
        for row in rows:
            for line in judgments(json.loads(row), source.name.partition("_")[0]):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                lines += 1
    return lines


def judgments(row: Mapping[str, Any], other: str) -> Iterator[dict[str, Any]]:
    """The comparisons of one image; `other` is what a file of one comparison compares IIW with."""
    image = row.get("image/key") or row["image"]
    for key, name, text in COMPARISONS:
        if key in row:
            yield judgment(image, name, row.get(text or ""), row["IIW"], row[key])
    if any(name.startswith(PREFIX) for name in row):
        yield judgment(image, other, row.get(other), row["IIW"], row)


def judgment(image: str, other: str, a: str | None, b: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """One line: the other's description against IIW's."""
    criteria = {
        name.removeprefix(PREFIX): criterion(answer) for name, answer in answers.items() if name.startswith(PREFIX)
    }
    return {
        "id": f"{image}:{other}",
        "image": image,
        "a": {"candidate": other, "text": a},
        "b": {"candidate": "IIW", "text": b},
        "verdicts": [],
        "final_choices": [{"annotator": "people", "choice": "skip", "strength": None, "criteria": criteria}],
        "a_length": None,
        "b_length": None,
    }


def criterion(answer: str) -> dict[str, Any]:
    """From "IIW is marginally better" to who and by how much."""
    who, _, how = answer.partition(" is ")
    if not how:
        return {"choice": "tie", "strength": None}
    return {"choice": "b" if who in ("IIW", "IIW-Human") else "a", "strength": STRENGTHS[how.split()[0]]}


if __name__ == "__main__":
    print(convert(Path(sys.argv[1]), Path(sys.argv[2])), "lines")
