# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program's place in DDR: one buffer for the weights of all layers at each weight port, and one for each of its feature-map buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.fc_packing import pack_fc_layer, pack_fc_probe
from sumtile.kernels.layer import MapShape
from sumtile.kernels.packing import by_weight_ports, feature_bytes, feature_dtype, pack_features, pack_layer, pack_probe, view_features
from sumtile.kernels.tiling import tile
from sumtile.overlay import Engine, FcEngine, Overlay
from sumtile.overlay.design import ENGINE, FC_ENGINE, weight_ports
from sumtile.program import FcStep, HostStep, Program, Step, Tensor
from sumtile.runtime.buffers import BufferPool


@dataclass(frozen=True)
class Job:
    """What one layer moves. The maps are slices of pynq buffers, each as long as its transfer.

    Attributes:
        engine: instance of the engine that runs it.
        index: place among that engine's layers.
        name: name of the step.
        tensor: name of the tensor that it makes.
        source, residual, target: feature maps; ``residual`` may be None.
        weight_bytes: the layer's part of the weight stream.
    """

    engine: str
    index: int
    name: str
    tensor: str
    source: Any
    residual: Any | None
    target: Any
    weight_bytes: int

    @property
    def bytes_in(self) -> int:
        """Bytes that the engine reads for this layer."""
        return self.source.nbytes + (0 if self.residual is None else self.residual.nbytes) + self.weight_bytes


@dataclass(frozen=True)
class HostJob:
    """What the processor computes between two layers. The maps are slices of pynq buffers.

    Attributes:
        step: the program's step.
        sources, target: feature maps; the network's input may be an array of the processor's own.
    """

    step: HostStep
    sources: tuple[Any, ...]
    target: Any

    @property
    def name(self) -> str:
        """Name of the step."""
        return self.step.name

    @property
    def tensor(self) -> str:
        """Name of the tensor that it makes."""
        return self.step.target

    @property
    def bytes_in(self) -> int:
        """Bytes that the processor reads."""
        return sum(source.nbytes for source in self.sources)


class Placement:
    """A program laid out in the buffers of a pool.

    Attributes:
        program: the program.
        weights: what each weight port of an engine gets, by the engine's instance: a probe, which clears the engine's counters, and
            all its layers in order. Only the convolution engine is there where the other one has no layers.
        jobs: the transfers of each layer, and what the processor computes between them, in order.

    Raises:
        SumtileError: the program is inconsistent, the engine cannot run a layer, or the memory is full.
    """

    def __init__(self, program: Program, overlay: Overlay, pool: BufferPool) -> None:
        engine = overlay.engine
        _check(program, engine)
        self.program = program
        self._engine = engine
        self._pool = pool
        self._taken: list[Any] = []
        try:
            packed = [_pack(program, engine, index, step) for index, step in enumerate(program.layers)]
            self.weights = {ENGINE: self._stored(engine, [pack_probe(program.stamp), *packed])}
            fc_packed = [_pack_fc(program, overlay.fully_connected, index, step) for index, step in enumerate(program.fc_layers)]
            if fc_packed:
                self.weights[FC_ENGINE] = self._stored(overlay.fully_connected, [pack_fc_probe(program.stamp), *fc_packed])
            maps = {index: self._take(nbytes) for index, nbytes in _buffer_sizes(program, engine).items()}
        except BaseException:
            self.release()
            raise
        place = {name: maps[tensor.buffer][: _tensor_bytes(engine, tensor)] for name, tensor in program.tensors.items()}
        if program.host_input:
            tensor = program.tensors[program.input]
            shape = (tensor.shape.height, tensor.shape.width, tensor.shape.channels)
            place[program.input] = np.zeros(shape, feature_dtype(engine, not tensor.format.signed))
        self._maps = place
        layers, fc_layers = iter(enumerate(packed)), iter(enumerate(fc_packed))
        self.jobs = [
            HostJob(step, tuple(place[name] for name in step.sources), place[step.target])
            if isinstance(step, HostStep)
            else _job(step, place, *next(layers if isinstance(step, Step) else fc_layers))
            for step in program.steps
        ]

    def run_host(self, job: HostJob) -> None:
        """Computes a host step from what lies in memory; engines see its result."""
        made = self.program.run_host(job.step, [self._integers(name) for name in job.step.sources])
        job.target[:] = pack_features(self._engine, made, not self.program.tensors[job.tensor].format.signed)
        job.target.flush()

    def write_input(self, features: np.ndarray) -> None:
        """Puts (H, W, C) integers into the input tensor's memory.

        Raises:
            SumtileError: another shape, not integers, or values outside the tensor's format.
        """
        tensor = self.program.tensors[self.program.input]
        shape = (tensor.shape.height, tensor.shape.width, tensor.shape.channels)
        features = np.asarray(features)
        if features.shape != shape or features.dtype.kind not in "iu":
            raise SumtileError(f"features of {features.dtype} and shape {features.shape} were given, but '{self.program.name}' takes integers of shape {shape}.")
        if features.min() < tensor.format.low or features.max() > tensor.format.high:
            raise SumtileError(
                f"features from {features.min()} to {features.max()} were given, but the input holds {tensor.format.low} to {tensor.format.high}; quantize them with the tensor's format."
            )
        memory = self._maps[tensor.name]
        if self.program.host_input:
            memory[:] = features
            return
        memory[:] = pack_features(self._engine, features, not tensor.format.signed)
        memory.flush()

    def read(self, name: str) -> np.ndarray:
        """A tensor, while it is in its buffer: int64 (H, W, C)."""
        return self._integers(name).astype(np.int64)

    def release(self) -> None:
        """Gives all buffers back to the pool."""
        for buffer in self._taken:
            self._pool.give_back(buffer)
        self._taken = []

    def _integers(self, name: str) -> np.ndarray:
        """The integers (H, W, C) of a tensor as they lie in memory."""
        tensor, memory = self.program.tensors[name], self._maps[name]
        if name == self.program.input and self.program.host_input:
            return np.asarray(memory)
        memory.invalidate()
        return view_features(self._engine, memory, tensor.shape, not tensor.format.signed)

    def _stored(self, engine: Engine | FcEngine, packed: list[np.ndarray]) -> list[Any]:
        """Whole layers or a probe one after the other: a buffer for each weight port."""
        parts = [by_weight_ports(engine, part) for part in packed]
        return [self._store([part[port] for part in parts]) for port in weight_ports(engine)]

    def _store(self, parts: list[np.ndarray]) -> Any:
        """The parts one after the other in a buffer of their own, flushed once for all inferences."""
        total = sum(part.nbytes for part in parts)
        weights = self._take(total)[:total]
        begin = 0
        for part in parts:
            weights[begin : begin + part.nbytes] = part
            begin += part.nbytes
        weights.flush()
        return weights

    def _take(self, nbytes: int) -> Any:
        self._taken.append(self._pool.take(nbytes))
        return self._taken[-1]


def _job(step: Step | FcStep, place: dict[str, Any], index: int, packed: np.ndarray) -> Job:
    residual = step.residual if isinstance(step, Step) else None
    engine = ENGINE if isinstance(step, Step) else FC_ENGINE
    return Job(engine, index, step.name, step.target, place[step.source], None if residual is None else place[residual], place[step.target], packed.nbytes)


def _pack_fc(program: Program, fc: FcEngine, index: int, step: FcStep) -> np.ndarray:
    try:
        return pack_fc_layer(fc, program.stamp, step.layer, step.factors, index)
    except SumtileError as error:
        raise SumtileError(f"layer '{step.name}' of program '{program.name}': {error}") from None


def _pack(program: Program, engine: Engine, index: int, step: Step) -> np.ndarray:
    try:
        return pack_layer(engine, program.stamp, step.layer, tile(engine, step.layer), step.weights, step.requantization, index)
    except SumtileError as error:
        raise SumtileError(f"layer '{step.name}' of program '{program.name}': {error}") from None


def _tensor_bytes(engine: Engine, tensor: Tensor) -> int:
    return feature_bytes(engine, tensor.shape)


def _buffer_sizes(program: Program, engine: Engine) -> dict[int, int]:
    """Bytes of each buffer: its largest tensor."""
    sizes: dict[int, int] = {}
    for tensor in program.tensors.values():
        sizes[tensor.buffer] = max(sizes.get(tensor.buffer, 0), _tensor_bytes(engine, tensor))
    return sizes


def _check(program: Program, engine: Engine) -> None:
    """Raises SumtileError unless every step reads what lies in memory at its turn, in the size that its layer takes."""
    if not program.layers and not program.fc_layers:
        raise SumtileError(f"program '{program.name}' has no layers; compile the network again.")
    tensors = program.tensors
    holds = {tensors[program.input].buffer: program.input}
    for step in program.steps:
        for name in step.reads:
            _expect(program, step, holds.get(tensors[name].buffer) == name, f"reads '{name}', which is not in its buffer any more")
            _expect(program, step, tensors[name].buffer != tensors[step.target].buffer, f"writes '{step.target}' over '{name}' while it reads it")
        for name, shape in _shapes(step, tensors):
            _expect(program, step, _tensor_bytes(engine, tensors[name]) == feature_bytes(engine, shape), f"moves a map of {shape}, but '{name}' is {tensors[name].shape}")
        holds[tensors[step.target].buffer] = step.target
    if holds.get(tensors[program.output].buffer) != program.output:
        raise SumtileError(f"program '{program.name}' does not keep its output '{program.output}' to the end; compile the network again.")


def _shapes(step: Step | FcStep | HostStep, tensors: dict[str, Tensor]) -> list[tuple[str, MapShape]]:
    """The tensors that a step reads and makes, and the shapes that it takes them for."""
    if isinstance(step, HostStep):
        return [(step.target, step.operation.ofm(*(tensors[name].shape for name in step.sources)))]
    residual = [(step.residual, step.layer.conv)] if isinstance(step, Step) and step.residual is not None else []
    return [(step.source, step.layer.ifm), *residual, (step.target, step.layer.ofm)]


def _expect(program: Program, step: Step | FcStep | HostStep, holds: bool, what: str) -> None:
    if not holds:
        raise SumtileError(f"layer '{step.name}' of program '{program.name}' {what}; compile the network again.")
