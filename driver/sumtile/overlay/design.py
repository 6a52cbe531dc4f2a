# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The block design of every overlay: its blocks by name, what they are connected to, and where the processor sees them.

``build.tcl`` builds this design, the emulated board's design is the same, and the driver looks for these blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.overlay.engine import Engine
from sumtile.overlay.fc_engine import FC_TOP, FcEngine

ENGINE = "engine_0"
"""Instance of the convolution engine, an HLS block."""

FC_ENGINE = "engine_1"
"""Instance of the engine for fully connected layers, where there is one: an HLS block, too."""

REGISTERS = ("stamp", "status", "layers", "busy", "starved", "stalled")
"""Output registers in an engine's control interface, in the order of the top function's arguments."""

ENGINE_CONTROL = "s_axi_control"
"""An engine's AXI4-Lite interface."""

DMA_TYPE = "xilinx.com:ip:axi_dma:7.1"
"""Vendor, library, name and version of every DMA."""

LENGTH_BITS = 26
"""Width of a DMA's length register: a transfer has less than 64 MiB."""

CONTROLLER, CONCAT = "axi_intc_0", "xlconcat_0"
"""Instances of the interrupt controller, at the top level, and of what gathers its inputs."""

ADDRESS_RANGE = 0x10000
"""Bytes of the address map that each block has."""


@dataclass(frozen=True)
class Dma:
    """A DMA by its instance, and what its two channels lead to.

    Attributes:
        engine: instance of the engine.
        sends_to, receives_from: stream ports of that engine.
        hp: number of the memory port (HP) of the processing system.
    """

    name: str
    engine: str
    sends_to: str
    receives_from: str | None
    hp: int

    @property
    def interrupts(self) -> tuple[str, ...]:
        """Its interrupt pins."""
        return ("mm2s_introut",) if self.receives_from is None else ("mm2s_introut", "s2mm_introut")


def weight_ports(engine: Engine | FcEngine) -> tuple[str, ...]:
    """The engine's ports for weights, in the order of the beats of a row."""
    return tuple(f"weights_{index}" for index in range(engine.weight_streams))


def dmas(engine: Engine, fc: FcEngine | None = None) -> tuple[Dma, ...]:
    """All DMAs of a design. Those of one engine have a memory port (HP) of the processing system each; the engines, of which one works at a time, share them."""
    inputs = (*weight_ports(engine), "residual")
    others = (Dma(f"dma_{port}", ENGINE, port, None, hp) for hp, port in enumerate(inputs, start=1))
    return (Dma("dma_features", ENGINE, "features", "result", 0), *others, *(() if fc is None else fc_dmas(fc)))


def fc_dmas(fc: FcEngine) -> tuple[Dma, ...]:
    """The DMAs of the engine for fully connected layers. Its vectors are few, so they share a memory port with weights."""
    weights = (Dma(f"dma_fc_{port}", FC_ENGINE, port, None, hp) for hp, port in enumerate(weight_ports(fc)))
    return (Dma("dma_fc_vectors", FC_ENGINE, "vectors", "result", 0), *weights)


def engine_types(engine: Engine, fc: FcEngine | None = None) -> dict[str, str]:
    """Type of each engine, by its instance."""
    return {ENGINE: engine_type(engine.top)} | ({} if fc is None else {FC_ENGINE: engine_type(FC_TOP)})


def addresses(engine: Engine, is_mpsoc: bool, fc: FcEngine | None = None) -> dict[tuple[str, str], int]:
    """Base address of each (block, AXI4-Lite interface), in the window of the processing system's first general-purpose master."""
    blocks = [*((dma.name, "S_AXI_LITE") for dma in dmas(engine)), (ENGINE, ENGINE_CONTROL), (CONTROLLER, "s_axi")]
    if fc is not None:
        blocks += [*((dma.name, "S_AXI_LITE") for dma in fc_dmas(fc)), (FC_ENGINE, ENGINE_CONTROL)]
    base = 0xA0000000 if is_mpsoc else 0x43C00000
    return {block: base + index * ADDRESS_RANGE for index, block in enumerate(blocks)}


def interrupts(engine: Engine, fc: FcEngine | None = None) -> tuple[tuple[str, str], ...]:
    """(block, pin) of each input of the interrupt controller, in their order."""
    blocks = [(dmas(engine), ENGINE)] + ([] if fc is None else [(fc_dmas(fc), FC_ENGINE)])
    return tuple(pin for group, instance in blocks for pin in (*((dma.name, name) for dma in group for name in dma.interrupts), (instance, "interrupt")))


def engine_type(top: str) -> str:
    """Vendor, library, name and version of an engine with that top function."""
    return f"xilinx.com:hls:{top}:1.0"
