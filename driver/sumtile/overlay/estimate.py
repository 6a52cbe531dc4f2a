# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What an overlay takes of its board's device: an estimate, part by part, and no report of a tool.

DSPs and block RAMs follow from widths and depths. LUTs and flip-flops of the lanes are those that yosys counts for
lanes like the kernels' (``python benchmarks/area.py``); those of the other stages are counted from the widths of what
they compute in LUTs of six inputs; those of the vendor's blocks and of control are round figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.overlay.description import Overlay
from sumtile.overlay.design import dmas
from sumtile.overlay.engine import BASIS_SIDE, BASIS_WORDS, POOL_BANKS, Array, Engine
from sumtile.overlay.fc_engine import FcEngine
from sumtile.overlay.memories import SHIFT_DEPTH, Memory
from sumtile.overlay.multipliers import multiplier_dsps, packs

FILL_LIMITS = {"lut": 0.70, "ff": 0.50, "bram36": 0.80, "dsp": 0.80}
"""Share of a device's resources up to which a design still routes well: the vendor's usual recommendation."""

LANES: dict[tuple[str, int, int], tuple[float, float]] = {
    ("adder", 8, 8): (21.7, 22.5),
    ("adder", 16, 16): (38.2, 39.0),
    ("sp2", 8, 4): (30.9, 28.3),
    ("mac", 8, 4): (13.8, 27.4),
    ("mac", 8, 8): (17.5, 35.1),
    ("mac", 16, 16): (33.5, 67.1),
}
"""LUTs and flip-flops of a lane in an array of 256, with its share of adder tree and accumulator, by operator, bits of a
feature and bits of a weight: ``python benchmarks/area.py``, yosys 0.70."""

LOGIC_MULTIPLIER_LUTS = 291.0
"""LUTs of a signed 16 x 16 product without a DSP: what an array of 256 such lanes takes more as rows of carry chains than on DSPs, by the same measurement."""

ADDRESS_DSPS = 24
"""Products of run-time sizes: buffer addresses and loop bounds, the same in every engine."""

_CONTROL_LUTS, _CONTROL_FFS = 6000, 9000  # counters of twelve stages, and the descriptor that travels along them
_FC_CONTROL_LUTS, _FC_CONTROL_FFS = 1500, 2200  # of four stages


@dataclass(frozen=True)
class Resources:
    """Amounts of a device's resources; block RAMs count in whole ones of 36 Kib, halves included."""

    lut: float = 0.0
    ff: float = 0.0
    bram36: float = 0.0
    dsp: float = 0.0

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.lut + other.lut, self.ff + other.ff, self.bram36 + other.bram36, self.dsp + other.dsp)


@dataclass(frozen=True)
class Use:
    """One resource of a board.

    Attributes:
        resource: ``lut``, ``ff``, ``bram36`` or ``dsp``.
        used: estimate of what the overlay takes.
        available: what the device has.
        recommended: up to how much it should be filled.
    """

    resource: str
    used: int
    available: int
    recommended: int

    @property
    def fits(self) -> bool:
        """The device has enough."""
        return self.used <= self.available

    @property
    def comfortable(self) -> bool:
        """Below the recommended fill."""
        return self.used <= self.recommended


_DMA_TWO_WAYS, _DMA_ONE_WAY = Resources(2000, 2900, 2), Resources(1200, 1700, 1.5)  # AXI DMA 7.1 in simple mode
_PORT = Resources(1100, 1400)  # a SmartConnect to a memory port
_SHARED = Resources(700, 900)  # one more master at a SmartConnect
_CONTROL_BUS = Resources(1000, 1300)  # AXI-Lite interconnect, interrupt controller, resets


def estimate(overlay: Overlay) -> dict[str, Resources]:
    """Estimated resources of a design by part: arrays, stages, memories, streams, control, and the blocks around the engine."""
    engine, fc, family = overlay.engine, overlay.fc, overlay.board.family
    parts = {f"{array} array": _array(engine, array, family) for array in engine.arrays}
    return parts | {
        "scale": _scale(engine, family),
        "combine": _combine(engine, family),
        "pool": _pool(engine, family),
        "window": _window(engine),
        "weight buffer": _memory(Memory(engine.weight_tiles, engine.stream_bits, engine.tile_bytes // engine.stream_bytes)),
        "reorder buffer": _memory(Memory(2 * engine.reorder_words, engine.to * engine.mid_bits)),
        "streams": _streams(engine),
        "control": Resources(lut=_CONTROL_LUTS, ff=_CONTROL_FFS, dsp=ADDRESS_DSPS),
        **({} if fc is None else {"fully connected": _fully_connected(fc, family)}),
        "DMAs and interconnect": _surroundings(engine, fc),
    }


def budget(overlay: Overlay) -> list[Use]:
    """The estimate of the whole design held against the board's device, a resource each."""
    total = sum(estimate(overlay).values(), Resources())
    available = overlay.board.budget
    return [Use(name, math.ceil(getattr(total, name)), available[name], int(limit * available[name])) for name, limit in FILL_LIMITS.items()]


def check_budget(overlay: Overlay) -> None:
    """Raises SumtileError, with the figures, when the estimate says that the design does not fit the board's device."""
    over = [f"{use.used:,} of {use.available:,} {use.resource.upper()}" for use in budget(overlay) if not use.fits]
    if over:
        raise SumtileError(
            f"overlay '{overlay.name}' takes {', '.join(over)} of board '{overlay.board.name}' by estimate, so it does not fit; "
            "give it fewer lanes or smaller buffers, or let the tools try with 'sumtile build --force' or SUMTILE_FORCE=1."
        )


def _array(engine: Engine, array: Array, family: str) -> Resources:
    """All lanes with their adder trees and accumulators; and what spreads depthwise weights: a row is picked, and each lane masks its weight."""
    if array.operator == "basis":
        return _basis_array(engine, array, family)
    fixed = {"mac": engine.to, "mixed": array.fixed_lanes}.get(array.operator, 0)
    lanes = [("mac", fixed), ("sp2" if array.operator == "mixed" else array.operator, engine.to - fixed)]
    inputs = engine.ti // array.fold * engine.tp
    total = Resources()
    for operator, outputs in lanes:
        luts, ffs = _lane(operator, engine.data_bits, array.weight_bits)
        total += Resources(inputs * outputs * luts, inputs * outputs * ffs)
    dsps = -(-fixed // 2) if packs(engine.data_bits, array.weight_bits) else (fixed - array.logic_lanes) * multiplier_dsps(engine.data_bits + 1, array.weight_bits, family)
    total += Resources(inputs * array.logic_lanes * LOGIC_MULTIPLIER_LUTS * engine.data_bits * array.weight_bits / 256)
    weights = engine.tile_lanes(array) * engine.to * array.weight_bits
    spread = 0.0 if array.operator == "adder" else weights / 4 + weights / 3
    return total + Resources(spread, weights, 0, inputs * dsps)


def _basis_array(engine: Engine, array: Array, family: str) -> Resources:
    """For each output signs for its marks, a gather network, a window of rows of terms, adders, and multipliers for all taps; counted, not measured.

    A switch of a network swaps two bits in one LUT; a network's prefix counts take three a lane. Signs are two words out of a
    tile's, shifted and scattered. A bit of the window is kept, moved up or taken from a vector (3 LUTs), and an adder picks from the
    places of its lane and of those aside. Products are added up in their DSPs.
    """
    term, lanes, taps = engine.data_bits + 2, engine.ti, BASIS_SIDE**2
    sum_bits, accumulator = engine.data_bits + 1 + (engine.reduction_max - 1).bit_length(), engine.accumulator_bits(array)
    levels = lanes.bit_length() - 1
    gather = levels * lanes // 2 * (term + 1) + 3 * lanes
    signs = 2 * 2 * lanes + _shifter(lanes, levels) + levels * lanes // 2 + 3 * lanes
    window = (array.look_ahead + lanes // array.adders) * array.adders * term
    picks = (array.look_ahead + 1 + array.look_ahead * array.look_aside + 1) // 2
    adders = array.adders * (picks * term + term + levels) + sum_bits
    passing = 2 * BASIS_SIDE * accumulator
    streams = (lanes * term + 10) + (sum_bits + 20)
    row = Resources(signs + gather + 3 * window + adders + passing + streams, levels * lanes * term / 2 + window + 2 * adders + 5 * BASIS_SIDE * accumulator + streams)
    dsps = taps * multiplier_dsps(sum_bits, array.weight_bits, family)
    lines = _memory(Memory(array.columns, engine.to * accumulator, BASIS_SIDE - 1))
    ring = Resources(lut=lanes * engine.data_bits * BASIS_WORDS / 32)
    taps_stream, marks_stream, signs_stream = _fifo(16, 8 * taps * engine.to), _fifo(4, 8 * engine.tile_bytes), _fifo(2, 8 * engine.tile_bytes)
    tiles = Resources(ff=2 * 8 * engine.tile_bytes)
    return Resources(engine.to * row.lut, engine.to * row.ff, 0, engine.to * dsps) + lines + ring + taps_stream + marks_stream + signs_stream + tiles


def _lane(operator: str, data_bits: int, weight_bits: int) -> tuple[float, float]:
    """LUTs and flip-flops of one lane with its share of tree and accumulator; of a width that was not measured, in proportion to the nearest."""
    measured = {data + weight: cells for (kind, data, weight), cells in LANES.items() if kind == operator}
    width = data_bits + weight_bits
    nearest = min(measured, key=lambda measured_width: abs(measured_width - width))
    luts, ffs = measured[nearest]
    return luts * width / nearest, ffs * width / nearest


def _scale(engine: Engine, family: str) -> Resources:
    """For each lane a product, a rounding shift by up to 40, an addition, a saturation, and its share of the parameters."""
    lanes = engine.to // engine.scale_fold
    sum_bits = max(engine.accumulator_bits(array) for array in engine.arrays)
    product = sum_bits + 16
    luts = _shifter(product, 6) + 2 * product + 2 * engine.mid_bits + (sum_bits if engine.scale_fold > 1 else 0)
    rows = -(-engine.channels_max // lanes)
    parameters = sum((_memory(Memory(rows, bits, lanes)) for bits in (16, 6, 32)), Resources())
    return Resources(lanes * luts, lanes * 4 * product, 0, lanes * multiplier_dsps(sum_bits, 16, family)) + parameters


def _combine(engine: Engine, family: str) -> Resources:
    """For each channel of a beat an aligned residual, a slope, two bounds and a rounding shift."""
    channels, bits = engine.stream_bits // engine.data_bits, 2 * engine.mid_bits
    luts = 2 * _shifter(bits, 5) + 5 * engine.mid_bits
    return Resources(channels * luts, channels * 6 * engine.mid_bits, 0, channels * multiplier_dsps(engine.mid_bits, 16, family))


def _pool(engine: Engine, family: str) -> Resources:
    """For each channel of a beat a sum or maximum, a product and a rounding shift; and the ring of rows."""
    channels, bits = engine.stream_bits // engine.data_bits, engine.data_bits + 17
    luts = 2 * bits + _shifter(bits + 17, 5)
    logic = Resources(channels * luts, channels * 5 * bits, 0, channels * multiplier_dsps(bits, 17, family))
    return logic + _memory(Memory(engine.pool_beats // POOL_BANKS, engine.stream_bits, POOL_BANKS))


def _window(engine: Engine) -> Resources:
    """The ring of rows in a bank for each column, an address for each, and what rotates the banks into the order of the columns."""
    word = engine.ti * engine.data_bits
    rotation = engine.tp * word * (-(-(engine.tp - 1).bit_length() // 2))
    return Resources(rotation + 60 * engine.tp, 2 * engine.tp * word) + _memory(Memory(engine.feature_words, word, engine.tp))


def _streams(engine: Engine) -> Resources:
    """The FIFOs between the stages, by their depths in ``config.hpp``."""
    sum_bits = max(engine.accumulator_bits(array) for array in engine.arrays)
    beat, mids = engine.stream_bits, engine.to * engine.mid_bits
    sizes = [
        *[(512, beat)] * (2 + engine.weight_streams),
        (8, beat * engine.weight_streams),
        (16, engine.tp * engine.ti * engine.data_bits),
        (16, 8 * engine.tile_bytes),
        *[(8, engine.to * sum_bits)] * engine.tp,
        *[(32, mids)] * 2,
        *[(32, beat)] * 3,
    ]
    return sum((_fifo(*size) for size in sizes), Resources())


def _fifo(depth: int, width: int) -> Resources:
    """Up to the depth of a shift register, a LUT a bit and a register behind it; a block RAM beyond."""
    return Resources(width + 20, width + 20) if depth <= SHIFT_DEPTH else Resources(60, 80) + _memory(Memory(depth, width))


def _fully_connected(fc: FcEngine, family: str) -> Resources:
    """Lanes and requantization for each image, the memories of vectors, and streams."""
    widest, product = max(fc.weight_bits), fc.accumulator_bits + 16
    luts, ffs = _lane("mac", fc.data_bits, widest)
    lanes = Resources(fc.lanes * luts, fc.lanes * ffs, 0, fc.lanes * multiplier_dsps(fc.data_bits + 1, widest, family))
    spread = Resources(fc.lanes * widest * len(fc.weight_bits) / 2, fc.lanes * widest)
    slope = Resources(_shifter(2 * fc.mid_bits, 5) + 5 * fc.mid_bits, 6 * fc.mid_bits, 0, multiplier_dsps(fc.mid_bits, 16, family))
    scale = Resources(_shifter(product, 6) + 2 * product + 2 * fc.mid_bits, 4 * product, 0, multiplier_dsps(fc.accumulator_bits, 16, family))
    banks = fc.lanes * fc.data_bits // fc.stream_bits
    vectors = sum((_memory(Memory(words // fc.lanes, fc.stream_bits, banks)) for words in (fc.inputs_max, fc.middle_max)), Resources())
    streams = sum(
        (_fifo(*size) for size in [(512, fc.stream_bits), *[(512 // fc.weight_streams, fc.stream_bits)] * fc.weight_streams, (32, fc.batch * fc.stream_bits)]), Resources()
    )
    control = Resources(lut=_FC_CONTROL_LUTS, ff=_FC_CONTROL_FFS)
    return sum([part for part in (lanes, slope, scale, vectors) for _ in range(fc.batch)], spread + streams + control)


def _surroundings(engine: Engine, fc: FcEngine | None) -> Resources:
    """DMAs, and a SmartConnect at each memory port in use, a wider one where the DMAs of both engines share it."""
    blocks = dmas(engine, fc)
    receiving = sum(dma.receives_from is not None for dma in blocks)
    return sum([_DMA_TWO_WAYS] * receiving + [_DMA_ONE_WAY] * (len(blocks) - receiving) + [_PORT] * len({dma.hp for dma in blocks}), _CONTROL_BUS) + sum(
        [_SHARED] * (len(blocks) - len({dma.hp for dma in blocks})), Resources()
    )


def _memory(memory: Memory) -> Resources:
    return Resources(lut=memory.luts, bram36=memory.halves / 2)


def _shifter(bits: int, levels: int) -> int:
    """A rounding shift: a LUT of six inputs is a multiplexer of four; the bits that are shifted out are gathered, and the result is incremented."""
    return bits * -(-levels // 2) + 2 * bits
