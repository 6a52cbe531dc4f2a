# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""QONNX models: what the qonnx package's own executor computes, our reading reproduces on the grids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Activation, Grid, Network
from sumtile.network.reference import run_float

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")
qonnx = pytest.importorskip("qonnx", reason="its executor is the reference of these tests")

from onnx import helper  # noqa: E402
from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.core.onnx_exec import execute_onnx  # noqa: E402
from qonnx.transformation.infer_shapes import InferShapes  # noqa: E402

from sumtile.frontend import import_model, import_onnx  # noqa: E402
from sumtile.frontend.qonnx import DOMAINS  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402

PACKAGED = Path(qonnx.__file__).parent / "data" / "onnx"

REFUSED = {
    "bsd300x3-espcn/subpixel/float_model.onnx": "(DepthToSpace) is an operator that no layer",
    "bsd300x3-espcn/subpixel/quant_model.onnx": "(DepthToSpace) is an operator that no layer",
    "floatquant_exec/qonnx_act_weight_fp8.onnx": "floating-point numbers of a few bits",
    "matmul_update/sdp.onnx": "the model has 3 inputs",
}


def executed(model: Any, x: np.ndarray) -> np.ndarray:
    """The output by qonnx's own executor."""
    wrapper = ModelWrapper(model).transform(InferShapes())
    result: np.ndarray = execute_onnx(wrapper, {wrapper.graph.input[0].name: x})[wrapper.graph.output[0].name]
    return result


def quant(x: str, y: str, bits: int, scale: str, *, domain: str = DOMAINS[0], op: str = "Quant", **attributes: Any) -> Any:
    given = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | attributes
    return helper.make_node(op, [x, scale, "zero", f"bits{bits}"], [y], domain=domain, **given)


def arrays(*widths: int, **values: Any) -> dict[str, np.ndarray]:
    constants = {"zero": np.zeros(1), **{f"bits{bits}": np.array([bits]) for bits in widths}, **values}
    return {name: np.asarray(value, np.float32) for name, value in constants.items()}


@pytest.mark.parametrize("path", sorted(PACKAGED.rglob("*.onnx")), ids=lambda path: path.relative_to(PACKAGED).as_posix())
def test_a_packaged_model_is_reproduced_or_refused(path: Path) -> None:
    reason = REFUSED.get(path.relative_to(PACKAGED).as_posix())
    if reason is not None:
        with pytest.raises(SumtileError) as refusal:
            import_onnx(path)
        assert reason in str(refusal.value)
        return
    network = import_onnx(path)
    size = network.preprocess
    x = np.random.default_rng(1).integers(0, 256, (1, size.channels, size.height, size.width)).astype(np.float32)  # one of the models asks for integers
    expected, found = executed(str(path), x), run_float(network, x, on_grids=True)[network.output]
    grid = network.grids.get(network.output)
    wrong = np.abs(found - expected) > 1e-5 * np.abs(expected).max()
    assert found.shape == expected.shape and wrong.mean() < 1e-3, f"{wrong.sum()} of {wrong.size} values differ"
    # Sums in another order land on the other side of a tie here and there: one step apart.
    step = 0 if grid is None else 1.01 * float(grid.scale.max())
    assert np.abs(found - expected).max() <= step + 1e-5 * np.abs(expected).max()


def test_the_weights_of_a_packaged_model_lie_on_their_grids() -> None:
    network = import_onnx(PACKAGED / "bsd300x3-espcn" / "nn_resize" / "quant_model.onnx")
    weights = {name: grid for name, grid in network.grids.items() if name.endswith(".weight")}
    assert len(weights) == 4 and len(network.grids) == 9
    for name, grid in weights.items():
        weight = network.node(name.removesuffix(".weight")).weight  # type: ignore[attr-defined]
        np.testing.assert_array_equal(grid.snap(weight, axis=0), weight)


def two_layers(domain: str) -> Any:
    """Quantized input, convolution with a scale a filter, ReLU, and a transposed quantized matrix."""
    random = np.random.default_rng(3)
    nodes = [
        quant("x", "xq", 8, "sx", domain=domain),
        quant("w", "wq", 4, "sw", domain=domain, narrow=1),
        helper.make_node("Conv", ["xq", "wq"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        quant("r", "rq", 3, "sr", domain=domain, signed=0),
        helper.make_node("Flatten", ["rq"], ["f"]),
        quant("m", "mq", 6, "sm", domain=domain),
        helper.make_node("Transpose", ["mq"], ["mt"], perm=[1, 0]),
        helper.make_node("MatMul", ["f", "mt"], ["y"], name="fc"),
    ]
    scales = {"sx": 2.0**-5, "sw": 2.0 ** random.integers(-4, -1, (3, 1, 1, 1)), "sr": [0.25], "sm": 2.0 ** random.integers(-5, -3, (4, 1))}
    values = arrays(3, 4, 6, 8, w=random.normal(0, 0.5, (3, 2, 3, 3)), m=random.normal(0, 0.3, (4, 60)), **scales)
    return graph_model(nodes, (1, 2, 4, 5), values, domains=(domain,))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_three_domains_are_reproduced_exactly(domain: str) -> None:
    model = two_layers(domain)
    network = import_model(model)
    x = np.random.default_rng(5).normal(0, 1, (1, 2, 4, 5)).astype(np.float32)
    # All scales are powers of two, so that every sum is exact in whatever order.
    np.testing.assert_array_equal(run_float(network, x, on_grids=True)[network.output], executed(model, x))
    assert set(network.grids) == {"input", "conv.weight", "relu", "fc.weight"}
    assert network.grids["conv.weight"].scale.shape == (3,) and network.grids["fc.weight"].scale.shape == (4,)
    assert (network.grids["relu"].bits, network.grids["relu"].signed, network.grids["conv.weight"].narrow) == (3, False, True)


def run(*nodes: Any, values: dict[str, np.ndarray], shape: tuple[int, ...] = (1, 2, 3, 3), domain: str = DOMAINS[0]) -> tuple[Network, Any]:
    model = graph_model(list(nodes), shape, values, domains=(domain,))
    return import_model(model), model


def test_other_readers_of_a_tensor_see_it_as_it_was() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        quant("r", "q", 2, "s", signed=0),
        helper.make_node("Identity", ["r"], ["same"]),
        helper.make_node("Add", ["q", "same"], ["y"]),
    ]
    network, model = run(*nodes, values=arrays(2, s=0.5))
    assert [type(node) for node in network.nodes[:2]] == [Activation, Activation] and list(network.grids) == [network.nodes[1].name]
    x = np.random.default_rng(2).normal(0, 1, (1, 2, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(run_float(network, x, on_grids=True)[network.output], executed(model, x))


def test_scales_a_channel_follow_the_axis_of_the_channels() -> None:
    network, model = run(quant("x", "q", 4, "s"), helper.make_node("Relu", ["q"], ["y"]), values=arrays(4, s=np.array([0.25, 2.0]).reshape(1, 2, 1, 1)))
    np.testing.assert_array_equal(network.grids["input"].scale, [0.25, 2])
    x = np.random.default_rng(2).normal(0, 4, (1, 2, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(run_float(network, x, on_grids=True)[network.output], executed(model, x))


@pytest.mark.parametrize("op", ["Quant", "BipolarQuant"])
def test_weights_of_one_bit_become_signs(op: str) -> None:
    binary = quant("w", "wq", 1, "s") if op == "Quant" else helper.make_node(op, ["w", "s"], ["wq"], domain=DOMAINS[0])
    network, model = run(binary, helper.make_node("Conv", ["x", "wq"], ["y"], name="conv"), values=arrays(1, s=0.5, w=[[[[0.1]], [[-3]]], [[[0]], [[7]]]]))
    np.testing.assert_array_equal(network.node("conv").weight.ravel(), [0.5, -0.5, 0.5, 0.5])  # type: ignore[attr-defined]
    grid = network.grids["conv.weight"]
    assert (grid.bits, grid.low, grid.high) == (2, -1, 1)
    x = np.random.default_rng(2).normal(0, 1, (1, 2, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(run_float(network, x, on_grids=True)[network.output], executed(model, x))


REFUSALS = {
    "zero point": (quant("x", "y", 4, "s"), arrays(4, s=1) | {"zero": np.ones(1, np.float32)}, "has a zero point of 1"),
    "rounding": (quant("x", "y", 4, "s", rounding_mode="FLOOR"), arrays(4, s=1), "rounds by 'FLOOR'"),
    "half a bit": (quant("x", "y", 4, "s"), arrays(4, s=1) | {"bits4": np.array(2.5, np.float32)}, "rounds to 2.5 bits"),
    "endless bits": (quant("x", "y", 4, "s"), arrays(4, s=1) | {"bits4": np.array(np.inf, np.float32)}, "rounds to inf bits"),
    "signs": (quant("x", "y", 1, "s"), arrays(1, s=1), "keeps only the signs"),
    "scale": (quant("x", "y", 4, "s"), arrays(4, s=-1), "a scale that is not positive"),
    "scale of pixels": (quant("x", "y", 4, "s"), arrays(4, s=np.ones((1, 1, 3, 1)) * [[[[1], [2], [3]]]]), "a constant of one value a channel"),
    "thresholds": (helper.make_node("MultiThreshold", ["x", "s"], ["y"], domain=DOMAINS[2]), arrays(s=1), "thresholds instead of rounding"),
    "trunc": (helper.make_node("Trunc", ["x", "s", "s", "s", "s"], ["y"], domain=DOMAINS[2]), arrays(s=1), "drops the lowest bits"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_no_grid_is_refused(case: str) -> None:
    node, values, reason = REFUSALS[case]
    with pytest.raises(SumtileError, match=rf"^node 'y' \({node.op_type}\) .*{reason}.*\.$"):
        run(node, values=values, domain=node.domain)


def test_scales_within_a_filter_are_refused() -> None:
    nodes = [quant("w", "wq", 4, "s"), helper.make_node("Conv", ["x", "wq"], ["y"])]
    with pytest.raises(SumtileError, match="scales of shape"):
        run(*nodes, values=arrays(4, w=np.ones((2, 2, 1, 1)), s=np.array([[[[1]], [[2]]]])))


def test_a_grid_rounds_to_even_and_saturates() -> None:
    grid = Grid(3, True, True, np.array([0.5, 1.0]))
    np.testing.assert_array_equal(grid.snap(np.array([[0.25, 2.5], [0.75, -9.0]]), axis=1), [[0, 2], [1, -3]])
    assert (Grid(3, False, True, np.ones(())).high, Grid(3, True, False, np.ones(())).low) == (6, -4)
