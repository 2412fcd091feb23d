"""Makes tests/data from the published files: as they are, compressed; of IIW-400 only the images that were compared.

python scripts/test_data.py FOLDER     # with imageinwords/ and wildvision/
"""

import gzip
import json
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "tests" / "data"
COMPARED = ("iiw-human-sxs-gpt4v", "iiw-human-sxs-iiw-p5b")


def write(path: Path, content: bytes) -> None:
    """Compress without name and time, so that the same content gives the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))


def main(folder: Path) -> None:
    write(OUT / "wildvision" / "verdicts.csv.gz", (folder / "wildvision" / "verdicts.csv").read_bytes())
    (OUT / "wildvision" / "published.csv").write_bytes((folder / "wildvision" / "published.csv").read_bytes())
    (OUT / "wildvision" / "LICENSE").write_bytes((folder / "wildvision" / "LICENSE").read_bytes())
    words = folder / "imageinwords"
    write(OUT / "imageinwords" / "DOCCI_Test.jsonl.gz", (words / "DOCCI_Test.jsonl").read_bytes())
    rows = [json.loads(line) for line in (words / "IIW-400.jsonl").read_text().splitlines()]
    kept = [
        {key: value for key, value in row.items() if key != "objects"}
        for row in rows
        if any(key in row for key in COMPARED)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
    write(OUT / "imageinwords" / "IIW-400.jsonl.gz", lines.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
