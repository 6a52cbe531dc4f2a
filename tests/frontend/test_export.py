# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Networks written as ONNX files: read back they are the same, and onnxruntime computes the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import (
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
    Preprocess,
    Resize,
    Select,
    Softmax,
)
from sumtile.network.graph import INPUT
from sumtile.network.reference import run_float
from tests.support.networks import lenet, resnet

onnx = pytest.importorskip("onnx", reason="files are written with the onnx package; install sumtile[compile]")

from sumtile.frontend import export_model, export_onnx, import_model, import_onnx  # noqa: E402


def every_node(seed: int) -> Network:
    """A network with a node of every kind and every setting of the activations and pools."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(0, 0.5, shape).astype(np.float32)

    nodes: list[Node] = [
        Conv("conv", (INPUT,), normal(6, 3, 3, 2), "mac", normal(6), (2, 1), (1, 0, 2, 1), (1, 2)),
        BatchNorm("bn", ("conv",), normal(6), normal(6), normal(6), np.abs(normal(6)) + 0.5, 1e-3),
        Activation("relu6", ("bn",), high=6.0),
        Conv("deep", ("relu6",), normal(12, 1, 3, 3), padding=(1, 1, 1, 1), groups=6),
        PRelu("prelu", ("deep",), normal(12)),
        Select("shuffle", ("prelu",), random.permutation(12)),
        Select("half", ("shuffle",), np.array([3, 1, 1, 0, 7, 5])),
        Concat("both", ("half", "relu6")),
        Activation("leaky", ("both",), slope=0.25),
        Activation("bounded", ("leaky",), slope=0.5, low=-1.0, high=2.0),
        Activation("clip", ("bounded",), slope=1.0, low=-0.75, high=1.5),
        Pad("pad", ("clip",), (1, 0, 2, 3)),
        Pool("max", ("pad",), "max", (2, 3), (1, 2), (0, 1, 1, 0)),
        Pool("mean", ("max",), "average", (3, 2), (1, 1), (1, 0, 1, 1), count_padding=False),
        Pool("counted", ("mean",), "average", (3, 2), (2, 1), (1, 1, 1, 0)),
        Resize("large", ("counted",), (2, 3)),
        Conv("adder", ("large",), normal(5, 12, 3, 3), "adder", None, (2, 2), (1, 1, 0, 1)),
        Add("add", ("adder", "adder")),
        LocalResponseNorm("lrn", ("add",), 3, 0.01, 0.6, 2.0),
        Activation("same", ("lrn",), slope=1.0),
        Pool("top", ("same",), "max"),
        Pool("middle", ("same",), "average"),
        Concat("ends", ("top", "middle")),
        Flatten("flat", ("ends",)),
        Linear("hidden", ("flat",), normal(7, 10), normal(7)),
        PRelu("flat_prelu", ("hidden",), normal(7)),
        Linear("fc", ("flat_prelu",), normal(4, 7)),
        Softmax("softmax", ("fc",)),
    ]
    return Network("every", Preprocess(11, 9, (0.5, 0.25, 0.125), (0.5, 1.0, 2.0)), nodes, ("cat", "dog", "ü", "d'or"))


def check_same(network: Network, again: Network, *, on_grids: bool = False) -> None:
    size = network.preprocess
    x = np.random.default_rng(7).normal(0, 1, (2, size.channels, size.height, size.width)).astype(np.float32)
    expected = run_float(network, x, on_grids=on_grids)[network.output]
    np.testing.assert_allclose(run_float(again, x, on_grids=on_grids)[again.output], expected, rtol=1e-5, atol=1e-6)
    assert (again.preprocess, again.classes) == (network.preprocess, network.classes)


def check_value(found: object, value: object) -> None:
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("seed", range(4))
def test_every_node_comes_back(seed: int, tmp_path: Path) -> None:
    network = every_node(seed)
    export_onnx(network, tmp_path / "every.onnx")
    again = import_onnx(tmp_path / "every.onnx")
    check_same(network, again)
    assert again.name == "every" and {type(node) for node in again.nodes} == {type(node) for node in network.nodes}


@pytest.mark.parametrize("make", [lenet, resnet])
def test_a_network_comes_back_node_by_node(make: object, tmp_path: Path) -> None:
    network = make()  # type: ignore[operator]
    export_onnx(network, tmp_path / "network.onnx")
    again = import_onnx(tmp_path / "network.onnx")
    assert [(type(node), node.name, node.inputs) for node in again.nodes] == [(type(node), node.name, node.inputs) for node in network.nodes]
    for node, copy in zip(network.nodes, again.nodes):
        for name, value in vars(node).items():
            found = getattr(copy, name)
            np.testing.assert_array_equal(found, value.astype(np.float32)) if isinstance(value, np.ndarray) else check_value(found, value)
    check_same(network, again)


def test_what_is_standard_runs_in_onnxruntime() -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="it is the reference of this test")
    network = every_node(11)
    network.nodes[16] = dataclasses.replace(network.nodes[16], operator="mac")  # type: ignore[call-arg]
    model = export_model(network)
    onnx.checker.check_model(model, full_check=True)
    x = np.random.default_rng(7).normal(0, 1, (2, 3, 11, 9)).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it would move the zeros around a maximum into the pool
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {INPUT: x})
    np.testing.assert_allclose(run_float(network, x)[network.output], expected, rtol=1e-4, atol=1e-6)


def test_grids_come_back_and_qonnx_computes_the_same() -> None:
    pytest.importorskip("qonnx", reason="its executor is the reference of this test")
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    random = np.random.default_rng(2)
    weights, flat = Grid(4, True, True, np.array([0.25, 0.5, 0.125])), Grid(3, True, False, np.array(0.25))
    nodes: list[Node] = [
        Conv("conv", (INPUT,), weights.snap(random.normal(0, 1, (3, 2, 3, 3)), axis=0)),
        Activation("relu", ("conv",)),
        Flatten("flat", ("relu",)),
        Linear("fc", ("flat",), flat.snap(random.normal(0, 1, (4, 27)), axis=0)),
    ]
    grids = {INPUT: Grid(8, True, False, np.array(2.0**-5)), "conv.weight": weights, "relu": Grid(3, False, False, np.array(0.5)), "fc.weight": flat}
    network = Network("grids", Preprocess(5, 5, (0.0, 0.0), (1.0, 1.0)), nodes, grids=grids)
    model = export_model(network)
    again = import_model(model, name="grids")
    check_same(network, again, on_grids=True)
    assert set(again.grids) == set(grids)
    for name, grid in grids.items():
        found = again.grids[name]
        assert (found.bits, found.signed, found.narrow) == (grid.bits, grid.signed, grid.narrow)
        np.testing.assert_array_equal(found.scale, grid.scale)
    x = random.normal(0, 1, (1, 2, 5, 5)).astype(np.float32)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    wrapper = ModelWrapper(model).transform(InferShapes())
    expected = execute_onnx(wrapper, {INPUT: x})[wrapper.graph.output[0].name]
    np.testing.assert_array_equal(run_float(network, x, on_grids=True)[network.output], expected)


def test_adder_layers_of_torch_reach_onnx_and_come_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the layers are torch modules; install sumtile[train]")
    from sumtile.train.lenet import PREPROCESS, lenet5_adder
    from sumtile.train.zoo import Model
    from sumtile.train.zoo import export_model as export_module

    torch.manual_seed(4)
    module = lenet5_adder(7).eval()
    export_module(Model("adder", module, PREPROCESS, tuple("abcdefg")), tmp_path / "adder.onnx")
    network = import_onnx(tmp_path / "adder.onnx")
    assert [node.padding for node in network.nodes if isinstance(node, Conv) and node.operator == "adder"] == [(1, 1, 1, 1)] * 2
    assert (network.preprocess, network.classes) == (PREPROCESS, tuple("abcdefg"))
    x = torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        expected = module(x).numpy()
    np.testing.assert_allclose(run_float(network, x.numpy())[network.output], expected, rtol=1e-4, atol=1e-4 * float(np.abs(expected).max()))
    export_onnx(network, tmp_path / "again.onnx")
    check_same(network, import_onnx(tmp_path / "again.onnx"))


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="cannot be written .*; choose another place.$"):
        export_onnx(lenet(), tmp_path / "absent" / "network.onnx")
