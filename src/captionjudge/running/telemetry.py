"""A run as OpenTelemetry's spans and metrics. Neither prompts nor what models wrote are in them, nor file names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct, field
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, TracerProvider, get_current_span

from captionjudge import __version__
from captionjudge.errors import CaptionjudgeError, Deferred, ModelError, NotAskedAgain
from captionjudge.models.provider import Provider
from captionjudge.running import conventions as said
from captionjudge.running.ask import Question
from captionjudge.running.conventions import Attributes
from captionjudge.running.instruments import Instruments
from captionjudge.running.progress import Progress
from captionjudge.running.setup import Setup
from captionjudge.running.stage import StageFailed, Step
from captionjudge.store.records import Call, Item, Task

SCOPE = "captionjudge"


class _Sum(Struct):
    """What the attempts of one call came to."""

    attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    cost: float = 0.0
    unpriced: bool = False
    seconds: float = 0.0
    models: list[str] = field(default_factory=list)
    last: Call | None = None

    def add(self, call: Call, model: str) -> None:
        self.attempts += 1
        self.prompt_tokens += call.prompt_tokens
        self.completion_tokens += call.completion_tokens
        self.cached_tokens += call.cached_tokens
        self.written_tokens += call.written_tokens
        self.cost += call.cost or 0.0
        self.unpriced = self.unpriced or call.cost is None
        self.seconds += call.latency_ms / 1000
        self.last = call
        if model:
            self.models.append(model)


_IMAGE: ContextVar[Span] = ContextVar("image")
_SUM: ContextVar[_Sum] = ContextVar("sum")


class Telemetry:
    """A `Trace` that becomes spans of `traces` and measurements of `metrics`; docs/observability.md lists all."""

    def __init__(self, traces: TracerProvider, metrics: MeterProvider) -> None:
        self._tracer = traces.get_tracer(SCOPE, __version__)
        self._instruments = Instruments(metrics.get_meter(SCOPE, __version__))
        self._providers: Mapping[str, Provider] = {}
        self._models: dict[str, Attributes] = {}

    @contextmanager
    def run(self, setup: Setup, progress: Progress) -> Iterator[None]:
        """The span of the run."""
        self._providers = setup.providers
        with self._span("run", {"captionjudge.project.id": setup.project_id}) as span:
            try:
                yield
            finally:
                span.set_attributes(
                    {
                        "captionjudge.images.finished": progress.finished,
                        "captionjudge.images.failed": progress.failed,
                        "captionjudge.calls": progress.calls,
                        "captionjudge.calls.refused": progress.refused_calls,
                        "captionjudge.calls.failed": progress.failed_calls,
                        "captionjudge.replies.reused": progress.reused_replies,
                        "captionjudge.cost": progress.cost,
                    }
                )

    @contextmanager
    def image(self, image: Item) -> Iterator[None]:
        """The span of an image: the root of a trace of its own, since one of a whole run would grow with it."""
        with self._span("image", {"captionjudge.image.id": image.id}, root=True) as span:
            token = _IMAGE.set(span)
            try:
                yield
            finally:
                _IMAGE.reset(token)

    @contextmanager
    def stage(self, task: Task) -> Iterator[None]:
        """The span of a stage."""
        about: Attributes = {"captionjudge.stage": task.stage, "captionjudge.image.id": task.item_id}
        with self._span(f"stage {task.stage}", about):
            yield

    @contextmanager
    def call(self, question: Question) -> Iterator[None]:
        """The span of a call."""
        model = self._model(question)
        kind = SpanKind.CLIENT if said.ADDRESS in model else SpanKind.INTERNAL
        about = model | said.of_request(question.request) | _purpose(question)
        with self._span(f"{model[said.OPERATION]} {model[said.REQUEST_MODEL]}", about, kind) as span:
            sum_ = _Sum()
            token = _SUM.set(sum_)
            try:
                yield
            finally:
                _SUM.reset(token)
                _conclude(span, sum_)

    def called(self, question: Question, call: Call, model: str) -> None:
        """Measure one attempt; one that failed is also an event of the call."""
        _SUM.get().add(call, model)
        self._instruments.called(self._model(question), _purpose(question), call, model)
        if call.failure is not None:
            name = "captionjudge.refused" if call.failure == "rate_limit" else "captionjudge.attempt_failed"
            seconds = call.latency_ms / 1000
            event: Attributes = {
                "captionjudge.attempt": call.attempt,
                "captionjudge.latency": seconds,
                said.ERROR: call.failure,
            }
            get_current_span().add_event(name, event)

    def reused(self, question: Question) -> None:
        """An event of the stage."""
        about = self._model(question) | _purpose(question)
        get_current_span().add_event("captionjudge.reply_reused", about)
        self._instruments.reused(self._model(question), _purpose(question))

    def left(self, task: Task, there: str, step: Step, *, finished: bool) -> None:
        """What the stage came to; every outcome is an event of it."""
        span = get_current_span()
        span.set_attribute("captionjudge.next_stage", there)
        if step.pairs:
            span.set_attribute("captionjudge.outcomes", [pair.outcome for pair in step.pairs])
        for pair in step.pairs:
            about: Attributes = {
                "captionjudge.pair.a": pair.a,
                "captionjudge.pair.b": pair.b,
                "captionjudge.outcome": pair.outcome,
            }
            if pair.probability is not None:
                about["captionjudge.probability"] = pair.probability
            span.add_event("captionjudge.pair", about)
        self._instruments.left(task.stage, [pair.outcome for pair in step.pairs], finished=finished)

    def gave_up(self, task: Task, reason: str) -> None:
        """The stage and its image failed."""
        _fail(get_current_span(), reason)
        _fail(_IMAGE.get(), reason)
        self._instruments.gave_up(task.stage, reason)

    def stopped(self, error: CaptionjudgeError) -> None:
        """The run failed."""
        _fail(get_current_span(), _type(error))

    @contextmanager
    def _span(
        self, name: str, about: Attributes, kind: SpanKind = SpanKind.INTERNAL, *, root: bool = False
    ) -> Iterator[Span]:
        above = get_current_span().get_span_context()
        # Of an exception nothing but its type: its message may quote what a model wrote.
        with self._tracer.start_as_current_span(
            name,
            context=Context() if root else None,
            links=[Link(above)] if root else None,
            kind=kind,
            attributes=about,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except (Deferred, NotAskedAgain):
                # It waits for a batch or the next run, and nothing is wrong.
                raise
            except BaseException as error:
                _fail(span, _type(error))
                raise

    def _model(self, question: Question) -> Attributes:
        ref = question.model.name
        if ref not in self._models:
            self._models[ref] = said.of_model(ref, self._providers)
        return self._models[ref]


def _purpose(question: Question) -> Attributes:
    return {"captionjudge.purpose": question.purpose, "captionjudge.role": question.role}


def _conclude(span: Span, sum_: _Sum) -> None:
    """Say of a call what its attempts came to; the tokens and the cost are those of all of them."""
    last = sum_.last
    span.set_attributes({"captionjudge.attempts": sum_.attempts, "captionjudge.latency": sum_.seconds})
    if last is None:
        return
    span.set_attribute("captionjudge.call.id", last.id)
    if not sum_.unpriced:
        span.set_attribute("captionjudge.cost", sum_.cost)
    if sum_.prompt_tokens or sum_.completion_tokens:
        span.set_attributes({said.INPUT_TOKENS: sum_.prompt_tokens, said.OUTPUT_TOKENS: sum_.completion_tokens})
    if sum_.cached_tokens:
        span.set_attribute(said.CACHED_TOKENS, sum_.cached_tokens)
    if sum_.written_tokens:
        span.set_attribute(said.WRITTEN_TOKENS, sum_.written_tokens)
    if sum_.models:
        span.set_attribute(said.RESPONSE_MODEL, sum_.models[-1])
    if last.finish_reason is not None:
        span.set_attribute(said.FINISH_REASONS, [said.FINISHED.get(last.finish_reason, last.finish_reason)])
    if last.failure is not None:
        _fail(span, last.failure)


def _fail(span: Span, kind: str) -> None:
    span.set_status(Status(StatusCode.ERROR, kind))
    span.set_attribute(said.ERROR, kind)


def _type(error: BaseException) -> str:
    match error:
        case ModelError():
            return error.kind
        case StageFailed():
            return error.reason
    return type(error).__name__
