# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rules for the formats of tensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.quantize.activation_rules import ActivationRule, CoveringActivations, DynamicActivations, FloatTensor, Range, StaticActivations

SEEDS = st.integers(0, 2**32 - 1)


def tensor(seed: int, size: float, signed: bool = True, **others: object) -> FloatTensor:
    values = np.random.default_rng(seed).laplace(0, size, (4, 5, 5, 3)).astype(np.float32)
    return FloatTensor(values if signed else np.maximum(values, 0), signed, **others)  # type: ignore[arg-type]


def chosen(rule: ActivationRule, tensor: FloatTensor, found: np.ndarray | None = None) -> FixedPoint:
    """The format of a network's only tensor."""
    return rule.settled([tensor])(tensor, tensor.values if found is None else found)


@settings(deadline=None)
@given(seed=SEEDS, bits=st.integers(2, 16), exponent=st.integers(-12, 14), signed=st.booleans(), quantile=st.sampled_from([0.8, 0.9, 0.99, 1.0]))
def test_a_quantile_of_the_values_is_covered_and_not_twice_as_much(seed: int, bits: int, exponent: int, signed: bool, quantile: float) -> None:
    tested = tensor(seed, 2.0**exponent, signed)
    format = chosen(CoveringActivations(bits, quantile, "activations"), tested)
    inside = (tested.values >= format.low * format.scale) & (tested.values <= format.high * format.scale)
    assert (format.bits, format.signed) == (bits, signed) and np.mean(inside) >= quantile
    finer = FixedPoint(bits, format.fl + 1, signed)
    assert Range.of(tested.values, quantile).high > finer.high * finer.scale or Range.of(tested.values, quantile).low < finer.low * finer.scale


def test_the_whole_of_the_input_and_the_output_is_covered() -> None:
    rule = CoveringActivations(8, 0.5, "activations")
    inner, output, source = tensor(1, 1.0), tensor(1, 1.0, output=True), tensor(1, 0.01, known=Range(-2, 3))
    assert chosen(rule, inner).fl > chosen(rule, output).fl
    assert chosen(rule, source) == FixedPoint(8, 5)


@settings(deadline=None)
@given(seed=SEEDS, bits=st.integers(2, 16), radius=st.integers(0, 4), exponent=st.integers(-12, 14))
def test_dynamic_precision_compares_what_was_found_with_the_float_values(seed: int, bits: int, radius: int, exponent: int) -> None:
    """The layers before have errors already, which the search takes into account."""
    tested = tensor(seed, 2.0**exponent)
    found = tested.values * 0.7 + np.random.default_rng(seed).normal(0, 2.0**exponent / 8, tested.values.shape)
    format = chosen(DynamicActivations(bits, radius), tested, found)
    around = tested.covering(bits).fl
    costs = {fl: np.abs(tested.values - FixedPoint(bits, fl).dequantize(FixedPoint(bits, fl).quantize(found))).sum() for fl in range(around - radius, around + radius + 1)}
    assert abs(format.fl - around) <= radius and costs[format.fl] == min(costs.values())


def test_dynamic_precision_covers_the_input() -> None:
    source = tensor(1, 0.01, known=Range(-2, 3))
    assert chosen(DynamicActivations(8, 2), source) == FixedPoint(8, 5)


def test_static_precision_has_one_length_for_all_tensors() -> None:
    tensors = [tensor(1, 30.0), tensor(2, 0.1, signed=False), tensor(3, 1.0, known=Range(-2, 3))]
    choice = StaticActivations(8, 2).settled(tensors)
    formats = [choice(each, each.values) for each in tensors]
    assert len({format.fl for format in formats}) == 1 and [format.signed for format in formats] == [True, False, True]
    assert formats[0].fl - tensors[0].covering(8).fl in range(3)


def test_a_rule_gives_formats_only_after_a_look_at_all_tensors() -> None:
    for rule in (CoveringActivations(8, 1.0, "both"), DynamicActivations(8, 2), StaticActivations(8, 2)):
        assert not hasattr(rule, "format"), rule


def test_the_naive_scale_covers_the_adder_weights() -> None:
    plain, read = tensor(1, 1.0, signed=False), tensor(1, 1.0, signed=False, adder_weights=(np.array([-100.0, 3.0]),))
    naive, ours = CoveringActivations(8, 1.0, "both"), CoveringActivations(8, 1.0, "activations")
    assert chosen(naive, plain) == chosen(ours, read) == chosen(ours, plain)
    assert chosen(naive, read) == FixedPoint(8, 0)


def test_a_tensor_of_zeros_has_some_format() -> None:
    zeros = FloatTensor(np.zeros((1, 2, 2, 1), np.float32), signed=False)
    for rule in (CoveringActivations(8, 1.0, "activations"), DynamicActivations(8, 2), StaticActivations(8, 2)):
        assert 0 <= chosen(rule, zeros).fl <= 10


def test_refusals() -> None:
    for refused in (
        lambda: CoveringActivations(1, 1.0, "both"), lambda: CoveringActivations(17, 1.0, "both"), lambda: CoveringActivations(8, 0.4, "both"),
        lambda: CoveringActivations(8, 1.0, "best"), lambda: DynamicActivations(8, -1), lambda: StaticActivations(1, 2),
    ):  # fmt: skip
        with pytest.raises(SumtileError):
            refused()
