# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Shared kernels: the identities of the decomposition, the rules of pruning, signs and 8 bits, and bases in a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Bases, Conv, Network, channel_groups, reorder_channels
from sumtile.network.bases import decompose, fitted_delta, prune, round_basis, ternarize
from sumtile.network.compression import decompose_network, is_decomposable, layer_costs, map_bases, with_bases
from sumtile.network.graph import INPUT, Preprocess
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network, save_network
from tests.support.networks import conv, lenet, random_images, resnet

SHAPES = [(7, 5, 3, 3), (4, 3, 5, 5), (1, 1, 3, 3), (2, 2, 3, 1), (3, 1, 1, 7), (16, 16, 2, 3)]


def kernels(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.3, shape).astype(np.float32)


def ternary_bases(seed: int, outputs: int = 6, inputs: int = 9, rank: int = 4) -> Bases:
    return ternarize(prune(decompose(kernels((outputs, inputs, 3, 3), seed), rank)))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_full_rank_is_exact(shape: tuple[int, ...]) -> None:
    weight = kernels(shape)
    bases = decompose(weight, shape[2] * shape[3])
    assert bases.rank == min(shape[0] * shape[1], shape[2] * shape[3])
    np.testing.assert_allclose(bases.compose(), weight, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_error_is_what_the_left_out_singular_values_say(shape: tuple[int, ...]) -> None:
    weight = kernels(shape)
    values = np.linalg.svd(weight.reshape(shape[0] * shape[1], -1), compute_uv=False)
    for rank in range(1, len(values) + 1):
        bases = decompose(weight, rank)
        assert bases.basis.shape == (rank, *shape[2:]) and bases.coefficients.shape == (*shape[:2], rank)
        np.testing.assert_allclose(bases.basis.reshape(rank, -1) @ bases.basis.reshape(rank, -1).T, np.eye(rank), atol=1e-5)
        np.testing.assert_allclose(((bases.compose() - weight) ** 2).sum(), (values[rank:] ** 2).sum(), atol=1e-5)


def test_no_other_basis_is_better() -> None:
    weight, random = kernels((8, 8, 3, 3)), np.random.default_rng(1)
    best = ((decompose(weight, 3).compose() - weight) ** 2).sum()
    rows = weight.reshape(64, 9)
    for _ in range(50):
        other = np.linalg.qr(random.normal(0, 1, (9, 3)))[0]
        assert ((rows @ other @ other.T - rows) ** 2).sum() > best


def test_the_reorganised_convolution_is_the_direct_one() -> None:
    """Combining input maps first and convolving by shared kernels then gives what the composed kernels give (ESCALATE, section 3)."""
    random, bases = np.random.default_rng(2), round_basis(ternary_bases(2))
    x = random.integers(0, 16, (1, 9, 7, 6)).astype(np.float32)
    whole = replace(bases, scale=np.ones_like(bases.scale))  # integers, so that the order of sums does not matter
    preprocess = Preprocess(7, 6, (0.0,) * 9, (1.0,) * 9)
    direct = run_float(Network("direct", preprocess, [Conv("y", (INPUT,), whole.compose(), padding=(1, 1, 1, 1))]), x)["y"]
    combined = np.einsum("ncm,ichw->inmhw", whole.coefficients.astype(np.int64), x.astype(np.int64))
    padded = np.pad(combined, ((0, 0),) * 3 + ((1, 1),) * 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(3, 4))
    assert np.array_equal(np.einsum("inmhwyx,myx->inhw", windows, whole.basis.astype(np.int64)), direct)


def test_pruning_by_deviations() -> None:
    bases = decompose(kernels((8, 8, 3, 3)), 5)
    pruned = prune(bases, 1.5)
    limit = 1.5 * bases.coefficients.astype(np.float64).std()
    small = np.abs(bases.coefficients) < limit
    assert 0.5 < small.mean() < 1 and not pruned.coefficients[small].any()
    assert np.array_equal(pruned.coefficients[~small], bases.coefficients[~small]) and prune(bases, 0.0).nonzeros == bases.nonzeros


@pytest.mark.parametrize("delta", [0.0, 0.3, 0.9])
def test_signs_and_their_scales(delta: float) -> None:
    bases = decompose(kernels((5, 12, 3, 3)), 4)
    found = ternarize(bases, delta)
    limit = delta * np.abs(bases.coefficients).max()
    for n in range(5):
        for m in range(4):
            column = bases.coefficients[n, :, m]
            assert np.array_equal(found.coefficients[n, :, m], np.sign(column) * (np.abs(column) > limit))
            kept = np.abs(column)[np.abs(column) > limit]
            np.testing.assert_allclose(found.scale[n, m], kept.mean() if len(kept) else 0, rtol=1e-5)
    found.check("layer")


@pytest.mark.parametrize("seed", range(10))
def test_the_fitted_threshold_is_the_best_of_its_grid(seed: int) -> None:
    bases = decompose(np.random.default_rng(seed).laplace(0, 1, (6, 10, 3, 3)), 5)

    def error(delta: float) -> float:
        found = ternarize(bases, delta)
        return float(((found.coefficients * found.scale[:, None] - bases.coefficients) ** 2).sum())

    delta = fitted_delta(np.abs(bases.coefficients))
    assert error(delta) <= min(error(other / 100) for other in range(96)) * (1 + 1e-5)
    assert np.array_equal(ternarize(bases).coefficients, ternarize(bases, delta).coefficients)


def test_a_basis_of_8_bits() -> None:
    bases = ternary_bases(4)
    rounded = round_basis(bases)
    assert rounded.basis.dtype == np.int8 and np.abs(rounded.basis).max(axis=(1, 2)).tolist() == [127] * 4
    step = np.abs(bases.basis).max(axis=(1, 2)) / 127
    restored = rounded.basis * (rounded.scale / np.where(bases.scale > 0, bases.scale, 1))[bases.scale.min(axis=1).argmax()][:, None, None]
    assert (np.abs(restored - bases.basis) <= 0.5001 * step[:, None, None]).all()
    assert np.array_equal(round_basis(replace(bases, basis=0 * bases.basis)).compose(), 0 * bases.compose())


def test_unused_kernels_go() -> None:
    bases = ternary_bases(5)
    bases.coefficients[:, :, [0, 2]] = 0
    smaller = bases.without_unused()
    assert smaller.rank == 2 and np.array_equal(smaller.compose(), bases.compose())
    bases.coefficients[...] = 0
    assert bases.without_unused().rank == 1 and not bases.without_unused().compose().any()


def test_what_is_decomposed() -> None:
    random = np.random.default_rng(0)
    shapes = {"3x3": (4, 8, 3, 3), "1x1": (4, 8, 1, 1), "few": (4, 7, 3, 3), "column": (4, 8, 3, 1)}
    nodes = {name: conv(name, INPUT, shape, random) for name, shape in shapes.items()}
    assert {name: is_decomposable(node) for name, node in nodes.items()} == {"3x3": True, "1x1": False, "few": False, "column": True}
    assert not is_decomposable(conv("adder", INPUT, (4, 8, 3, 3), random, "adder")) and not is_decomposable(conv("groups", INPUT, (16, 8, 3, 3), random, groups=2))


def compressed(rank: int = 4) -> Network:
    """A residual network with ordinary convolutions, of which those with enough inputs have ternary coefficients."""
    network = resnet(3)
    nodes = [replace(node, operator="mac") if isinstance(node, Conv) else node for node in network.nodes]
    decomposed = decompose_network(replace(network, nodes=nodes), rank)
    assert sorted(decomposed.bases) == ["conv2", "conv3"]
    return map_bases(decomposed, lambda bases: round_basis(ternarize(prune(bases))))


def test_a_network_of_full_rank_computes_the_same() -> None:
    network = compressed()
    plain = replace(network, bases={})
    x = network.preprocess.apply(random_images(network, 2, 1))
    expected, found = (run_float(each, x)[network.output] for each in (plain, decompose_network(plain, 9)))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_bases_in_a_file(tmp_path: Path) -> None:
    network = compressed()
    save_network(network, tmp_path / "network.npz")
    again = load_network(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz") as file:
        assert "conv2.coefficients" in file.files and "conv2.weight" not in file.files and "conv1.weight" in file.files
    for name, bases in network.bases.items():
        assert all(np.array_equal(getattr(again.bases[name], part), getattr(bases, part)) for part in ("basis", "coefficients", "scale"))
        assert np.array_equal(again.node(name).weight, network.node(name).weight)  # type: ignore[attr-defined]


def test_bases_follow_their_layers_channels() -> None:
    network, random = compressed(), np.random.default_rng(1)
    orders = {group.name: random.permutation(group.channels) for group in channel_groups(network) if not group.pinned}
    moved = reorder_channels(network, orders)
    moved.check()
    assert any(not np.array_equal(moved.bases[name].coefficients, network.bases[name].coefficients) for name in network.bases)
    x = network.preprocess.apply(random_images(network, 2, 1))
    expected, found = (run_float(each, x)[network.output] for each in (network, moved))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_bases_that_do_not_fit() -> None:
    network = compressed()
    bases = network.bases["conv2"]
    for wrong, sentence in [
        (replace(bases, scale=bases.scale[:, :2]), "of shapes"),
        (replace(bases, coefficients=2 * bases.coefficients), "integer coefficients from -2 to 2"),
        (replace(bases, scale=bases.scale.astype(np.float64)), "of int8, int8 and float64"),
        (replace(bases, scale=1.5 * bases.scale), "the weights of node 'conv2' are not those that its bases compose"),
    ]:
        with pytest.raises(SumtileError, match=sentence):
            replace(network, bases={"conv2": wrong}).check()
    with pytest.raises(SumtileError, match="no ordinary convolution"):
        replace(network, bases={"relu2": bases}).check()
    with pytest.raises(SumtileError, match="into 0 shared ones; give 1 to 9"):
        decompose(kernels((2, 2, 3, 3)), 0)


def test_the_cost_of_a_layer() -> None:
    network = lenet(0, size=12)
    costs = {cost.name: cost for cost in layer_costs(network, weight_bits=8)}
    assert (costs["conv1"].multiplications, costs["conv1"].additions) == (144 * 6 * 25,) * 2
    assert (costs["conv2"].multiplications, costs["conv2"].additions) == (0, 2 * 36 * 20 * 6 * 9)
    assert (costs["fc1"].flops, costs["fc1"].parameters, costs["fc1"].bytes) == (2 * 17 * 180, 17 * 181, 17 * 181)


def test_the_cost_of_composed_kernels() -> None:
    basis, coefficients = np.ones((2, 3, 3), np.int8), np.zeros((3, 8, 2), np.int8)
    coefficients[0, :5, 0], coefficients[1, 2] = 1, -1
    bases = Bases(basis, coefficients, np.ones((3, 2), np.float32))
    node = Conv("conv", (INPUT,), np.zeros((3, 8, 3, 3), np.float32), bias=np.zeros(3, np.float32), stride=(2, 2), padding=(1, 1, 1, 1))
    network = with_bases(Network("one", Preprocess(6, 6, (0.0,) * 8, (1.0,) * 8), [node]), {"conv": bases})
    (cost,) = layer_costs(network, weight_bits=8)
    products = 3 * 9 * 9  # three pairs of output and shared kernel, nine taps, nine output pixels
    assert (cost.multiplications, cost.additions) == (products, products + 7 * 36)
    assert (cost.parameters, cost.bits) == (7 + 18 + 3 + 3, 48 + 7 + 18 * 8 + 3 * 32 + 3 * 8)
    (floats,) = layer_costs(map_bases(network, lambda found: replace(found, coefficients=found.coefficients.astype(np.float32))))
    assert (floats.multiplications, floats.additions) == (products + 7 * 36, products + 7 * 36)
