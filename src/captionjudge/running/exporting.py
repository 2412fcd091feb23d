"""Where spans and metrics go to: as the standard OTEL_* variables of the environment say."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

from captionjudge.errors import ConfigError
from captionjudge.running.trace import Trace

INSTALL = "pip install 'captionjudge[otel]'"

_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


@contextmanager
def exported() -> Iterator[Trace]:
    """A trace whose spans and metrics are exported, the last of them before this ends.

    Raises:
        ConfigError: the packages that are needed are not installed, or the environment asks for what is not known.
    """
    try:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigError(f"--otel needs OpenTelemetry's SDK: {error}", hint=INSTALL) from None
    from captionjudge.running.telemetry import SCOPE, Telemetry

    exporters = {signal: exporter(signal) for signal in ("traces", "metrics")}
    resource = Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": SCOPE}))
    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    if exporters["traces"] is not None:
        traces.add_span_processor(BatchSpanProcessor(exporters["traces"]))
    readers = [] if exporters["metrics"] is None else [PeriodicExportingMetricReader(exporters["metrics"])]
    metrics = MeterProvider(readers, resource, shutdown_on_exit=False)
    try:
        yield Telemetry(traces, metrics)
    finally:
        traces.shutdown()
        metrics.shutdown()


def exporter(signal: str) -> Any:
    """The exporter of `traces` or `metrics` that the environment names, OTLP over HTTP by default; None for "none".

    Raises:
        ConfigError: no installed package offers it.
    """
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    wanted = name = os.environ.get(variable, "").strip() or "otlp"
    if name == "none":
        return None
    if name == "otlp":
        variable = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
        if not os.environ.get(variable, "").strip():
            variable = "OTEL_EXPORTER_OTLP_PROTOCOL"
        wanted = os.environ.get(variable, "").strip() or "http/protobuf"
        name = _PROTOCOLS.get(wanted, wanted)
    offered = entry_points(group=f"opentelemetry_{signal}_exporter")
    for point in offered:
        if point.name == name:
            return point.load()()
    known = ", ".join(sorted(point.name for point in offered)) or "none"
    raise ConfigError(
        f"--otel: nothing installed exports {signal} to {wanted!r}", hint=f"{variable}; installed: {known}; {INSTALL}"
    )
