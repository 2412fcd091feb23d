"""Rows as JSON lines: one file a split, pictures beside them."""

from collections.abc import Iterable

import orjson

from captionjudge.exchange.exports.folder import Folder
from captionjudge.exchange.exports.groups import Group
from captionjudge.exchange.exports.rows import Rows
from captionjudge.exchange.exports.tally import Tally


def write_json_lines(groups: Iterable[Group], folder: Folder, tally: Tally, rows: Rows) -> None:
    """Write SPLIT.jsonl, whose `images` are paths within the folder, and the pictures."""
    for group in groups:
        for row in rows(group, tally):
            tally.images[group.split] += folder.put(group.picture)
            tally.rows[group.split] += 1
            line = {"images": [group.picture.path], **row}
            folder.file(f"{group.split}.jsonl").write(orjson.dumps(line) + b"\n")
