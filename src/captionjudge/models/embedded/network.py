"""Runs an ONNX graph on one quiet thread."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Network:
    """A loaded graph. `run` may be called from several threads."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, **inputs: Array) -> list[Array]:
        """The graph's outputs, in its own order."""
        return cast(list[Array], self._session.run(None, inputs))


def open_network(model: Path | bytes, weights: Mapping[str, Array] | None = None) -> Network:
    """The graph in a file or in bytes; `weights` are the initialisers that the graph names and does not hold."""
    import onnxruntime  # not at the top: it is an extra, and its absence is reported where models are opened

    options = onnxruntime.SessionOptions()
    # More threads than one would fight the image workers, and spinning ones would take a core while they wait.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value)) for value in weights.values()]
        options.add_external_initializers(list(weights), values)
    source = model if isinstance(model, bytes) else str(model)
    return Network(onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"]))
