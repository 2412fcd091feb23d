"""Collects ONNX nodes and initialisers, and turns them into the bytes of a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
OPSET = 17
IR_VERSION = 9


class Graph:
    """A graph under construction; every method that adds a node returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initialisers: dict[str, Any] = {}
        self._count = 0

    def name(self) -> str:
        """A name that is not in use."""
        self._count += 1
        return f"t{self._count}"

    def constant(self, value: Array, name: str | None = None) -> str:
        """An initialiser that holds `value`."""
        name = name or self.name()
        self.initialisers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def external(self, name: str, shape: Sequence[int]) -> str:
        """A float32 initialiser without data: the program that loads the graph has to supply it."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="supplied-at-run-time")
        self.initialisers[name] = tensor
        return name

    def add(self, op: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """A node with one output."""
        output = output or self.name()
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def split(self, value: str, sizes: Sequence[int], axis: int, output: str) -> None:
        """Outputs `output`, `output:1`, `output:2` and so on."""
        outputs = [f"{output}:{index}" if index else output for index in range(len(sizes))]
        self.nodes.append(
            helper.make_node("Split", [value, self.constant(np.array(sizes, np.int64))], outputs, axis=axis)
        )

    def to_bytes(self, inputs: Sequence[tuple[str, Sequence[int | str]]], outputs: Sequence[str]) -> bytes:
        """The serialised model, without the nodes and initialisers that no output needs."""
        needed = self._needed(outputs)
        graph = helper.make_graph(
            [node for node in self.nodes if set(node.output) & needed],
            "graph",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            [tensor for name, tensor in self.initialisers.items() if name in needed],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="captionjudge")
        model.ir_version = IR_VERSION
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def _needed(self, outputs: Sequence[str]) -> set[str]:
        producers = {output: node for node in self.nodes for output in node.output}
        needed: set[str] = set()
        waiting = list(outputs)
        while waiting:
            name = waiting.pop()
            if name and name not in needed:
                needed.add(name)
                waiting.extend(producers[name].input if name in producers else ())
        return needed
