# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A host program as one writes it for a board: stock pynq only, nothing of the emulated board.

``host.py BITFILE BOARD`` loads the overlay, reads the stamp, runs two layers and compares them with the integer golden model.
"""

from __future__ import annotations

import sys

import numpy as np
import pynq

from sumtile.kernels.golden import run_layer
from sumtile.kernels.layer import Layer, MapShape, Requantization, Residual
from sumtile.kernels.packing import feature_bytes, pack_features, pack_layer, pack_probe, unpack_features
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay

AP_START, AUTO_RESTART = 0x01, 0x80


def main(bitfile: str, board: str) -> None:
    description = Overlay.load("adder", board)
    overlay = pynq.Overlay(bitfile)
    ip = overlay.engine_0
    ip.write(0x00, AP_START | AUTO_RESTART)
    send(overlay.dma_weights_0, pack_probe(description.stamp))
    while not ip.read(0x14):
        pass
    assert ip.register_map.stamp.stamp == description.stamp
    for layer in layers():
        difference = run(overlay, description, layer)
        assert difference == 0, f"{difference} values of {layer} differ"
    assert ip.read(0x20) == 0, "the engine reports a bad header"
    print(f"host OK: pynq {pynq.__version__}, {board} at {pynq.Clocks.fclk0_mhz:.0f} MHz")


def layers() -> list[Layer]:
    """A convolution with padding and one with a residual map and remainders of every lane count."""
    return [
        Layer("adder", MapShape(12, 10, 16), 32, kernel=(3, 3), padding=(1, 1, 1, 1), out_shift=4),
        Layer("mac", MapShape(7, 5, 19), 21, kernel=(1, 1), residual=Residual(unsigned=False, shift=2), out_shift=3),
    ]


def run(overlay: pynq.Overlay, description: Overlay, layer: Layer) -> int:
    """Values in which the board and the golden model differ."""
    engine, draw = description.engine, np.random.default_rng(7)
    features = draw.integers(-128, 128, (layer.ifm.height, layer.ifm.width, layer.ifm.channels))
    weights = draw.integers(-128, 128, layer.weight_shape)
    requantization = Requantization.fit(draw.uniform(0.01, 0.2, layer.channels), draw.integers(-200, 200, layer.channels))
    residual = draw.integers(-128, 128, (layer.conv.height, layer.conv.width, layer.conv.channels)) if layer.residual else None
    received = pynq.allocate(feature_bytes(engine, layer.ofm), np.uint8, cacheable=1)
    overlay.dma_features.recvchannel.transfer(received)
    start(overlay.dma_weights_0, pack_layer(engine, description.stamp, layer, tile(engine, layer), weights, requantization))
    if residual is not None:
        start(overlay.dma_residual, pack_features(engine, residual, unsigned=False))
    send(overlay.dma_features, pack_features(engine, features, unsigned=False))
    overlay.dma_features.recvchannel.wait()
    for dma in (overlay.dma_weights_0, overlay.dma_residual)[: 1 + (residual is not None)]:
        dma.sendchannel.wait()
    expected = run_layer(engine, layer, features, weights, requantization, residual)
    return int(np.count_nonzero(unpack_features(engine, received, layer.ofm, unsigned=False) != expected))


def start(dma: pynq.lib.dma.DMA, data: np.ndarray) -> None:
    """Begins to send; the channel keeps the buffer alive until its wait."""
    buffer = pynq.allocate(data.shape, np.uint8, cacheable=1)
    buffer[:] = data
    dma.sendchannel.transfer(buffer)


def send(dma: pynq.lib.dma.DMA, data: np.ndarray) -> None:
    """Sends and waits."""
    start(dma, data)
    dma.sendchannel.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
