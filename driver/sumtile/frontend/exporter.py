# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a network to an ONNX file that :func:`~sumtile.frontend.import_onnx` reads back as the same network.

Adder convolutions are nodes ``AdderConv`` of the domain ``sumtile``, grids are QONNX Quant nodes; everything else is
standard and runs in any ONNX runtime.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from sumtile.errors import SumtileError
from sumtile.files import write_whole
from sumtile.frontend.layers import ADDER_DOMAIN
from sumtile.frontend.metadata import write_metadata
from sumtile.frontend.qonnx import DOMAINS
from sumtile.network.graph import (
    INPUT,
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Grid,
    Linear,
    LocalResponseNorm,
    Network,
    Node,
    Pad,
    Pool,
    PRelu,
    Resize,
    Select,
    Softmax,
)

OPSET = 17
IR_VERSION = 8
QUANT_DOMAIN = DOMAINS[-1]


def export_onnx(network: Network, path: str | Path) -> None:
    """Writes a network as an ONNX file with its preprocessing and classes in the metadata; the file appears whole or not at all.

    Raises:
        SumtileError: the network is not well formed, it has more weights than a file can hold, or the place cannot be written.
    """
    try:
        content = export_model(network).SerializeToString()
    except ValueError as error:  # protobuf's limit of 2 GB
        raise SumtileError(f"network '{network.name}' cannot be written as an ONNX file ({error}); make it smaller.") from None
    try:
        write_whole(Path(path), content)
    except OSError as error:
        raise SumtileError(f"ONNX file {path} cannot be written ({error.strerror or error}); choose another place.") from None


def export_model(network: Network) -> ModelProto:
    """The same as a ModelProto."""
    network.check()
    writer = _Writer(network)
    size = network.preprocess
    image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", size.channels, size.height, size.width])
    output = helper.make_tensor_value_info(writer.read(network.output), TensorProto.FLOAT, ["N", "C"] if writer.is_flat(network.output) else ["N", "C", "H", "W"])
    graph = helper.make_graph(writer.nodes, network.name, [image], [output], writer.arrays)
    domains = {"": OPSET} | {node.domain: 1 for node in writer.nodes if node.domain}
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
    model = helper.make_model(graph, producer_name="sumtile", opset_imports=opsets, ir_version=IR_VERSION)
    write_metadata(model, size, network.classes)
    return model


class _Writer:
    """The nodes and arrays of the file, in order."""

    def __init__(self, network: Network) -> None:
        self.nodes: list[NodeProto] = []
        self.arrays: list[TensorProto] = []
        self._grids = network.grids
        self._flat: set[str] = set()
        if INPUT in network.grids:
            self._quantize(INPUT, self.read(INPUT), network.grids[INPUT], axis=1, rank=4)
        for node in network.nodes:
            self._write(node)

    def read(self, tensor: str) -> str:
        """The name under which the file's nodes read a tensor: where it has a grid, that of the Quant node's result."""
        return f"{tensor}.on_grid" if tensor in self._grids else tensor

    def is_flat(self, tensor: str) -> bool:
        """Whether a tensor is (N, elements)."""
        return tensor in self._flat

    def op(self, op: str, inputs: list[str], name: str, *, domain: str = "", **attributes: Any) -> None:
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, domain=domain or None, **attributes))

    def array(self, name: str, values: Any, dtype: type = np.float32) -> str:
        """Stores an array and gives its name."""
        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def weight(self, node: Conv | Linear) -> str:
        """Stores the weights, behind a Quant node where they lie on a grid."""
        name = f"{node.name}.weight"
        self.array(name, node.weight)
        if name in self._grids:
            self._quantize(name, self.read(name), self._grids[name], axis=0, rank=node.weight.ndim)
        return self.read(name)

    def channels(self, tensor: str, name: str, values: np.ndarray) -> str:
        """Stores one value for each channel of a tensor, so that it broadcasts."""
        return self.array(name, values if self.is_flat(tensor) else values.reshape(-1, 1, 1))

    def _write(self, node: Node) -> None:
        _op(node, self, [self.read(name) for name in node.inputs])
        if isinstance(node, (Flatten, Linear)) or node.inputs[0] in self._flat:
            self._flat.add(node.name)
        if node.name in self._grids:
            self._quantize(node.name, self.read(node.name), self._grids[node.name], axis=1, rank=2 if node.name in self._flat else 4)

    def _quantize(self, source: str, result: str, grid: Grid, axis: int, rank: int) -> None:
        shape = (-1, *(1,) * (rank - 1 - axis)) if grid.scale.ndim else ()
        scale = self.array(f"{result}.scale", grid.scale.reshape(shape))
        zero, bits = self.array(f"{result}.zero", 0), self.array(f"{result}.bits", grid.bits)
        self.op("Quant", [source, scale, zero, bits], result, domain=QUANT_DOMAIN, signed=int(grid.signed), narrow=int(grid.narrow), rounding_mode="ROUND")


@functools.singledispatch
def _op(node: Node, writer: _Writer, inputs: list[str]) -> None:
    raise SumtileError(f"node '{node.name}' is a {type(node).__name__}, which cannot be written as ONNX.")


@_op.register
def _conv(node: Conv, writer: _Writer, inputs: list[str]) -> None:
    adder = node.operator == "adder"
    inputs = [*inputs, writer.weight(node)] + ([] if node.bias is None else [writer.array(f"{node.name}.bias", node.bias)])
    settings = {"kernel_shape": node.weight.shape[2:], "strides": node.stride, "pads": node.padding, "dilations": node.dilation, "group": node.groups}
    writer.op("AdderConv" if adder else "Conv", inputs, node.name, domain=ADDER_DOMAIN if adder else "", **settings)


@_op.register
def _linear(node: Linear, writer: _Writer, inputs: list[str]) -> None:
    bias = [] if node.bias is None else [writer.array(f"{node.name}.bias", node.bias)]
    writer.op("Gemm", [*inputs, writer.weight(node), *bias], node.name, transB=1)


@_op.register
def _batch_norm(node: BatchNorm, writer: _Writer, inputs: list[str]) -> None:
    arrays = [writer.array(f"{node.name}.{part}", getattr(node, part)) for part in ("gamma", "beta", "mean", "variance")]
    writer.op("BatchNormalization", [*inputs, *arrays], node.name, epsilon=node.epsilon)


@_op.register
def _activation(node: Activation, writer: _Writer, inputs: list[str]) -> None:
    """A clip where the slope allows it, else a leaky ReLU with a clip behind it."""
    low, high = node.low, node.high
    if node.slope == 0 and (low is None or low <= 0):
        low = 0.0
    bounds = [low, high]
    if node.slope not in (0, 1):
        leaky = node.name if bounds == [None, None] else f"{node.name}.leaky"
        writer.op("LeakyRelu", inputs, leaky, alpha=node.slope)
        inputs = [leaky]
    if node.slope == 0 and high is None and low == 0:
        writer.op("Relu", inputs, node.name)
    elif bounds != [None, None]:
        names = ["" if bound is None else writer.array(f"{node.name}.{what}", bound) for what, bound in zip(("low", "high"), bounds)]
        writer.op("Clip", [*inputs, *names], node.name)
    elif node.slope == 1:
        writer.op("Identity", inputs, node.name)


@_op.register
def _prelu(node: PRelu, writer: _Writer, inputs: list[str]) -> None:
    writer.op("PRelu", [*inputs, writer.channels(node.inputs[0], f"{node.name}.slope", node.slope)], node.name)


@_op.register
def _pool(node: Pool, writer: _Writer, inputs: list[str]) -> None:
    kind = "MaxPool" if node.kind == "max" else "AveragePool"
    if node.kernel is None:
        writer.op(f"Global{kind}", inputs, node.name)
        return
    settings: dict[str, Any] = {"kernel_shape": node.kernel, "strides": node.stride, "pads": node.padding}
    if node.kind == "average":
        settings["count_include_pad"] = int(node.count_padding)
    writer.op(kind, inputs, node.name, **settings)


@_op.register
def _add(node: Add, writer: _Writer, inputs: list[str]) -> None:
    writer.op("Add", inputs, node.name)


@_op.register
def _concat(node: Concat, writer: _Writer, inputs: list[str]) -> None:
    writer.op("Concat", inputs, node.name, axis=1)


@_op.register
def _select(node: Select, writer: _Writer, inputs: list[str]) -> None:
    writer.op("Gather", [*inputs, writer.array(f"{node.name}.channels", node.channels, np.int64)], node.name, axis=1)


@_op.register
def _pad(node: Pad, writer: _Writer, inputs: list[str]) -> None:
    top, left, bottom, right = node.padding
    writer.op("Pad", [*inputs, writer.array(f"{node.name}.pads", [0, 0, top, left, 0, 0, bottom, right], np.int64)], node.name)


@_op.register
def _resize(node: Resize, writer: _Writer, inputs: list[str]) -> None:
    scales = writer.array(f"{node.name}.scales", [1, 1, *node.factor])
    writer.op("Resize", [*inputs, "", scales], node.name, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")


@_op.register
def _local_response_norm(node: LocalResponseNorm, writer: _Writer, inputs: list[str]) -> None:
    writer.op("LRN", inputs, node.name, size=node.size, alpha=node.alpha, beta=node.beta, bias=node.bias)


@_op.register
def _softmax(node: Softmax, writer: _Writer, inputs: list[str]) -> None:
    writer.op("Softmax", inputs, node.name, axis=1)


@_op.register
def _flatten(node: Flatten, writer: _Writer, inputs: list[str]) -> None:
    writer.op("Flatten", inputs, node.name)
