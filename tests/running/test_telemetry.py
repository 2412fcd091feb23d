"""A watched run becomes one trace, and its sums are those of the store."""

import os
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pybase64
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from PIL import Image
from tests.servers.scripted import ScriptedServer, Seen, Step, fails, says

from captionjudge.errors import ConfigError
from captionjudge.folder import write_template
from captionjudge.models.provider import Provider
from captionjudge.project import Project
from captionjudge.running.conventions import of_model
from captionjudge.running.exporting import exported, exporter
from captionjudge.running.runner import Options
from captionjudge.running.telemetry import Telemetry
from captionjudge.store import calls, tasks
from captionjudge.store.records import Usage

ROOT = Path(__file__).parents[2]
SECRET = "zebra-crossing"
KEY = "sk-telemetry-test-key"
NAMES = ("plain", "broken", "empty", "garbled")
CONFIG = """
[[candidates]]
name = "Terse"
model = "local/a"
prompt = "Say {secret}."
max_tokens = 300
[[candidates]]
name = "Detailed"
model = "local/b"
[judge]
models = ["local/j"]
[run]
attempts = 2
[providers.local]
base_url = "http://{host}/v1?code={secret}"
key_env = "TELEMETRY_TEST_KEY"
concurrency = 4
[prices."local/a"]
input = 1.0
output = 2.0
[prices."local/b"]
input = 3.0
output = 5.0
"""


class Rule:
    """Of four images one fails while it is described, one has an empty and one an unusable reply first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.pictures: dict[str, bytes] = {}
        for number, name in enumerate(NAMES):
            path = folder / f"{name}-{SECRET}.png"
            Image.new("RGB", (16, 16), (number * 60, 40, 40)).save(path)
            self.pictures[name] = pybase64.b64encode(path.read_bytes())
        self.well = False
        self._asked = Counter[str]()

    def __call__(self, seen: Seen) -> Step | None:
        model, image = seen.json["model"], self._image(seen)
        self._asked[f"{model} {image}"] += 1
        first = self._asked[f"{model} {image}"] == 1
        match model, image:
            case "a", "plain" if self._asked["a plain"] <= 2:
                return fails(429, f"slow down, {SECRET}", {"Retry-After": "0.01"})
            case "a", "broken" if not self.well:
                return fails(500, f"no {SECRET}")
            case "a", "empty" if first:
                return says(" ")
            case "j", "garbled" if len(seen.json["messages"]) == 2:
                return says(f'{{"choice": "{SECRET}"}}')
            case "j", _:
                return None
        return says(f"{SECRET}, {model} says.")

    def _image(self, seen: Seen) -> str:
        return next(name for name, picture in self.pictures.items() if picture in seen.body)


@dataclass(frozen=True)
class Watched:
    """What was exported of a run, and what the store has."""

    spans: Sequence[ReadableSpan]
    metrics: Any
    usage: Sequence[Usage]
    states: Counter[tuple[str, str]]

    def named(self, begin: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name.startswith(begin)]

    def calls(self, **wanted: str) -> list[ReadableSpan]:
        keys = {f"captionjudge.{key}": value for key, value in wanted.items()}
        return [span for span in self.named("chat ") if keys.items() <= attributes(span).items()]

    def parent(self, span: ReadableSpan) -> ReadableSpan | None:
        above = span.parent and span.parent.span_id
        return next((each for each in self.spans if each.context.span_id == above), None)

    def all_metrics(self) -> list[Any]:
        scopes = [scope for resource in self.metrics.resource_metrics for scope in resource.scope_metrics]
        return [metric for scope in scopes for metric in scope.metrics]

    def points(self, name: str) -> list[Any]:
        return [point for metric in self.all_metrics() if metric.name == name for point in metric.data.data_points]

    def total(self, field: str) -> float:
        return sum(float(getattr(each, field)) for each in self.usage)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def events(span: ReadableSpan, name: str) -> list[dict[str, Any]]:
    return [dict(event.attributes or {}) for event in span.events if event.name == name]


def error_of(span: ReadableSpan) -> str | None:
    """The type of the error that a span ended with; its status must say the same."""
    kind = attributes(span).get("error.type")
    assert (span.status.status_code is StatusCode.ERROR) == (kind is not None)
    return kind


def watch(project: Project) -> Watched:
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    traces, metrics = TracerProvider(), MeterProvider([reader])
    traces.add_span_processor(SimpleSpanProcessor(spans))
    project.run(Options(trace=Telemetry(traces, metrics)))
    measured = reader.get_metrics_data()
    traces.shutdown()
    metrics.shutdown()
    with project.setup.database.read() as connection:
        usage = calls.totals(connection, project.setup.project_id)
        counts = tasks.counts(connection, project.setup.project_id)
    states = Counter({(count.stage, count.state): count.tasks for count in counts})
    return Watched(spans.get_finished_spans(), measured, usage, states)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELEMETRY_TEST_KEY", KEY)
        yield running


def make_project(folder: Path, server: ScriptedServer) -> Rule:
    rule = server.rule = Rule(folder / "images")
    write_template(folder / "p", "default")
    config = CONFIG.format(secret=SECRET, host=server.url.removeprefix("http://"))
    (folder / "p" / "captionjudge.toml").write_text(config)
    with Project.open(folder / "p") as project:
        project.import_images(folder / "images")
    return rule


@pytest.fixture(scope="module")
def runs(server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, Watched]:
    """A run in which much goes wrong, and the next one, which tries again what failed."""
    folder = tmp_path_factory.mktemp("watched")
    server.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("captionjudge.running.ask._FIRST_PAUSE", 0.01)
        rule = make_project(folder, server)
        with Project.open(folder / "p") as project:
            first = watch(project)
            rule.well = True
            project.retry()
            return first, watch(project)


@pytest.fixture(scope="module")
def watched(runs: tuple[Watched, Watched]) -> Watched:
    return runs[0]


def test_calls_are_within_stages_within_images_which_are_traces_linked_to_the_run(watched: Watched) -> None:
    (run,), images = watched.named("run"), watched.named("image")
    assert [image.parent for image in (run, *images)] == [None] * 5
    assert [[link.context for link in image.links] for image in images] == [[run.context]] * 4
    assert len({span.context.trace_id for span in watched.spans}) == 5
    above = Counter((stage.name, watched.parent(stage) in watched.named("image")) for stage in watched.named("stage "))
    assert above == {("stage Describe", True): 4, ("stage Judge", True): 3}
    for call in watched.named("chat "):
        stage = watched.parent(call)
        assert stage is not None
        assert stage.name == ("stage Judge" if "j" in call.name else "stage Describe")
    assert len(watched.spans) == 1 + 4 + 7 + len(watched.named("chat "))


def test_every_span_of_an_image_has_its_id(watched: Watched) -> None:
    for stage in watched.named("stage "):
        image = watched.parent(stage)
        assert image is not None
        assert attributes(image)["captionjudge.image.id"] == attributes(stage)["captionjudge.image.id"]


def test_a_call_has_the_attributes_of_the_conventions(watched: Watched, server: ScriptedServer) -> None:
    call = next(call for call in watched.calls(role="Terse") if error_of(call) is None)
    found = attributes(call)
    assert call.kind is SpanKind.CLIENT
    assert call.name == "chat a"
    assert {key: value for key, value in found.items() if not key.startswith("captionjudge.")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "local",
        "gen_ai.request.model": "a",
        "gen_ai.request.max_tokens": 300,
        "gen_ai.response.model": "a-2026-01-01",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": found["gen_ai.usage.input_tokens"],
        "gen_ai.usage.output_tokens": found["gen_ai.usage.output_tokens"],
        "gen_ai.usage.cache_read.input_tokens": found["gen_ai.usage.cache_read.input_tokens"],
        "gen_ai.usage.cache_creation.input_tokens": found["gen_ai.usage.cache_creation.input_tokens"],
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
    }
    assert found["captionjudge.purpose"] == "describe"


def test_a_judges_call_asks_for_json(watched: Watched) -> None:
    kinds = {attributes(call)["gen_ai.output.type"] for call in watched.calls(purpose="judge")}
    assert kinds == {"json"}


def test_refusals_by_rate_limits_are_events_and_no_failures(watched: Watched) -> None:
    refused = [call for call in watched.named("chat ") if events(call, "captionjudge.refused")]
    assert sum(len(events(call, "captionjudge.refused")) for call in refused) == 2
    assert [error_of(call) for call in refused] == [None] * len(refused)


def test_a_call_that_is_given_up_has_its_attempts_and_fails_stage_and_image(watched: Watched) -> None:
    (call,) = [call for call in watched.named("chat ") if error_of(call) == "overloaded"]
    failed = events(call, "captionjudge.attempt_failed")
    assert [event["error.type"] for event in failed] == ["overloaded"] * 2
    assert attributes(call)["captionjudge.attempts"] == 2
    stage = watched.parent(call)
    assert stage is not None
    image = watched.parent(stage)
    assert image is not None
    assert error_of(stage) == error_of(image) == "overloaded"
    assert [span for span in watched.named("stage ") if error_of(span)] == [stage]
    assert [span for span in watched.named("image") if error_of(span)] == [image]


def test_tokens_of_all_attempts_of_a_call_are_in_its_span(watched: Watched) -> None:
    (call,) = [
        call
        for call in watched.calls(role="Terse")
        if [event["error.type"] for event in events(call, "captionjudge.attempt_failed")] == ["empty"]
    ]
    assert attributes(call)["captionjudge.attempts"] == 2
    assert attributes(call)["gen_ai.usage.input_tokens"] == 2 * 1000
    assert error_of(call) is None


def test_a_reply_off_the_schema_is_a_failed_call_and_the_next_asks_again(watched: Watched) -> None:
    failed = [call for call in watched.calls(purpose="judge") if error_of(call) == "off_schema"]
    assert len(failed) == 2
    for call in failed:
        stage = watched.parent(call)
        assert stage is not None
        assert error_of(stage) is None


@pytest.mark.parametrize("which", [0, 1], ids=["the first run", "the next"])
def test_tokens_attempts_and_cost_are_those_of_the_store(runs: tuple[Watched, Watched], which: int) -> None:
    before = runs[0].usage if which else []
    for total in runs[which].usage:
        mine = runs[which].calls(purpose=total.purpose, role=total.role)
        earlier = next((each for each in before if (each.purpose, each.role) == (total.purpose, total.role)), None)
        for field, key in (
            ("calls", "captionjudge.attempts"),
            ("prompt_tokens", "gen_ai.usage.input_tokens"),
            ("completion_tokens", "gen_ai.usage.output_tokens"),
            ("cached_tokens", "gen_ai.usage.cache_read.input_tokens"),
            ("written_tokens", "gen_ai.usage.cache_creation.input_tokens"),
            ("cost", "captionjudge.cost"),
        ):
            new = getattr(total, field) - (getattr(earlier, field) if earlier else 0)
            assert sum(attributes(call).get(key, 0) for call in mine) == pytest.approx(new), (total.role, field)


def test_a_call_of_unknown_price_has_no_cost(watched: Watched) -> None:
    priced = {call.name for call in watched.named("chat ") if "captionjudge.cost" in attributes(call)}
    assert priced == {"chat a", "chat b"}
    assert sum(point.value for point in watched.points("captionjudge.unpriced_calls")) == watched.total("unpriced") > 0


def test_metrics_are_the_sums_of_the_store(watched: Watched) -> None:
    durations = watched.points("gen_ai.client.operation.duration")
    assert sum(point.count for point in durations) == watched.total("calls")
    failed = Counter[str]()
    for point in durations:
        if "error.type" in point.attributes:
            failed[point.attributes["error.type"]] += point.count
    assert failed == {"rate_limit": 2, "overloaded": 2, "empty": 1, "off_schema": 2}
    assert failed.total() == watched.total("failures")

    tokens = Counter[str]()
    for point in watched.points("gen_ai.client.token.usage"):
        tokens[point.attributes["gen_ai.token.type"]] += point.sum
    assert tokens == {"input": watched.total("prompt_tokens"), "output": watched.total("completion_tokens")}
    cost = sum(point.value for point in watched.points("captionjudge.cost"))
    assert cost == pytest.approx(watched.total("cost"))
    assert cost > 0


def test_images_are_counted_as_their_tasks_are(watched: Watched) -> None:
    counted = {
        (point.attributes["captionjudge.stage"], point.attributes["captionjudge.result"]): point.value
        for point in watched.points("captionjudge.images")
    }
    assert counted == {("Describe", "moved"): 3, ("Describe", "failed"): 1, ("Judge", "finished"): 3}
    assert watched.states == {("Describe", "failed"): 1, ("Review", "waiting"): 3}


def test_outcomes_are_on_the_stage_that_judged(watched: Watched) -> None:
    judged = [span for span in watched.named("stage Judge") if "captionjudge.outcomes" in attributes(span)]
    assert len(judged) == 3
    for span in judged:
        (pair,) = events(span, "captionjudge.pair")
        assert attributes(span)["captionjudge.outcomes"] == (pair["captionjudge.outcome"],)
        assert (pair["captionjudge.pair.a"], pair["captionjudge.pair.b"]) == ("Terse", "Detailed")
    assert sum(point.value for point in watched.points("captionjudge.pairs")) == 3


def test_an_answer_that_was_in_the_store_is_an_event_and_no_call(runs: tuple[Watched, Watched]) -> None:
    again = runs[1]
    reused = [event for span in again.named("stage ") for event in events(span, "captionjudge.reply_reused")]
    assert [event["captionjudge.role"] for event in reused] == ["Detailed"]
    assert again.calls(role="Detailed") == []
    assert sum(point.value for point in again.points("captionjudge.reused_replies")) == 1


def test_neither_contents_nor_file_names_nor_secrets_are_exported(runs: tuple[Watched, Watched]) -> None:
    for run in runs:
        exported = "".join(span.to_json() for span in run.spans) + run.metrics.to_json()
        assert "gen_ai.request.model" in exported
        assert SECRET not in exported
        assert KEY not in exported


def documented() -> set[str]:
    return set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", (ROOT / "docs" / "observability.md").read_text()))


def test_every_attribute_event_and_metric_is_documented(runs: tuple[Watched, Watched]) -> None:
    found = set[str]()
    for run in runs:
        for span in run.spans:
            found |= attributes(span).keys() | {event.name for event in span.events}
            found |= {key for event in span.events for key in event.attributes or {}}
        for metric in run.all_metrics():
            found |= {metric.name} | {key for point in metric.data.data_points for key in point.attributes}
    assert len(found) > 40
    assert found - documented() == set()
    unseen = {
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.request.temperature",
        "gen_ai.request.seed",
        "captionjudge.probability",
    }
    own = {
        name for name in documented() if name.startswith(("gen_ai.", "captionjudge.")) and name != "captionjudge.toml"
    }
    imported = {name for name in own if name.startswith("captionjudge.running.")}
    assert own - imported - unseen - found == set()


def test_a_run_that_is_stopped_says_why(server: ScriptedServer, tmp_path: Path) -> None:
    server.reset()
    make_project(tmp_path, server)
    server.rule = lambda seen: fails(401, "no such key")
    with Project.open(tmp_path / "p") as project:
        stopped = watch(project)
    assert [error_of(span) for span in stopped.named("run")] == ["auth"]
    assert stopped.points("captionjudge.images") == []


@pytest.mark.parametrize(
    ("provider", "operation", "name"),
    [
        (Provider("x", "openai-compatible", "https://api.openai.com/v1"), "chat", "openai"),
        (Provider("x", "openai-compatible", "https://mine.openai.azure.com/v1"), "chat", "azure.ai.openai"),
        (Provider("x", "openai-compatible", "https://api.mistral.ai/v1"), "chat", "mistral_ai"),
        (Provider("x", "openai-compatible", "https://notapi.mistral.ai.example/v1"), "chat", "x"),
        (Provider("x", "anthropic", "https://api.anthropic.com"), "chat", "anthropic"),
        (Provider("x", "gemini", "https://generativelanguage.googleapis.com"), "generate_content", "gcp.gemini"),
        (Provider("x", "embedded"), "generate_content", "x"),
    ],
    ids=lambda value: value.base_url if isinstance(value, Provider) else None,
)
def test_providers_are_called_as_the_conventions_call_them(provider: Provider, operation: str, name: str) -> None:
    found = of_model("x/some/model", {"x": provider})
    assert (found["gen_ai.operation.name"], found["gen_ai.provider.name"]) == (operation, name)
    assert found["gen_ai.request.model"] == "some/model"
    assert ("server.address" in found) == bool(provider.base_url)


class Collector:
    """Takes what is exported over OTLP."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def bodies(self, path: str) -> list[bytes]:
        return [body for where, body in self.got if where == path]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def run_cli(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`captionjudge run`, which says on its last line what was imported of OpenTelemetry."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*(name for name in sys.modules if name.startswith('opentelemetry'))))\n"
        "from captionjudge.cli import main\n"
        "sys.exit(main())\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command = [sys.executable, "-c", code, "run", str(folder / "p"), "--limit", "1", *options]
    return subprocess.run(command, capture_output=True, text=True, env=kept | variables, timeout=60, check=False)


@pytest.fixture
def healthy(server: ScriptedServer, tmp_path: Path) -> Path:
    server.reset()
    make_project(tmp_path, server)
    server.rule = lambda seen: None if seen.json["model"] == "j" else says(f"{seen.json['model']} says.")
    return tmp_path


def test_without_the_option_nothing_of_opentelemetry_is_imported(healthy: Path) -> None:
    done = run_cli(healthy, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == ""


def test_the_option_exports_over_otlp_to_where_the_environment_says(healthy: Path, collector: Collector) -> None:
    done = run_cli(healthy, "--otel", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert (done.returncode, done.stderr) == (0, "")
    spans, services = [], set()
    for body in collector.bodies("/v1/traces"):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            services |= {each.value.string_value for each in resource.resource.attributes if each.key == "service.name"}
            spans += [span.name for scope in resource.scope_spans for span in scope.spans]
    assert services == {"captionjudge"}
    assert Counter(spans) == Counter(
        ["run", "image", "stage Describe", "stage Judge", "chat a", "chat b", "chat j", "chat j"]
    )
    names = {
        metric.name
        for body in collector.bodies("/v1/metrics")
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {"gen_ai.client.operation.duration", "gen_ai.client.token.usage", "captionjudge.images"} <= names


def test_a_name_in_the_environment_is_the_services(
    healthy: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    with Project.open(healthy / "p") as project, exported() as trace:
        project.run(Options(trace=trace))
    (first, *_) = collector.bodies("/v1/traces")
    assert b"ours" in first


def test_a_collector_that_is_not_there_fails_no_run(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with socket.socket() as nobody:
        # Bound and not listening: nobody else gets the port, and every connection is refused.
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with Project.open(healthy / "p") as project, exported() as trace:
            summary = project.run(Options(trace=trace))
    assert (summary.progress.finished, summary.progress.failed) == (4, 0)


def test_a_signal_that_is_turned_off_has_no_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    assert exporter("metrics") is None


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
)
def test_an_exporter_that_is_not_installed_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=f"nothing installed exports traces to '{value}'") as caught:
        exporter("traces")
    assert variable in caught.value.hint


def test_without_the_packages_the_option_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match="--otel needs OpenTelemetry's SDK") as caught, exported():
        pass
    assert caught.value.hint == "pip install 'captionjudge[otel]'"
