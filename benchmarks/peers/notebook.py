"""The way of the published notebook: one stage after the other, one image and one call at a time, three calls an image.

Each stage decodes the image and encodes it anew as JPEG at OpenCV's default quality, as the notebook's frames do; the
judge is asked once, in JSON mode with its schema in the prompt. Descriptions and judgments are kept as files; the
labelling platform, which the notebook asks more than ten times an image, has no part in this.
"""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
from benchmarks.peers.form import Judgment
from benchmarks.peers.job import CANDIDATES, COMPARE, DESCRIBE, JUDGE, KEY, Job, Span, read_job
from openai import OpenAI, OpenAIError

CALLS = 3


def encoded(path: Path) -> str:
    """The image as a data URL, decoded and encoded again."""
    done, data = cv2.imencode(".jpg", cv2.imread(str(path)))
    assert done
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


class Notebook:
    def __init__(self, job: Job) -> None:
        self._client = OpenAI(base_url=job.url, api_key=KEY)
        self._out = job.out

    def ask(self, model: str, path: Path, text: str, **more: Any) -> str:
        parts: Any = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": encoded(path)}}]
        made = self._client.chat.completions.create(model=model, messages=[{"role": "user", "content": parts}], **more)
        return made.choices[0].message.content or ""

    def describe(self, path: Path, slot: int) -> None:
        self.kept(path, slot).write_text(self.ask(CANDIDATES[slot], path, DESCRIBE))

    def judge(self, path: Path) -> None:
        first, second = (self.kept(path, slot).read_text() for slot in (0, 1))
        schema = json.dumps(Judgment.model_json_schema())
        text = f"{COMPARE.format(first=first, second=second)}\n\nAnswer with JSON of this schema alone:\n{schema}"
        judgment = Judgment.model_validate_json(self.ask(JUDGE, path, text, response_format={"type": "json_object"}))
        (self._out / f"{path.stem}.json").write_text(judgment.model_dump_json())

    def kept(self, path: Path, slot: int) -> Path:
        return self._out / f"{path.stem}-{slot}.txt"


def main() -> None:
    job = read_job()
    span = Span()
    notebook = Notebook(job)
    stages = (lambda path: notebook.describe(path, 0), lambda path: notebook.describe(path, 1), notebook.judge)
    left = job.images
    for stage in stages:
        passed = []
        for path in left:
            try:
                stage(path)
                passed.append(path)
            except (OpenAIError, ValueError):
                continue
        left = passed
    span.report(len(left), job, ["openai", "opencv-python-headless"], CALLS)


if __name__ == "__main__":
    main()
