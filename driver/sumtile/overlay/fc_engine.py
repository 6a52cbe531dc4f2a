# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The fully connected engine as an overlay describes it, and the rules that its numbers keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.overlay.engine import WEIGHT_BITS, WEIGHT_STREAMS, Engine
from sumtile.overlay.widths import Widths

FC_TOP = "svd_fc"
"""Its top function."""

FC_HEADER_WORDS = 32
"""Words of 32 bits in the header of a layer."""

RECORD_BITS = 64
"""Parameters of one output in the weight stream."""

BATCH_MAX = 16

Rules = Iterable[tuple[bool, str]]


@dataclass(frozen=True)
class FcEngine(Widths):
    """An engine for fully connected layers in one or two factors, whose weights are used as they arrive.

    Attributes:
        data_bits, stream_bits: those of the convolution engine, whose feature maps are its vectors.
        ti: a vector is filled up with zeros to a multiple of so many values, as those maps are.
        weight_streams: ports over which the weights arrive together, a row of one beat from each at a time.
        weight_bits: widths of weights, falling; a layer has one of them.
        batch: most images that one pass of the weights serves.
        inputs_max: most values of a vector.
        middle_max: most values of a vector between two factors.
    """

    data_bits: int
    stream_bits: int
    ti: int
    weight_streams: int
    weight_bits: tuple[int, ...]
    batch: int
    inputs_max: int
    middle_max: int

    @property
    def row_bits(self) -> int:
        """Bits of one beat from each weight stream."""
        return 8 * self.row_bytes

    @property
    def lanes(self) -> int:
        """Multipliers for one image: a row of the narrowest weights."""
        return self.row_bits // min(self.weight_bits)

    @property
    def beat_values(self) -> int:
        """Values of a vector in one beat."""
        return self.stream_bits // self.data_bits

    @property
    def row_records(self) -> int:
        """Outputs of a block: so many have their parameters in one row."""
        return self.row_bits // RECORD_BITS

    @property
    def accumulator_bits(self) -> int:
        """Width of a sum of ``inputs_max`` products."""
        return self.data_bits + max(self.weight_bits) + (self.inputs_max - 1).bit_length()

    def row_weights(self, bits: int) -> int:
        """Weights of that width in one row."""
        return self.row_bits // bits

    def check(self, board_ports: int) -> None:
        """Raises SumtileError when a rule on the parameters is broken, with the rule in the sentence; ``board_ports``: memory ports (HP) of the board."""
        for holds, sentence in self._rules(board_ports):
            if not holds:
                raise SumtileError(f"engine 'fc': {sentence}.")

    def _rules(self, board_ports: int) -> Rules:
        yield self.weight_streams in WEIGHT_STREAMS, f"weight_streams is {self.weight_streams}, but {', '.join(map(str, WEIGHT_STREAMS))} are supported"
        yield self.weight_streams <= board_ports, f"weight_streams is {self.weight_streams}, but the board has {board_ports} memory ports (HP)"
        known = [bits for bits in WEIGHT_BITS["mac"] if bits <= self.data_bits]
        falling = tuple(sorted(set(self.weight_bits) & set(known), reverse=True))
        holds = bool(self.weight_bits) and self.weight_bits == falling
        yield holds, f"weight_bits is {list(self.weight_bits)}, but some of {', '.join(map(str, reversed(known)))} in this order are needed"
        yield 1 <= self.batch <= BATCH_MAX, f"batch is {self.batch}, but 1 to {BATCH_MAX} is supported"
        yield self.row_bits % RECORD_BITS == 0, f"a row of {self.row_bits} bits, a beat of each weight stream, must hold whole records of {RECORD_BITS} bits"
        yield 32 * FC_HEADER_WORDS % self.row_bits == 0, f"the {32 * FC_HEADER_WORDS} bits of a header must fill whole rows of {self.row_bits} bits"
        for name in ("inputs_max", "middle_max"):
            size = getattr(self, name)
            yield self.lanes <= size <= 65536 and size % self.lanes == 0, f"{name} is {size}, but a multiple of the {self.lanes} lanes, 65536 at the most, is needed"
        yield self.middle_max <= self.inputs_max, f"middle_max is {self.middle_max}, but inputs_max, for which sums are sized, is {self.inputs_max}"
        yield 25 <= self.accumulator_bits <= 48, f"the widest sum has {self.accumulator_bits} bits, but the requantization takes 25 to 48; change inputs_max"
        word = self.lanes * self.data_bits
        yield word <= 4096, f"the values of all lanes have {word} bits, but 4096 is the most; use fewer weight_streams or wider weights"


@dataclass(frozen=True)
class FcFile:
    """The engine as the overlay's JSON file has it, under ``fc``; widths of data and streams are the convolution engine's."""

    weight_streams: int
    weight_bits: tuple[int, ...]
    inputs_max: int
    middle_max: int
    batch: int = 1

    def engine(self, conv: Engine) -> FcEngine:
        """The engine beside a convolution engine."""
        return FcEngine(conv.data_bits, conv.stream_bits, conv.ti, self.weight_streams, self.weight_bits, self.batch, self.inputs_max, self.middle_max)
