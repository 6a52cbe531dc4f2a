# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of basis kernels: the order of computation, the bytes of their tiles, and what the array refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.support.overlays import ENGINES

from sumtile.csim import load_kernel, simulate_layer
from sumtile.errors import SumtileError
from sumtile.kernels.basis import compose, join_weights, most_mask_tiles, pack_basis_weights, split_weights
from sumtile.kernels.cases import fill_case, random_case
from sumtile.kernels.golden import accumulate, run_layer
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.tiling import tile

ENGINE = ENGINES["basis"].engine
LAYER = Layer("basis", MapShape(6, 7, 20), 9, (3, 3), padding=(1, 1, 1, 1), bases=2)


@pytest.mark.parametrize("seed", range(60))
def test_channels_first_is_direct_convolution_with_the_composed_kernels(seed: int) -> None:
    """Each basis kernel on its own sum of maps, all in integers, equals the dense layer of the kernels that they stand for."""
    case = random_case(ENGINE, "basis", seed)
    layer = case.layer
    coefficients, bases = split_weights(layer, case.weights)
    summed = np.einsum("nmc,yxc->nmyx", coefficients, case.features)
    found = np.zeros((layer.conv.height, layer.conv.width, layer.channels), np.int64)
    for output in range(layer.channels):
        for base in range(layer.bases):
            plane = replace(layer, operator="mac", channels=1, ifm=MapShape(layer.ifm.height, layer.ifm.width, 1), bases=0, mask_tiles=1)
            found[:, :, output] += accumulate(plane, summed[output, base][:, :, None], bases[output, base][None, :, :, None])[:, :, 0]
    direct = accumulate(replace(layer, operator="mac", bases=0, mask_tiles=1), case.features, compose(layer, case.weights))
    assert np.array_equal(found, direct), f"random_case(ENGINE, 'basis', {seed})"
    assert np.array_equal(accumulate(layer, case.features, case.weights), direct)


def test_nine_bases_are_any_kernel() -> None:
    """Basis kernels of one tap each, with coefficients -1, 0 and 1: an ordinary ternary layer."""
    rng = np.random.default_rng(0)
    dense = rng.integers(-1, 2, (9, 3, 3, 20))
    layer = replace(LAYER, bases=9)
    weights = join_weights(dense.reshape(9, 9, 20), np.broadcast_to(np.eye(9, dtype=np.int64).reshape(9, 3, 3), (9, 9, 3, 3)))
    assert weights.shape == layer.weight_shape
    assert np.array_equal(compose(layer, weights), dense)


@pytest.mark.parametrize("density", [0.0, 1.0])
@pytest.mark.parametrize("types", ["native", "vendor"])
def test_no_coefficient_and_all_of_them_on_dense_features(types: str, density: float) -> None:
    overlay = ENGINES["basis"]
    case = fill_case(np.random.default_rng(3), overlay.engine, replace(LAYER, ifm_unsigned=True))
    weights = case.weights.copy()
    weights[:, :, :20] = density
    features = np.full(case.features.shape, 255)
    golden = run_layer(overlay.engine, case.layer, features, weights, case.requantization, case.residual)
    assert np.array_equal(golden, simulate_layer(load_kernel(overlay, types), overlay, case.layer, features, weights, case.requantization, case.residual))


def test_a_group_has_its_signs_then_its_marks_and_then_the_taps() -> None:
    layer = Layer("basis", MapShape(2, 1, 17), 2, (2, 1), bases=1)
    coefficients, bases = np.zeros((2, 1, 17), np.int64), np.array([[[[5], [-6]]], [[[7], [8]]]])
    coefficients[0, 0, [0, 9]], coefficients[1, 0, 16] = (1, -1), -1
    packed = pack_basis_weights(ENGINE, layer, 1, join_weights(coefficients, bases)).reshape(-1, ENGINE.tile_bytes)
    assert len(packed) == tile(ENGINE, layer).group_tiles == 3
    signs = packed[0].view("<u2").reshape(ENGINE.to, 8)  # of each output, word by word
    assert signs[:2, 0].tolist() == [2, 1] and np.count_nonzero(signs) == 2
    marks = packed[1].view("<u2").reshape(8, ENGINE.to)  # steps, outputs
    assert marks[0, 0] == 0x201 and marks[1, 1] == 1 and np.count_nonzero(marks) == 2
    taps = packed[2].view(np.int8)[: 9 * ENGINE.to].reshape(3, 3, ENGINE.to)
    assert taps[1:, 2, :2].tolist() == [[5, 7], [-6, 8]] and np.count_nonzero(taps) == 4


def test_as_many_tiles_share_their_signs_as_the_fullest_output_allows() -> None:
    """23 tiles of marks of 8 steps by 16 channels; the signs of an output have 128 bits."""
    layer = Layer("basis", MapShape(1, 1, 20 * 16), 5, (1, 1), bases=9)
    coefficients = np.zeros((5, 9, 20 * 16), np.int64)
    weights = join_weights(coefficients, np.ones((5, 9, 1, 1), np.int64))
    assert most_mask_tiles(ENGINE, layer, weights) == 23
    packed = [pack_basis_weights(ENGINE, replace(layer, mask_tiles=count), 2, weights) for count in (23, 65535)]
    assert np.array_equal(*packed)
    weights[3, :, :320:3] = -1  # 43 in the fullest tile
    shared = most_mask_tiles(ENGINE, layer, weights)
    assert shared == 2
    assert tile(ENGINE, replace(layer, mask_tiles=shared)).group_tiles == 23 + 12 + 9
    pack_basis_weights(ENGINE, replace(layer, mask_tiles=shared), 2, weights)
    with pytest.raises(SumtileError, match="a row has 129 coefficients that are not zero, but its signs have 128 bits; let a tile of signs serve fewer"):
        pack_basis_weights(ENGINE, replace(layer, mask_tiles=shared + 1), 2, weights)
    assert most_mask_tiles(ENGINE, layer, np.ones(layer.weight_shape, np.int64)) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bases": 0}, "it has 0 basis kernels, but 1 to 9 are supported"),
        ({"bases": 10}, "it has 10 basis kernels"),
        ({"kernel": (5, 1)}, "basis kernels go up to 3 x 3"),
        ({"dilation": (1, 2)}, "have no dilation"),
        ({"kernel": (1, 1), "stride": (2, 1), "padding": (0, 0, 0, 0)}, r"stride \(2, 1\) must not exceed the kernel \(1, 1\)"),
        ({"ifm": MapShape(6, 40, 20)}, "its rows have 40 outputs, but the basis array holds 24"),
        ({"ifm": MapShape(6, 7, 1025)}, "it reads 1025 channels, but the basis array holds 1024"),
        ({"ifm": MapShape(6, 7, 4000), "bases": 9}, "324000 terms are summed"),
        ({"mask_tiles": 0}, "0 mask tiles share one of signs, but 1 to 65535 can"),
        ({"operator": "mac"}, "it has 2 basis kernels and mask_tiles 1, but its operator takes none"),
    ],
)
def test_what_the_array_cannot_run_is_refused(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        tile(ENGINE, replace(LAYER, **change))  # type: ignore[arg-type]


def test_weights_that_do_not_fit_are_refused() -> None:
    weights = np.zeros(LAYER.weight_shape, np.int64)
    weights[0, 0, 0] = 2
    with pytest.raises(SumtileError, match="coefficients from 0 to 2 were found, but only -1, 0 and 1 are ternary"):
        pack_basis_weights(ENGINE, LAYER, 3, weights)
    weights[0, 0, 0], weights[0, 0, 25] = 1, 128
    with pytest.raises(SumtileError, match="a tap of a basis kernel has the value 128"):
        pack_basis_weights(ENGINE, LAYER, 3, weights)
