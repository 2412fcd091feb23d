"""Projects that ask a scripted provider of batches, in one of its three protocols, and what is in their stores."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PIL import Image
from tests.job.state import rows
from tests.servers.batches import BatchServer

from captionjudge.folder import write_template
from captionjudge.project import Project
from captionjudge.running.batches.batching import BatchOptions
from captionjudge.running.runner import Options, Summary
from captionjudge.store import calls

CONFIG = """
store = "{store}"
[[candidates]]
name = "Terse"
model = "{provider}/a"
[[candidates]]
name = "Detailed"
model = "{provider}/b"
{candidates}
[judge]
{judge}
[run]
attempts = 3
patience = {patience}
[batch]
poll = 0.01
{more}
[providers.chat]
base_url = "{url}/v1"
batch = true
[providers.messages]
kind = "anthropic"
base_url = "{url}"
batch = true
[providers.gemini]
kind = "gemini"
base_url = "{url}"
key_env = ""
batch = true
"""
JUDGE = 'models = ["{provider}/j"]'
PRICE = '[prices."{provider}/{model}"]\ninput = 1\noutput = 2\n{more}\n'
QUICK = BatchOptions(settle=0.05, first_pause=0.01)
Make = Callable[..., Project]

COMPARED = (
    *("purpose", "role", "model", "slots", "sample", "attempt", "request_digest", "prompt_digest", "finish_reason"),
    *("prompt_tokens", "completion_tokens", "response", "failure", "detail"),
    *("cached_tokens", "written_tokens", "logprobs"),
)
"""All of a call but ids, times and cost."""


@contextmanager
def making(folder: Path, server: BatchServer, new_store: Callable[[], str]) -> Iterator[Make]:
    """Makes projects with so many pictures, whose red is their number, and closes them in the end."""
    opened: list[Project] = []

    def new(
        number: int = 4,
        provider: str = "chat",
        name: str = "p",
        more: str = "",
        judge: str = JUDGE,
        candidates: str = "",
        patience: float = 5,
    ) -> Project:
        images = folder / "images"
        images.mkdir(exist_ok=True)
        for index in range(number):
            Image.new("RGB", (16, 16), (index * 9, 40, 40)).save(images / f"{index}.png")
        write_template(folder / name, "default")
        text = CONFIG.format(
            store=new_store(),
            url=server.url,
            provider=provider,
            more=more,
            judge=judge.format(provider=provider),
            candidates=candidates.format(provider=provider),
            patience=patience,
        )
        models = {"a": "", "b": "", "j": "batch = 0.25"}
        text += "".join(PRICE.format(provider=provider, model=model, more=models[model]) for model in models)
        (folder / name / "captionjudge.toml").write_text(text)
        opened.append(Project.open(folder / name))
        opened[-1].import_images(images)
        return opened[-1]

    try:
        yield new
    finally:
        for project in opened:
            project.close()


def run(project: Project, **options: Any) -> Summary:
    return project.run(Options(batch=replace(QUICK, **options)))


def states(project: Project) -> dict[str, tuple[str, str, str | None]]:
    """Of each picture its stage, its state, and the reason."""
    return {row[0].removesuffix(".png"): row[1:4] for row in rows(project.folder, "tasks")}


def kept_calls(project: Project) -> list[tuple[Any, ...]]:
    """Every call, without ids and times, and what it did cost in tokens."""
    with project.setup.database.read() as connection:
        found = [
            (image.title, *(getattr(call, name) for name in COMPARED))
            for image in project.images()
            for call in calls.of_item(connection, image.id)
        ]
    return sorted(found, key=repr)


def cost(project: Project) -> float:
    with project.setup.database.read() as connection:
        return calls.spent(connection, project.setup.project_id)
