"""Judge one pair, without a project."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from captionjudge.config import Config, parse_config
from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.images import new_image
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images import digest, read_file, verify
from captionjudge.judging.roles import assign_roles
from captionjudge.layout import default_layout, load_layout
from captionjudge.models.provider import Provider
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.template import build_ontology
from captionjudge.project import wait_for
from captionjudge.running.runner import Options, run
from captionjudge.running.setup import Setup
from captionjudge.store import items, projects, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.blobs import open_blobs
from captionjudge.store.database import open_database, sqlite_url
from captionjudge.store.records import Item, Pair, Verdict
from captionjudge.workflow import load_workflow, template

_NAMES = ("A", "B")


class Judgment(Struct, frozen=True):
    """What a judge said about one pair.

    Attributes:
        outcome: "A", "B", "tie", "both_bad", "unstable" (the choice changed with the order) or "failed".
        probability: of the outcome, 0..1; None when the judge does not give one.
        verdicts: one an order, with criteria, reason and choice.
    """

    outcome: str
    probability: float | None
    verdicts: tuple[Verdict, ...]


def judge(
    image: bytes | Path | str,
    a: str,
    b: str,
    *,
    model: str = "embedded/judge",
    orders: str = "both",
    ontology: Mapping[str, object] | None = None,
    providers: Mapping[str, Provider] | None = None,
) -> Judgment:
    """Judge which of two descriptions of an image is better.

    Args:
        image: the path of an image file, or its bytes.
        a: a description.
        b: another.
        model: the judge, "provider/model".
        orders: "both", "random" or "fixed".
        ontology: the criteria, with candidates named "A" and "B"; the built-in ones by default.
        providers: providers of one's own, by name.

    Raises:
        ConfigError: a setting cannot be used, or the provider does not accept the key.
        ImageError: the image cannot be used.
    """
    data = image if isinstance(image, bytes) else read_file(Path(image))
    config = parse_config(
        {"candidates": [{"name": name} for name in _NAMES], "judge": {"models": [model], "orders": orders}}, "judge()"
    )
    with TemporaryDirectory(prefix="captionjudge-") as folder:
        setup = _setup(Path(folder), config, ontology, providers or {})
        try:
            image_id = _put(setup, data, (a, b))
            summary = wait_for(run(setup, Options()))
            if summary.stopped_by is not None:
                raise summary.stopped_by
            with setup.database.read() as connection:
                said = tuple(verdicts.of_item(connection, image_id))
                pairs = verdicts.pairs_of_items(connection, [image_id]).get(image_id, [])
                counted = tasks.counts(connection, setup.project_id)
                failed = tasks.failures(connection, setup.project_id, counted)
        finally:
            setup.database.close()
    return _judgment(pairs, said, failed[0].example if failed else "")


def _judgment(pairs: list[Pair], said: tuple[Verdict, ...], failure: str) -> Judgment:
    if not pairs:
        raise ConfigError(f"the pair could not be judged: {failure}")
    return Judgment(pairs[0].outcome, pairs[0].probability, said)


def _setup(
    folder: Path, config: Config, ontology_json: Mapping[str, object] | None, providers: Mapping[str, Provider]
) -> Setup:
    ontology = load_ontology(ontology_json or build_ontology(_NAMES))
    database = open_database(sqlite_url(folder / "store.db"))
    return Setup(
        project_id=database.write(lambda batch: projects.create(batch, config.title)),
        database=database,
        blobs=open_blobs(str(folder / "blobs")),
        config=config,
        providers=providers,
        workflow=load_workflow(template("judge-only")),
        layout=load_layout(default_layout(_NAMES)),
        ontology=ontology,
        ontology_digest=digest_of("ontology"),
        roles=assign_roles(ontology, _NAMES),
    )


def _put(setup: Setup, data: bytes, texts: tuple[str, str]) -> str:
    content = digest(data)
    image, task = new_image(setup, "image", content, verify(data))
    setup.blobs.put(content, data)

    def write(batch: Batch) -> None:
        items.add_image(batch, image, task, None)
        for name, text in zip(_NAMES, texts, strict=True):
            batch.add(_description(image, name, text))

    setup.database.write(write)
    return image.id


def _description(image: Item, name: str, text: str) -> Item:
    return Item(
        id=new_id(),
        project_id=image.project_id,
        kind="text",
        title=name,
        tag=image.tag,
        digest=digest_of("text", text),
        mime="text/plain",
        created_at=now_ms(),
        text=text,
        client_metadata={"Tag": image.tag, "Data Type": name},
        author_kind="file",
        author=name,
    )
