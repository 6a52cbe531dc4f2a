# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs layers and whole programs in the C simulation, with no driver and no board in between."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sumtile.csim.kernel import Kernel, State, load_kernel
from sumtile.errors import SumtileError
from sumtile.kernels.fc import Factor, FcLayer
from sumtile.kernels.fc_packing import pack_fc_layer, pack_vectors, unpack_vectors
from sumtile.kernels.layer import Layer, Requantization
from sumtile.kernels.packing import by_weight_ports, feature_bytes, pack_features, pack_layer, unpack_features
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay
from sumtile.overlay.fc_engine import FC_TOP
from sumtile.program import FcStep, HostStep, Program, Step


def run_call(kernel: Kernel, inputs: Mapping[str, np.ndarray], result_bytes: int) -> np.ndarray:
    """One call of an engine: streams bytes into its ports and collects its result.

    Args:
        kernel: an idle kernel.
        inputs: contiguous uint8 arrays by port name; TLAST ends each.
        result_bytes: bytes that the result port is expected to deliver, TLAST on the last of them.

    Raises:
        SumtileError: the kernel blocks with nothing left to give it, or its result has another length.
    """
    result, received, ended = np.empty(result_bytes, np.uint8), 0, result_bytes == 0
    sent = dict.fromkeys(inputs, 0)
    kernel.start()
    while True:
        moved = 0
        for port, data in inputs.items():
            if sent[port] < data.nbytes:
                taken = kernel.write(port, data[sent[port] :], True)
                sent[port] += taken
                moved += taken
        state = kernel.run()
        while received < result_bytes:
            taken, last = kernel.read("result", result[received:])
            received += taken
            moved += taken
            ended = ended or last
            if not taken:
                break
        if state == State.IDLE:
            break
        if not moved:
            raise SumtileError(f"the C simulation stands still after {received} of {result_bytes} result bytes; a stream length disagrees with the layer:\n{kernel.report()}")
    if received != result_bytes or not ended or kernel.level("result"):
        raise SumtileError(
            f"the engine delivered {received} bytes (TLAST {'seen' if ended else 'missing'}), but {result_bytes} were expected; the descriptor and the host disagree."
        )
    left = {port: data.nbytes - sent[port] + kernel.level(port) * kernel.ports[port].beat_bytes for port, data in inputs.items()}
    for port, count in left.items():
        if count:
            raise SumtileError(f"the engine left {count} bytes of its port '{port}' unread, which the next layer would take for its own; the descriptor and the host disagree.")
    return result


def simulate_layer(
    kernel: Kernel, overlay: Overlay, layer: Layer, features: np.ndarray, weights: np.ndarray, requantization: Requantization, residual: np.ndarray | None = None
) -> np.ndarray:  # fmt: skip
    """Runs one layer; the arguments and the result are those of :func:`sumtile.kernels.golden.run_layer`."""
    engine = overlay.engine
    inputs = {
        **by_weight_ports(engine, pack_layer(engine, overlay.stamp, layer, tile(engine, layer), weights, requantization)),
        "features": pack_features(engine, features, layer.ifm_unsigned),
    }
    if layer.residual is not None and residual is not None:
        inputs["residual"] = pack_features(engine, residual, layer.residual.unsigned)
    data = run_call(kernel, inputs, feature_bytes(engine, layer.ofm))
    return unpack_features(engine, data, layer.ofm, layer.ofm_unsigned)


def simulate_fc(kernel: Kernel, overlay: Overlay, layer: FcLayer, vectors: np.ndarray, factors: tuple[Factor, ...]) -> np.ndarray:
    """Runs one fully connected layer; the arguments and the result are those of :func:`sumtile.kernels.fc.run_fc`."""
    fc = overlay.fully_connected
    inputs = {**by_weight_ports(fc, pack_fc_layer(fc, overlay.stamp, layer, factors)), "vectors": pack_vectors(fc, vectors, layer.ifm_unsigned)}
    return unpack_vectors(fc, run_call(kernel, inputs, layer.images * feature_bytes(fc, layer.ofm)), layer)


class Simulator:
    """A program in the C simulation.

    Args:
        program: the program.
        types: ``native`` for fast machine integers, ``vendor`` for the ``ap_int`` headers.
        overlay: the overlay that it was compiled for, when it is not one of the project's own.

    Raises:
        SumtileError: the overlay has another stamp than the program, or its kernel does not compile.
    """

    def __init__(self, program: Program, types: str = "native", overlay: Overlay | None = None) -> None:
        self.program = program
        self.overlay = overlay or Overlay.load(program.overlay, program.board)
        if self.overlay.stamp != program.stamp:
            raise SumtileError(
                f"the program was compiled for an overlay '{program.overlay}' with stamp {program.stamp:08x}, but that overlay now has stamp {self.overlay.stamp:08x}; compile the network again."
            )
        engine = self.overlay.engine
        self._kernel = load_kernel(self.overlay, types)
        self._weights = [
            by_weight_ports(engine, pack_layer(engine, program.stamp, step.layer, tile(engine, step.layer), step.weights, step.requantization, index))
            for index, step in enumerate(program.layers)
        ]
        self._fc_weights: list[dict[str, np.ndarray]] = []
        if program.fc_layers:
            fc = self.overlay.fully_connected
            self._fc_kernel = load_kernel(self.overlay, types, FC_TOP)
            self._fc_weights = [by_weight_ports(fc, pack_fc_layer(fc, program.stamp, step.layer, step.factors, index)) for index, step in enumerate(program.fc_layers)]

    def infer(self, features: np.ndarray) -> np.ndarray:
        """Runs the network on integers.

        Args:
            features: (height, width, channels) integers of the program's input tensor.

        Returns:
            int64 (height, width, channels) of the output tensor.
        """
        return self._unpack(self.program.output, self._run(features)[self.program.output])

    def trace(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Like :meth:`infer`, with the integers of every tensor by name."""
        return {name: self._unpack(name, data) for name, data in self._run(features).items()}

    def _run(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """The bytes of every tensor by name."""
        program, engine = self.program, self.overlay.engine
        data = {program.input: pack_features(engine, features, not program.tensors[program.input].format.signed)}
        weights, fc_weights = iter(self._weights), iter(self._fc_weights)
        for step in program.steps:
            if isinstance(step, HostStep):
                made = program.run_host(step, [self._unpack(name, data[name]) for name in step.sources])
                data[step.target] = pack_features(engine, made, not program.tensors[step.target].format.signed)
                continue
            dense = isinstance(step, FcStep)
            kernel, inputs = (self._fc_kernel, {**next(fc_weights), "vectors": data[step.source]}) if dense else (self._kernel, {**next(weights), "features": data[step.source]})
            if isinstance(step, Step) and step.residual is not None:
                inputs["residual"] = data[step.residual]
            data[step.target] = run_call(kernel, inputs, feature_bytes(engine, step.layer.ofm))
        return data

    def _unpack(self, name: str, data: np.ndarray) -> np.ndarray:
        tensor = self.program.tensors[name]
        return unpack_features(self.overlay.engine, data, tensor.shape, not tensor.format.signed)

    def iterations(self) -> dict[str, int]:
        """Iterations of every pipelined loop of the convolution engine so far: simulated cycles of each stage."""
        return self._kernel.iterations()

    def close(self) -> None:
        """Frees the kernel."""
        self._kernel.close()
        if self._fc_weights:
            self._fc_kernel.close()
