# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the simulated kernel, for tests of the device models only: it copies packets, and misbehaves on request."""

from __future__ import annotations

from collections import deque

import numpy as np

from sumtile.csim.kernel import Port, State


class Loopback:
    """Copies one packet from ``features`` to ``result`` in each call; what arrives elsewhere stays in the FIFO.

    Args:
        beat_bytes: width of the streams.
        depth: beats in the FIFO of each port.
        tlast: whether the copy ends with TLAST.
        registers: names of the output registers; register i holds 100 + i.
    """

    vlnv = "xilinx.com:hls:adder_conv:1.0"

    def __init__(self, beat_bytes: int = 16, depth: int = 64, tlast: bool = True, registers: tuple[str, ...] = ("stamp", "status", "layers", "busy", "starved", "stalled")) -> None:
        names = ("features", "weights_0", "residual", "result")
        self.ports = {name: Port(index, name, name != "result", beat_bytes) for index, name in enumerate(names)}
        self.registers = list(registers)
        self._beats: dict[str, deque[tuple[bytes, bool]]] = {name: deque() for name in names}
        self._beat_bytes, self._depth, self._tlast = beat_bytes, depth, tlast
        self._running = False

    def start(self) -> None:
        self._running = True

    def run(self, slices: int = 0) -> State:
        source, sink = self._beats["features"], self._beats["result"]
        turns = 0
        while self._running and source and len(sink) < self._depth:
            if slices and turns == slices:
                return State.RUNNING
            turns += 1
            beat, last = source.popleft()
            sink.append((beat, last and self._tlast))
            self._running = not last
        return State.BLOCKED if self._running else State.IDLE

    def write(self, port: str, data: np.ndarray, last: bool) -> int:
        taken = 0
        while taken < data.nbytes and len(self._beats[port]) < self._depth:
            beat = data[taken : taken + self._beat_bytes].tobytes()
            taken += len(beat)
            self._beats[port].append((beat, last and taken == data.nbytes))
        return taken

    def read(self, port: str, data: np.ndarray) -> tuple[int, bool]:
        given, last = 0, False
        while self._beats[port] and data.nbytes - given >= self._beat_bytes and not last:
            beat, last = self._beats[port].popleft()
            data[given : given + len(beat)] = np.frombuffer(beat, np.uint8)
            given += len(beat)
        return given, last

    def level(self, port: str) -> int:
        return len(self._beats[port])

    def register(self, name: str) -> int:
        return 100 + self.registers.index(name)

    def report(self) -> str:
        return "copy: waits for stream features"

    def close(self) -> None:
        pass
