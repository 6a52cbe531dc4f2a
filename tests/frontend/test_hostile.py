# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Malformed and hostile models: a sentence that names the node and the reason, before anything large is allocated."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Preprocess

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")

from onnx import TensorProto, helper  # noqa: E402

from sumtile.frontend import import_model  # noqa: E402
from sumtile.frontend.model import parse_model  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402


def node(op: str, inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(" ") if inputs else [], output.split(" "), **attributes)


def conv_model(**attributes: Any) -> Any:
    return graph_model([node("Conv", "x w", name="first", **attributes)], (1, 2, 4, 4), {"w": np.ones((3, 2, 3, 3), np.float32)})


def changed(change: Callable[[Any], object], model: Any | None = None) -> Any:
    model = conv_model() if model is None else model
    change(model)
    return model


def weights(**fields: Any) -> Callable[[Any], None]:
    """Sets fields of the first initializer."""

    def change(model: Any) -> None:
        for name, value in fields.items():
            if name == "dims":
                del model.graph.initializer[0].dims[:]
                model.graph.initializer[0].dims.extend(value)
            else:
                setattr(model.graph.initializer[0], name, value)

    return change


def bomb(*nodes: Any, **arrays: Any) -> Any:
    """A model whose weights come from these nodes."""
    return graph_model([*nodes, node("Add", "x big")], (1, 2, 4, 4), {name: np.asarray(value) for name, value in arrays.items()}, opset=17)


def doubled(times: int) -> Any:
    """Each node joins the constant before it with itself."""
    return bomb(*(node("Concat", f"c{index} c{index}", f"c{index + 1}", axis=0) for index in range(times)), node("Identity", f"c{times}", "big"), c0=np.ones(1024, np.float32))


def many_sums(times: int) -> Any:
    return graph_model([helper.make_node("Sum", ["x"] * times, ["y"])], (1, 2, 4, 4))


def recursive() -> Any:
    inner = helper.make_graph([node("Relu", "x")], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    return graph_model([node("If", "c", then_branch=inner, else_branch=inner)], (1, 2, 4, 4), {"c": np.array(True)})


def with_functions() -> Any:
    model = conv_model()
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], [node("Relu", "a", "b")], [helper.make_opsetid("", 17)]))
    return model


NAN, INF = np.full((3, 2, 3, 3), np.nan, np.float32), np.full((3, 2, 3, 3), 1e300)

CASES: dict[str, tuple[Any, str]] = {
    "no nodes": (changed(lambda m: m.graph.ClearField("node")), "holds no ONNX graph"),
    "no versions": (changed(lambda m: m.ClearField("opset_import")), "holds no ONNX graph"),
    "old": (changed(lambda m: setattr(m.opset_import[0], "version", 3)), "version 3 of the ONNX operators"),
    "new": (changed(lambda m: setattr(m.opset_import[0], "version", 900)), "version 900 of the ONNX operators"),
    "functions": (with_functions(), "defines functions"),
    "sparse": (changed(lambda m: m.graph.sparse_initializer.add()), "sparse arrays"),
    "subgraph": (recursive(), r"node 'y' \(If\) is an operator that no layer"),
    "circle": (graph_model([node("Relu", "y", "z"), node("Relu", "z")], (1, 2, 4, 4)), "waits for its own result in a circle"),
    "own result": (graph_model([node("Add", "y x")], (1, 2, 4, 4)), "waits for its own result"),
    "two makers": (graph_model([node("Relu", "x"), node("Neg", "x")], (1, 2, 4, 4)), "makes the tensor 'y' 2 times"),
    "array and node": (graph_model([node("Relu", "x")], (1, 2, 4, 4), {"y": np.ones(1)}), "makes the tensor 'y' 2 times"),
    "missing": (graph_model([node("Add", "x gone")], (1, 2, 4, 4)), "reads 'gone', which nothing makes"),
    "output": (graph_model([node("Relu", "x")], (1, 2, 4, 4), outputs=("other",)), "'other' is read, but nothing makes it"),
    "outputs": (graph_model([node("Relu", "x", "a"), node("Neg", "a", "b")], (1, 2, 4, 4), outputs=("a", "b")), r"has 2 outputs \(a, b\)"),
    "constant output": (graph_model([node("Relu", "x", "a"), node("Neg", "k")], (1, 2, 4, 4), {"k": np.ones(1)}), "does not depend on the image"),
    "input handed on": (graph_model([node("Identity", "x")], (1, 2, 4, 4)), "only hands its input on"),
    "open size": (graph_model([node("Relu", "x")], (1, 2, "h", "w")), "leaves the sizes of an image open"),
    "empty size": (graph_model([node("Relu", "x")], (1, 2, 0, 4)), "leaves the sizes|1 to 4095 of each"),
    "wide": (graph_model([node("Relu", "x")], (1, 2, 4, 5000)), "1 to 4095 of each"),
    "negative size": (graph_model([node("Relu", "x")], (1, -2, 4, 4)), "1 to 4095 of each"),
    "huge": (graph_model([node("Relu", "x")], (1, 1 << 40, 4000, 4000)), "of each and 67108864 elements are the limits"),
    "unknown operator": (graph_model([node("Erf", "x", name="e")], (1, 2, 4, 4)), r"node 'e' \(Erf\) is an operator that no layer"),
    "integers of others": (graph_model([node("QuantizeLinear", "x s")], (1, 2, 4, 4), {"s": np.float32(1)}), "computes with integers that another framework"),
    "unknown domain": (graph_model([node("Relu", "x", domain="com.acme")], (1, 2, 4, 4)), "of the domain 'com.acme'"),
    "negative dims": (changed(weights(dims=[3, -2, 3, 3])), "shape"),
    "overflowing dims": (changed(weights(dims=[1 << 62, 1 << 62, 3, 3])), r"but up to 8 axes and \d+ elements"),
    "many axes": (changed(weights(dims=[1] * 30)), "but up to 8 axes"),
    "short data": (changed(weights(raw_data=b"1234")), r"array 'w' of shape \(3, 2, 3, 3\) has 4 bytes instead of 216"),
    "no data": (changed(lambda m: m.graph.initializer[0].ClearField("raw_data")), "array 'w' of 54 elements has 0"),
    "integers": (changed(weights(data_type=TensorProto.INT32)), "has weights of int32"),
    "strings": (changed(weights(data_type=TensorProto.STRING)), "element type STRING"),
    "unknown type": (changed(weights(data_type=99)), "element type number 99"),
    "not a number": (changed(weights(raw_data=NAN.tobytes())), "node 'first' .*not finite in float32 .array 'w'"),
    "beyond float32": (changed(weights(raw_data=INF.tobytes(), data_type=TensorProto.DOUBLE)), "not finite in float32"),
    "other type of attribute": (conv_model(strides=2.0), "has an attribute strides of another type than INTS"),
    "too few strides": (conv_model(strides=[1]), "has 1 entries in strides instead of 2"),
    "no stride": (conv_model(strides=[0, 1]), "has the stride"),
    "absurd stride": (conv_model(strides=[1 << 40, 1]), "has the stride"),
    "negative padding": (conv_model(pads=[-1, 0, 0, 0]), "has the padding"),
    "absurd dilation": (conv_model(dilations=[4095, 4095]), "larger than the padded map"),
    "wrong kernel": (conv_model(kernel_shape=[5, 5]), "names a kernel of"),
    "wrong groups": (conv_model(group=3), "in 3 groups for 2 channels"),
    "no groups": (conv_model(group=0), "in 0 groups"),
    "no inputs": (graph_model([node("Conv", "")], (1, 2, 4, 4)), r"\(Conv\)"),
    "one input": (graph_model([node("Conv", "x")], (1, 2, 4, 4)), "has no input 1"),
    "filled": (bomb(node("ConstantOfShape", "s", "big"), s=[1 << 40, 1 << 40]), "but up to 8 axes"),
    "expanded": (bomb(node("Expand", "a s", "big"), a=np.float32(1), s=[1 << 20, 1 << 20]), "but up to 8 axes"),
    "tiled": (bomb(node("Tile", "a s", "big"), a=np.ones(1 << 10, np.float32), s=[1 << 30]), "but up to 8 axes"),
    "ranged": (bomb(node("Range", "a b c", "big"), a=np.float32(0), b=np.float32(1e12), c=np.float32(1)), "but up to 8 axes"),
    "ranged for ever": (bomb(node("Range", "a b a", "big"), a=np.float32(0), b=np.float32(1)), "cannot be evaluated"),
    "spread": (bomb(node("Add", "a b", "big"), a=np.ones((1 << 14, 1), np.float32), b=np.ones((1, 1 << 14), np.float32)), "but up to 8 axes"),
    "gathered": (bomb(node("Gather", "a i", "big"), a=np.ones((2, 1 << 14), np.float32), i=np.zeros(1 << 14, np.int64)), "but up to 8 axes"),
    "doubled": (doubled(40), "but up to 8 axes|hold more than"),
    "many sums": (many_sums(100_000), "has 100000 inputs and 1 outputs"),
    "enlarged": (graph_model([node("Resize", "x  s")], (1, 2, 4, 4), {"s": np.array([1, 1, 4000, 4000], np.float32)}), "sides up to 4095"),
    "padded": (graph_model([node("Pad", "x p")], (1, 2, 4, 4), {"p": np.array([0, 0, 1 << 40, 0, 0, 0, 0, 0])}), "makes a tensor of|padding"),
    "reshaped": (graph_model([node("Reshape", "x s")], (1, 2, 4, 4), {"s": np.array([1, -1, -1])}), "reshapes"),
    "reshaped to nothing": (graph_model([node("Reshape", "x s")], (1, 2, 4, 4), {"s": np.array([0, 7, -1])}), "another number of elements"),
    "transposed": (graph_model([node("Transpose", "x", perm=[0, 0, 1, 2])], (1, 2, 4, 4)), "is no permutation"),
    "mixed images": (
        graph_model([node("Reshape", "x s", "r"), node("Gemm", "r w")], (4, 2, 4, 4), {"s": np.array([1, -1]), "w": np.ones((128, 2), np.float32)}),
        "first axis is not that of the images",
    ),
    "joined images": (graph_model([node("Concat", "x x", axis=0)], (1, 2, 4, 4)), "only channels can be joined"),
    "divided by zero": (graph_model([node("Div", "x z")], (1, 2, 4, 4), {"z": np.zeros(1, np.float32)}), "by zero"),
    "negative variance": (
        graph_model([node("BatchNormalization", "x v v v n")], (1, 2, 4, 4), {"v": np.ones(2, np.float32), "n": -np.ones(2, np.float32)}),
        "variance of -1",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_model_is_told_in_a_sentence(case: str) -> None:
    model, reason = CASES[case]
    tracemalloc.start()
    try:
        with pytest.raises(SumtileError, match=reason) as refusal:
            import_model(parse_model(model.SerializeToString(), "the model"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value) and len(str(refusal.value)) < 500
    assert peak < 1200 << 20  # what all evaluated constants may hold together


def test_a_chosen_output_is_imported() -> None:
    model = graph_model([node("Relu", "x", "a"), node("Neg", "a", "b")], (1, 2, 4, 4), outputs=("a", "b"))
    assert len(import_model(model, output="a").nodes) == 1 and len(import_model(model, output="b").nodes) == 2
    with pytest.raises(SumtileError, match=r"no output 'c' \(it has: a, b\)"):
        import_model(model, output="c")


def test_nodes_that_the_output_does_not_need_may_be_anything() -> None:
    model = graph_model([node("Relu", "x"), node("Erf", "x", "z")], (1, 2, 4, 4))
    assert len(import_model(model).nodes) == 1


def test_the_preprocessing_fills_open_sizes_and_must_fit() -> None:
    model = graph_model([node("Relu", "x")], ("n", 3, "h", "w"))
    wanted = Preprocess(6, 5, (0.5,) * 3, (0.25,) * 3)
    assert import_model(model, preprocess=wanted, classes=("a",)).preprocess == wanted
    with pytest.raises(SumtileError, match="takes 3 channels of 6 x 5, but the preprocessing makes 1 of 6 x 5"):
        import_model(graph_model([node("Relu", "x")], (1, 3, 6, 5)), preprocess=Preprocess(6, 5, (0.5,), (0.25,)))


@pytest.mark.parametrize("value", ["[1", '{"a": 1}', '["a"]', "[true]", "[1e999]", "[" * 100_000, "[1" + "0" * 400 + "]", "[0.5]"])
def test_metadata_is_checked(value: str) -> None:
    model = graph_model([node("Relu", "x")], (1, 2, 4, 4))
    helper.set_model_props(model, {"sumtile.mean": value})
    with pytest.raises(SumtileError, match=r"metadata 'sumtile.mean'|preprocessing"):
        import_model(model)
