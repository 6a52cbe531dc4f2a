# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Cycles of a fully connected layer: the iterations of each loop, and the time over ports of given rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sumtile.kernels.clocks import BEATS, PORT_AHEAD
from sumtile.kernels.fc import FcLayer
from sumtile.kernels.fc_packing import weight_rows
from sumtile.kernels.packing import feature_bytes
from sumtile.kernels.ports import Ports
from sumtile.overlay import FcEngine


@dataclass(frozen=True)
class FcTiming:
    """When a layer's work is done, in cycles after its header.

    Attributes:
        cycles: until the last beat of the result has left; never less than the memory needs for its bytes.
        stages: iterations of each loop of the engine.
        bound: what takes the time: ``weights`` (their ports), ``memory`` or ``compute``.
    """

    cycles: int
    stages: dict[str, int]
    bound: str


def fc_stage_cycles(fc: FcEngine, layer: FcLayer) -> dict[str, int]:
    """Iterations of every loop for one layer; the names are those of ``hls/csim/fc_kernel.cpp``. A row is an iteration, whatever the number of images."""
    vectors = layer.images * feature_bytes(fc, layer.ifm) // fc.stream_bytes
    rows = weight_rows(fc, layer)
    results = layer.images * feature_bytes(fc, layer.ofm) // fc.stream_bytes
    return {"load_vectors": vectors, "load_weights": rows, "fill": vectors, "multiply": rows, "send": results}


def fc_timing(fc: FcEngine, layer: FcLayer, ports: Ports) -> FcTiming:
    """The modelled time of a layer over ports that move data as ``ports`` says.

    The vectors are there before the first row is used; rows arrive meanwhile as far as the stream in front of the multiplication
    has room. From then on a row is used in the cycle after it has arrived.
    """
    stages = fc_stage_cycles(fc, layer)
    rows, rate = stages["multiply"], float(ports.weights)
    filled = stages["fill"] / float(ports.features)
    ahead = min(rows, BEATS // fc.weight_streams + PORT_AHEAD, filled * rate)
    arrived = filled + (rows - ahead) / rate
    computed = filled + rows
    # The last beats of all images leave one after the other, and behind them those without an output.
    padding = feature_bytes(fc, layer.ofm) // fc.stream_bytes - math.ceil(layer.outputs / fc.beat_values)
    tail = layer.images * (1 + padding) / float(ports.result)
    end = math.ceil(max(arrived, computed) + tail)
    moved = (stages["load_vectors"] + stages["send"]) * fc.stream_bytes + rows * fc.row_bytes
    memory = 0 if ports.ddr_bytes is None else math.ceil(moved / ports.ddr_bytes)
    bound = "memory" if memory > end else "weights" if arrived > computed else "compute"
    return FcTiming(max(end, memory), stages, bound)
