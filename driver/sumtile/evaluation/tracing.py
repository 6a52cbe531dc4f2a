# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One image through everything that can run a network, tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network import Network
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.quantize.noise import decibels

Tensors = dict[str, np.ndarray]
"""Integers of each tensor by name, int64 (height, width, channels)."""


@dataclass(frozen=True)
class TracedTensor:
    """One tensor of a program, and what all that ran it made of it.

    Attributes:
        layer: name of the tensor, which is that of the layer that makes it.
        shape: (height, width, channels).
        bits, signed, fl: its number format.
        snr_db: power of the float network's values over that of the golden model's error; the errors of the layers before it are part of it.
        bytes: its size in the engine's data width, without padding.
        equal: by the name of each trace, whether it has the golden model's integers.
    """

    layer: str
    shape: tuple[int, int, int]
    bits: int
    signed: bool
    fl: int
    snr_db: float
    bytes: int
    equal: dict[str, bool]


@dataclass(frozen=True)
class Difference:
    """The first place at which a tensor differs from the golden model's."""

    tensor: str
    place: tuple[int, int, int]
    expected: int
    found: int


def trace_golden(program: Program, features: np.ndarray) -> Tensors:
    """The integer golden model in numpy."""
    from sumtile.program.golden import run_golden

    return run_golden(program, Overlay.load(program.overlay, program.board).engine, features)


def trace_csim(program: Program, features: np.ndarray, types: str = "native") -> Tensors:
    """The C simulation, with native or the vendor's number types."""
    from sumtile.csim import Simulator

    with closing(Simulator(program, types)) as simulator:
        return simulator.trace(features)


def trace_vendor(program: Program, features: np.ndarray) -> Tensors:
    """The C simulation with the vendor's number types."""
    return trace_csim(program, features, "vendor")


def trace_board(program: Program, features: np.ndarray) -> Tensors:
    """The board that this is, or else an emulated one."""
    from sumtile.evaluation.targets import open_accelerator

    with open_accelerator(program) as accelerator:
        return accelerator.trace(features)


TRACES: Mapping[str, Callable[[Program, np.ndarray], Tensors]] = {"csim": trace_csim, "vendor": trace_vendor, "board": trace_board}
"""What is held against the golden model, by name."""


def float_tensors(network: Network, orders: Mapping[str, Sequence[int]], pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Real tensors of the float network, (height, width, channels), their channels in the order of a quantized one.

    Args:
        network: the float network.
        orders: where a quantized network has another order of channels: by tensor, the channel that each of its places holds.
        pixels: uint8 (height, width, channels), as the network takes them.
    """
    found = {}
    for name, values in run_float(network, network.preprocess.apply(pixels[None])).items():
        nhwc = values[0].transpose(1, 2, 0) if values.ndim == 4 else values[0][None, None, :]
        found[name] = nhwc[:, :, list(orders[name])] if name in orders else nhwc
    return found


def compare_traces(program: Program, real: Mapping[str, np.ndarray], golden: Tensors, traces: Mapping[str, Tensors]) -> list[TracedTensor]:
    """Holds everything against the golden model, and that against the float network: an entry for each tensor that both have, in order.

    Args:
        program: what ran.
        real: the float network's tensors, of :func:`float_tensors`.
        golden: the golden model's, of :func:`trace_golden`.
        traces: what else ran the program, by name; see :data:`TRACES`.
    """
    found = []
    for name, tensor in program.tensors.items():
        if name not in real:
            continue
        shape, format = (tensor.shape.height, tensor.shape.width, tensor.shape.channels), tensor.format
        expected = real[name].astype(np.float64).reshape(shape)
        equal = {trace: bool((tensors[name] == golden[name]).all()) for trace, tensors in traces.items()}
        snr_db = decibels(expected, format.dequantize(golden[name]) - expected)
        found.append(TracedTensor(name, shape, format.bits, format.signed, format.fl, snr_db, golden[name].size * program.data_bits // 8, equal))
    return found


def first_difference(program: Program, expected: Tensors, found: Tensors) -> Difference | None:
    """The first tensor, in the order of the program's steps, that is not equal."""
    for step in program.steps:
        if difference := compare(step.target, expected[step.target], found[step.target]):
            return difference
    return None


def compare(name: str, expected: np.ndarray, found: np.ndarray) -> Difference | None:
    """The first place of a tensor that is not equal.

    Raises:
        SumtileError: the two have different shapes.
    """
    if expected.shape != found.shape:
        raise SumtileError(f"tensor '{name}' has shape {found.shape}, but the golden model's has {expected.shape}; compile the network again.")
    wrong = np.argwhere(expected != found)
    if not len(wrong):
        return None
    row, column, channel = (int(index) for index in wrong[0])
    return Difference(name, (row, column, channel), int(expected[row, column, channel]), int(found[row, column, channel]))
