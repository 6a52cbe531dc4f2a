# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rounding that compensates: smaller errors of a layer's sums, on levels of the same format."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sumtile.formats import Mixed, Sp2, Symmetric, Ternary, WeightFormat
from sumtile.kernels.layer import Layer, MapShape
from sumtile.program.golden import accumulate
from sumtile.quantize import compensate as module
from sumtile.quantize.compensate import compensate
from sumtile.quantize.steps import fitted_steps
from sumtile.quantize.weights import IntegerWeights, round_filters

GEOMETRIES = {
    "padded": Layer("mac", MapShape(9, 8, 5), 10, (3, 3), padding=(1, 1, 1, 1)),
    "strided and dilated": Layer("mac", MapShape(11, 12, 4), 10, (3, 2), stride=(2, 1), dilation=(2, 3), padding=(2, 0, 1, 3)),
    "one pixel": Layer("mac", MapShape(1, 1, 40), 10),
}
FORMATS = [Symmetric(4), Sp2(4), Ternary(), Mixed(Symmetric(4), Sp2(4), 2, 5)]


def correlated(geometry: Layer, seed: int) -> np.ndarray:
    """Features whose channels and neighbours resemble each other, one channel silent, as after a ReLU."""
    random = np.random.default_rng(seed)
    ifm = geometry.ifm
    shared, own = random.normal(40, 30, (60, ifm.height, ifm.width, 1)), random.normal(0, 20, (60, ifm.height, ifm.width, ifm.channels))
    features = np.clip(np.rint(shared + own), 0, 255).astype(np.int64)
    features[..., 1] = 0
    return features


def nearest(geometry: Layer, format: WeightFormat, seed: int) -> tuple[np.ndarray, IntegerWeights]:
    weights = np.random.default_rng(seed + 100).normal(0, 0.1, geometry.weight_shape)
    return weights, round_filters(weights, fitted_steps(weights, format, 16), format)


def power(geometry: Layer, features: np.ndarray, integers: np.ndarray, weights: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Mean squared error of each channel's sums, in units of its step."""
    error = np.rint((integers - weights / step[:, None, None, None]) * 2**16).astype(np.int64)
    return np.mean(np.square(accumulate(geometry, features, error) / 2.0**16), axis=(0, 1, 2))


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_sums_come_closer_though_weights_do_not(name: str, format: WeightFormat) -> None:
    geometry = GEOMETRIES[name]
    features, (weights, plain) = correlated(geometry, 1), nearest(geometry, format, 1)
    found = compensate(weights, plain, geometry, features)
    before, after = (power(geometry, features, rounded.integers, weights, plain.step) for rounded in (plain, found))
    assert after.sum() < 0.7 * before.sum()
    assert found.snr <= plain.snr and np.array_equal(found.step, plain.step) and found.format is format
    assert np.array_equal(format.nearest(found.integers.astype(float)), found.integers)


def test_images_that_were_not_seen_gain_as_well() -> None:
    geometry = GEOMETRIES["padded"]
    weights, plain = nearest(geometry, Sp2(4), 2)
    found = compensate(weights, plain, geometry, correlated(geometry, 2))
    before, after = (power(geometry, correlated(geometry, 3), rounded.integers, weights, plain.step).sum() for rounded in (plain, found))
    assert after < 0.8 * before


def test_weights_that_are_levels_stay_and_silent_inputs_do_no_harm() -> None:
    geometry = GEOMETRIES["padded"]
    weights, plain = nearest(geometry, Symmetric(4), 3)
    exact = plain.integers * plain.step[:, None, None, None]
    assert np.array_equal(compensate(exact, plain, geometry, correlated(geometry, 4)).integers, plain.integers)
    assert np.array_equal(compensate(weights, plain, geometry, np.zeros((2, 9, 8, 5), np.int64)).integers, plain.integers)


@pytest.mark.parametrize("format", [Sp2(4), Mixed(Symmetric(4), Sp2(4), 2, 5)], ids=str)
def test_a_long_filter_is_taken_in_runs(format: WeightFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the runs, 13 + 13 + 14 of 40 inputs, comes out as a layer of its own would."""
    geometry = GEOMETRIES["one pixel"]
    features, (weights, plain) = correlated(geometry, 5), nearest(geometry, format, 5)
    whole = compensate(weights, plain, geometry, features).integers
    monkeypatch.setattr(module, "RUN", 14)
    found = compensate(weights, plain, geometry, features).integers
    for start, stop in ((0, 13), (13, 26), (26, 40)):
        part = replace(geometry, ifm=MapShape(1, 1, stop - start))
        alone = compensate(weights[..., start:stop], replace(plain, integers=plain.integers[..., start:stop]), part, features[..., start:stop])
        assert np.array_equal(found[..., start:stop], alone.integers), f"inputs {start} to {stop - 1}"
    assert not np.array_equal(found, whole)


def test_a_filter_of_any_length_needs_no_more_memory_than_its_runs() -> None:
    geometry = Layer("mac", MapShape(1, 1, 3 * module.RUN - 1), 2)
    runs = module._input_power(geometry, np.ones((2, 1, 1, 3 * module.RUN - 1), np.int64))
    assert [len(power) for power in runs.values()] == [len(run) for run in runs] == [module.RUN - 1, module.RUN, module.RUN]
    assert [run.start for run in runs] == [0, module.RUN - 1, 2 * module.RUN - 1]
