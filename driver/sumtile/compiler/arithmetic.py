# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Real scales and offsets to the integers of an engine's requantization, activation and pooling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.kernels.layer import SLOPE_ONE, Layer, Pool, Requantization, Residual
from sumtile.overlay import Engine
from sumtile.quantize import QuantizedLayer

_HEADROOM_BITS = 3  # the sum before the activation may be eight times the range of the output format, sign included
_LARGEST_FACTOR = 32767.0
_LARGEST_ADDEND = 2.0**31 - 1


@dataclass(frozen=True)
class Mid:
    """The format in which an engine requantizes, adds the residual and clamps, before it rounds to the output format.

    Attributes:
        fl: fractional length of mid values.
        out_shift: fractional bits that the last rounding removes.
    """

    fl: int
    out_shift: int


def lower_arithmetic(engine: Engine, layer: QuantizedLayer, source: FixedPoint, residual: FixedPoint | None, target: FixedPoint) -> tuple[Layer, Requantization]:
    """The engine's integers for a quantized layer.

    Args:
        engine: gives the data width.
        layer: the layer.
        source, residual, target: formats of the tensors that it reads and makes.

    Returns:
        the layer's geometry with its arithmetic filled in, and the per-channel requantization.

    Raises:
        SumtileError: an offset that no 32-bit addend can hold, a residual far beyond the range of the result, or an average that may
            exceed the width of its tensor.
    """
    _check_average(engine, layer, target)
    mid, requantization = _requantize(engine, layer, residual)
    low, high = layer.activated.low << mid.out_shift, layer.activated.high << mid.out_shift
    if layer.low is not None:
        low = max(low, round(layer.low * 2.0**mid.fl))
    if layer.high is not None:
        high = min(high, round(layer.high * 2.0**mid.fl))
    lowered = replace(
        layer.geometry,
        ifm_unsigned=not source.signed,
        ofm_unsigned=not target.signed,
        residual=None if residual is None else Residual(not residual.signed, _residual_shift(engine, mid, residual)),
        slope=round(layer.slope * SLOPE_ONE),
        clamp_low=low,
        clamp_high=high,
        out_shift=mid.out_shift,
        pool=_lower_pool(layer.geometry.pool, target.fl - layer.activated.fl),
    )
    return lowered, requantization


def _requantize(engine: Engine, layer: QuantizedLayer, residual: FixedPoint | None) -> tuple[Mid, Requantization]:
    """As many fractional bits in mid values as leave headroom for the sum, hold every addend in 32 bits, and let the residual be aligned."""
    for guard in range(engine.data_bits - _HEADROOM_BITS, -1, -1):
        mid = Mid(layer.activated.fl + guard, guard)
        scale, offset = _limited(layer.scale * 2.0**mid.fl, layer.offset * 2.0**mid.fl)
        aligned = guard == 0 or residual is None or _residual_shift(engine, mid, residual) < engine.mid_bits
        if aligned and np.all(np.abs(offset) <= _LARGEST_ADDEND):
            return mid, _fit(scale, offset)
    raise SumtileError(f"an offset of {np.abs(layer.offset).max():g} at a step of {layer.activated.scale:g} exceeds 32 bits; check the batch normalization's parameters.")


def _residual_shift(engine: Engine, mid: Mid, residual: FixedPoint) -> int:
    """From residual to mid units. A value that the widest shift to the right leaves is zero, as with any wider one."""
    return max(mid.fl - residual.fl, 1 - engine.mid_bits)


def _limited(scale: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Channels whose factor no 16-bit multiplier holds are flattened about their zero crossing.

    One unit of their sum already exceeds the range of mid values, so both saturate alike.
    """
    ratio = np.minimum(1.0, _LARGEST_FACTOR / np.maximum(np.abs(scale), 1.0))
    return scale * ratio, offset * ratio


def _fit(scale: np.ndarray, offset: np.ndarray) -> Requantization:
    """The closest integers, with offsets that follow the rounding of their multipliers.

    Sums and offsets are large and cancel. When both carry the same relative error, so does their difference; an
    exact offset would leave the error of the large sum.
    """
    rounded = Requantization.fit(scale, np.zeros_like(scale))
    multiplier = rounded.mul * 2.0**-rounded.shift
    precise = np.abs(rounded.mul) >= 1 << 13
    ratio = np.divide(multiplier, scale, out=np.ones_like(scale), where=precise)
    return Requantization.fit(scale, offset * ratio)


def _check_average(engine: Engine, layer: QuantizedLayer, target: FixedPoint) -> None:
    """The engine saturates an average at its data width and nowhere else."""
    pool = layer.geometry.pool
    if pool is not None and pool.kind == "average" and target.bits < engine.data_bits and target.fl > layer.activated.fl:
        raise SumtileError(f"an average may exceed the {target.bits} bits of its tensor on an engine of {engine.data_bits}; quantize the network to {engine.data_bits} bits.")


def _lower_pool(pool: Pool | None, raised: int) -> Pool | None:
    """Division by the window, and by the change of the fractional length, as a 16-bit factor and a shift."""
    if pool is None or pool.kind == "max":
        return pool
    factor = 2.0**raised / (pool.kernel[0] * pool.kernel[1])
    shift = min(31, 16 - int(np.frexp(factor)[1]))
    mul = round(factor * 2**shift)
    if mul == 1 << 16:
        mul, shift = mul >> 1, shift - 1
    while mul % 2 == 0 and shift > 0:
        mul, shift = mul // 2, shift - 1
    return replace(pool, mul=mul, shift=shift)
