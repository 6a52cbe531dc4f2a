# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Driver of the engines: pynq binds it to an HLS block by its VLNV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pynq import DefaultIP

from sumtile.errors import SumtileError
from sumtile.overlay.design import REGISTERS, engine_type
from sumtile.overlay.engine import TOPS
from sumtile.overlay.fc_engine import FC_TOP

CONTROL = 0x00
AP_START, AP_IDLE, AUTO_RESTART = 1 << 0, 1 << 2, 1 << 7

STATUS_OK, STATUS_BAD_MAGIC, STATUS_BAD_STAMP = 0, 1, 2


@dataclass(frozen=True)
class Counters:
    """Clock cycles of the engine's last layer.

    Attributes:
        busy: from the layer's first cycle to its last result.
        starved: cycles in which no feature was there to load; of an engine for fully connected layers, no weight.
        stalled: cycles in which nobody took a result.
    """

    busy: int
    starved: int
    stalled: int


class StreamEngine(DefaultIP):
    """An engine that runs layer after layer, each described by the header of its weights.

    Raises:
        SumtileError: the block's registers, as the .hwh lists them, are not an engine's.
    """

    bindto = [engine_type(top) for top in (*TOPS.values(), FC_TOP)]

    def __init__(self, description: dict[str, Any]) -> None:
        # This driver polls, so it needs none of the files and event loops behind pynq's interrupts.
        super().__init__(description={**description, "interrupts": {}})
        registers = description.get("registers") or {}
        missing = [name for name in REGISTERS if name not in registers]
        if missing:
            raise SumtileError(f"{description['fullpath']} has no register named {', '.join(missing)}; use the .hwh that was exported with this bitstream.")
        self._offsets = {name: registers[name]["address_offset"] for name in REGISTERS}

    def begin(self) -> None:
        """Starts the engine for good: after each layer it waits for the next header by itself."""
        self._put(CONTROL, AP_START | AUTO_RESTART)

    @property
    def started(self) -> bool:
        """False while the engine idles and will not start by itself."""
        control = self.read(CONTROL)
        return bool(control & AUTO_RESTART) or not control & AP_IDLE

    @property
    def stamp(self) -> int:
        """Configuration stamp of the logic; 0 until the first header has arrived."""
        return self._get("stamp")

    @property
    def status(self) -> int:
        """What the engine found in the last header: one of the ``STATUS_`` values."""
        return self._get("status")

    @property
    def layers(self) -> int:
        """Layers of the program that are finished."""
        return self._get("layers")

    def counters(self) -> Counters:
        """Cycle counts of the last finished layer."""
        return Counters(self._get("busy"), self._get("starved"), self._get("stalled"))

    def _get(self, name: str) -> int:
        return int(self.read(self._offsets[name]))

    def _put(self, offset: int, value: int) -> None:
        self.write(offset, int(value) & 0xFFFFFFFF)
