# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A Zynq for stock pynq: the ``pynq.Device`` behind which the models of this package work."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pynq.interrupt import _InterruptController
from pynq.pl_server.device import Device
from pynqmetadata.frontends import Metadata

from sumtile.csim import Kernel, load_kernel
from sumtile.emulated.bus import Bus, RegisterWindow
from sumtile.emulated.elaborate import Design, FindKernel, elaborate
from sumtile.emulated.explain import explain
from sumtile.emulated.hang import Watchdog
from sumtile.emulated.interrupts import UioLine
from sumtile.emulated.memory import Memory, Region
from sumtile.emulated.ps import architecture, attach_clocks, cma_address, release_clock_driver, select_clock_driver
from sumtile.emulated.schedule import make_schedule
from sumtile.emulated.settings import Settings
from sumtile.errors import SumtileError
from sumtile.overlay import Board, Overlay
from sumtile.overlay.design import engine_types
from sumtile.overlay.host import on_real_board

try:  # pynq 3 has its own copy of the parser, which its other parts expect
    from pynq.metadata.runtime_metadata_parser import RuntimeMetadataParser
except ImportError:
    from pynqmetadata.views.runtime import RuntimeMetadataParser


class EmulatedDevice(Device):
    """A board of this PC: DDR, registers, and the C simulation of the kernels as its programmable logic.

    Attributes:
        board: the description of the board.
        design: models of the overlay that is loaded.
        closed: its kernels are gone, and it is of no use any more.

    Args:
        settings: what to emulate and how.
        find_kernel: gives a new kernel for (VLNV, path of the .hwh); by default the C simulation of the overlay
            that the .hwh is named after.
    """

    _probe_priority_ = 10
    _numbers = itertools.count()

    @classmethod
    def _probe_(cls) -> list[EmulatedDevice]:
        """What pynq finds on its own: nothing, unless the environment names a board and this machine is none."""
        return [cls(Settings.resolve())] if "SUMTILE_BOARD" in os.environ and not on_real_board() else []

    def __init__(self, settings: Settings, find_kernel: FindKernel | None = None) -> None:
        super().__init__(f"emulated{next(self._numbers)}")
        self.board = Board.load(settings.board)
        self.name = f"emulated {self.board.name}"
        self.arch = architecture(self.board)
        self.capabilities = {"MEMORY_MAPPED": True}
        self.design = Design()
        self.closed = False
        self.bitfile_name: str | None = None
        self.timestamp: str | None = None
        self.default_memory = Memory(self, cma_address(self.board), self.board.cma_bytes, settings.cache)
        self._find_kernel = find_kernel or self._simulated_kernel
        self._schedule = make_schedule(settings.schedule, settings.seed)
        self._bus = Bus(self._schedule, Watchdog(self._schedule, settings.hang_s, lambda: explain(self.design)))
        self._uio: dict[int, UioLine] = {}
        self._before: Device | None = None
        self._clocks: Any = None
        attach_clocks(self._bus, self.board)

    @property
    def where(self) -> str:
        """One phrase that says where things run."""
        tops = ", ".join(control.kernel.vlnv.split(":")[2] for control in self.design.controls)
        return f"{self.name} (C simulation of {tops})" if tops else f"{self.name} (no overlay loaded)"

    def mmap(self, base_addr: int, length: int) -> RegisterWindow:
        """The registers of an address range; called by ``pynq.MMIO``."""
        return self._bus.window(base_addr, length)

    def get_memory(self, _description: dict[str, Any]) -> Memory:
        """The only memory; called for an overlay's PSDDR."""
        return self.default_memory

    def flush(self, bo: Region, offset: int, _pointer: int, size: int) -> None:
        """Called by ``PynqBuffer.flush``."""
        self.default_memory.flush(bo, offset, size)

    def invalidate(self, bo: Region, offset: int, _pointer: int, size: int) -> None:
        """Called by ``PynqBuffer.invalidate``."""
        self.default_memory.invalidate(bo, offset, size)

    def get_bitfile_metadata(self, bitfile_name: str, _partial: bool = False) -> Any:
        """pynq's own reading of the .hwh beside the bitstream, with what a board adds to it."""
        hwh = _hwh_of(bitfile_name)
        try:
            parser = RuntimeMetadataParser(Metadata(input=str(hwh)))
        except ElementTree.ParseError as error:
            raise SumtileError(f"{hwh} is no hardware handoff file ({error}); export it again.") from None
        memory = self.default_memory
        parser.mem_dict["PSDDR"] = {
            "base_address": memory.base_address, "phys_addr": memory.base_address, "size": memory.size, "addr_range": memory.size,
            "type": "DDR4", "streaming": False, "idx": 0, "tag": "PSDDR", "used": 1, "fullpath": "PSDDR",
        }  # fmt: skip
        for index, clock in parser.clock_dict.items():
            if clock.get("enable") and clock.get("frequency", 0) is None:  # pynq 4.0 leaves it open on a Zynq-7000
                clock["frequency"] = float(parser.ps.parameters[f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ"].value)
        parser.refresh_hierarchy_dict()
        return parser

    def set_bitfile_name(self, bitfile_name: str) -> None:
        """Called before an overlay sets its clocks."""
        self._clocks = select_clock_driver(self, self.board)
        super().set_bitfile_name(bitfile_name)

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Replaces the programmable logic by the design of a .hwh.

        Raises:
            SumtileError: no .hwh, or one that the board cannot model.
        """
        hwh = _hwh_of(bitstream.bitfile_name)
        parser = parser or self.get_bitfile_metadata(bitstream.bitfile_name)
        design = elaborate(hwh, parser, self.default_memory, self._find_kernel)
        self._unload()
        self.design = design
        for model, base, size in design.ranges:
            self._bus.attach(model, base, size)
        self._schedule.movers += [channel for dma in design.dmas for channel in dma.channels]
        self._schedule.movers += design.controls
        self._seed_interrupts(parser.interrupt_controllers)
        super().post_download(bitstream, parser, self.name)

    def activate(self) -> None:
        """Makes this board pynq's active device, until it is closed."""
        self._before = getattr(Device, "_active_device", None)  # the property would look for devices
        Device.active_device = self

    def close(self) -> None:
        """Frees the simulated kernels, leaves the event loop, and gives pynq back the device and the clocks from before."""
        self._unload()
        self.closed = True
        release_clock_driver(self._clocks)
        if getattr(Device, "_active_device", None) is self:
            self._deactivate()

    def gen_cache(self, bitstream: Any, parser: Any = None) -> None:
        """Nothing: a cache of metadata would outlive changes of the .hwh."""

    def shutdown(self) -> None:
        """Nothing: no traffic is left when the logic is replaced."""

    def insert_device_tree(self, abs_dtbo: str) -> None:
        """Nothing: there is no kernel to tell."""

    def remove_device_tree(self, abs_dtbo: str) -> None:
        """Nothing: there is no kernel to tell."""

    def _simulated_kernel(self, vlnv: str, hwh: Path) -> Kernel:
        overlay = Overlay.load(hwh.stem, self.board.name)
        known = engine_types(overlay.engine, overlay.fc).values()
        if vlnv not in known:
            raise SumtileError(
                f"{hwh.name} has a kernel {vlnv}, but overlay '{overlay.name}' is described with {' and '.join(known)}; build it from this description, or correct that."
            )
        return load_kernel(overlay, top=vlnv.split(":")[2])

    def _deactivate(self) -> None:
        """Activates the device from before that is not closed; without one pynq looks for its default again."""
        before = self._before
        while isinstance(before, EmulatedDevice) and before.closed:
            before = before._before
        if before is None:
            del Device._active_device
        else:
            Device.active_device = before

    def _unload(self) -> None:
        for number, line in self._uio.items():
            if _InterruptController._uio_devices.get(number) is line:
                del _InterruptController._uio_devices[number]
            line.close()
        for model in self.design.models:
            self._bus.detach(model)
        for control in self.design.controls:
            control.kernel.close()
        self._schedule.movers.clear()
        self._uio = {}
        self.design = Design()

    def _seed_interrupts(self, controllers: dict[str, Any]) -> None:
        """Fills the registry in which pynq keeps open UIO devices; it would look for new ones in /proc and /sys."""
        for name, entry in controllers.items():
            if entry.get("parent") == "" and "raw_irq" in entry and name in self.design.controllers:
                line = UioLine(self._bus.sleep)
                self.design.controllers[name].output.connect(line.drive)
                self._uio[entry["raw_irq"]] = line
        _InterruptController._uio_devices.update(self._uio)


def _hwh_of(bitfile_name: str) -> Path:
    hwh = Path(bitfile_name).with_suffix(".hwh")
    if not hwh.is_file():
        raise SumtileError(f"{bitfile_name} was given without {hwh.name} beside it, but pynq and the emulated board both need the pair; copy the .hwh of the same build.")
    return hwh
