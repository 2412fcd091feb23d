"""inspect_ai: a solver that describes, a scorer that has both orders judged; its own log is the store.

As its documentation has it: the openai-api provider for a server of one's own, images as data URIs made in the solver
(paths are only resolved in the data set), `ResponseSchema` for the judge's form, max_connections and max_samples as the
calls in flight, retries without end, its default. Images are kept out of its log, which they would otherwise fill.
"""

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

from benchmarks.peers.form import Judgment
from benchmarks.peers.job import CANDIDATES, COMPARE, DESCRIBE, JUDGE, KEY, Job, Span, read_job

SERVICE = "scripted"


def prepare(job: Job) -> None:
    os.environ |= {
        f"{SERVICE.upper()}_API_KEY": KEY,
        f"{SERVICE.upper()}_BASE_URL": job.url,
        "INSPECT_LOG_DIR": str(job.out),
        "XDG_DATA_HOME": str(job.out),
        "XDG_CACHE_HOME": str(job.out),
    }


def run(job: Job) -> None:
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageUser, ContentImage, ContentText, GenerateConfig, ResponseSchema, get_model
    from inspect_ai.scorer import Score, Target, mean, scorer
    from inspect_ai.solver import Generate, TaskState, solver
    from inspect_ai.util import json_schema

    form = ResponseSchema(name="judgment", json_schema=json_schema(Judgment))

    def asked(url: str, text: str) -> Any:
        return [ChatMessageUser(content=[ContentImage(image=url), ContentText(text=text)])]

    @solver
    def describe() -> Any:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            data = Path(state.metadata["image"]).read_bytes()
            url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
            models = [get_model(f"openai-api/{SERVICE}/{name}") for name in CANDIDATES]
            made = await asyncio.gather(*(model.generate(asked(url, DESCRIBE)) for model in models))
            state.store.set("texts", [each.completion for each in made])
            return state

        return solve

    @scorer(metrics=[mean()])
    def both_orders() -> Any:
        async def score(state: TaskState, target: Target) -> Score:
            data = Path(state.metadata["image"]).read_bytes()
            url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
            a, b = state.store.get("texts")
            judge = get_model(f"openai-api/{SERVICE}/{JUDGE}")
            config = GenerateConfig(response_schema=form)
            texts = [COMPARE.format(first=first, second=second) for first, second in ((a, b), (b, a))]
            made = await asyncio.gather(*(judge.generate(asked(url, text), config=config) for text in texts))
            forms = [Judgment.model_validate_json(each.completion) for each in made]
            return Score(value=1.0, metadata={"judgments": [each.model_dump() for each in forms]})

        return score

    span = Span()
    samples = [Sample(input=DESCRIBE, id=path.name, metadata={"image": str(path)}) for path in job.images]
    (log,) = eval(
        Task(dataset=MemoryDataset(samples), solver=describe(), scorer=both_orders()),
        model=None,
        display="none",
        log_images=False,
        log_dir=str(job.out),
        max_samples=job.in_flight,
        max_connections=job.in_flight,
        fail_on_error=False,
    )
    finished = sum(bool(sample.scores) for sample in log.samples or ())
    span.report(finished, job, ["inspect-ai", "openai"])


def main() -> None:
    job = read_job()
    prepare(job)
    run(job)


if __name__ == "__main__":
    main()
