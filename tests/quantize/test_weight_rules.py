# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rules for weights: scales that cover, scales that fit, and fractional lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sumtile.errors import SumtileError
from sumtile.formats import Mixed, Sp2, Symmetric, Ternary, Twos, WeightFormat
from sumtile.quantize.steps import covering_steps, fitted_steps
from sumtile.quantize.weight_rules import CoveringWeights, DynamicWeights, FittedWeights, StaticWeights, WeightRule
from sumtile.quantize.weights import IntegerWeights

SEEDS = st.integers(0, 2**32 - 1)
FITTED = st.one_of(
    st.builds(Symmetric, st.integers(2, 8)),
    st.builds(Sp2, st.integers(3, 8)),
    st.just(Ternary()),
    st.builds(lambda bits: Mixed(Symmetric(bits), Sp2(bits), 2, 5), st.integers(3, 8)),
)


def filters(seed: int, outputs: int = 7) -> np.ndarray:
    """Weights of filters whose sizes differ by orders of magnitude, some with outliers."""
    random = np.random.default_rng(seed)
    weights = random.normal(0, 1, (outputs, 3, 3, 4)) * 10.0 ** random.integers(-6, 4, outputs)[:, None, None, None]
    weights[::2, 0, 0, 0] *= 8
    return weights


def errors(weights: np.ndarray, steps: np.ndarray, format: WeightFormat) -> np.ndarray:
    """Squared error of each filter."""
    column = steps[:, None, None, None]
    return np.sum((weights - format.nearest(weights / column) * column) ** 2, axis=(1, 2, 3))


def restored(quantized: IntegerWeights) -> np.ndarray:
    return quantized.integers * quantized.step[:, None, None, None]


@settings(deadline=None)
@given(bits=st.integers(2, 16), seed=SEEDS)
def test_covering_scales_put_each_maximum_on_the_outermost_level(bits: int, seed: int) -> None:
    weights = filters(seed)
    (quantized,) = CoveringWeights(bits).quantize([weights])
    assert np.abs(quantized.integers).max(axis=(1, 2, 3)).tolist() == [(1 << (bits - 1)) - 1] * len(weights)
    assert np.all(np.abs(restored(quantized) - weights) <= 0.5 * quantized.step[:, None, None, None] * (1 + 1e-9))


@settings(deadline=None)
@given(format=FITTED, seed=SEEDS, starts=st.integers(1, 20))
def test_fitted_scales_never_lose_against_covering_ones(format: WeightFormat, seed: int, starts: int) -> None:
    weights = filters(seed)
    steps = fitted_steps(weights, format, starts)
    covering = errors(weights, covering_steps(weights, format), format)
    assert np.all(steps > 0) and np.all(errors(weights, steps, format) <= covering * (1 + 1e-9))


@settings(deadline=None, max_examples=30)
@given(format=st.sampled_from([Ternary(), Symmetric(3), Symmetric(4), Sp2(3), Sp2(4), Mixed(Symmetric(4), Sp2(4), 2, 5)]), seed=SEEDS)
def test_fitted_scales_are_near_the_best_of_a_fine_search(format: WeightFormat, seed: int) -> None:
    weights = filters(seed)
    covering = covering_steps(weights, format)
    best = np.min([errors(weights, covering * share, format) for share in np.linspace(0.05, 1.5, 500)], axis=0)
    found = errors(weights, fitted_steps(weights, format, 64), format)
    assert np.all(found <= 1.1 * best)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_a_mixed_layer_may_be_too_narrow_for_rows_of_both_kinds(outputs: int) -> None:
    format, weights = Mixed(Symmetric(4), Sp2(4), 1, 3), filters(1, outputs)
    (quantized,) = FittedWeights(format, 16).quantize([weights])
    rows = [FittedWeights(kind, 16).quantize([weights[index : index + 1]])[0] for index, kind in enumerate([format.sp2, format.sp2, format.fixed][:outputs])]
    assert np.array_equal(quantized.step, np.concatenate([row.step for row in rows]))
    assert np.array_equal(quantized.integers, np.concatenate([row.integers for row in rows]))


def test_a_fit_to_filters_that_have_such_levels_is_exact() -> None:
    random = np.random.default_rng(1)
    for format in (Symmetric(4), Sp2(4), Ternary(), Mixed(Symmetric(4), Sp2(4), 1, 3)):
        levels = format.nearest(random.uniform(-8, 8, (6, 3, 3, 4)))
        (quantized,) = FittedWeights(format, 16).quantize([levels * np.array([1e-3, 0.1, 1, 3, 70, 1e4])[:, None, None, None]])
        assert quantized.snr > 200, str(format)


@pytest.mark.parametrize("rule", [CoveringWeights(8), FittedWeights(Sp2(4), 4), DynamicWeights(8, 2, True), StaticWeights(8, 2)], ids=str)
def test_a_filter_of_zeros_stays_zero(rule: WeightRule) -> None:
    weights = np.zeros((3, 1, 1, 4))
    weights[1] = 0.7
    (quantized,) = rule.quantize([weights])
    assert not quantized.integers[[0, 2]].any() and quantized.integers[1].all() and np.all(np.isfinite(quantized.step))


@settings(deadline=None)
@given(bits=st.integers(2, 16), radius=st.integers(0, 4), exponent=st.integers(-12, 12), seed=SEEDS)
def test_dynamic_precision_takes_the_best_fractional_length_in_its_radius(bits: int, radius: int, exponent: int, seed: int) -> None:
    weights = np.random.default_rng(seed).laplace(0, 1, (5, 3, 3, 4)) * 2.0**exponent
    (quantized,) = DynamicWeights(bits, radius, per_filter=False).quantize([weights])
    levels = Twos(bits)
    fine = next(fl for fl in range(40, -41, -1) if (1 << (bits - 1)) - 1 >= weights.max() * 2.0**fl and -(1 << (bits - 1)) <= weights.min() * 2.0**fl)
    costs = {fl: np.sum(np.abs(weights - levels.nearest(weights * 2.0**fl) * 2.0**-fl)) for fl in range(fine - radius, fine + radius + 1)}
    assert np.sum(np.abs(weights - restored(quantized))) == pytest.approx(min(costs.values()), rel=1e-9)
    assert set(quantized.step) == {2.0 ** -min(costs, key=lambda fl: costs[fl])}


def test_large_weights_have_a_negative_fractional_length() -> None:
    (quantized,) = DynamicWeights(8, 0, per_filter=False).quantize([np.full((1, 1, 1, 2), 1000.0)])
    assert quantized.step.tolist() == [8.0] and quantized.integers.ravel().tolist() == [125, 125]


def test_a_length_for_each_filter_serves_filters_of_all_sizes() -> None:
    weights = filters(3)
    (layer,), (each,) = (DynamicWeights(8, 2, per_filter).quantize([weights]) for per_filter in (False, True))
    assert len(set(layer.step)) == 1 < len(set(each.step))
    cost = [np.abs(weights - restored(quantized)).sum(axis=(1, 2, 3)) for quantized in (layer, each)]
    assert np.all(cost[1] <= cost[0] * (1 + 1e-9)) and np.any(cost[1] < 0.02 * cost[0])


def test_static_precision_has_one_length_for_all_layers() -> None:
    layers = [filters(1) * 1e-3, filters(2)]
    quantized = StaticWeights(8, 2).quantize(layers)
    assert len({step for layer in quantized for step in layer.step}) == 1
    alone = StaticWeights(8, 2).quantize(layers[:1])[0]
    assert alone.snr > quantized[0].snr + 6
    assert StaticWeights(8, 2).quantize([]) == []


def test_refusals_and_texts() -> None:
    for refused in (
        lambda: CoveringWeights(1), lambda: CoveringWeights(17), lambda: FittedWeights(Twos(8), 16), lambda: FittedWeights(Sp2(4), 0), lambda: DynamicWeights(8, -1, False),
        lambda: DynamicWeights(1, 2, False), lambda: StaticWeights(8, 17),
    ):  # fmt: skip
        with pytest.raises(SumtileError):
            refused()
    texts = [str(rule) for rule in (CoveringWeights(8), FittedWeights(Sp2(4), 16), DynamicWeights(8, 2, True), DynamicWeights(8, 2, False), StaticWeights(8, 3))]
    assert len(set(texts)) == 5 and "16 starts up to 1.5 times the covering one" in texts[1] and "within 3" in texts[4] and "one fl a filter" in texts[2]
