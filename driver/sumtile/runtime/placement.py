# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program's place in DDR: one buffer for the weights of all layers, and one for each of its feature-map buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.packing import feature_bytes, pack_features, pack_layer, pack_probe, unpack_features
from sumtile.kernels.tiling import tile
from sumtile.overlay import Engine
from sumtile.program import Program, Step, Tensor
from sumtile.runtime.buffers import BufferPool


@dataclass(frozen=True)
class Job:
    """What one layer moves. The maps are slices of pynq buffers, each as long as its transfer.

    Attributes:
        index: place in the program.
        name: name of the step.
        source, residual, target: feature maps; ``residual`` may be None.
        weight_bytes: the layer's part of the weight stream.
    """

    index: int
    name: str
    source: Any
    residual: Any | None
    target: Any
    weight_bytes: int

    @property
    def bytes_in(self) -> int:
        """Bytes that the engine reads for this layer."""
        return self.source.nbytes + (0 if self.residual is None else self.residual.nbytes) + self.weight_bytes


class Placement:
    """A program laid out in the buffers of a pool.

    Attributes:
        program: the program.
        weights: the weight stream: a probe, which clears the engine's counters, and all layers in order.
        jobs: the transfers of each layer.

    Raises:
        SumtileError: the program is inconsistent, the engine cannot run a layer, or the memory is full.
    """

    def __init__(self, program: Program, engine: Engine, pool: BufferPool) -> None:
        _check(program, engine)
        self.program = program
        self._engine = engine
        self._pool = pool
        self._taken: list[Any] = []
        try:
            packed = [_pack(program, engine, index, step) for index, step in enumerate(program.steps)]
            self.weights = self._store([pack_probe(program.stamp), *packed])
            maps = {index: self._take(nbytes) for index, nbytes in _buffer_sizes(program, engine).items()}
        except BaseException:
            self.release()
            raise
        place = {name: maps[tensor.buffer][: _tensor_bytes(engine, tensor)] for name, tensor in program.tensors.items()}
        self._maps = place
        self.jobs = [
            Job(index, step.name, place[step.source], None if step.residual is None else place[step.residual], place[step.target], part.nbytes)
            for index, (step, part) in enumerate(zip(program.steps, packed))
        ]

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
        memory[:] = pack_features(self._engine, features, not tensor.format.signed)
        memory.flush()

    def read(self, name: str) -> np.ndarray:
        """A tensor, while it is in its buffer: int64 (H, W, C)."""
        tensor, memory = self.program.tensors[name], self._maps[name]
        memory.invalidate()
        return unpack_features(self._engine, memory, tensor.shape, not tensor.format.signed)

    def release(self) -> None:
        """Gives all buffers back to the pool."""
        for buffer in self._taken:
            self._pool.give_back(buffer)
        self._taken = []

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
    if not program.steps:
        raise SumtileError(f"program '{program.name}' has no layers; compile the network again.")
    tensors = program.tensors
    holds = {tensors[program.input].buffer: program.input}
    for step in program.steps:
        layer, target = step.layer, tensors[step.target]
        reads = [(step.source, layer.ifm)] if step.residual is None else [(step.source, layer.ifm), (step.residual, layer.conv)]
        for name, shape in reads:
            _expect(program, step, holds.get(tensors[name].buffer) == name, f"reads '{name}', which is not in its buffer any more")
            _expect(program, step, _tensor_bytes(engine, tensors[name]) == feature_bytes(engine, shape), f"takes a map of {shape}, but '{name}' is {tensors[name].shape}")
            _expect(program, step, tensors[name].buffer != target.buffer, f"writes '{step.target}' over '{name}' while it reads it")
        _expect(program, step, _tensor_bytes(engine, target) == feature_bytes(engine, layer.ofm), f"makes a map of {layer.ofm}, but '{step.target}' is {target.shape}")
        _expect(program, step, (step.residual is None) == (layer.residual is None), "has a residual map without a residual layer, or the other way round")
        holds[target.buffer] = step.target
    if holds.get(tensors[program.output].buffer) != program.output:
        raise SumtileError(f"program '{program.name}' does not keep its output '{program.output}' to the end; compile the network again.")


def _expect(program: Program, step: Step, holds: bool, what: str) -> None:
    if not holds:
        raise SumtileError(f"layer '{step.name}' of program '{program.name}' {what}; compile the network again.")
