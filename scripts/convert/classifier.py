"""Writes the EfficientNet-Lite2 graph without its weights, which stay in their own package.

The layout (stages, strides, names of the parameters) is that of EfficientNet-Lite; batch normalisation is folded into
the convolutions when the program loads the weights, so the graph holds convolutions, clips and additions only.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.convert.onnx_graph import Graph

from captionjudge.models.embedded.classifier import folded_weights

Array = NDArray[Any]
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)


def classifier_graph(checkpoint: Mapping[str, Array]) -> bytes:
    """An ONNX model from "image" (n, 3, height, width) to "map" (n, 1280, height / 32, width / 32)."""
    weights = folded_weights(checkpoint)
    graph = Graph()
    low, high = (graph.constant(np.array(limit, np.float32)) for limit in (0, 6))

    def convolve(value: str, layer: str, stride: int = 1, clip: bool = True) -> str:
        kernel, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
        names = [graph.external(f"{layer}.weight", kernel.shape), graph.external(f"{layer}.bias", bias.shape)]
        groups = kernel.shape[0] if "depthwise" in layer else 1
        value = graph.add("Conv", [value, *names], strides=[stride, stride], auto_pad="SAME_UPPER", group=groups)
        return graph.add("Clip", [value, low, high]) if clip else value

    value = convolve("image", "_conv_stem", stride=2)
    width = weights["_conv_stem.bias"].shape[0]
    for block, stride in enumerate(_strides(weights)):
        start, prefix = value, f"_blocks.{block}."
        if f"{prefix}_expand_conv.weight" in weights:
            value = convolve(value, f"{prefix}_expand_conv")
        value = convolve(value, f"{prefix}_depthwise_conv", stride)
        value = convolve(value, f"{prefix}_project_conv", clip=False)
        out = weights[f"{prefix}_project_conv.bias"].shape[0]
        if stride == 1 and width == out:
            value = graph.add("Add", [start, value])
        width = out
    graph.add("Identity", [convolve(value, "_conv_head")], "map")
    return graph.to_bytes([("image", ["n", 3, "height", "width"])], ["map"])


def _strides(weights: Mapping[str, Array]) -> list[int]:
    """The stride of each block: a stage begins where the number of channels changes."""
    strides: list[int] = []
    stage, previous = -1, 0
    while f"_blocks.{len(strides)}._project_conv.bias" in weights:
        channels = weights[f"_blocks.{len(strides)}._project_conv.bias"].shape[0]
        stage += channels != previous
        strides.append(STAGE_STRIDES[stage] if channels != previous else 1)
        previous = channels
    if stage != len(STAGE_STRIDES) - 1:
        raise ValueError(f"expected {len(STAGE_STRIDES)} stages, found {stage + 1}")
    return strides
