"""The embedded models behind the one small protocol: two candidates and a judge that look at the image."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from captionjudge.errors import BadRequestError, ConfigError
from captionjudge.models.model import Compare, Describe, Reply, Request, Rewrite

if TYPE_CHECKING:
    from captionjudge.images import EncodedImage
    from captionjudge.models.embedded.evidence import Evidence

NAMES = ("terse", "detailed", "judge")
CANDIDATES = ("terse", "detailed")
THREADS = 2
CACHED_IMAGES = 64
"""Looks that are kept, about 1 MB each."""
ENGLISH = ("en", "english")


class EmbeddedModel:
    """One of the embedded models, by the name after the slash."""

    def __init__(self, model: str) -> None:
        if model not in NAMES:
            raise ConfigError(
                f"there is no embedded model {model!r}",
                hint=f"choose one of {', '.join(f'embedded/{n}' for n in NAMES)}",
            )
        self._model = model

    @property
    def name(self) -> str:
        """The reference it was opened by."""
        return f"embedded/{self._model}"

    async def reply(self, request: Request) -> Reply:
        """Answer on a worker thread; requests about the same image share one look."""
        image = request.image
        if image is None:
            raise BadRequestError(f"{self.name} was asked without an image", provider="embedded")
        answer = partial(_answer, self._model, request)
        text = await asyncio.get_running_loop().run_in_executor(_workers, _with_evidence, image, answer)
        return Reply(text, model=self.name)

    async def close(self) -> None:
        """Nothing to give back: the models are shared by the whole process."""


_workers = ThreadPoolExecutor(THREADS, thread_name_prefix="embedded")
_looks: OrderedDict[str, "Future[Evidence]"] = OrderedDict()
_looks_lock = Lock()


def _with_evidence(image: "EncodedImage", answer: "Callable[[Evidence], str]") -> str:
    return answer(evidence_of(image))


def evidence_of(image: "EncodedImage") -> "Evidence":
    """What one look at the image gives. The first caller looks; callers beside it wait for the same look."""
    with _looks_lock:
        look = _looks.get(image.digest)
        mine = look is None
        if look is None:
            look = _looks[image.digest] = Future()
        _looks.move_to_end(image.digest)
        while len(_looks) > CACHED_IMAGES:
            _looks.popitem(last=False)
    if mine:
        try:
            look.set_result(_look(image))
        except BaseException as error:
            with _looks_lock:
                _looks.pop(image.digest, None)  # the next caller may have more luck
            look.set_exception(error)
    return look.result()


def _look(image: "EncodedImage") -> "Evidence":
    from captionjudge.images import open_rgb
    from captionjudge.models.embedded.evidence import look
    from captionjudge.models.embedded.resources import open_models

    models = open_models()
    return look(open_rgb(image.data), models.classifier, models.detector)


def _answer(model: str, request: Request, evidence: "Evidence") -> str:
    from captionjudge.models.embedded.compare import compare
    from captionjudge.models.embedded.resources import open_models
    from captionjudge.models.embedded.rewrite import rewrite

    models = open_models()
    match request.subject:
        case Describe():
            return _describe(model, request.subject, evidence)
        case Compare():
            return compare(request.subject, evidence, models)
        case Rewrite():
            return rewrite(request.subject, evidence, models)


def _describe(model: str, subject: Describe, evidence: "Evidence") -> str:
    from captionjudge.models.embedded.caption import detailed, shortened, terse, title
    from captionjudge.models.embedded.resources import open_models

    if subject.language and subject.language.lower().split("-")[0].split("_")[0] not in ENGLISH:
        raise BadRequestError(
            f"the embedded models write English only, not {subject.language!r}",
            provider="embedded",
            hint="leave the language out, or use a vision-language model",
        )
    models = open_models()
    write = terse if model == "terse" else detailed
    text = shortened(write(evidence, models), subject.word_limit)
    if not subject.fields:
        return text
    heading = shortened(title(evidence, models), subject.word_limit)
    return json.dumps({field: heading if "title" in field.lower() else text for field in subject.fields})
