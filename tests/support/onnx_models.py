# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The models that the onnx wheel carries, and ONNX models made of a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BACKEND = Path(onnx.__file__).parent / "backend" / "test" / "data"
LIGHT = sorted(path.stem for path in (BACKEND / "light").glob("*.onnx"))
"""The networks for ImageNet in the onnx wheel: their weights are one number repeated, which keeps the files small."""


def read_pb(path: Path) -> np.ndarray:
    """The array of a TensorProto file."""
    return numpy_helper.to_array(onnx.load_tensor(path))


def light_path(name: str) -> Path:
    return BACKEND / "light" / f"{name}.onnx"


def light_model(name: str, seed: int) -> Any:
    """A ModelProto of these networks with random weights in place of the repeated number.

    Weights are drawn so that activations keep their size from layer to layer.
    """
    model = onnx.load(light_path(name))
    graph, random = model.graph, np.random.default_rng(seed)
    shapes = {array.name: tuple(numpy_helper.to_array(array).ravel()) for array in graph.initializer}
    images = [entry for entry in graph.input if entry.name not in shapes]
    variances = {node.input[4] for node in graph.node if node.op_type == "BatchNormalization"}
    fills = [node for node in graph.node if node.op_type == "ConstantOfShape"]
    for node in fills:
        shape = tuple(int(size) for size in shapes[node.input[0]])
        spread = np.float32(np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.5)
        values = random.random(shape, np.float32) + np.float32(0.5) if node.output[0] in variances else random.standard_normal(shape, np.float32) * spread
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
    read = {name for node in graph.node for name in node.input}
    for arrays in (graph.input, graph.initializer):
        kept = [entry for entry in arrays if entry.name in read and (arrays is graph.initializer or entry in images)]
        del arrays[:]
        arrays.extend(kept)
    return model


def graph_model(
    nodes: list[Any], shape: tuple[int | str, ...], arrays: dict[str, np.ndarray] | None = None, opset: int = 17, outputs: tuple[str, ...] = ("y",), **domains: int
) -> Any:
    """A ModelProto from ``x`` of a shape to ``y``.

    Args:
        arrays: initializers by name.
        domains: further operator sets, of version 1.
    """
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in (arrays or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)
