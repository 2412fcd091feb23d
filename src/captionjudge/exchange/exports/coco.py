"""The better texts as captions in COCO's format: one file a split, pictures beside it."""

from collections.abc import Iterable
from typing import Any

import orjson

from captionjudge.exchange.exports.folder import Folder
from captionjudge.exchange.exports.groups import Group, Labelled, labelled
from captionjudge.exchange.exports.rows import evidence
from captionjudge.exchange.exports.tally import Tally

_IMAGES, _CAPTIONS = ".images", ".captions"
_CHUNK = 1 << 16


def write_coco(groups: Iterable[Group], folder: Folder, tally: Tally) -> None:
    """Write captions_SPLIT.json and the pictures.

    An image's id is made from its content, so that it is the same in every export. An annotation has, besides
    `caption`, who wrote it and how sure it is.
    """
    for group in groups:
        wanted = [one for one in labelled(group, tally) if one.wanted]
        for one in wanted:
            if folder.put(group.picture):
                tally.images[group.split] += 1
                _add(folder, group.split + _IMAGES, _image(group))
            tally.rows[group.split] += 1
            number = tally.rows.total()
            _add(folder, group.split + _CAPTIONS, _caption(one, group, number))
    for split in tally.rows:
        _join(folder, split)


def image_id(content: str) -> int:
    """A picture's id: the first 52 bits of its digest, which every reader of JSON can hold."""
    return int(content[:13], 16)


def _image(group: Group) -> dict[str, Any]:
    picture = group.picture
    size = {"width": picture.width, "height": picture.height}
    return {"id": image_id(picture.digest), "file_name": picture.path, **size}


def _caption(one: Labelled, group: Group, number: int) -> dict[str, Any]:
    said = evidence(one.comparison, group)
    keys = ("pair", "line", "label_source", "soft_label", "probability", "stability", "chosen_by", "chosen_model")
    caption = {"id": number, "image_id": image_id(group.picture.digest), "caption": one.text.text}
    return caption | {key: said[key] for key in keys}


def _add(folder: Folder, name: str, record: dict[str, Any]) -> None:
    file = folder.file(name)
    file.write((b",\n" if file.tell() else b"") + orjson.dumps(record))


def _join(folder: Folder, split: str) -> None:
    """Put images and captions, which were written side by side, into one document."""
    out = folder.file(f"captions_{split}.json")
    out.write(b'{"info": {"description": "captionjudge"}, "licenses": [],\n"images": [\n')
    _move(folder, split + _IMAGES, split)
    out.write(b'\n],\n"annotations": [\n')
    _move(folder, split + _CAPTIONS, split)
    out.write(b"\n]}\n")


def _move(folder: Folder, name: str, split: str) -> None:
    folder.file(name).flush()
    path = folder.root / name
    with path.open("rb") as part:
        while chunk := part.read(_CHUNK):
            folder.file(f"captions_{split}.json").write(chunk)
    path.unlink()
