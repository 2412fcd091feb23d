"""Converts the TensorFlow.js graph of the detector to ONNX: the dozen operations that it uses, and no others."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.convert.onnx_graph import Graph

Array = NDArray[Any]
Json = dict[str, Any]
TO_CHANNELS_FIRST = [0, 3, 1, 2]
TO_CHANNELS_LAST = [0, 2, 3, 1]
FOLDED = {"Add": np.add, "AddV2": np.add, "Mul": np.multiply, "Sub": np.subtract}
BINARY = {"Add": "Add", "AddV2": "Add", "Mul": "Mul", "Sub": "Sub", "RealDiv": "Div"}
SMALL = 64  # an array this short is kept as it is: shapes, paddings, single factors


def detector_graph(model: Json, weights: bytes) -> bytes:
    """The ONNX model, with the names of inputs and outputs that the TensorFlow.js model has; weights in float16."""
    converter = _Converter(_read_weights(model, weights))
    nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
    for name in _ordered(nodes):
        converter.convert(nodes[name])
    outputs = [output["name"].removesuffix(":0") for output in model["signature"]["outputs"].values()]
    return converter.graph.to_bytes(converter.inputs, outputs)


def _read_weights(model: Json, data: bytes) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    offset = 0
    for entry in (entry for group in model["weightsManifest"] for entry in group["weights"]):
        quantization = entry.get("quantization")
        dtype = np.dtype(quantization["dtype"] if quantization else entry["dtype"])
        count = math.prod(entry["shape"])
        array = np.frombuffer(data, dtype, count, offset).reshape(entry["shape"])
        arrays[entry["name"]] = array.astype(entry["dtype"])
        offset += count * dtype.itemsize
    if offset != len(data):
        raise ValueError(f"the manifest describes {offset} bytes, the file has {len(data)}")
    return arrays


def _ordered(nodes: Mapping[str, Json]) -> list[str]:
    done: dict[str, None] = {}
    stack = list(reversed(list(nodes)))
    while stack:
        name = stack[-1]
        missing = [source for source in _sources(nodes[name]) if source not in done]
        if missing and name not in done:
            stack.extend(missing)
        else:
            done[stack.pop()] = None
    return list(done)


def _sources(node: Json) -> list[str]:
    return [_value(name).split(":")[0] for name in node.get("input", [])]


def _value(name: str) -> str:
    return name.lstrip("^").removesuffix(":0")


def _attribute(node: Json, name: str, default: Any = None) -> Any:
    value = node.get("attr", {}).get(name)
    if value is None:
        return default
    if "list" in value:
        items = value["list"]
        return [int(item) for item in items["i"]] if "i" in items else [_text(item) for item in items.get("s", [])]
    if "s" in value:
        return _text(value["s"])
    return int(value["i"]) if "i" in value else next(iter(value.values()))


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


class _Converter:
    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.graph = Graph()
        self.inputs: list[tuple[str, Sequence[int]]] = []
        self._weights = weights
        self._constants: dict[str, Array] = {}

    def convert(self, node: Json) -> None:
        name, op = node["name"], node["op"]
        inputs = [_value(source) for source in node.get("input", [])]
        if op == "Placeholder":
            shape = [int(size["size"]) for size in node["attr"]["shape"]["shape"]["dim"]]
            self.inputs.append((name, shape))
        elif op == "Const":
            self._constant(self._weights[name], name)
        elif op in BINARY:
            self._binary(op, inputs, name)
        elif op == "Conv2D":
            self._convolution(node, inputs)
        elif op == "SparseToDense":
            self._dense(name, *(self._constants[value] for value in inputs))
        else:
            self._other(node, inputs)

    def _constant(self, value: Array, name: str | None = None) -> str:
        if name:
            self._constants[name] = value
        if value.dtype == np.float32 and value.size > SMALL:
            half = self.graph.constant(value.astype(np.float16))
            return self.graph.add("Cast", [half], name, to=1)
        return self.graph.constant(value.astype(np.int64) if value.dtype == np.int32 else value, name)

    def _binary(self, op: str, inputs: Sequence[str], name: str) -> None:
        known = [self._constants[value] for value in inputs if value in self._constants]
        if len(known) == 2 and known[0].dtype != np.float32:
            self._constant(FOLDED[op](*known), name)
        else:
            self.graph.add(BINARY[op], inputs, name)

    def _convolution(self, node: Json, inputs: Sequence[str]) -> None:
        kernel = self._constant(self._constants[inputs[1]].transpose(3, 2, 0, 1))
        strides, dilations = _attribute(node, "strides"), _attribute(node, "dilations", [1, 1, 1, 1])
        value = self.graph.add("Transpose", [inputs[0]], perm=TO_CHANNELS_FIRST)
        value = self.graph.add(
            "Conv", [value, kernel], strides=strides[1:3], dilations=dilations[1:3], **_padding(node)
        )
        self.graph.add("Transpose", [value], node["name"], perm=TO_CHANNELS_LAST)

    def _other(self, node: Json, inputs: Sequence[str]) -> None:
        name, op = node["name"], node["op"]
        if op in ("Identity", "Sigmoid"):
            self.graph.add(op, inputs, name)
        elif op == "LeakyRelu":
            self.graph.add(op, inputs, name, alpha=float(_attribute(node, "alpha", 0.2)))
        elif op == "Reshape":
            self.graph.add(op, inputs, name)
        elif op == "Transpose":
            order = [int(axis) for axis in self._constants[inputs[1]].ravel()]
            self.graph.add("Transpose", inputs[:1], name, perm=order)
        elif op == "ConcatV2":
            self.graph.add("Concat", inputs[:-1], name, axis=int(self._constants[inputs[-1]]))
        elif op == "SplitV":
            sizes = [int(size) for size in self._constants[inputs[1]]]
            self.graph.split(inputs[0], sizes, int(self._constants[inputs[2]]), name)
        elif op in ("Pad", "PadV2"):
            widths = self._constant(self._constants[inputs[1]].T.ravel())
            self.graph.add("Pad", [inputs[0], widths, *inputs[2:]], name)
        elif op == "MaxPool":
            self._max_pool(node, inputs)
        elif op == "ResizeBilinear":
            self._resize(node, inputs)
        else:
            raise ValueError(f"operation {op!r} at {name!r} is not one this converter knows")

    def _dense(self, name: str, indices: Array, shape: Array, values: Array, default: Array) -> None:
        dense = np.full(shape.ravel().tolist(), default, values.dtype)
        dense[tuple(np.atleast_2d(indices).T) if indices.ndim > 1 else indices] = values
        self._constant(dense, name)

    def _max_pool(self, node: Json, inputs: Sequence[str]) -> None:
        size, strides = _attribute(node, "ksize")[1:3], _attribute(node, "strides")[1:3]
        value = self.graph.add("Transpose", inputs[:1], perm=TO_CHANNELS_FIRST)
        value = self.graph.add("MaxPool", [value], kernel_shape=size, strides=strides, **_padding(node))
        self.graph.add("Transpose", [value], node["name"], perm=TO_CHANNELS_LAST)

    def _resize(self, node: Json, inputs: Sequence[str]) -> None:
        size = self.graph.constant(self._constants[inputs[1]].ravel().astype(np.int64))
        value = self.graph.add("Transpose", inputs[:1], perm=TO_CHANNELS_FIRST)
        shape = self.graph.add("Shape", [value])
        head = self.graph.add("Slice", [shape, self._indices(0), self._indices(2)])
        target = self.graph.add("Concat", [head, size], axis=0)
        mode = "half_pixel" if _attribute(node, "half_pixel_centers") else "asymmetric"
        mode = "align_corners" if _attribute(node, "align_corners") else mode
        value = self.graph.add("Resize", [value, "", "", target], mode="linear", coordinate_transformation_mode=mode)
        self.graph.add("Transpose", [value], node["name"], perm=TO_CHANNELS_LAST)

    def _indices(self, *values: int) -> str:
        return self.graph.constant(np.array(values, np.int64))


def _padding(node: Json) -> Json:
    padding = _attribute(node, "padding")
    if padding == "EXPLICIT":
        edges = _attribute(node, "explicit_paddings")
        return {"pads": [edges[2], edges[4], edges[3], edges[5]]}
    return {"auto_pad": {"SAME": "SAME_UPPER", "VALID": "VALID"}[padding]}
