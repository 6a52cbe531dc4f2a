# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A convolution engine as an overlay describes it: lanes, widths, buffer depths, arrays, and the rules that they keep."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.overlay.multipliers import packs
from sumtile.overlay.widths import Widths

TOPS = {"adder": "adder_conv", "mac": "mac_conv", "sp2": "sp2_conv", "mixed": "msq_conv", "basis": "basis_conv"}
"""The top function of an engine, by the operator of its first array."""

OPERATORS = tuple(TOPS)
DATA_BITS = (8, 16)
WEIGHT_BITS = {"adder": DATA_BITS, "mac": (4, 8, 16), "sp2": (4, 8), "mixed": (4, 8), "basis": (8,)}
WEIGHT_STREAMS = (1, 2, 4)
HEADER_WORDS = 80
"""Words of 32 bits in the header of a layer."""
POOL_BANKS = 3
"""Banks of the pooling buffer: so many rows of a window are read at once (``kPoolRows``)."""
BASIS_SIDE = 3
"""Largest kernel height and width of a basis array (``kSide``)."""
BASIS_WORDS = 64
"""Words of ``ti`` channels in the ring of a basis array (``kRingWords``)."""
BASES_MAX = 9
"""Most basis kernels of an output channel: as many as a kernel of 3 x 3 has taps."""
STRUCT_BITS_MAX = 4096
"""Widest word of a stream between the stages of an engine."""

Rules = Iterable[tuple[bool, str]]


@dataclass(frozen=True)
class Array:
    """One array of processing elements inside an engine.

    Attributes:
        operator: what a lane computes: ``adder`` (-\\|x - w\\|), ``mac`` (x * w), ``sp2`` (x * w by two shifts and an
            addition, for weights that are a sum of two powers of two), ``mixed`` (lanes of the last two kinds) or ``basis``
            (sums of channels with coefficients -1, 0 and 1, times the taps of basis kernels).
        fold: cycles that the array spends on one step; it has ``ti / fold`` input lanes.
        weight_bits: width of a weight in memory, 4, 8 or 16.
        fixed_lanes: in a ``mixed`` array, how many of the ``to`` output lanes multiply.
        logic_lanes: in a ``mac`` array whose lanes have a multiplier each, how many of the ``to`` output lanes have it in
            LUTs instead of a DSP.
        adders: in a ``basis`` array, lanes that add up the channels of one output.
        look_ahead, look_aside: in a ``basis`` array, how many rows of terms further, and how many lanes aside, an idle adder
            finds a term.
        columns: in a ``basis`` array, most output columns of a layer.
    """

    operator: str
    fold: int
    weight_bits: int
    fixed_lanes: int = 0
    logic_lanes: int = 0
    adders: int = 0
    look_ahead: int = 0
    look_aside: int = 0
    columns: int = 0

    def __str__(self) -> str:
        return f"{self.operator} of {self.weight_bits} bits"


@dataclass(frozen=True)
class Engine(Widths):
    """One convolution engine: lanes, widths, buffer depths and the arrays that share them.

    Attributes:
        name: name of the engine inside the overlay.
        top: top function of the kernel, named after the operator of the first array (:data:`~sumtile.overlay.engine.TOPS`).
        data_bits: width of features, 8 or 16.
        stream_bits: width of each AXI4-Stream port.
        ti: input-channel lanes.
        to: output-channel lanes.
        tp: output-column lanes.
        arrays: the processing arrays; a layer names one by operator and width of its weights.
        kernel_max: largest kernel height and width.
        reduction_max: most products (terms) summed into one output.
        channels_max: most output channels of a layer.
        feature_words: depth of each of the ``tp`` feature banks, in words of ``ti`` channels.
        weight_tiles: depth of the weight buffer, in tiles of ``ti * to`` weights of the narrowest array.
        reorder_words: depth of each half of the reorder buffer, in words of ``to`` channels.
        pool_beats: depth of the pooling buffer, in beats of the stream; each of its :data:`~sumtile.overlay.engine.POOL_BANKS` banks has its share.
        scale_fold: cycles that the requantization spends on one word; it has ``to / scale_fold`` multipliers.
        weight_streams: ports over which the weights arrive together, a row of one beat from each at a time.
    """

    name: str
    top: str
    data_bits: int
    stream_bits: int
    ti: int
    to: int
    tp: int
    arrays: tuple[Array, ...]
    kernel_max: int
    reduction_max: int
    channels_max: int
    feature_words: int
    weight_tiles: int
    reorder_words: int
    pool_beats: int
    scale_fold: int = 1
    weight_streams: int = 1

    @property
    def weight_bits(self) -> int:
        """Width of the narrowest weights; a tile has ``ti * to`` of them."""
        return min(array.weight_bits for array in self.arrays)

    @property
    def tile_bytes(self) -> int:
        """Bytes of one weight tile."""
        return self.ti * self.to * self.weight_bits // 8

    @property
    def word_beats(self) -> int:
        """Beats of a word of ``ti`` channels."""
        return self.ti * self.data_bits // self.stream_bits

    def tile_lanes(self, array: Array) -> int:
        """Input lanes whose weights fill one tile: all of them for the narrowest weights, fewer for wider ones."""
        return self.ti * self.weight_bits // array.weight_bits

    def array_index(self, operator: str, weight_bits: int | None = None) -> int:
        """Index of the first array with this operator and, unless None, this width of weights; SumtileError when the engine has none."""
        for index, array in enumerate(self.arrays):
            if array.operator == operator and weight_bits in (None, array.weight_bits):
                return index
        wanted = operator if weight_bits is None else f"{operator} of {weight_bits} bits"
        raise SumtileError(f"engine '{self.name}' has no '{wanted}' array (it has: {', '.join(map(str, self.arrays))}); choose another overlay.")

    def array_of(self, operator: str, weight_bits: int | None = None) -> Array:
        """The array that :meth:`array_index` tells."""
        return self.arrays[self.array_index(operator, weight_bits)]

    def accumulator_bits(self, array: Array) -> int:
        """Width of an accumulator that holds ``reduction_max`` terms of an array's operator (``accumulator_bits`` in ``operators.hpp``)."""
        adder = self.data_bits + 1
        product = self.data_bits + array.weight_bits
        shifted = self.data_bits + (1 << array.weight_bits // 2)
        term = {"adder": adder, "mac": product, "sp2": shifted, "mixed": max(product, shifted), "basis": product}[array.operator]
        return term + (self.reduction_max - 1).bit_length()

    def check(self) -> None:
        """Raises SumtileError when a rule on the parameters is broken, with the rule in the sentence."""
        for holds, sentence in itertools.chain(self._lane_rules(), self._array_rules(), self._limit_rules(), self._width_rules()):
            if not holds:
                raise SumtileError(f"engine '{self.name}': {sentence}.")

    def _lane_rules(self) -> Rules:
        yield all(re.fullmatch(r"[A-Za-z]\w*", name) for name in (self.name, self.top)), f"name '{self.name}' and top '{self.top}' must be identifiers"
        yield self.data_bits in DATA_BITS, f"data_bits is {self.data_bits}, but 8 or 16 is supported"
        yield self.stream_bits in (32, 64, 128, 256, 512), f"stream_bits is {self.stream_bits}, but 32 to 512 by powers of two is supported"
        lanes = 2 <= self.ti <= 128 and 1 <= self.to <= 256 and 1 <= self.tp <= 64
        yield lanes, f"lanes are {self.ti} x {self.to} x {self.tp}, but ti from 2 to 128, to from 1 to 256 and tp from 1 to 64 are needed"
        yield 1 <= len(self.arrays) <= 8, f"the engine has {len(self.arrays)} arrays, but 1 to 8 are supported"
        for name, lanes_of_word in (("ti", self.ti), ("to", self.to)):
            yield lanes_of_word * self.data_bits % self.stream_bits == 0, f"a word of {name} = {lanes_of_word} channels must fill whole beats of {self.stream_bits} bits"
        yield self.weight_streams in WEIGHT_STREAMS, f"weight_streams is {self.weight_streams}, but {', '.join(map(str, WEIGHT_STREAMS))} are supported"
        row_bits = 8 * self.row_bytes
        yield 32 * HEADER_WORDS % row_bits == 0, f"the {32 * HEADER_WORDS} bits of a header must fill whole rows of {row_bits} bits, a beat of each weight stream"
        yield self.scale_fold >= 1 and self.to % self.scale_fold == 0, f"scale_fold {self.scale_fold} must divide to ({self.to})"

    def _array_rules(self) -> Rules:
        for array in self.arrays:
            yield array.operator in OPERATORS, f"operator '{array.operator}' is unknown; choose one of {', '.join(OPERATORS)}"
            widths = [bits for bits in WEIGHT_BITS[array.operator] if bits <= self.data_bits and (array.operator != "adder" or bits == self.data_bits)]
            yield array.weight_bits in widths, f"weight_bits of the {array.operator} array is {array.weight_bits}, but {' or '.join(map(str, widths))} is supported"
            yield array.fold >= 1 and self.ti % array.fold == 0, f"fold {array.fold} of the {array.operator} array must divide ti ({self.ti})"
            mixed = array.operator == "mixed"
            lanes = 0 < array.fixed_lanes < self.to if mixed else array.fixed_lanes == 0
            yield lanes, f"fixed_lanes of the {array.operator} array is {array.fixed_lanes}, but {f'1 to {self.to - 1}' if mixed else '0'} is needed"
            most = self.to if array.operator == "mac" and not packs(self.data_bits, array.weight_bits) else 0
            logic = 0 <= array.logic_lanes <= most
            yield logic, f"logic_lanes of the {array} array is {array.logic_lanes}, but {f'0 to {most}' if most else '0'} is needed"
            yield from self._basis_rules(array)
        for array in self.arrays:
            tiles = 1 if array.operator == "basis" else array.weight_bits // self.weight_bits
            whole = array.fold % tiles == 0
            yield whole, f"fold {array.fold} of the {array.operator} array must be a multiple of {tiles}, since its weights are so many times wider than the narrowest"
        row_bits = 8 * self.row_bytes
        yield self.ti * self.to * self.weight_bits % row_bits == 0, f"a tile of {self.ti} x {self.to} weights must fill whole rows of {row_bits} bits, a beat of each weight stream"
        top = TOPS[self.arrays[0].operator]
        yield self.top == top, f"top is '{self.top}', but an engine whose first array is '{self.arrays[0].operator}' is called '{top}'"

    def _basis_rules(self, array: Array) -> Rules:
        sizes = (array.adders, array.look_ahead, array.look_aside, array.columns)
        if array.operator != "basis":
            yield not any(sizes), f"adders, look_ahead, look_aside and columns are for basis arrays, but the {array} array has {sizes}"
            return
        yield self.tp == 1 and array.fold == 1, f"tp is {self.tp} and fold {array.fold}, but a basis array works on one column without folding"
        yield self.ti in (16, 32), f"ti is {self.ti}, but a basis array gathers from 16 or 32 lanes"
        yield self.stream_bits % self.ti == 0, f"a mask of ti = {self.ti} bits must not lie across two beats of {self.stream_bits} bits"
        adders = 1 <= array.adders <= self.ti and self.ti % array.adders == 0
        yield adders, f"adders of the basis array is {array.adders}, but a divisor of ti ({self.ti}) is needed"
        yield 0 <= array.look_ahead <= 7, f"look_ahead of the basis array is {array.look_ahead}, but 0 to 7 is supported"
        yield 0 <= array.look_aside < max(array.adders, 1), f"look_aside of the basis array is {array.look_aside}, but 0 to {array.adders - 1} is possible"
        yield 1 <= array.columns <= 4096, f"columns of the basis array is {array.columns}, but 1 to 4096 is supported"
        taps = BASIS_SIDE**2 * array.weight_bits <= self.ti * self.weight_bits
        yield taps, f"the {BASIS_SIDE**2} taps of a basis kernel must fit a tile, but ti = {self.ti} weights of {self.weight_bits} bits are narrower"

    def _limit_rules(self) -> Rules:
        yield 1 <= self.kernel_max <= 11, f"limits.kernel is {self.kernel_max}, but 1 to 11 is supported"
        yield 2 <= self.reduction_max <= 1 << 16, f"limits.reduction is {self.reduction_max}, but 2 to 65536 is supported"
        channels = self.to <= self.channels_max <= 4095 * self.to and self.channels_max % self.to == 0
        yield channels, f"limits.channels is {self.channels_max}, but a multiple of to ({self.to}), 4095 times at most, is needed"
        for name in ("feature_words", "weight_tiles", "reorder_words", "pool_beats"):
            depth = getattr(self, name)
            least = POOL_BANKS if name == "pool_beats" else 1
            yield least <= depth <= 65535, f"buffers.{name} is {depth}, but {least} to 65535 is supported"

    def _width_rules(self) -> Rules:
        """Words of the streams between the stages: a weight tile, the features of all columns, and the sums of one column."""
        words = {"weights, ti * to": 8 * self.tile_bytes, "features, tp * ti": self.tp * self.ti * self.data_bits}
        words["mid values, to"] = self.to * self.mid_bits
        words["sums, to"] = self.to * max(self.accumulator_bits(array) for array in self.arrays)
        for name, bits in words.items():
            yield bits <= STRUCT_BITS_MAX, f"a word of {name} lanes, has {bits} bits, but {STRUCT_BITS_MAX} is the most; use fewer lanes"
        widest = max(self.accumulator_bits(array) for array in self.arrays)
        yield 25 <= widest <= 48, f"the widest sum has {widest} bits, but the requantization takes 25 to 48; change limits.reduction"
