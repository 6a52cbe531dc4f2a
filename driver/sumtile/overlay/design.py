# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Names in the block design of every overlay: the driver looks for these blocks, and the emulated board's design has them."""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.overlay.engine import Engine

ENGINE = "engine_0"
"""Instance of the engine, an HLS block."""

REGISTERS = ("stamp", "status", "layers", "busy", "starved", "stalled")
"""Output registers in the engine's control interface, in the order of the top function's arguments."""

DMA_TYPE = "xilinx.com:ip:axi_dma:7.1"
"""Vendor, library, name and version of every DMA."""


@dataclass(frozen=True)
class Dma:
    """A DMA by its instance, and the stream ports of the engine that its two channels lead to."""

    name: str
    sends_to: str
    receives_from: str | None = None


def weight_ports(engine: Engine) -> tuple[str, ...]:
    """The engine's ports for weights, in the order of the beats of a row."""
    return tuple(f"weights_{index}" for index in range(engine.weight_streams))


def dmas(engine: Engine) -> tuple[Dma, ...]:
    """All DMAs of a design. Each has a memory port (HP) of the processing system to itself."""
    return (Dma("dma_features", "features", "result"), *(Dma(f"dma_{port}", port) for port in weight_ports(engine)), Dma("dma_residual", "residual"))


def engine_type(top: str) -> str:
    """Vendor, library, name and version of an engine with that top function."""
    return f"xilinx.com:hls:{top}:1.0"
