# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Single operators with random settings: what onnxruntime computes, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Activation, Conv, Pad, Pool, PRelu, Select
from sumtile.network.reference import run_float

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")
pytest.importorskip("onnxruntime", reason="it is the reference of these tests")

from onnx import helper  # noqa: E402

from sumtile.frontend import import_model  # noqa: E402
from tests.frontend.reference import by_onnxruntime, check, node, normal  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402


def window(random: np.random.Generator, axes: int, *, dilated: bool) -> dict[str, Any]:
    """Random attributes of a window and how it is padded."""
    kernel = random.integers(1, 4, axes)
    settings = {"kernel_shape": kernel.tolist(), "strides": random.integers(1, 4, axes).tolist()}
    if dilated:
        settings["dilations"] = random.integers(1, 3, axes).tolist()
    kind = random.choice(["pads", "SAME_UPPER", "SAME_LOWER", "VALID"])
    if kind == "pads":
        settings["pads"] = [int(random.integers(0, size)) for size in (*kernel, *kernel)]
    else:
        settings["auto_pad"] = str(kind)
        settings["strides"] = np.minimum(settings["strides"], kernel).tolist()  # onnxruntime has no SAME with gaps between windows
    return settings


@pytest.mark.parametrize("seed", range(30))
def test_convolutions(seed: int) -> None:
    random = np.random.default_rng(seed)
    axes, groups = int(random.integers(1, 3)), int(random.choice([1, 2, 4]))
    settings = window(random, axes, dilated=True)
    if "auto_pad" in settings:
        settings["dilations"] = [1] * axes  # onnxruntime refuses both at once in places
    weights = normal(groups * int(random.integers(1, 3)), 4 // groups, *settings["kernel_shape"])
    sizes = random.integers(6, 10, axes).tolist()
    check(graph_model([node("Conv", "x w b", group=groups, **settings)], (2, 4, *sizes), {"w": weights, "b": normal(len(weights))}), seed)


@pytest.mark.parametrize("seed", range(60))
def test_pools(seed: int) -> None:
    random = np.random.default_rng(seed)
    axes, op = int(random.integers(1, 3)), str(random.choice(["MaxPool", "AveragePool"]))
    settings = window(random, axes, dilated=False)
    if "auto_pad" not in settings:
        settings["ceil_mode"] = int(random.integers(0, 2))
    if op == "AveragePool":
        settings["count_include_pad"] = int(random.integers(0, 2))
    model = graph_model([node(op, "x", **settings)], (2, 3, *random.integers(4, 9, axes).tolist()), opset=19)
    try:
        check(model, seed)
    except SumtileError as refusal:
        assert "counts its padding, but not what ceil_mode adds to it" in str(refusal)
        assert settings["count_include_pad"] and settings["ceil_mode"] and any(settings["pads"])


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 5, 4), (2, 3, 2, 5, 4)])
def test_global_pools(op: str, shape: tuple[int, ...]) -> None:
    check(graph_model([node(op, "x")], shape))


@pytest.mark.parametrize(("opset", "keep"), [(13, 0), (13, 1), (18, 0), (18, 1)])
def test_means_over_the_map(opset: int, keep: int) -> None:
    attributes = {"axes": [-1, 2]} if opset < 18 else {}
    names = "x" if opset < 18 else "x axes"
    network = check(graph_model([node("ReduceMean", names, keepdims=keep, **attributes)], (2, 3, 5, 4), {"axes": np.array([-1, 2])} if opset >= 18 else {}, opset))
    assert [type(node) for node in network.nodes] == [Pool]


def test_a_mean_over_no_axes_is_one_over_all_or_none() -> None:
    arrays = {"axes": np.zeros(0, np.int64)}
    check(graph_model([node("ReduceMean", "x axes", "m", noop_with_empty_axes=1), node("Relu", "m")], (2, 3, 5, 4), arrays, 18))
    for shape in ((2, 3, 5, 4), (2, 3, 1, 1)):
        with pytest.raises(SumtileError, match=r"reduces the axes \[0, 1, 2, 3\]"):
            import_model(graph_model([node("ReduceMean", "x axes", "m"), node("Relu", "m")], shape, arrays, 18))


@pytest.mark.parametrize("trans", [0, 1])
@pytest.mark.parametrize("addend", [(), (1,), (5,), (1, 5)])
def test_fully_connected(trans: int, addend: tuple[int, ...]) -> None:
    weights = normal(5, 24) if trans else normal(24, 5)
    nodes = [node("Flatten", "x", "f"), node("Gemm", "f w c", transB=trans, alpha=0.5, beta=2.0)]
    check(graph_model(nodes, (2, 2, 3, 4), {"w": weights, "c": normal(*addend)}))


def test_a_matrix_of_a_network_with_channels_last_gets_its_columns_moved() -> None:
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t k", "c", pads=[1, 1, 1, 1]),
        node("Transpose", "c", "u", perm=[0, 2, 3, 1]),
        node("Reshape", "u shape", "f"),
        node("MatMul", "f w"),
    ]
    network = check(graph_model(nodes, (2, 4, 5, 3), {"k": normal(6, 3, 3, 3), "shape": np.array([0, -1]), "w": normal(120, 7)}))
    assert [type(node).__name__ for node in network.nodes] == ["Conv", "Flatten", "Linear"]


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (1, 3, 1, 1)])
def test_arithmetic_with_constants(op: str, first: bool, shape: tuple[int, ...]) -> None:
    model = graph_model([node(op, "c x" if first else "x c")], (2, 3, 4, 5), {"c": normal(*shape)})
    if op == "Div" and first:
        with pytest.raises(SumtileError, match="divides by the network's tensor"):
            import_model(model)
    else:
        check(model)


def test_constants_before_and_behind_each_other_become_one_node() -> None:
    nodes = [node("Mul", "x a", "m"), node("Add", "m b", "n"), node("Sub", "n a", "o"), node("Div", "o b")]
    assert len(check(graph_model(nodes, (2, 3, 4, 5), {"a": normal(3, 1, 1), "b": normal(1)})).nodes) == 1


def test_constants_of_a_flat_tensor_follow_its_elements() -> None:
    nodes = [node("Flatten", "x", "f"), node("Mul", "f a", "m"), node("Relu", "m")]
    check(graph_model(nodes, (2, 3, 2, 2), {"a": normal(12)}))


def test_before_opset_7_an_attribute_aligns_a_constant() -> None:
    model = graph_model([helper.make_node("Add", ["x", "c"], ["y"], broadcast=1, axis=1)], (2, 3, 4, 5), {"c": normal(3)}, opset=6)
    x = normal(2, 3, 4, 5)
    network = import_model(model)
    np.testing.assert_allclose(run_float(network, x)[network.output], x + normal(3)[:, None, None], rtol=1e-6)


@pytest.mark.parametrize("bounds", [(0.0, 6.0), (-1.0, 1.0), (None, 3.0), (-2.0, None), (0.0, None)])
def test_clips(bounds: tuple[float | None, float | None]) -> None:
    values = {name: np.float32(bound) for name, bound in zip(("low", "high"), bounds) if bound is not None}
    names = " ".join(["x", *(name if name in values else "" for name in ("low", "high"))])
    network = check(graph_model([node("Clip", names)], (2, 3, 4, 5), values))
    assert [type(node) for node in network.nodes] == [Activation]
    old = {"min" if name == "low" else "max": float(value) for name, value in values.items()}
    check(graph_model([node("Clip", "x", **old)], (2, 3, 4, 5), opset=7))


def test_extrema_with_constants_are_clips() -> None:
    check(graph_model([node("Max", "zero x", "m"), node("Min", "m six")], (2, 3, 4, 5), {"zero": np.float32(0), "six": np.float32(0.5)}))


@pytest.mark.parametrize(("shape", "kind"), [((1,), Activation), ((3, 1, 1), PRelu), ((1, 3, 1, 1), PRelu), ((1, 1, 1), Activation)])
def test_slopes(shape: tuple[int, ...], kind: type) -> None:
    assert isinstance(check(graph_model([node("PRelu", "x s")], (2, 3, 4, 5), {"s": normal(*shape)})).nodes[0], kind)


@pytest.mark.parametrize("opset", [9, 13, 18])
def test_splits_and_joins(opset: int) -> None:
    lengths = {"split": [1, 3, 2]} if opset < 13 else {}
    nodes = [node("Split", "x" if opset < 13 else "x lengths", "a b c", axis=1, **lengths), node("Relu", "b", "r"), node("Concat", "c r a", axis=1)]
    network = check(graph_model(nodes, (2, 6, 4, 5), {} if opset < 13 else {"lengths": np.array([1, 3, 2])}, opset))
    assert sum(isinstance(node, Select) for node in network.nodes) == 3


def test_channels_last_are_split_and_joined() -> None:
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Relu", "t", "r"),
        node("Transpose", "r", "u", perm=[0, 2, 3, 1]),
        node("Split", "u two", "a b", axis=3),
        node("Concat", "b u a", "c", axis=-1),
        node("Slice", "c from to last", "d"),
        node("Transpose", "d", "y", perm=[0, 3, 1, 2]),
    ]
    arrays = {"two": np.array([1, 3]), "from": np.array([1]), "to": np.array([7]), "last": np.array([3])}
    network = check(graph_model(nodes, (2, 5, 3, 4), arrays))
    assert {type(node).__name__ for node in network.nodes} == {"Activation", "Select", "Concat"}


def test_every_other_element_of_a_flat_tensor_is_taken() -> None:
    arrays = {"s": np.array([0]), "e": np.array([99]), "a": np.array([1]), "t": np.array([5])}
    check(graph_model([node("Flatten", "x", "f"), node("Slice", "f s e a t")], (2, 3, 4, 5), arrays))


@pytest.mark.parametrize(("start", "end", "step"), [(1, 4, 1), (-2, 1 << 62, 1), (4, -(1 << 62), -2), (0, 6, 1)])
def test_slices_of_channels(start: int, end: int, step: int) -> None:
    arrays = {"s": np.array([start]), "e": np.array([end]), "a": np.array([1]), "t": np.array([step])}
    check(graph_model([node("Slice", "x s e a t", "z"), node("Relu", "z")], (2, 6, 4, 5), arrays))


def test_flat_tensors_are_sliced_gathered_and_joined() -> None:
    nodes = [
        node("Flatten", "x", "f"),
        node("Slice", "f s e a", "g"),
        node("Gather", "f i", "h", axis=1),
        node("Concat", "g h f", axis=-1),
    ]
    check(graph_model(nodes, (2, 3, 2, 2), {"s": np.array([2]), "e": np.array([9]), "a": np.array([1]), "i": np.array([3, -1, 0])}))


def test_a_shortcut_of_zeros_and_every_other_pixel() -> None:
    """Option A of the first residual networks: x[:, :, ::2, ::2] between channels of zeros."""
    pads = [0, 1, 0, 0, 0, 2, 0, 0]
    nodes = [node("Slice", "x s e a t", "h"), node("Pad", "h p")]
    arrays = {"s": np.array([0, 0]), "e": np.array([1 << 62, 5]), "a": np.array([2, 3]), "t": np.array([2, 3]), "p": np.array(pads)}
    check(graph_model(nodes, (2, 3, 5, 5), arrays))
    check(graph_model([node("Slice", "x s e a t"), node("Relu", "y", "z")], (2, 3, 7), {"s": [0], "e": [7], "a": [2], "t": [3]}))


def test_single_channels_are_taken_and_joined() -> None:
    """What torchvision's GoogLeNet does to its input."""
    nodes = [node("Gather", "x one", "a", axis=1), node("Unsqueeze", "a axis", "b"), node("Mul", "b two", "c"), node("Concat", "c x", axis=1)]
    check(graph_model(nodes, (2, 3, 4, 5), {"one": np.array(1), "axis": np.array([1]), "two": np.float32(2)}))


def test_a_shuffle_is_one_selection() -> None:
    nodes = [
        node("Relu", "x", "r"),
        node("Reshape", "r five", "p"),
        node("Transpose", "p", "q", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "q four", "s"),
        node("Conv", "s w"),
    ]
    network = check(graph_model(nodes, (2, 6, 4, 5), {"five": np.array([0, 3, 2, 4, 5]), "four": np.array([0, -1, 4, 5]), "w": normal(2, 6, 1, 1)}))
    assert [type(node) for node in network.nodes] == [Activation, Select, Conv]


def test_elementwise_operators_act_within_a_shuffle() -> None:
    nodes = [
        node("Reshape", "x five", "p"),
        node("Mul", "p c", "m"),
        node("Transpose", "m", "q", perm=[0, 2, 1, 3, 4]),
        node("Add", "q d", "n"),
        node("Reshape", "n four", "s"),
        node("Relu", "s"),
    ]
    arrays = {"five": np.array([0, 3, 2, 4, 5]), "four": np.array([0, -1, 4, 5]), "c": normal(3, 2, 1, 1), "d": normal(3, 1, 1)}
    check(graph_model(nodes, (2, 6, 4, 5), arrays))


@pytest.mark.parametrize("opset", [9, 11, 17])
def test_padding_moves_into_its_readers(opset: int) -> None:
    pads = [0, 0, 1, 2, 0, 0, 0, 1]
    pad = node("Pad", "x", "p", pads=pads) if opset < 11 else node("Pad", "x pads", "p")
    nodes = [pad, node("Conv", "p w", "c", pads=[1, 0, 0, 1]), node("Conv", "p v", "d", pads=[1, 0, 0, 1]), node("Add", "c d")]
    arrays = {"w": normal(2, 3, 3, 3), "v": normal(2, 3, 3, 3)} | ({} if opset < 11 else {"pads": np.array(pads)})
    network = check(graph_model(nodes, (2, 3, 4, 5), arrays, opset))
    convs = [node for node in network.nodes if isinstance(node, Conv)]
    assert [node.padding for node in convs] == [(2, 2, 0, 2)] * 2 and len(network.nodes) == 3


def test_padding_stays_where_a_reader_cannot_take_it() -> None:
    nodes = [node("Pad", "x pads", "p"), node("Conv", "p w", "c", pads=[1, 1, 1, 1]), node("MaxPool", "p", "m", kernel_shape=[1, 1]), node("Add", "c m")]
    network = check(graph_model(nodes, (2, 3, 4, 5), {"w": normal(3, 3, 3, 3), "pads": np.array([0, 0, 1, 2, 0, 0, 0, 1])}))
    assert sum(isinstance(node, Pad) for node in network.nodes) == 1


def test_padding_with_axes() -> None:
    arrays = {"pads": np.array([1, 0, 2, 3]), "axes": np.array([-1, 2])}
    check(graph_model([node("Pad", "x pads  axes")], (2, 3, 4, 5), arrays, opset=18))


@pytest.mark.parametrize("mode", ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"])
@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
@pytest.mark.parametrize("factor", [2, 3])
def test_nearest_neighbours(mode: str, nearest: str, factor: int) -> None:
    settings = {"coordinate_transformation_mode": mode, "nearest_mode": nearest}
    model = graph_model([node("Resize", "x  scales", **settings)], (1, 2, 3, 4), {"scales": np.array([1, 1, factor, 1], np.float32)}, opset=19)
    x = np.random.default_rng(0).normal(0, 1, (1, 2, 3, 4)).astype(np.float32)
    repeats = np.array_equal(by_onnxruntime(model, x), x.repeat(factor, axis=2))
    if repeats:
        check(model)
    else:
        with pytest.raises(SumtileError, match="without repeating its pixels"):
            import_model(model)


@pytest.mark.parametrize("opset", [7, 9, 10, 13])
def test_the_spellings_of_an_enlargement(opset: int) -> None:
    scales = [1.0, 1.0, 2.0, 3.0]
    if opset == 7:
        model = graph_model([node("Upsample", "x", scales=scales)], (2, 3, 4, 5), opset=7)
    elif opset < 13:
        model = graph_model([node("Upsample" if opset == 9 else "Resize", "x scales")], (2, 3, 4, 5), {"scales": np.array(scales, np.float32)}, opset)
    else:
        model = graph_model([node("Resize", "x   sizes")], (2, 3, 4, 5), {"sizes": np.array([2, 3, 8, 15])}, opset)
    check(model)


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_sizes_that_only_bound_an_enlargement_are_refused(policy: str) -> None:
    settings = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor", "keep_aspect_ratio_policy": policy}
    model = graph_model([node("Resize", "x   sizes", **settings)], (1, 2, 4, 4), {"sizes": np.array([1, 2, 8, 12])}, 18)
    if policy == "stretch":
        check(model)
    else:
        with pytest.raises(SumtileError, match="one factor for all axes"):
            import_model(model)


@pytest.mark.parametrize(("opset", "axis"), [(11, 1), (11, None), (13, 1), (13, -3)])
def test_softmax_over_channels(opset: int, axis: int | None) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check(graph_model([node("Softmax", "x", **attributes)], (2, 6, 1, 1), opset=opset))


def test_normalization_over_channels() -> None:
    check(graph_model([node("LRN", "x", size=5, alpha=0.1, beta=0.6, bias=1.5)], (2, 6, 4, 5)))
