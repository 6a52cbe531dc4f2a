# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rules for the number formats of tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.quantize.fl import check_radius, rounding_error, search_fl

SCALES = ("activations", "both")
BITS_MAX = 16
"""Widest features of an engine."""


@dataclass(frozen=True)
class Range:
    """Smallest and largest real value of a tensor."""

    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray, quantile: float) -> Range:
        """Range of the values after the largest magnitudes were cut, so that the share ``quantile`` is left as it is."""
        low, high = float(values.min()), float(values.max())
        outside = int((1 - quantile) * values.size)
        if not outside:
            return cls(low, high)
        magnitudes = np.abs(values).ravel()
        limit = float(np.partition(magnitudes, len(magnitudes) - 1 - outside)[len(magnitudes) - 1 - outside])
        return cls(max(low, -limit), min(high, limit))


@dataclass(frozen=True)
class FloatTensor:
    """A tensor that needs a format.

    Attributes:
        values: its float values on the calibration images, or a sample of them; any shape.
        signed: whether it can be negative.
        known: its range over all images there are, where that is known: of the network's input.
        output: it is the network's output.
        adder_weights: real weights of the adder layers that read it.
        extremes: its range on the calibration images, where ``values`` is a sample.
        name: its name in the network.
    """

    values: np.ndarray
    signed: bool
    known: Range | None = None
    output: bool = False
    adder_weights: tuple[np.ndarray, ...] = ()
    extremes: Range | None = None
    name: str = ""

    def covering(self, bits: int, quantile: float = 1.0) -> FixedPoint:
        """The finest format that holds the range, or the share ``quantile`` of it; the known range is held as a whole."""
        return _covering(self.range(quantile), bits, self.signed)

    def range(self, quantile: float) -> Range:
        """The known range, or else that of the values without the largest magnitudes; see :meth:`Range.of`."""
        return self.known or (self.extremes if self.extremes and quantile == 1 else Range.of(self.values, quantile))


FormatChoice = Callable[[FloatTensor, np.ndarray], FixedPoint]
"""Gives a tensor its format, in sight of what the quantized layers before it give for its ``values``, not yet rounded."""


class ActivationRule(ABC):
    """Base of all rules for tensors; ``str`` gives every setting in words."""

    bits: int

    def given(self, name: str) -> FixedPoint | None:
        """The format that a tensor has before anything is computed, if it has one."""
        return None

    @abstractmethod
    def settled(self, tensors: Iterable[FloatTensor]) -> FormatChoice:
        """What chooses the format of each tensor, after a look at all tensors of the network where the rule needs one.

        Args:
            tensors: they are computed as they are asked for.
        """


@dataclass(frozen=True)
class CoveringActivations(ActivationRule):
    """The finest power-of-two scale that covers a tensor's range.

    Attributes:
        bits: width, 2 to 16.
        quantile: share of a tensor's magnitudes that its scale covers, 0.5 to 1; 1 covers the maximum. The network's
            input and output always keep their whole range.
        scale: what the one scale of an adder layer's input and weights covers: ``activations`` (weights beyond it move
            to a constant) or ``both``, the naive rule.
    """

    bits: int
    quantile: float
    scale: str

    def __post_init__(self) -> None:
        _check_bits(self.bits)
        if self.scale not in SCALES:
            raise SumtileError(f"the scale rule '{self.scale}' is unknown; choose one of {', '.join(SCALES)}.")
        if not 0.5 <= self.quantile <= 1:
            raise SumtileError(f"a quantile of {self.quantile} was asked for, but it must lie in 0.5 to 1; 1 covers the maximum.")

    def __str__(self) -> str:
        share = "the maximum" if self.quantile == 1 else f"{100 * self.quantile:g} %"
        return f"{self.bits} bits, scales cover {share} of {'activations' if self.scale == 'activations' else 'activations and adder weights'}"

    def settled(self, tensors: Iterable[FloatTensor]) -> FormatChoice:
        return self._format

    def _format(self, tensor: FloatTensor, found: np.ndarray) -> FixedPoint:
        if self.scale == "activations" or not tensor.adder_weights:
            return tensor.covering(self.bits, 1.0 if tensor.output else self.quantile)
        seen = tensor.range(self.quantile)
        low = min(seen.low, *(float(weights.min()) for weights in tensor.adder_weights))
        high = max(seen.high, *(float(weights.max()) for weights in tensor.adder_weights))
        return _covering(Range(low, high), self.bits, tensor.signed or low < 0)


@dataclass(frozen=True)
class DynamicActivations(ActivationRule):
    """Dynamic precision: a fractional length for each tensor, chosen layer by layer, the layers before being quantized already.

    The network's input covers the range of all pixels. Source: Qiu et al., "Going Deeper with Embedded FPGA Platform",
    FPGA'16, section 4.

    Attributes:
        bits: width, 2 to 16.
        radius: how far the search goes from the fractional length that just avoids overflow.
    """

    bits: int
    radius: int

    def __post_init__(self) -> None:
        _check_bits(self.bits)
        check_radius(self.radius)

    def __str__(self) -> str:
        return f"{self.bits} bits, one fl a tensor searched layer by layer within {self.radius} of no overflow"

    def settled(self, tensors: Iterable[FloatTensor]) -> FormatChoice:
        return self._format

    def _format(self, tensor: FloatTensor, found: np.ndarray) -> FixedPoint:
        around = tensor.covering(self.bits)
        if tensor.known is not None:
            return around
        fl = search_fl(around.fl, self.radius, lambda fl: rounding_error(tensor.values, found, FixedPoint(self.bits, fl, around.signed)))
        return FixedPoint(self.bits, fl, around.signed)


@dataclass(frozen=True)
class StaticActivations(ActivationRule):
    """Static precision: one fractional length for all tensors, the network's input included; each is signed or unsigned.

    Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4, which compares it with dynamic precision.

    Attributes:
        bits: width, 2 to 16.
        radius: how far the search goes from the fractional length that just avoids overflow in every tensor.
    """

    bits: int
    radius: int

    def __post_init__(self) -> None:
        _check_bits(self.bits)
        check_radius(self.radius)

    def __str__(self) -> str:
        return f"{self.bits} bits, one fl for all tensors searched within {self.radius} of no overflow"

    def settled(self, tensors: Iterable[FloatTensor]) -> FormatChoice:
        tensors = list(tensors)
        around = min(tensor.covering(self.bits).fl for tensor in tensors)

        def error(fl: int) -> float:
            return sum(rounding_error(tensor.values, tensor.values, FixedPoint(self.bits, fl, tensor.signed)) for tensor in tensors)

        chosen = search_fl(around, self.radius, error)
        return lambda tensor, found: FixedPoint(self.bits, chosen, tensor.signed)


@dataclass(frozen=True)
class TrainedActivations(ActivationRule):
    """The formats that training quantized tensors to; others get the finest one that covers their range.

    Attributes:
        bits: width of the others, 2 to 16.
        formats: names of tensors and their formats.
    """

    bits: int
    formats: tuple[tuple[str, FixedPoint], ...]

    def __post_init__(self) -> None:
        _check_bits(self.bits)

    def __str__(self) -> str:
        return f"{len(self.formats)} tensor{'' if len(self.formats) == 1 else 's'} as trained, others {self.bits} bits, scales cover the maximum"

    def given(self, name: str) -> FixedPoint | None:
        return dict(self.formats).get(name)

    def settled(self, tensors: Iterable[FloatTensor]) -> FormatChoice:
        return lambda tensor, found: self.given(tensor.name) or tensor.covering(self.bits)


def _covering(seen: Range, bits: int, signed: bool) -> FixedPoint:
    low, high = (seen.low, seen.high) if max(-seen.low, seen.high) > 0 else (0.0, 1.0)  # a tensor that is always zero: any scale will do
    return FixedPoint.covering(min(low, 0.0) if signed else 0.0, high, bits, signed=signed)


def _check_bits(bits: int) -> None:
    if not 2 <= bits <= BITS_MAX:
        raise SumtileError(f"activations of {bits} bits were asked for, but engines have 2 to {BITS_MAX}; choose that many.")
