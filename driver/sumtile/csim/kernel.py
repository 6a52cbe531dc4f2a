# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One simulated kernel: its AXI4-Stream ports, its registers and its stages, moved from Python."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

from sumtile.csim.build import build_kernel, load_library
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay


class State(IntEnum):
    """What a kernel does after :meth:`Kernel.run`."""

    IDLE = 0
    BLOCKED = 1
    RUNNING = 2


@dataclass(frozen=True)
class Port:
    """An AXI4-Stream port of a kernel."""

    index: int
    name: str
    is_input: bool
    beat_bytes: int


class Kernel:
    """One instance of a compiled kernel.

    The kernel moves only inside :meth:`run`. Each port ends in a bounded FIFO whose far end the caller serves with
    :meth:`write` and :meth:`read`; that is where a DMA sits on a board.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._handle = library.sumtile_new()
        if not self._handle:
            raise SumtileError("no memory is left for another simulated kernel; close some or use a machine with more.")
        self.ports = {port.name: port for port in _ports(library)}
        self.registers = [library.sumtile_register_name(i).decode() for i in range(library.sumtile_register_count())]
        self.loops = [library.sumtile_loop_name(i).decode() for i in range(library.sumtile_loop_count())]
        self._last = ctypes.c_int()

    def close(self) -> None:
        """Frees the instance; a kernel in the middle of a run is unwound."""
        if self._handle:
            self._library.sumtile_delete(self._handle)
            self._handle = None

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    @property
    def vlnv(self) -> str:
        """Vendor, library, name and version that the exported IP has."""
        return self._library.sumtile_vlnv().decode()

    def start(self) -> None:
        """Begins one call of the top function.

        Raises:
            RuntimeError: the call before has not ended; run the kernel until it is idle.
        """
        if self._library.sumtile_start(self._handle):
            raise RuntimeError("the kernel was started while it was running")

    def run(self, slices: int = 0) -> State:
        """Moves the kernel until it is idle, every stage is blocked, or ``slices`` turns of its stages are spent (0: no limit)."""
        state = self._library.sumtile_run(self._handle, slices)
        if state < 0:
            raise SumtileError(f"the kernel stopped: {self.report()}")
        return State(state)

    def write(self, port: str, data: np.ndarray, last: bool) -> int:
        """Offers bytes to an input port and returns how many it took.

        Args:
            port: name of an input port.
            data: contiguous uint8; only a final chunk may end in a part of a beat.
            last: TLAST on the final beat of ``data``.
        """
        return self._library.sumtile_write(self._handle, self.ports[port].index, data.ctypes.data, data.nbytes, int(last))

    def read(self, port: str, data: np.ndarray) -> tuple[int, bool]:
        """Takes bytes from an output port into contiguous uint8 ``data``, at most up to a TLAST.

        Returns:
            (bytes taken, whether the last of them carried TLAST)
        """
        taken = self._library.sumtile_read(self._handle, self.ports[port].index, data.ctypes.data, data.nbytes, ctypes.byref(self._last))
        return taken, bool(self._last.value)

    def level(self, port: str) -> int:
        """Beats that wait in a port's FIFO."""
        return self._library.sumtile_level(self._handle, self.ports[port].index)

    def register(self, name: str) -> int:
        """Last value that the kernel wrote to a register of its control interface."""
        return self._library.sumtile_register(self._handle, self.registers.index(name))

    def iterations(self) -> dict[str, int]:
        """Iterations of every pipelined loop since the instance was made, by the loop's name."""
        return {name: self._library.sumtile_loop_count_of(self._handle, i) for i, name in enumerate(self.loops)}

    @property
    def progress(self) -> int:
        """A count that grows whenever any stream of the kernel moves."""
        return self._library.sumtile_progress(self._handle)

    def report(self) -> str:
        """What each unfinished stage waits for, one line a stage."""
        text = ctypes.create_string_buffer(1 << 16)
        self._library.sumtile_report(self._handle, text, len(text))
        return text.value.decode()


def load_kernel(overlay: Overlay, types: str = "native", top: str | None = None) -> Kernel:
    """Compiles (or takes from the cache) the kernel of one of an overlay's engines and makes an instance.

    Args:
        overlay: gives the top function and its configuration.
        types: ``native`` for fast machine integers, ``vendor`` for the ``ap_int`` headers.
        top: top function; that of the convolution engine by default.

    Raises:
        SumtileError: no compiler, no vendor headers, a compilation that failed, or a library that cannot be loaded.
    """
    return Kernel(bound_library(build_kernel(overlay, types, top=top)))


def bound_library(path: Path) -> ctypes.CDLL:
    """Loads a compiled kernel and tells ctypes the types of its functions."""
    library = load_library(path)
    handle, index, size, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_char_p
    signatures = {
        "sumtile_new": (handle, []),
        "sumtile_delete": (None, [handle]),
        "sumtile_vlnv": (text, []),
        "sumtile_port_count": (index, []),
        "sumtile_port_name": (text, [index]),
        "sumtile_port_is_input": (index, [index]),
        "sumtile_port_bytes": (index, [index]),
        "sumtile_register_count": (index, []),
        "sumtile_register_name": (text, [index]),
        "sumtile_loop_count": (index, []),
        "sumtile_loop_name": (text, [index]),
        "sumtile_start": (index, [handle]),
        "sumtile_run": (index, [handle, ctypes.c_long]),
        "sumtile_write": (size, [handle, index, ctypes.c_void_p, size, index]),
        "sumtile_read": (size, [handle, index, ctypes.c_void_p, size, ctypes.POINTER(index)]),
        "sumtile_level": (size, [handle, index]),
        "sumtile_register": (ctypes.c_uint32, [handle, index]),
        "sumtile_loop_count_of": (ctypes.c_uint64, [handle, index]),
        "sumtile_progress": (ctypes.c_uint64, [handle]),
        "sumtile_report": (None, [handle, ctypes.c_char_p, size]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _ports(library: ctypes.CDLL) -> list[Port]:
    return [
        Port(i, library.sumtile_port_name(i).decode(), bool(library.sumtile_port_is_input(i)), library.sumtile_port_bytes(i))
        for i in range(library.sumtile_port_count())
    ]  # fmt: skip
