# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Host operations against fractions that round half to even once, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.kernels import host
from sumtile.kernels.layer import MapShape

SHAPE = (5, 6, 4)


def exact(value: Fraction, format: FixedPoint) -> int:
    """The integer of a real value: round() of a fraction is half to even."""
    return min(max(round(value * Fraction(2) ** format.fl), format.low), format.high)


def real(integer: int, format: FixedPoint) -> Fraction:
    return Fraction(int(integer)) / Fraction(2) ** format.fl


def random_map(seed: int, format: FixedPoint, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    dtype = np.dtype(f"{'i' if format.signed else 'u'}{1 if format.bits <= 8 else 2}")
    return np.random.default_rng(seed).integers(format.low, format.high + 1, shape).astype(dtype)


FORMATS = [
    (FixedPoint(8, 5), FixedPoint(8, 5)),
    (FixedPoint(8, 5, False), FixedPoint(8, 3)),
    (FixedPoint(8, 3), FixedPoint(8, 6, False)),
    (FixedPoint(16, 12), FixedPoint(16, 9)),
    (FixedPoint(5, -2), FixedPoint(8, -1)),
    (FixedPoint(8, 40), FixedPoint(8, 5)),
    (FixedPoint(8, -30), FixedPoint(8, 30)),
]


def check(found: np.ndarray, expected: Callable[..., Fraction], target: FixedPoint) -> None:
    assert found.min() >= target.low and found.max() <= target.high
    for place in np.ndindex(found.shape):
        assert found[place] == exact(expected(*place), target), place


@pytest.mark.parametrize(("source", "target"), FORMATS)
@pytest.mark.parametrize("count_padding", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [((3, 3), (2, 1), (1, 1, 0, 2)), ((5, 6), (1, 1), (0, 0, 0, 0)), ((2, 3), (3, 2), (1, 0, 1, 1))])
def test_averages_round_once(
    source: FixedPoint, target: FixedPoint, count_padding: bool, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int]
) -> None:
    operation = host.Pool("average", kernel, stride, padding, count_padding)
    if not operation.takes([source], target):
        assert target.fl - source.fl > host.RAISE_MAX
        return
    values = random_map(1, source)

    def expected(y: int, x: int, c: int) -> Fraction:
        rows = [row for row in range(y * stride[0] - padding[0], y * stride[0] - padding[0] + kernel[0]) if 0 <= row < SHAPE[0]]
        columns = [column for column in range(x * stride[1] - padding[1], x * stride[1] - padding[1] + kernel[1]) if 0 <= column < SHAPE[1]]
        total = sum(real(values[row, column, c], source) for row in rows for column in columns)
        return total / (kernel[0] * kernel[1] if count_padding else len(rows) * len(columns))

    found = operation.run([values], [source], target)
    assert MapShape(*found.shape) == operation.ofm(MapShape(*SHAPE))
    check(found, expected, target)


@pytest.mark.parametrize(("source", "target"), FORMATS)
def test_maxima_never_take_the_padding(source: FixedPoint, target: FixedPoint) -> None:
    values = random_map(2, source)
    values[:, :, 0] = source.low
    found = host.Pool("max", (3, 2), (2, 2), (2, 1, 1, 0)).run([values], [source], target)

    def expected(y: int, x: int, c: int) -> Fraction:
        return real(values[max(2 * y - 2, 0) : 2 * y + 1, max(2 * x - 1, 0) : 2 * x + 1, c].max(), source)

    check(found, expected, target)


@pytest.mark.parametrize(("source", "target"), FORMATS)
def test_slopes_and_concatenations_round_once(source: FixedPoint, target: FixedPoint) -> None:
    values, slopes = random_map(3, source), (0, 1 << 14, -5000, 20000)
    found = host.PRelu(slopes).run([values], [source], target)
    check(found, lambda y, x, c: real(values[y, x, c], source) * (Fraction(slopes[c], 1 << 14) if values[y, x, c] < 0 else 1), target)
    other = random_map(4, target, (5, 6, 3))
    joined = host.Concat().run([values, other], [source, target], target)
    check(joined, lambda y, x, c: real(values[y, x, c], source) if c < 4 else real(other[y, x, c - 4], target), target)


@pytest.mark.parametrize(("source", "target"), FORMATS)
def test_what_moves_pixels_keeps_their_values(source: FixedPoint, target: FixedPoint) -> None:
    values = random_map(5, source)
    cases: list[tuple[host.Operation, Callable[..., Fraction]]] = [
        (host.Select((3, 0, 0)), lambda y, x, c: real(values[y, x, (3, 0, 0)[c]], source)),
        (host.Pad((1, 2, 0, 1)), lambda y, x, c: real(values[y - 1, x - 2, c], source) if y >= 1 and 2 <= x < 8 else Fraction(0)),
        (host.Resize((2, 3)), lambda y, x, c: real(values[y // 2, x // 3, c], source)),
    ]
    for operation, expected in cases:
        found = operation.run([values], [source], target)
        assert MapShape(*found.shape) == operation.ofm(MapShape(*SHAPE))
        check(found, expected, target)


def test_every_operation_takes_batches() -> None:
    format = FixedPoint(8, 4)
    batch = random_map(6, format, (3, *SHAPE))
    for operation in (host.Select((1, 2)), host.Pad((1, 0, 1, 0)), host.Resize((1, 2)), host.Unfold((2, 3), (1, 2), (2, 1), (1, 1, 0, 0)), host.Pool("max", (2, 2), (1, 1)),
                      host.Pool("average", (2, 2), (2, 2), (1, 1, 0, 0), False), host.PRelu((1, 2, 3, 4)), host.LocalResponseNorm(3, 0.1, 0.75, 1.0)):  # fmt: skip
        whole = operation.run([batch], [format], format)
        for index, values in enumerate(batch):
            np.testing.assert_array_equal(whole[index], operation.run([values], [format], format))


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (host.Select((4,)), "selects channels that a map of 4 does not have"),
        (host.Select(()), "or none"),
        (host.Pad((-1, 0, 0, 0)), "must lie in 0 to 4095"),
        (host.Resize((0, 1)), "must lie in 1 to 4095"),
        (host.Pool("median", (2, 2), (1, 1)), "pooling 'median' is unknown"),
        (host.Pool("max", (2, 2), (1, 1), (2, 0, 0, 0)), "must be smaller than its window"),
        (host.Pool("max", (9, 9), (1, 1)), "does not fit a map"),
        (host.Unfold((7, 1)), "does not fit a map"),
        (host.PRelu((1, 2)), "has 2 slopes for 4 channels"),
        (host.PRelu((1 << 30,) * 4), "a slope exceeds 64"),
        (host.LocalResponseNorm(0, 0.1, 0.75, 1.0), "normalizes over 0 channels"),
        (host.LocalResponseNorm(3, 0.1, 0.75, 0.0), "its bias 0 must be positive"),
    ],
)
def test_refusals(operation: host.Operation, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        operation.ofm(MapShape(*SHAPE))


def test_several_maps_are_for_concatenations_only() -> None:
    with pytest.raises(SumtileError, match="it reads 2 maps instead of 1"):
        host.Resize((1, 1)).ofm(MapShape(*SHAPE), MapShape(*SHAPE))
    with pytest.raises(SumtileError, match="the maps that it joins have several sizes"):
        host.Concat().ofm(MapShape(2, 2, 3), MapShape(2, 3, 3))
