# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One layer as the convolution engine runs it: shapes, arithmetic and the rules that both must keep.

The engine computes, for every output channel ``c`` (all integers, shifts round half to even)::

    acc = sum over kernel and input channels of operator(x, w)          adder: -|x - w|, the others: x * w
    v   = saturate_mid(round_shift(acc * mul[c], shift[c]) + add[c])    per-channel requantization
    v   = saturate_mid(v + (residual << residual.shift))                optional residual
    v   = round_shift(v * slope, 14) if v < 0                           leaky part of the activation
    y   = saturate_out(round_shift(clip(v, clamp_low, clamp_high), out_shift))
    ofm = pool(y)                                                       optional pooling

``mid`` is twice the data width, so sums keep fractional bits until the last rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.overlay import Engine
from sumtile.overlay.engine import BASES_MAX, BASIS_SIDE, BASIS_WORDS

SLOPE_BITS = 14
SLOPE_ONE = 1 << SLOPE_BITS
SHIFT_MAX = 40
"""Largest shift of the requantization: below the width of every engine's products (``kProductBits``), as rounding there needs."""


@dataclass(frozen=True)
class MapShape:
    """Height, width and channels of a feature map."""

    height: int
    width: int
    channels: int

    @property
    def pixels(self) -> int:
        return self.height * self.width


@dataclass(frozen=True)
class Residual:
    """A second feature map of the convolution's output shape that is added before the activation.

    Attributes:
        unsigned: its values are unsigned.
        shift: left shift (right if negative, rounded half to even) that aligns it with the ``mid`` values.
    """

    unsigned: bool
    shift: int


@dataclass(frozen=True)
class Pool:
    """Pooling of the activated map. Padding is (top, left, bottom, right).

    Padded taps never win a maximum and count as zero in an average, whose divisor is constant:
    ``average = saturate(round_shift(sum * mul, shift))``.
    """

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    mul: int = 1
    shift: int = 0


@dataclass(frozen=True)
class Requantization:
    """Per-channel integers that turn accumulators into ``mid`` values.

    Attributes:
        mul: int16 multipliers, shape (channels,).
        shift: right shifts, 0 to 40, shape (channels,).
        add: int32 addends in ``mid`` units, shape (channels,).
    """

    mul: np.ndarray
    shift: np.ndarray
    add: np.ndarray

    @classmethod
    def fit(cls, scale: np.ndarray, offset: np.ndarray) -> Requantization:
        """The closest integers to ``mid = acc * scale + offset``, with 15 significant bits of scale.

        Args:
            scale: real factor from accumulator units to mid units, shape (channels,).
            offset: real addend in mid units, shape (channels,).

        Raises:
            SumtileError: a factor of 2**15 or more, which no int16 multiplier can hold, an offset beyond 32 bits, or one that is not finite.
        """
        scale = np.asarray(scale, dtype=np.float64)
        if not np.all(np.isfinite(scale)) or not np.all(np.isfinite(offset)):
            raise SumtileError("a scale or offset of the requantization is not finite; check the batch normalization's variances.")
        exponent = np.frexp(scale)[1]
        shift = np.clip(15 - exponent, 0, SHIFT_MAX)
        mul = np.rint(scale * 2.0**shift)
        carried = np.abs(mul) > 32767
        shift = np.where(carried, shift - 1, shift)
        mul = np.where(carried, np.rint(scale * 2.0**shift), mul)
        if np.any(shift < 0) or np.any(np.abs(mul) > 32767):
            raise SumtileError(f"a requantization factor of {np.abs(scale).max():g} was found, but factors must stay below 32768; give the output more fractional bits.")
        add = np.rint(np.asarray(offset, dtype=np.float64))
        if np.any(np.abs(add) >= 2.0**31):
            raise SumtileError(f"a requantization offset of {np.abs(add).max():g} was found, but offsets must fit 32 bits; give the output fewer fractional bits.")
        return cls(mul.astype(np.int64), shift.astype(np.int64), add.astype(np.int64))


@dataclass(frozen=True)
class Layer:
    """Everything of one engine layer but its weights. Sizes are (height, width); padding is (top, left, bottom, right).

    Attributes:
        operator: operator of the array that runs it: ``adder``, one of the products ``mac``, ``sp2`` and ``mixed``, or ``basis``.
        ifm: input feature map.
        channels: output channels.
        kernel, stride, dilation, padding: geometry of the convolution; padded values are zero.
        weight_bits: width of the weights that the array takes; None for its engine's first array of that operator.
        depthwise: each output channel sees the input channel of its own index only (products only).
        ifm_unsigned: input features are unsigned; adder weights share the input's format, so they are then unsigned too.
        ofm_unsigned: output features are unsigned.
        residual: optional map to add.
        slope: factor of negative values in units of 2**-14: 0 is ReLU, 16384 the identity.
        clamp_low, clamp_high: bounds of the activation in ``mid`` units; zero lies between them.
        out_shift: right shift from ``mid`` units to the output format.
        pool: optional pooling.
        stripe_rows: output rows (before pooling) of one stripe; None for the fewest stripes that the engine's buffers allow.
        bases: basis kernels of each output channel (``basis`` only; :mod:`sumtile.kernels.basis`).
        mask_tiles: tiles of marked coefficients that share a tile of their signs (``basis`` only); 1 serves any coefficients.
    """

    operator: str
    ifm: MapShape
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    weight_bits: int | None = None
    depthwise: bool = False
    ifm_unsigned: bool = False
    ofm_unsigned: bool = False
    residual: Residual | None = None
    slope: int = SLOPE_ONE
    clamp_low: int = -(1 << 31)
    clamp_high: int = (1 << 31) - 1
    out_shift: int = 0
    pool: Pool | None = None
    stripe_rows: int | None = None
    bases: int = 0
    mask_tiles: int = 1

    @property
    def conv(self) -> MapShape:
        """Shape after the convolution, before pooling."""
        top, left, bottom, right = self.padding
        return MapShape(
            window_extent(self.ifm.height + top + bottom, self.kernel[0], self.stride[0], self.dilation[0]),
            window_extent(self.ifm.width + left + right, self.kernel[1], self.stride[1], self.dilation[1]),
            self.channels,
        )

    @property
    def ofm(self) -> MapShape:
        """Shape of the output feature map."""
        conv = self.conv
        if self.pool is None:
            return conv
        top, left, bottom, right = self.pool.padding
        return MapShape(
            window_extent(conv.height + top + bottom, self.pool.kernel[0], self.pool.stride[0], 1),
            window_extent(conv.width + left + right, self.pool.kernel[1], self.pool.stride[1], 1),
            self.channels,
        )

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights: (output channels, kernel height, kernel width, input channels), or what :mod:`sumtile.kernels.basis` says."""
        if self.operator == "basis":
            return (self.channels, self.bases, self.ifm.channels + self.kernel[0] * self.kernel[1])
        return (self.channels, *self.kernel, 1 if self.depthwise else self.ifm.channels)

    @property
    def terms(self) -> int:
        """Terms that are summed into one output, a basis kernel's apart from the others'."""
        channels = 1 if self.depthwise else self.ifm.channels
        return self.kernel[0] * self.kernel[1] * channels * (self.bases if self.operator == "basis" else 1)

    @property
    def weights_unsigned(self) -> bool:
        """Weights of an adder layer share the format of its input; all others are signed."""
        return self.operator == "adder" and self.ifm_unsigned

    @property
    def operations(self) -> int:
        """Lane operations (multiply-accumulates or absolute differences) that the layer needs; of basis kernels, those of the dense layer that they stand for."""
        return self.conv.pixels * self.channels * self.kernel[0] * self.kernel[1] * (1 if self.depthwise else self.ifm.channels)

    def check(self, engine: Engine) -> None:
        """Raises SumtileError when ``engine`` cannot run the layer; the sentence names the rule."""
        engine.array_index(self.operator, self.weight_bits)
        conv = self.conv
        top, left, bottom, right = self.padding
        reach = tuple((size - 1) * step + 1 for size, step in zip(self.kernel, self.dilation))
        rules = [
            (min(self.ifm.height, self.ifm.width, self.ifm.channels, self.channels) >= 1, f"maps of {self.ifm} and {self.channels} outputs are empty"),
            (max(self.ifm.height, self.ifm.width) <= 4095, f"the input map is {self.ifm.height} x {self.ifm.width}, but 4095 is the largest side"),
            (1 <= min(self.kernel) and max(self.kernel) <= engine.kernel_max, f"the kernel is {self.kernel}, but the engine is built for 1 x 1 to {engine.kernel_max} x {engine.kernel_max}"),
            (max(*self.stride, *self.dilation) <= 15 and min(*self.stride, *self.dilation) >= 1, f"stride {self.stride} and dilation {self.dilation} must lie in 1 to 15"),
            (min(self.padding) >= 0 and max(top, bottom) <= reach[0] and max(left, right) <= reach[1], f"padding {self.padding} must not exceed the kernel's reach {reach}"),
            (conv.height >= 1 and conv.width >= 1, f"a kernel of reach {reach} does not fit the padded map"),
            (self.terms <= engine.reduction_max, f"{self.terms} terms are summed, but the accumulators are sized for {engine.reduction_max}"),
            (self.channels <= engine.channels_max, f"{self.channels} output channels were asked for, but the engine holds {engine.channels_max}"),
            (not self.depthwise or (self.operator != "adder" and self.channels == self.ifm.channels), "depthwise needs an operator that multiplies and as many outputs as inputs"),
            (0 <= self.slope <= SLOPE_ONE, f"slope {self.slope} must lie in 0 to {SLOPE_ONE}"),
            (0 <= self.out_shift < engine.mid_bits, f"out_shift {self.out_shift} must lie in 0 to {engine.mid_bits - 1}"),
            (self.stripe_rows is None or 1 <= self.stripe_rows <= conv.height, f"stripes of {self.stripe_rows} rows were asked for, but the map has {conv.height}"),
            (self.clamp_low <= 0 <= self.clamp_high, f"the clamp from {self.clamp_low} to {self.clamp_high} must hold zero, the value of the channels that pad a map in memory"),
        ]  # fmt: skip
        if self.residual is not None:
            rules.append((abs(self.residual.shift) < engine.mid_bits, f"residual shift {self.residual.shift} must stay within {engine.mid_bits} bits"))
        if self.pool is not None:
            rules += self._pool_rules(self.pool)
        rules += self._basis_rules(engine)
        for holds, sentence in rules:
            if not holds:
                raise SumtileError(f"the engine cannot run this {self.operator} layer: {sentence}.")

    def _basis_rules(self, engine: Engine) -> list[tuple[bool, str]]:
        if self.operator != "basis":
            return [(self.bases == 0 and self.mask_tiles == 1, f"it has {self.bases} basis kernels and mask_tiles {self.mask_tiles}, but its operator takes none")]
        columns, channels = engine.array_of("basis").columns, BASIS_WORDS * engine.ti
        return [
            (1 <= self.bases <= BASES_MAX, f"it has {self.bases} basis kernels, but 1 to {BASES_MAX} are supported"),
            (max(self.kernel) <= BASIS_SIDE, f"the kernel is {self.kernel}, but basis kernels go up to {BASIS_SIDE} x {BASIS_SIDE}"),
            (self.dilation == (1, 1) and not self.depthwise, "basis kernels have no dilation and are not depthwise"),
            (all(step <= size for step, size in zip(self.stride, self.kernel)), f"stride {self.stride} must not exceed the kernel {self.kernel}"),
            (1 <= self.mask_tiles < 1 << 16, f"{self.mask_tiles} mask tiles share one of signs, but 1 to 65535 can"),
            (self.conv.width <= columns, f"its rows have {self.conv.width} outputs, but the basis array holds {columns}"),
            (self.ifm.channels <= channels, f"it reads {self.ifm.channels} channels, but the basis array holds {channels}"),
        ]

    def _pool_rules(self, pool: Pool) -> list[tuple[bool, str]]:
        conv, ofm = self.conv, self.ofm
        return [
            (pool.kind in ("max", "average"), f"pooling '{pool.kind}' is unknown; choose max or average"),
            (1 <= min(pool.stride) and max(*pool.stride, *pool.kernel) <= 255, f"pooling of {pool.kernel} by {pool.stride} must stay within 1 to 255"),
            (all(0 <= pad < size for pad, size in zip(pool.padding, (*pool.kernel, *pool.kernel))), f"pooling padding {pool.padding} must be smaller than its window {pool.kernel}"),
            (ofm.height >= 1 and ofm.width >= 1, f"a pooling window of {pool.kernel} does not fit a map of {conv.height} x {conv.width}"),
            (1 <= pool.mul < 1 << 16 and 0 <= pool.shift < 32, f"pooling factor {pool.mul} / 2^{pool.shift} must have 16 bits and a shift below 32"),
        ]  # fmt: skip


def window_extent(size: int, kernel: int, stride: int, dilation: int) -> int:
    """How many windows fit an axis of ``size`` pixels, padding included."""
    return (size - (kernel - 1) * dilation - 1) // stride + 1
