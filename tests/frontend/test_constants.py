# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Constants that nodes compute while a model is read, and arrays of other element types."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Flatten, Linear

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")
pytest.importorskip("onnxruntime", reason="it is the reference of these tests")

from onnx import helper  # noqa: E402

from sumtile.frontend import import_model  # noqa: E402
from tests.frontend.reference import check, node, normal  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402


def test_shapes_are_computed_from_shapes() -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n zeros", "nn"),
        node("Concat", "nn minus", "target", axis=0),
        node("Reshape", "x target", "f"),
        node("Gemm", "f w"),
    ]
    arrays = {"zero": np.array(0), "zeros": np.array([0]), "minus": np.array([-1]), "w": normal(60, 3)}
    network = check(graph_model(nodes, ("batch", 3, 4, 5), arrays))
    assert [type(node) for node in network.nodes] == [Flatten, Linear]


FOLDED = {
    "Range": ([node("Range", "a b c", "k")], {"a": np.float32(0), "b": np.float32(3), "c": np.float32(1)}),
    "Expand": ([node("Expand", "a s", "k")], {"a": np.float32(2), "s": np.array([3])}),
    "Tile": ([node("Tile", "a s", "k")], {"a": normal(1), "s": np.array([3])}),
    "Where": ([node("Greater", "a z", "g"), node("Where", "g a z", "k")], {"a": normal(3), "z": np.float32(0)}),
    "Cast": ([node("Cast", "a", "k", to=1)], {"a": np.array([1, 2, 3])}),
    "Slice": ([node("Slice", "a s e", "k")], {"a": normal(6), "s": np.array([1]), "e": np.array([4])}),
    "Sqrt": ([node("Abs", "a", "b"), node("Sqrt", "b", "k")], {"a": normal(3)}),
    "Div": ([node("Div", "a b", "d"), node("Cast", "d", "k", to=1)], {"a": np.array([-7, 7, 9]), "b": np.array([2, -2, 4])}),
    "Pow": ([node("Pow", "a b", "k")], {"a": np.abs(normal(3)), "b": np.float32(0.5)}),
    "Transpose": ([node("Transpose", "a", "t"), node("Squeeze", "t", "k")], {"a": normal(1, 3)}),
    "Flatten": ([node("Flatten", "a", "t", axis=0), node("Squeeze", "t", "k")], {"a": normal(3, 1)}),
    "Constant": ([helper.make_node("Constant", [], ["k"], value_floats=[1.0, 2.0, -3.0])], {}),
    "Constants": ([helper.make_node("Constant", [], ["a"], value_float=1.5), helper.make_node("Constant", [], ["s"], value_ints=[3]), node("Expand", "a s", "k")], {}),
    "Reshape": ([node("Reshape", "a s", "k")], {"a": normal(3, 1), "s": np.array([-1])}),
    "Size": ([node("Size", "a", "i"), node("Cast", "i", "f", to=1), node("Mul", "f a", "k")], {"a": normal(3)}),
}


@pytest.mark.parametrize("case", FOLDED)
def test_constants_are_evaluated(case: str) -> None:
    """The constant ``k`` of three elements, one a channel, is computed by nodes."""
    nodes, arrays = FOLDED[case]
    tail = [node("Reshape", "k column", "v"), node("Mul", "x v")]
    check(graph_model([*nodes, *tail], (2, 3, 4, 5), {**arrays, "column": np.array([3, 1, 1])}))


@pytest.mark.parametrize("name", ["float16", "double", "bfloat16"])
def test_weights_of_other_widths_are_converted(name: str) -> None:
    kind = {"float16": onnx.TensorProto.FLOAT16, "double": onnx.TensorProto.DOUBLE, "bfloat16": onnx.TensorProto.BFLOAT16}[name]
    values = np.array([0.5, -2.0, 1.25, 3.0], np.float32)
    for raw in (False, True):
        model = graph_model([node("Conv", "x w")], (1, 2, 3, 3))
        stored = values.astype({"float16": np.float16, "double": np.float64}.get(name, np.float32))
        content = (stored.view(np.uint32) >> 16).astype(np.uint16).tobytes() if name == "bfloat16" else stored.tobytes()
        model.graph.initializer.append(helper.make_tensor("w", kind, (2, 2, 1, 1), content if raw else stored.tolist(), raw))
        np.testing.assert_array_equal(import_model(model).node("y").weight.ravel(), values)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("starts", "steps"), [([0, 0], [1]), ([0], [0])])
def test_a_slice_of_a_constant_is_checked_like_one_of_a_tensor(starts: list[int], steps: list[int]) -> None:
    arrays = {"a": np.ones(4, np.float32), "s": np.array(starts), "e": np.array([2]), "x_axis": np.array([0]), "t": np.array(steps)}
    with pytest.raises(SumtileError, match=r"node 'k' \(Slice\) has starts, ends, axes and steps that do not fit together"):
        import_model(graph_model([node("Slice", "a s e x_axis t", "k"), node("Mul", "x k")], (1, 1, 4, 4), arrays), name="constant")
