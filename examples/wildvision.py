"""WildVision-Bench's recorded verdicts as a judgments file.

    python examples/wildvision.py verdicts.csv wildvision.jsonl
    captionjudge report wildvision.jsonl --json

The table has a row for each of 500 questions and 22 models: `verdict` is A>>B, A>B, A=B, B>A, B>>A or empty where it
could not be parsed; A is always the opponent, B the model. Lengths are tokens.
"""

import csv
import json
import sys
from pathlib import Path

VERDICTS = {"A>>B": ("a", 2), "A>B": ("a", 1), "A=B": ("tie", None), "B>A": ("b", 1), "B>>A": ("b", 2)}


def convert(table: Path, out: Path) -> int:
    """Write the judgments file; returns the number of lines."""
    with table.open(newline="", encoding="utf-8") as rows, out.open("w", encoding="utf-8") as file:
        lines = 0
        for row in csv.DictReader(rows):
            choice, strength = VERDICTS.get(row["verdict"], (None, None))
            verdict = {"judge": "gpt-4o", "order": "ab", "choice": choice, "strength": strength}
            line = {
                "id": f"{row['question_id']}:{row['model']}",
                "image": row["question_id"],
                "a": {"candidate": row["opponent"], "text": None},
                "b": {"candidate": row["model"], "text": None},
                "verdicts": [verdict | {"error": None if choice else "not parsed"}],
                "final_choices": [],
                "a_length": float(row["opponent_tokens"]),
                "b_length": float(row["model_tokens"]),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            lines += 1
    return lines


if __name__ == "__main__":
    print(convert(Path(sys.argv[1]), Path(sys.argv[2])), "lines")
