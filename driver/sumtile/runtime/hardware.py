# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""An overlay on a pynq device: download, the checks that it is the right one, and its engines and DMA channels."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynq

from sumtile.errors import SumtileError
from sumtile.kernels.fc_packing import pack_fc_probe
from sumtile.kernels.packing import by_weight_ports, pack_probe
from sumtile.overlay import Overlay
from sumtile.overlay.design import DMA_TYPE, ENGINE, FC_ENGINE, Dma, dmas, engine_types, weight_ports
from sumtile.overlay.pair import check_pair
from sumtile.runtime.buffers import BufferPool
from sumtile.runtime.dma import MM2S, S2MM, Channel, all_done
from sumtile.runtime.unit import Unit


class Hardware:
    """A downloaded overlay.

    Attributes:
        units: its engines with their DMA channels, by the engine's instance.

    Args:
        overlay: description that the bitstream was built from.
        device: pynq device; it becomes the active one.
        bitfile: the ``.bit``, beside a ``.hwh`` of the same stem.
        pool: where the probe's buffer comes from.
        timeout: seconds to wait for the engine's first answer.

    Raises:
        SumtileError: a file is missing, pynq cannot load the pair, or the logic is not what ``overlay`` describes.
    """

    def __init__(self, overlay: Overlay, device: Any, bitfile: Path, pool: BufferPool, timeout: float) -> None:
        self._overlay, self._bitfile = overlay, bitfile
        self._device, self._pool, self._timeout = device, pool, timeout
        check_pair(overlay, bitfile)
        self._design = self._downloaded(lambda: pynq.Overlay(str(bitfile), device=device, download=False))
        self._check_blocks()
        self._downloaded(self._design.download)
        self.units = {ENGINE: self._unit(ENGINE, "features", "residual", weight_ports(overlay.engine))}
        if overlay.fc is not None:
            self.units[FC_ENGINE] = self._unit(FC_ENGINE, "vectors", None, weight_ports(overlay.fc))
        self._start()

    @property
    def conv(self) -> Unit:
        """The convolution engine."""
        return self.units[ENGINE]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All DMA channels."""
        return tuple(channel for unit in self.units.values() for channel in unit.channels)

    @property
    def weights(self) -> tuple[Channel, ...]:
        """The channels of all weights, which move beside the layers."""
        return tuple(channel for unit in self.units.values() for channel in unit.weights)

    def halt(self) -> None:
        """Stops all DMA channels, so that no buffer is touched any more."""
        for channel in self.channels:
            channel.reset()

    def restart(self) -> None:
        """Downloads the overlay again. An engine in the middle of a layer has no other way back to a known state."""
        self._downloaded(self._design.download)
        self._start()

    def _downloaded(self, download: Callable[[], Any]) -> Any:
        """Runs a step of pynq's, whose errors on a bad pair of files are of every kind."""
        pynq.Device.active_device = self._device  # pynq 3.0 sets the clocks of that one
        try:
            return download()
        except SumtileError:
            raise
        except Exception as error:
            raise SumtileError(f"pynq could not load {self._bitfile} ({type(error).__name__}: {error}); use a .bit and .hwh that were exported together for this board.") from error

    def _start(self) -> None:
        self.halt()
        for channel in self.channels:
            channel.run()
        for instance, unit in self.units.items():
            unit.engine.begin()
            self._probe(instance, unit)

    def _probe(self, instance: str, unit: Unit) -> None:
        """Asks an engine for its stamp, and compares it with the description's."""
        overlay = self._overlay
        probes = by_weight_ports(overlay.engine, pack_probe(overlay.stamp)) if instance == ENGINE else by_weight_ports(overlay.fully_connected, pack_fc_probe(overlay.stamp))
        parts = probes.values()
        buffers = [self._pool.take(part.nbytes) for part in parts]
        try:
            for channel, part, buffer in zip(unit.weights, parts, buffers):
                buffer[: part.nbytes] = part
                buffer.flush()
                channel.start(buffer[: part.nbytes])
            deadline = time.monotonic() + self._timeout
            while not (all_done(unit.weights) and unit.engine.stamp):
                if time.monotonic() > deadline:
                    raise SumtileError(self._no_answer(instance, unit))
        except BaseException:
            for channel in unit.weights:
                channel.reset()
            raise
        finally:
            for buffer in buffers:
                self._pool.give_back(buffer)
        found, expected = unit.engine.stamp, overlay.stamp
        if found != expected:
            raise SumtileError(
                f"the logic of {self._bitfile.name} has configuration stamp {found:#010x}, but the description of overlay '{self._overlay.name}' for {self._overlay.board.name} "
                f"has {expected:#010x}; build the bitstream again from this description."
            )

    def _no_answer(self, instance: str, unit: Unit) -> str:
        started = "is running" if unit.engine.started else "was not started"
        return (
            f"the engine {instance} of {self._bitfile.name} did not answer the first header within {self._timeout:g} s "
            f"(it {started}; {'; '.join(channel.describe() for channel in unit.weights)}); check clock and reset of the bitstream."
        )

    def _check_blocks(self) -> None:
        engine, fc = self._overlay.engine, self._overlay.fc
        expected = {**engine_types(engine, fc), **{dma.name: DMA_TYPE for dma in dmas(engine, fc)}}
        blocks = self._design.ip_dict
        for name, vlnv in expected.items():
            found = blocks[name]["type"] if name in blocks else None
            if found != vlnv:
                raise SumtileError(
                    f"{self._bitfile.with_suffix('.hwh').name} has {f'a {found}' if found else 'nothing'} at '{name}', but overlay '{self._overlay.name}' needs {vlnv} there; "
                    "use the .hwh that was exported with this bitstream."
                )
        for dma in dmas(self._overlay.engine, self._overlay.fc):
            self._check_width(dma)

    def _check_width(self, dma: Dma) -> None:
        """The DMA's streams are as wide as the engine's; a width that the .hwh leaves out is the IP's default."""
        parameters, expected = self._design.ip_dict[dma.name]["parameters"], self._overlay.engine.stream_bits
        for name, port in (("c_m_axis_mm2s_tdata_width", dma.sends_to), ("c_s_axis_s2mm_tdata_width", dma.receives_from)):
            found = int(parameters.get(name, 32))
            if port is not None and found != expected:
                raise SumtileError(
                    f"{name} of '{dma.name}' in {self._bitfile.with_suffix('.hwh').name} is {found}, but port '{port}' of overlay '{self._overlay.name}' has {expected} bits; "
                    "build the bitstream again from this description."
                )

    def _unit(self, instance: str, source: str, residual: str | None, weights: tuple[str, ...]) -> Unit:
        """An engine and the channels at its ports."""
        return Unit(
            engine=getattr(self._design, instance),
            source=self._channel(instance, source),
            result=self._channel(instance, "result"),
            residual=None if residual is None else self._channel(instance, residual),
            weights=tuple(self._channel(instance, port) for port in weights),
        )

    def _channel(self, instance: str, port: str) -> Channel:
        """The DMA channel at a stream port of an engine."""
        dma = next(dma for dma in dmas(self._overlay.engine, self._overlay.fc) if dma.engine == instance and port in (dma.sends_to, dma.receives_from))
        base, direction = (MM2S, "mm2s") if port == dma.sends_to else (S2MM, "s2mm")
        block = self._design.ip_dict[dma.name]
        parameters = block["parameters"]
        simple = not int(parameters.get("c_include_sg", 0))
        if not simple or not int(parameters.get(f"c_include_{direction}", 0)):
            raise SumtileError(
                f"'{dma.name}' in {self._bitfile.with_suffix('.hwh').name} has no {direction.upper()} channel in simple mode; switch scatter-gather off and the channel on."
            )
        registers = pynq.MMIO(block["phys_addr"], block["addr_range"], device=self._device)  # pynq's DMA driver waits without end
        return Channel(f"{direction.upper()} of {dma.name}", registers, base, parameters)
