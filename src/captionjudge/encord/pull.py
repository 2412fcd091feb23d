"""Copy a project from the labelling platform into a local one. What is there already stays as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from captionjudge.config import CONFIG_FILE
from captionjudge.encord.entries import answer_in, merged
from captionjudge.encord.faults import Fault
from captionjudge.encord.remote import Remote, download, labels_of
from captionjudge.errors import ConfigError, ImageError
from captionjudge.exchange.imports.images import new_image
from captionjudge.folder import write_template
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images import digest, verify
from captionjudge.ontology.answer import to_json
from captionjudge.ontology.load import load_ontology
from captionjudge.running.setup import Setup
from captionjudge.store import datasets, items, labels
from captionjudge.store.batch import Batch
from captionjudge.store.items import Source
from captionjudge.store.records import Answer, Item


class Pulled(Struct):
    """What a copy came to. `known` counts data units that were copied before."""

    images: int = 0
    texts: int = 0
    known: int = 0
    answers: int = 0
    failures: list[str] = field(default_factory=list)


def prepare_folder(folder: Path, remote: Remote) -> None:
    """Make a project for what is copied, with the remote ontology; in a folder that has one, compare ontologies.

    Raises:
        ConfigError: the folder's project asks other questions.
    """
    theirs = remote.project.ontology_structure.to_dict()
    if not (folder / CONFIG_FILE).exists():
        write_template(folder, "notebook")
        (folder / "ontology.json").write_bytes(orjson.dumps(theirs, option=orjson.OPT_INDENT_2))
        return
    try:
        ours = load_ontology((folder / "ontology.json").read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read the ontology: {error.strerror}") from None
    missing = {each.feature_hash for each in load_ontology(theirs).classifications}
    missing -= {each.feature_hash for each in ours.classifications}
    if missing:
        raise ConfigError(
            f"the project in {folder} lacks {len(missing)} of the classifications to be copied",
            hint="copy into a folder that does not exist yet, or bring its ontology.json up to date",
        )


def pull(setup: Setup, remote: Remote) -> Pulled:
    """Copy images, texts and labels. Interrupted, it can be started again: nothing is fetched or written twice."""
    result = Pulled()
    for rows in remote.rows():
        places = [remote.place(row.data_hash) for row, _ in rows]
        with setup.database.read() as connection:
            known = items.sources(connection, setup.project_id, places)
        for (row, item), place in zip(rows, places, strict=True):
            try:
                _copy(setup, result, row, item, place, known.get(place))
            except (ConfigError, ImageError, Fault) as error:
                result.failures.append(f"{row.data_title}: {error}")
    return result


def _copy(setup: Setup, result: Pulled, row: Any, item: Any, place: str, known: Source | None) -> None:
    if known is not None:
        result.known += 1
        item_id = known.item_id
    else:
        item_id = _take(setup, result, row, item, place)
    answers, frames = labels_of(row)
    if answers:
        result.answers += setup.database.write(lambda batch: _answer(batch, setup, item_id, answers, frames))


def _take(setup: Setup, result: Pulled, row: Any, item: Any, place: str) -> str:
    kind, metadata = row.data_type.value, dict(item.client_metadata or {})
    data = download(item)
    if kind == "image":
        header = verify(data, setup.limits)
        content = digest(data)
        setup.blobs.put(content, data)
        made, task = new_image(setup, row.data_title, content, header)
        made = _grouped(made, metadata)

        def write(batch: Batch) -> str:
            same = items.with_content(batch.connection, setup.project_id, [content])
            if content in same:
                # The picture is here already: its own metadata stays, what it lacks is added.
                item_id = same[content][0]
                _add_metadata(batch, item_id, metadata)
                batch.add_source(_source(setup, place, len(data), item_id))
                return item_id
            items.add_image(batch, made, task, Source(place, len(data), 0, made.id))
            datasets.take_in(batch, setup.project_id, [made.id])
            return made.id

        item_id = setup.database.write(write)
        result.images += 1
        return item_id
    if kind != "plain_text":
        raise ConfigError(f"captionjudge stores images and plain texts, not {kind}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8") from None
    written = _text(setup, row.data_title, text, metadata)

    def keep(batch: Batch) -> None:
        batch.add(written)
        batch.add_source(_source(setup, place, len(data), written.id))

    setup.database.write(keep)
    result.texts += 1
    return written.id


def _text(setup: Setup, title: str, text: str, metadata: Mapping[str, Any]) -> Item:
    label = metadata.get("Data Type")
    candidate = next((one for one in setup.config.candidates if one.label == label), None)
    id_ = new_id()
    tag = metadata.get("Tag")
    return Item(
        id=id_,
        project_id=setup.project_id,
        kind="text",
        title=title,
        tag=tag if isinstance(tag, str) and 0 < len(tag) <= 64 else id_,
        digest=digest_of("text", text),
        mime="text/plain",
        created_at=now_ms(),
        text=text,
        client_metadata=metadata,
        author_kind="file",
        author=candidate.name if candidate else label if isinstance(label, str) else None,
    )


def _grouped(image: Item, metadata: Mapping[str, Any]) -> Item:
    tag = metadata.get("Tag")
    fits = isinstance(tag, str) and 0 < len(tag) <= 64
    chosen = str(tag) if fits else image.tag
    return replace(image, tag=chosen, client_metadata={**image.client_metadata, **metadata, "Tag": chosen})


def _add_metadata(batch: Batch, item_id: str, metadata: Mapping[str, Any]) -> None:
    here = items.get(batch.connection, item_id)
    lacking = {key: value for key, value in metadata.items() if here is not None and key not in here.client_metadata}
    if lacking:
        items.merge_metadata(batch, item_id, lacking)


def _source(setup: Setup, place: str, size: int, item_id: str) -> dict[str, Any]:
    return {"project_id": setup.project_id, "path": place, "size": size, "mtime_ns": 0, "item_id": item_id}


def _answer(
    batch: Batch, setup: Setup, item_id: str, answers: Mapping[str, Any], frames: list[Mapping[str, Any]]
) -> int:
    """Add what is answered there and was not answered like this here by the same author; how many there were."""
    entries = merged(answers, frames)
    people = {each.feature_hash for each in setup.roles.people}
    present = labels.answers(batch.connection, setup.project_id, [item_id]).get(item_id, [])
    latest = {(each.attribute, each.author): each.value for each in present}
    added = 0
    for entry in entries.values():
        answer = answer_in(entry, setup.ontology)
        author = str(entry.get("lastEditedBy") or entry.get("createdBy") or "encord")
        value = to_json(answer)
        if latest.get((answer.attribute, author)) == value:
            continue
        batch.add(
            Answer(
                new_id(),
                setup.project_id,
                item_id,
                answer.attribute,
                value,
                "person" if answer.attribute in people else "model",
                author,
                setup.ontology_digest,
                now_ms(),
            )
        )
        added += 1
    return added
