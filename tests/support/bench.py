# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""An overlay opened one step below the Accelerator, so that a test can misuse it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sumtile.emulated import EmulatedDevice, overlay_files
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.runtime.buffers import BufferPool
from sumtile.runtime.hardware import Hardware
from sumtile.runtime.placement import Placement


@dataclass
class Bench:
    """Hardware, and the pool whose buffers its DMAs reach."""

    overlay: Overlay
    hardware: Hardware
    pool: BufferPool

    def place(self, program: Program) -> Placement:
        """The program in the pool's buffers."""
        return Placement(program, self.overlay, self.pool)


@contextmanager
def open_bench(device: EmulatedDevice, overlay: Overlay) -> Iterator[Bench]:
    """The overlay on an emulated board."""
    with BufferPool(device, overlay.board.cma_bytes) as pool:
        hardware = Hardware(overlay, device, overlay_files(overlay), pool, timeout=5)
        yield Bench(overlay, hardware, pool)
        hardware.halt()


def files_with(overlay: Overlay, folder: Path, old: str, new: str) -> Path:
    """A copy of an overlay's .bit and .hwh in which the .hwh says ``new`` wherever it said ``old``; path of the .bit."""
    bitfile = overlay_files(overlay)
    text = bitfile.with_suffix(".hwh").read_text()
    assert old in text
    copy = folder / bitfile.name
    copy.write_bytes(bitfile.read_bytes())
    copy.with_suffix(".hwh").write_text(text.replace(old, new))
    return copy
