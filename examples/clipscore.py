"""CLIPScore's example, good and bad captions of two photographs, as a table that `captionjudge import` takes.

python examples/clipscore.py clipscore-example captions.csv
captionjudge init demo --images clipscore-example/images --template judge-only
captionjudge import captions.csv --project demo
captionjudge run demo && captionjudge report demo
"""

import csv
import json
import sys
from pathlib import Path

CANDIDATES = {"good": "good_captions.json", "bad": "bad_captions.json"}


def convert(folder: Path, out: Path) -> int:
    """Write the table; returns the number of rows."""
    images = {path.stem: path.name for path in (folder / "images").iterdir()}
    with out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "candidate", "text"])
        rows = 0
        for candidate, name in CANDIDATES.items():
            for key, text in json.loads((folder / name).read_text(encoding="utf-8")).items():
                table.writerow([images[key], candidate, text])
                rows += 1
    return rows


if __name__ == "__main__":
    print(convert(Path(sys.argv[1]), Path(sys.argv[2])), "rows")
