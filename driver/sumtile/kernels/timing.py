# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Cycles of one layer from its first beat to its last: what every stage does, and when it has to wait for another.

A stage's iterations are known (:mod:`sumtile.kernels.cycles`); what is added here is when they happen. The model walks the
layer in the order of the engine, a piece of work at a time (an output row, a group of outputs, a stripe), and keeps a clock
for each stage. Within a piece every stage has a constant pace, so the latest of its bounds at either end says when it is done.
Streams between the stages let one run ahead of the other by their depth. The timed C simulation has the same clocks
for every single beat; how far the two are apart is what ``tests/kernels/test_timing.py`` holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from sumtile.kernels.back import Back
from sumtile.kernels.concentration import dense_sum_cycles
from sumtile.kernels.cycles import port_cycles, stage_cycles, stripes_of
from sumtile.kernels.front import Front
from sumtile.kernels.layer import Layer, Residual
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import Tiling, pixel_beats, pool_bank_rows
from sumtile.overlay import Engine
from sumtile.overlay.engine import POOL_BANKS


@dataclass(frozen=True)
class LayerTiming:
    """When a layer's work is done, in cycles after its header.

    Attributes:
        cycles: until the last beat has left and every stage has ended; never less than the memory needs for its bytes.
        stages: iterations of each stage's loop, as :func:`sumtile.kernels.cycles.stage_cycles` counts them.
        moves: cycles that each port, and ``memory`` behind them, needs for its share of the bytes.
        fill: before the array's first step.
        drain: after its last one.
        bound: what takes longest by itself: a stage of the engine (``compute``, ``scale``, ``pool``, ...), a port (``features``,
            ``weights``, ``residual``, ``result``), or ``memory``.
    """

    cycles: int
    stages: dict[str, int]
    moves: dict[str, int]
    fill: int
    drain: int
    bound: str

    @property
    def array(self) -> int:
        """Cycles of the array that runs the layer."""
        return max(self.stages.get(name, 0) for name in ("compute", "deal", "dilute", "concentrate", "basis"))


def layer_timing(engine: Engine, layer: Layer, tiling: Tiling, ports: Ports, sum_cycles: float | None = None) -> LayerTiming:
    """The modelled time of a layer that is cut by ``tiling``, on an engine whose ports move data as ``ports`` says.

    ``sum_cycles`` is for layers of basis kernels: cycles of a row for the channels of one output and basis kernel
    (:mod:`sumtile.kernels.concentration`); None where no term is zero.
    """
    stages = stage_cycles(engine, layer, tiling)
    moves = _moves(engine, stages, ports)
    fill, compute, end = _walk(*_what_counts(engine, layer, tiling), tiling, ports, sum_cycles)
    work = {name: cycles for name, cycles in stages.items() if not name.startswith(("load_", "window", "replay", "store", "send"))}
    needed = {**work, **moves}
    if layer.operator == "basis":
        pixels = stages["deal"] // tiling.group_tiles
        needed["concentrate"] = round(pixels * layer.bases * (dense_sum_cycles(engine, layer) if sum_cycles is None else sum_cycles))
    cycles = max(math.ceil(end), moves.get("memory", 0))
    return LayerTiming(cycles, stages, moves, math.ceil(fill), math.ceil(end - compute), max(needed, key=lambda name: needed[name]))


def layer_cycles(engine: Engine, layer: Layer, tiling: Tiling, ports: Ports, sum_cycles: float | None = None) -> int:
    """Only the ``cycles`` of :func:`layer_timing`."""
    memory = _moves(engine, port_cycles(engine, layer, tiling), ports).get("memory", 0)
    return max(math.ceil(_walk(*_what_counts(engine, layer, tiling), tiling, ports, sum_cycles)[-1]), memory)


def plain_layer(layer: Layer) -> Layer:
    """A layer of the same shapes, without the arithmetic that takes no time and without a cut."""
    plain = Layer(layer.operator, layer.ifm, layer.channels)
    return replace(
        layer,
        ifm_unsigned=plain.ifm_unsigned,
        ofm_unsigned=plain.ofm_unsigned,
        residual=None if layer.residual is None else Residual(False, 0),
        slope=plain.slope,
        clamp_low=plain.clamp_low,
        clamp_high=plain.clamp_high,
        out_shift=plain.out_shift,
        pool=None if layer.pool is None else replace(layer.pool, mul=1, shift=0),
        stripe_rows=None,
    )


def _what_counts(engine: Engine, layer: Layer, tiling: Tiling) -> tuple[Engine, Layer]:
    """An engine and a layer that take the same time: lanes of one kind, buffers no deeper than the cut layer fills them, no arithmetic.

    Engines that differ in the rest only, and equal layers of a network, are then walked once.
    """
    pool_beats = POOL_BANKS
    if layer.pool is not None:
        pool_beats = POOL_BANKS * pool_bank_rows(engine, layer) * layer.conv.width * pixel_beats(engine, layer.channels)
    weight_tiles = min(engine.weight_tiles, tiling.weight_tiles * tiling.weight_repeats)
    arrays = tuple(replace(array, fixed_lanes=0, logic_lanes=0) for array in engine.arrays)
    same = replace(engine, name="", top="", arrays=arrays, kernel_max=0, reduction_max=0, channels_max=0)
    return replace(same, feature_words=0, reorder_words=0, weight_tiles=weight_tiles, pool_beats=pool_beats), plain_layer(layer)


@lru_cache(maxsize=1 << 15)
def _walk(engine: Engine, layer: Layer, tiling: Tiling, ports: Ports, sum_cycles: float | None) -> tuple[float, float, float]:
    """When the array makes its first step and its last one, and when every stage has ended."""
    back = Back(engine, layer, tiling, ports)
    front = Front(engine, layer, tiling, ports, back, sum_cycles)
    for stripe in stripes_of(layer, tiling):
        front.stripe(stripe)
    end = max(front.finish(), back.finish())
    return front.first_step or 0.0, front.compute, end


def _moves(engine: Engine, stages: dict[str, int], ports: Ports) -> dict[str, int]:
    """Cycles that each port needs for its beats, and the memory for the bytes of all."""
    beats = {"features": stages["load_features"], "weights": stages["load_weights"], "residual": stages["load_residual"], "result": stages["send"]}
    moves = {name: math.ceil(count / getattr(ports, name)) for name, count in beats.items()}
    if ports.ddr_bytes is not None:
        beats["weights"] *= engine.weight_streams
        moves["memory"] = math.ceil(sum(beats.values()) * engine.stream_bytes / ports.ddr_bytes)
    return moves
