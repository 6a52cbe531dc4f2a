# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a program takes on a board before anything runs: cycles, bytes and lanes of each layer, and the device's budget.

Cycles come from the timing model, which the tests hold against the executed loops of the simulation; the rates of the
memory and of the processor are what the board's description assumes, and the budget is an estimate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sumtile.compiler.lower import compile_network, refusals
from sumtile.errors import SumtileError
from sumtile.kernels.basis import dense_layer
from sumtile.kernels.concentration import mean_sum_cycles
from sumtile.kernels.fc_cycles import fc_timing
from sumtile.kernels.fc_packing import fc_weight_bytes
from sumtile.kernels.layer import MapShape
from sumtile.kernels.packing import HEADER_BYTES, feature_bytes
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import Tiling, tile
from sumtile.kernels.timing import layer_timing
from sumtile.overlay import Engine, Overlay
from sumtile.overlay.engine import BASIS_SIDE
from sumtile.overlay.estimate import Use, budget
from sumtile.program import FcStep, HostStep, Program, Step
from sumtile.quantize import QuantizedNetwork

Shape = tuple[int, int, int]
"""Height, width and channels."""


@dataclass(frozen=True)
class LayerPlan:
    """One step of a program.

    Attributes:
        name: name of the step.
        where: what computes it: an array of the engine, or ``host`` and the operation.
        on_engine: an engine layer, and not an operation of the processor.
        ifm, ofm: shapes of what it reads and makes, (height, width, channels).
        kernel, stride: (height, width) of the convolution, (0, 0) for an operation of the processor.
        depthwise: each output channel sees one input channel.
        stripes, stripe_rows: the cut of the layer, 0 for an operation of the processor.
        reuse: ``weights stay`` where all weights are kept over the layer (weight-stationary), ``inputs stay`` where they
            are sent again for each stripe of inputs (input-stationary), or empty where there is one stripe, so that both stay.
        feature_bytes, residual_bytes, weight_bytes, result_bytes: what moves between memory and engine, or processor.
        operations: multiply-accumulates or absolute differences, of basis kernels those of the dense layer that they stand for; other operations on the processor.
        cycles: clock cycles of the engine; 0 on the processor.
        array_cycles: those in which the array works; the others wait for the first inputs and for the last results to leave.
        seconds: at the overlay's clock, or at the rate that is assumed for the processor.
        lanes: multipliers, or what stands for them, of the engine that runs it; 0 on the processor.
        lane_use: share of all these lanes' cycles that do useful work.
        bound: what takes the time: ``compute``, ``weights``, ``features``, ``result``, ``memory``, another stage of the engine, or ``host``.
    """

    name: str
    where: str
    on_engine: bool
    ifm: Shape
    ofm: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int]
    depthwise: bool
    stripes: int
    stripe_rows: int
    reuse: str
    feature_bytes: int
    residual_bytes: int
    weight_bytes: int
    result_bytes: int
    operations: int
    cycles: int
    array_cycles: int
    seconds: float
    lanes: int
    lane_use: float
    bound: str

    @property
    def bytes(self) -> int:
        """All bytes that the layer moves."""
        return self.feature_bytes + self.residual_bytes + self.weight_bytes + self.result_bytes


@dataclass(frozen=True)
class Plan:
    """A program on an overlay of a board.

    Attributes:
        network, scheme: name of the network and the settings of its quantizer.
        overlay, board, clock_mhz: what it is planned for.
        lanes: lanes of the overlay's widest array.
        memory_bytes: bytes a second of the board's memory, as far as they can be used.
        host_bytes: bytes a second that the processor's operations are assumed to read and write.
        layers: one entry a step, in order.
        budget: one entry a resource of the device.
        problems: what keeps the plan from being carried out, a sentence each.
    """

    network: str
    scheme: str
    overlay: str
    board: str
    clock_mhz: float
    lanes: int
    memory_bytes: float
    host_bytes: int
    layers: tuple[LayerPlan, ...]
    budget: tuple[Use, ...]
    problems: tuple[str, ...] = ()

    @property
    def engine_layers(self) -> list[LayerPlan]:
        """Those that the engine runs."""
        return [layer for layer in self.layers if layer.on_engine]

    @property
    def cycles(self) -> int:
        """Clock cycles of the engine for one image."""
        return sum(layer.cycles for layer in self.layers)

    @property
    def engine_seconds(self) -> float:
        """Time of the engine for one image."""
        return sum(layer.seconds for layer in self.engine_layers)

    @property
    def host_seconds(self) -> float:
        """Time of the processor's operations for one image, at the rate that is assumed for it."""
        return sum(layer.seconds for layer in self.layers if not layer.on_engine)

    @property
    def operations(self) -> int:
        """Multiply-accumulates and absolute differences of the engine for one image."""
        return sum(layer.operations for layer in self.engine_layers)

    @property
    def gops(self) -> float:
        """Operations a second in 1e9, where a multiply-accumulate counts as two."""
        return 2e-9 * self.operations / self.engine_seconds if self.engine_seconds else 0.0

    def lane_use(self, layers: Iterable[LayerPlan] | None = None) -> float:
        """Share of all lanes' cycles that do useful work, over some of the engine's layers or all of them."""
        chosen = list(self.engine_layers if layers is None else layers)
        cycles = sum(layer.lanes * layer.cycles for layer in chosen)
        return sum(layer.lane_use * layer.lanes * layer.cycles for layer in chosen) / cycles if cycles else 0.0

    def array_use(self, layers: Iterable[LayerPlan] | None = None) -> float:
        """The same over the cycles in which the array works: what remainders of channels and columns leave idle."""
        chosen = list(self.engine_layers if layers is None else layers)
        cycles = sum(layer.lanes * layer.array_cycles for layer in chosen)
        return sum(layer.lane_use * layer.lanes * layer.cycles for layer in chosen) / cycles if cycles else 0.0

    @property
    def wide_kernels(self) -> list[LayerPlan]:
        """The convolutions of 3 x 3 that see all input channels."""
        return [layer for layer in self.engine_layers if layer.kernel == (3, 3) and not layer.depthwise]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the sums included."""
        sums = {name: getattr(self, name) for name in ("cycles", "engine_seconds", "host_seconds", "operations", "gops")}
        return {**asdict(self), **sums, "lane_use": self.lane_use(), "lane_use_3x3": self.lane_use(self.wide_kernels), "array_use_3x3": self.array_use(self.wide_kernels)}


def plan_network(quantized: QuantizedNetwork, overlay: Overlay) -> Plan:
    """Plans a quantized network, or a blank one; a layer that cannot run is a problem of the plan, and the plan then has no steps.

    Args:
        quantized: the network in integers; :func:`sumtile.compiler.blank_network` makes one without numbers.
        overlay: the overlay, resolved for a board.
    """
    try:
        return plan_program(compile_network(quantized, overlay), overlay)
    except SumtileError as error:
        return _plan(quantized.name, quantized.scheme, overlay, (), refusals(quantized, overlay) or [str(error)])


def plan_program(program: Program, overlay: Overlay) -> Plan:
    """Plans every step of a program.

    Args:
        program: a program for the overlay; of its weights only matters which inputs of a layer have none.
        overlay: the overlay, resolved for a board.

    Raises:
        SumtileError: the engine cannot run a layer.
    """
    ports = Ports.of(overlay)
    layers = tuple(_plan_step(program, step, overlay, ports) for step in program.steps)
    return _plan(program.name, program.scheme, overlay, layers, [])


def _plan_step(program: Program, step: Step | FcStep | HostStep, overlay: Overlay, ports: Ports) -> LayerPlan:
    if isinstance(step, HostStep):
        return _plan_host(program, step, overlay)
    return _plan_layer(step, overlay, ports) if isinstance(step, Step) else _plan_fc(program, step, overlay, ports)


def _plan(network: str, scheme: str, overlay: Overlay, layers: tuple[LayerPlan, ...], problems: list[str]) -> Plan:
    board, uses = overlay.board, tuple(budget(overlay))
    short = [
        f"overlay '{overlay.name}' takes about {use.used} {_RESOURCES[use.resource]}, but {board.name} has {use.available}; use fewer lanes or smaller buffers."
        for use in uses
        if not use.fits
    ]
    memory = board.ddr_bytes_per_second * board.ddr_efficiency
    return Plan(network, scheme, overlay.name, board.name, overlay.clock_mhz, _lanes(overlay.engine), memory, board.host_bytes_per_second, layers, uses, (*problems, *short))


def _lanes(engine: Engine) -> int:
    """Multiply-accumulates, or what stands in for them, that the widest array makes in a cycle."""
    return max(engine.to * BASIS_SIDE**2 if array.operator == "basis" else engine.ti * engine.to * engine.tp // array.fold for array in engine.arrays)


_RESOURCES = {"lut": "LUTs", "ff": "flip-flops", "bram36": "block RAMs of 36 Kib", "dsp": "DSPs"}


def _plan_layer(step: Step, overlay: Overlay, ports: Ports) -> LayerPlan:
    engine, layer = overlay.engine, step.layer
    tiling, array = tile(engine, layer), engine.array_of(layer.operator, layer.weight_bits)
    timing = layer_timing(engine, layer, tiling, ports, mean_sum_cycles(engine, layer, step.weights) if layer.operator == "basis" else None)
    taps = np.count_nonzero(np.any(dense_layer(layer, step.weights)[1], axis=0))  # a fold and the padding of channels add some of weight zero
    operations = layer.conv.pixels * layer.channels * int(taps)
    made = layer.conv.pixels * layer.channels * layer.kernel[0] * layer.kernel[1] * layer.bases if layer.operator == "basis" else operations
    return LayerPlan(
        name=step.name,
        where=f"{array.operator} {array.weight_bits} bit",
        on_engine=True,
        ifm=_shape(layer.ifm),
        ofm=_shape(layer.ofm),
        kernel=layer.kernel,
        stride=layer.stride,
        depthwise=layer.depthwise,
        stripes=tiling.stripes,
        stripe_rows=tiling.stripe_rows,
        reuse="" if tiling.stripes == 1 else "weights stay" if tiling.resident else "inputs stay",
        feature_bytes=feature_bytes(engine, layer.ifm),
        residual_bytes=feature_bytes(engine, layer.conv) if layer.residual else 0,
        weight_bytes=weight_bytes(engine, tiling),
        result_bytes=feature_bytes(engine, layer.ofm),
        operations=operations,
        cycles=timing.cycles,
        array_cycles=timing.array,
        seconds=timing.cycles / overlay.clock_mhz / 1e6,
        lanes=_lanes(engine),
        lane_use=made / (_lanes(engine) * timing.cycles),
        bound=timing.bound,
    )


def _plan_fc(program: Program, step: FcStep, overlay: Overlay, ports: Ports) -> LayerPlan:
    """A layer whose weights are used as they arrive; in its kernel's place stands what it sees, all of its source."""
    fc, layer, source = overlay.fully_connected, step.layer, program.tensors[step.source].shape
    timing = fc_timing(fc, layer, ports)
    return LayerPlan(
        name=step.name,
        where=f"fc {layer.weight_bits} bit" if layer.rank is None else f"svd {layer.weight_bits} bit",
        on_engine=True,
        ifm=_shape(source),
        ofm=_shape(layer.ofm),
        kernel=(source.height, source.width),
        stride=(1, 1),
        depthwise=False,
        stripes=1,
        stripe_rows=1,
        reuse="",
        feature_bytes=feature_bytes(fc, layer.ifm),
        residual_bytes=0,
        weight_bytes=fc_weight_bytes(fc, layer),
        result_bytes=feature_bytes(fc, layer.ofm),
        operations=layer.operations,
        cycles=timing.cycles,
        array_cycles=timing.stages["multiply"],
        seconds=timing.cycles / overlay.clock_mhz / 1e6,
        lanes=fc.lanes,
        lane_use=layer.operations / (fc.lanes * timing.cycles),
        bound=timing.bound,
    )


def weight_bytes(engine: Engine, tiling: Tiling) -> int:
    """Bytes of a layer's part of the weight stream: header, requantization of each channel, and tiles as often as they are sent."""
    return HEADER_BYTES + tiling.groups * engine.to * 8 + tiling.weight_tiles * tiling.weight_repeats * engine.tile_bytes


def _plan_host(program: Program, step: HostStep, overlay: Overlay) -> LayerPlan:
    sources = [program.tensors[name].shape for name in step.sources]
    target = program.tensors[step.target].shape
    engine = overlay.engine
    own = program.host_input  # an input that no engine reads has no padding channels
    read = sum(shape.pixels * shape.channels * engine.data_bytes if own and name == program.input else feature_bytes(engine, shape) for name, shape in zip(step.sources, sources))
    written = feature_bytes(engine, target)
    return LayerPlan(
        name=step.name,
        where=f"host {type(step.operation).__name__}",
        on_engine=False,
        ifm=_shape(sources[0]),
        ofm=_shape(target),
        kernel=(0, 0),
        stride=(0, 0),
        depthwise=False,
        stripes=0,
        stripe_rows=0,
        reuse="",
        feature_bytes=read,
        residual_bytes=0,
        weight_bytes=0,
        result_bytes=written,
        operations=step.operation.operations(*sources),
        cycles=0,
        array_cycles=0,
        seconds=(read + written) / overlay.board.host_bytes_per_second,
        lanes=0,
        lane_use=0.0,
        bound="host",
    )


def _shape(shape: MapShape) -> Shape:
    return shape.height, shape.width, shape.channels
