"""bespokelabs-curator: a pass over all images for each candidate, then one over both orders of the judge.

As its documentation has it: a subclass of LLM for each kind of question, images given by path, the judge's form as
`response_format`; backend_params set calls at once and lift the limits a minute, retries are its default of ten. It
keeps requests, replies and data sets in its working folder. Telemetry and its display are off; the price table and the
tokenizer that it otherwise fetches at its start are those that come with litellm.
"""

import os
from pathlib import Path
from typing import Any

from benchmarks.peers.job import CANDIDATES, COMPARE, DESCRIBE, JUDGE, KEY, Job, Span, read_job

NO_LIMIT = 10**9


def prepare(out: Path) -> None:
    """Its settings from the environment, which it reads when it is imported."""
    import sysconfig

    tables = Path(sysconfig.get_path("purelib")) / "litellm/litellm_core_utils/tokenizers"
    os.environ |= {
        "CURATOR_DISABLE_RICH_DISPLAY": "1",
        "HF_HOME": str(out / "hub"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "OPENAI_API_KEY": KEY,
        "TELEMETRY_ENABLED": "false",
        "TIKTOKEN_CACHE_DIR": str(tables),
    }


def run(job: Job) -> None:
    from benchmarks.peers.form import Judgment
    from bespokelabs import curator

    class Describe(curator.LLM):
        def prompt(self, input: Any) -> Any:
            return DESCRIBE, curator.types.Image(url=input["image"])

        def parse(self, input: Any, response: str) -> Any:
            return {"image": input["image"], "text": response}

    class Judge(curator.LLM):
        response_format = Judgment

        def prompt(self, input: Any) -> Any:
            text = COMPARE.format(first=input["first"], second=input["second"])
            return text, curator.types.Image(url=input["image"])

        def parse(self, input: Any, response: Judgment) -> Any:
            return {"image": input["image"], "order": input["order"], "judgment": response.model_dump_json()}

    span = Span()
    params: Any = {
        "base_url": job.url,
        "max_concurrent_requests": job.in_flight,
        "max_requests_per_minute": NO_LIMIT,
        "max_tokens_per_minute": NO_LIMIT,
        "require_all_responses": False,
    }
    images = [{"image": str(path)} for path in job.images]
    described = []
    for model in CANDIDATES:
        found = Describe(model, backend="openai", backend_params=params)(images, working_dir=str(job.out))
        described.append({row["image"]: row["text"] for row in found.dataset})
    a, b = described
    pairs = [
        {"image": path, "order": order, "first": first[path], "second": second[path]}
        for path in sorted(a.keys() & b.keys())
        for order, first, second in (("ab", a, b), ("ba", b, a))
    ]
    judge = Judge(JUDGE, response_format=Judgment, backend="openai", backend_params=params)
    judged = [row["image"] for row in judge(pairs, working_dir=str(job.out)).dataset]
    finished = sum(judged.count(path) == 2 for path in set(judged))
    span.report(finished, job, ["bespokelabs-curator", "litellm"])


def main() -> None:
    job = read_job()
    prepare(job.out)
    run(job)


if __name__ == "__main__":
    main()
