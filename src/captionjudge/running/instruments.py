"""What a run measures for OpenTelemetry."""

from collections.abc import Sequence

from opentelemetry.metrics import Meter

from captionjudge.running import conventions as said
from captionjudge.running.conventions import Attributes
from captionjudge.store.records import Call


class Instruments:
    """The metrics of a run. One attempt to call a model is one measurement, as it is one row of the store."""

    def __init__(self, meter: Meter) -> None:
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "Seconds a model took.",
            explicit_bucket_boundaries_advisory=said.SECONDS_BUCKETS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Tokens that were billed.",
            explicit_bucket_boundaries_advisory=said.TOKEN_BUCKETS,
        )
        self._cost = meter.create_counter("captionjudge.cost", "{USD}", "US dollars, as far as prices are known.")
        self._unpriced = meter.create_counter("captionjudge.unpriced_calls", "{call}", "Calls of unknown price.")
        self._reused = meter.create_counter("captionjudge.reused_replies", "{reply}", "Answers that were in the store.")
        self._images = meter.create_counter("captionjudge.images", "{image}", "Images that left a stage.")
        self._pairs = meter.create_counter("captionjudge.pairs", "{pair}", "Pairs that were judged.")

    def called(self, model: Attributes, purpose: Attributes, call: Call, answered_by: str) -> None:
        """One attempt ended."""
        about = dict(model)
        if answered_by:
            about[said.RESPONSE_MODEL] = answered_by
        failure: Attributes = {} if call.failure is None else {said.ERROR: call.failure}
        self._duration.record(call.latency_ms / 1000, about | failure)
        if call.prompt_tokens or call.completion_tokens:
            self._tokens.record(call.prompt_tokens, about | {said.TOKEN_TYPE: "input"})
            self._tokens.record(call.completion_tokens, about | {said.TOKEN_TYPE: "output"})
        if call.cost is None:
            self._unpriced.add(1, model | purpose)
        else:
            self._cost.add(call.cost, model | purpose)

    def reused(self, model: Attributes, purpose: Attributes) -> None:
        """An answer was in the store."""
        self._reused.add(1, model | purpose)

    def left(self, stage: str, outcomes: Sequence[str], *, finished: bool) -> None:
        """An image went on."""
        result = "finished" if finished else "moved"
        self._images.add(1, {"captionjudge.stage": stage, "captionjudge.result": result})
        for outcome in outcomes:
            self._pairs.add(1, {"captionjudge.stage": stage, "captionjudge.outcome": outcome})

    def gave_up(self, stage: str, reason: str) -> None:
        """An image was set aside."""
        self._images.add(1, {"captionjudge.stage": stage, "captionjudge.result": "failed", said.ERROR: reason})
