# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Compression by shared kernels: the layer, the way to torch and back, the stages, and the command."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Activation, Network
from sumtile.network.bases import decompose, prune
from sumtile.network.compression import decompose_network, layer_costs
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network, save_network
from tests.network.test_bases import compressed
from tests.support.networks import lenet, random_images

torch = pytest.importorskip("torch", reason="training needs torch; install sumtile[train]")

from sumtile.train import Settings, lenet5, to_network, train  # noqa: E402
from sumtile.train.graph import GraphModule  # noqa: E402
from sumtile.train.lenet import PREPROCESS  # noqa: E402
from sumtile.train.penni.__main__ import main  # noqa: E402
from sumtile.train.penni.layer import BasisConv2d  # noqa: E402
from sumtile.train.penni.stages import Compression, Stage, compress  # noqa: E402
from tests.train.test_training import stripes  # noqa: E402

QUICK = Settings(batch=16, rate=0.02, threads=1)
SHORT = Compression(rank=4, retrain=3, turn=1, tune=1, ternary=2)


@pytest.fixture(scope="module")
def dense() -> Network:
    model = train(functools.partial(lenet5, 2), stripes(256, 1), PREPROCESS, replace(QUICK, epochs=2, rate=0.1))
    return to_network(model, "stripes", PREPROCESS, ("horizontal", "vertical"))


def outputs(network: Network, x: np.ndarray) -> np.ndarray:
    return run_float(network, x)[network.output]


@pytest.mark.parametrize("rank", [None, 9, 4])
def test_a_network_as_a_module_and_back(rank: int | None) -> None:
    network = compressed() if rank is None else decompose_network(replace(compressed(), bases={}), rank)
    x = network.preprocess.apply(random_images(network, 3, 1))
    module = GraphModule(network).eval()
    with torch.inference_mode():
        found = module(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, outputs(network, x), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(outputs(module.network(), x), outputs(network, x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_layer_computes_what_it_exports(seed: int) -> None:
    layer = BasisConv2d(prune(decompose(np.random.default_rng(seed).laplace(0, 0.1, (12, 10, 3, 3)), 4)))
    for quantize in (False, True):
        if quantize:
            layer.quantize()
        bases = layer.bases()
        assert bases.is_ternary == quantize == (bases.basis.dtype == np.int8)
        np.testing.assert_allclose(layer().detach().numpy(), bases.compose(), atol=1e-6)


def test_pruned_coefficients_stay_zero_and_signs_let_gradients_through() -> None:
    layer = BasisConv2d(prune(decompose(np.random.default_rng(1).normal(0, 0.1, (6, 8, 3, 3)), 4)))
    zeros = layer.mask == 0
    layer.quantize()
    optimizer = torch.optim.SGD(layer.parameters(), 0.1, 0.9, weight_decay=1e-3)
    for _ in range(5):
        optimizer.zero_grad()
        (layer() - 1).square().sum().backward()
        assert not layer.coefficients.grad[zeros].any() and layer.coefficients.grad[~zeros].all()
        optimizer.step()
    assert not layer.bases().coefficients[zeros.numpy()].any()


def test_coefficients_and_basis_learn_in_turns(dense: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Network] = []
    compress(dense, stripes(64, 1), replace(SHORT, retrain=1, tune=0, ternary=0), QUICK, done=lambda stage: seen.append(stage.network))
    before, after = (network.bases["conv3"] for network in seen[:2])
    assert np.array_equal(before.basis, after.basis) and not np.array_equal(before.coefficients, after.coefficients)
    seen.clear()
    compress(dense, stripes(64, 1), replace(SHORT, retrain=2, tune=0, ternary=0), QUICK, done=lambda stage: seen.append(stage.network))
    assert not np.array_equal(seen[0].bases["conv3"].basis, seen[1].bases["conv3"].basis)


def test_the_l1_norm_makes_coefficients_smaller(dense: Network) -> None:
    norms = []
    for gamma in (0.0, 1.0):
        seen: list[Network] = []
        compress(dense, stripes(128, 1), replace(SHORT, gamma=gamma, tune=0, ternary=0), QUICK, done=lambda stage, seen=seen: seen.append(stage.network))
        norms.append(sum(np.abs(bases.coefficients).sum() for bases in seen[1].bases.values()))
    assert norms[1] < 0.9 * norms[0]


def test_a_compression_as_a_whole(dense: Network) -> None:
    epochs, stages = [], list[Stage]()
    small = compress(dense, stripes(256, 1), SHORT, QUICK, epochs.append, stages.append)
    data = stripes(200, 2)
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 1, 1, 2] and [stage.words.split()[0] for stage in stages] == ["decomposed", "retrained", "pruned", "tuned", "made"]
    assert (outputs(small, PREPROCESS.apply(data.images)).argmax(axis=1) == data.labels).mean() > 0.9
    assert sorted(small.bases) == ["conv2", "conv3"] and all(bases.is_ternary and bases.basis.dtype == np.int8 for bases in small.bases.values())
    costs = [sum(cost.flops for cost in layer_costs(network)) for network in (dense, *(stage.network for stage in stages))]
    assert costs[5] <= costs[4] < 0.6 * costs[0]


def test_the_same_seed_gives_the_same_network(dense: Network) -> None:
    first, again = (compress(dense, stripes(48, 1), replace(SHORT, retrain=1, tune=0, ternary=1), QUICK) for _ in range(2))
    for name, bases in first.bases.items():
        assert all(np.array_equal(getattr(again.bases[name], part), getattr(bases, part)) for part in ("basis", "coefficients", "scale"))


def test_what_cannot_be_compressed(dense: Network) -> None:
    with pytest.raises(SumtileError, match="node 'conv2' is an adder layer"):
        GraphModule(lenet())
    with pytest.raises(SumtileError, match="there is nothing to decompose"):
        compress(replace(dense, nodes=[node for node in dense.nodes if node.name == "conv1"]), stripes(64, 1), SHORT, QUICK)
    with pytest.raises(SumtileError, match="rank=0 was asked for; give at least 1"):
        Compression(rank=0)
    with pytest.raises(SumtileError, match="tune=-1 was asked for; give 0 or more"):
        Compression(tune=-1)


@pytest.mark.parametrize(("slope", "low", "high"), [(0.0, None, 6.0), (0.125, None, None), (1.0, -1.0, 1.0), (0.0, None, None)])
def test_activations_as_modules(slope: float, low: float | None, high: float | None, dense: Network) -> None:
    network = replace(dense, nodes=[dense.nodes[0], Activation("clip", ("conv1",), slope, high, low)])
    x = PREPROCESS.apply(stripes(4, 1).images)
    with torch.inference_mode():
        np.testing.assert_allclose(GraphModule(network).eval()(torch.from_numpy(x)).numpy(), outputs(network, x), atol=1e-5)


def test_the_command(dense: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = stripes(200, 4)
    np.savez(tmp_path / "stripes.npz", x=data.images, y=data.labels, classes=np.array(data.classes))
    save_network(dense, tmp_path / "dense.npz")
    arguments = [str(tmp_path / "dense.npz"), "--dataset", str(tmp_path / "stripes.npz"), "--retrain", "1", "--tune", "0", "--ternary", "1"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "network 'stripes' as it was: " in printed and "of the FLOPs" in printed and "| conv3 | " in printed and "of 200 test images right" in printed
    found = load_network(tmp_path / "dense_penni.npz")
    assert found.name == "stripes-penni" and sorted(found.bases) == ["conv2", "conv3"]
    assert main([str(tmp_path / "absent.npz")]) == 1
    assert "error: " in capsys.readouterr().err
