# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The C simulation with clocks: in which cycle each stage of a layer ends, over ports that move a beat now and then."""

from __future__ import annotations

import ctypes
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sumtile.csim.build import build_kernel
from sumtile.csim.kernel import Kernel, bound_library
from sumtile.csim.simulator import simulate_layer
from sumtile.errors import SumtileError
from sumtile.kernels.ports import Ports
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.program.golden import run_golden


@dataclass(frozen=True)
class MeasuredLayer:
    """One layer in the simulation with clocks; the stages have the names of their loops, in the order of the data.

    Attributes:
        name: name of the program's step.
        iterations: how often the loop of each stage ran, a cycle each.
        waits: cycles in which each stage waited for one of its streams.
        ends: the cycle in which each stage ended.
    """

    name: str
    iterations: dict[str, int]
    waits: dict[str, int]
    ends: dict[str, int]

    @property
    def cycles(self) -> int:
        """Until the last stage ended."""
        return max(self.ends.values())


def measure_layers(program: Program, features: np.ndarray, ports: Ports, overlay: Overlay | None = None) -> list[MeasuredLayer]:
    """Runs one image through the layers of the convolution engine, one after the other, each with clocks.

    Args:
        program: the program.
        features: (height, width, channels) integers of its input tensor.
        ports: beats that each port moves a cycle; a limit of the memory behind them (``ddr_bytes``) is left out.
        overlay: the overlay that it was compiled for, when it is not one of the project's own.

    Raises:
        SumtileError: the kernel does not compile, or a layer has another result than in the golden model.
    """
    overlay = overlay or Overlay.load(program.overlay, program.board)
    tensors = run_golden(program, overlay.engine, features)
    measured = []
    with closing(load_timed_kernel(overlay)) as kernel:
        kernel.pace(ports)
        for step in program.layers:
            before = kernel.iterations()
            residual = None if step.residual is None else tensors[step.residual]
            result = simulate_layer(kernel, overlay, step.layer, tensors[step.source], step.weights, step.requantization, residual)
            if not np.array_equal(result, tensors[step.target]):
                raise SumtileError(f"layer '{step.name}' has another result in the simulation with clocks than in the golden model; find where with 'sumtile compare'.")
            iterations = {loop: count - before[loop] for loop, count in kernel.iterations().items()}
            measured.append(MeasuredLayer(step.name, iterations, kernel.waits(), kernel.cycles()))
    return measured


class TimedKernel(Kernel):
    """A kernel whose stages keep time: an iteration of a pipelined loop is a cycle, and so is the way through a stream.

    The depth of the pipelines is left out, some tens of cycles a layer: only the vendor's tool knows it. Cycle 0 is the
    first one after the layer's header. The registers ``busy``, ``starved`` and ``stalled`` are cycles here, too.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        super().__init__(library)
        library.sumtile_pace.restype, library.sumtile_pace.argtypes = None, [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint, ctypes.c_uint]
        for name in ("sumtile_cycles_of", "sumtile_waits_of"):
            function = getattr(library, name)
            function.restype, function.argtypes = ctypes.c_int64, [ctypes.c_void_p, ctypes.c_int]

    def pace(self, ports: Ports) -> None:
        """Sets how many beats a cycle each port moves at the most; vectors come as fast as features do."""
        for name in self.ports:
            self._set_pace(name, ports.features if name == "vectors" else getattr(ports, name.partition("_")[0]))

    def _set_pace(self, port: str, rate: Fraction) -> None:
        if not 0 < rate <= 1:
            raise SumtileError(f"port '{port}' was given {rate} beats a cycle, but more than none and at most one is possible; correct the rate.")
        self._library.sumtile_pace(self._handle, self.ports[port].index, rate.numerator, rate.denominator)

    def cycles(self) -> dict[str, int]:
        """The cycle of the last layer in which the loop of each stage ended, by the loop's name."""
        return {name: self._library.sumtile_cycles_of(self._handle, i) for i, name in enumerate(self.loops)}

    def waits(self) -> dict[str, int]:
        """Cycles of the last layer in which each stage waited for one of its streams, by the loop's name."""
        return {name: self._library.sumtile_waits_of(self._handle, i) for i, name in enumerate(self.loops)}


def load_timed_kernel(overlay: Overlay, types: str = "native", top: str | None = None) -> TimedKernel:
    """Like :func:`sumtile.csim.load_kernel`, for a kernel that keeps time."""
    return TimedKernel(bound_library(build_kernel(overlay, types, timed=True, top=top)))
