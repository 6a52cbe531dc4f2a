# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Builds the device models of a design, from what pynq has parsed of its .hwh and the stream links that pynq leaves out.

One file so describes both sides, and whatever the kernel and the block design disagree on is an error here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

from sumtile.csim import Kernel
from sumtile.emulated.bus import Registers
from sumtile.emulated.control import HlsControl, KernelPort
from sumtile.emulated.dma import AxiDma, Channel, ChannelConfig, ReceiveChannel, SendChannel
from sumtile.emulated.interrupts import AxiIntc
from sumtile.emulated.memory import Memory
from sumtile.errors import SumtileError

# IPs on an AXI4-Stream link that change its width, depth or clock, but not the bytes on it.
_TRANSPARENT = ("axis_dwidth_converter", "axis_data_fifo", "axis_register_slice", "axis_clock_converter")
_SAME_SOURCES = "build the bitstream and the simulation from the same sources"

Endpoint = tuple[str, str]  # instance, interface
FindKernel = Callable[[str, Path], Kernel]
Model = TypeVar("Model", bound=Registers)


@dataclass
class Design:
    """The models of a loaded design."""

    controls: list[HlsControl] = field(default_factory=list)
    dmas: list[AxiDma] = field(default_factory=list)
    controllers: dict[str, AxiIntc] = field(default_factory=dict)
    ranges: list[tuple[Registers, int, int]] = field(default_factory=list)

    @property
    def models(self) -> list[Registers]:
        """All models that have registers."""
        return [model for model, _, _ in self.ranges]


def elaborate(hwh: Path, parser: Any, memory: Memory, find_kernel: FindKernel) -> Design:
    """Models of every IP that the PS can address.

    Args:
        hwh: the hardware handoff file.
        parser: pynq's metadata of the same file.
        memory: what the DMAs read and write.
        find_kernel: gives a new kernel for (VLNV, path of the .hwh).

    Raises:
        SumtileError: an IP without a model, or a disagreement between kernel and block design.
    """
    design = Design()
    links = _stream_links(hwh)
    addressable = {name: ip for name, ip in parser.ip_dict.items() if "phys_addr" in ip}
    dmas = {name: ip for name, ip in addressable.items() if ip["type"].startswith("xilinx.com:ip:axi_dma:")}
    for name, ip in addressable.items():
        if ip["type"].startswith("xilinx.com:hls:"):
            design.controls.append(_map(design, ip, _control(name, ip, find_kernel(ip["type"], hwh))))
        elif ip["type"].startswith("xilinx.com:ip:axi_intc:"):
            design.controllers[name] = _map(design, ip, AxiIntc(name))
        elif name not in dmas:
            raise SumtileError(
                f"{hwh.name} has {name} of type {ip['type']}, but the emulated board models AXI DMA, AXI INTC and HLS kernels only; "
                "take it out of the PS's address map or run on a board."
            )
    ports = {(control.name, port): KernelPort(control, port) for control in design.controls for port in control.kernel.ports}
    for name, ip in dmas.items():
        design.dmas.append(_map(design, ip, _dma(name, ip["parameters"], links, ports, memory)))
    _check_ports(design, links, ports)
    _connect_interrupts(design, parser.interrupt_pins)
    return design


def _map(design: Design, ip: dict[str, Any], model: Model) -> Model:
    design.ranges.append((model, ip["phys_addr"], ip["addr_range"]))
    return model


def _control(name: str, ip: dict[str, Any], kernel: Kernel) -> HlsControl:
    registers = ip["registers"]
    missing = [register for register in kernel.registers if register not in registers]
    if missing:
        raise SumtileError(f"the kernel of {name} has a register '{missing[0]}', but the .hwh lists only {', '.join(registers)}; {_SAME_SOURCES}.")
    return HlsControl(name, kernel, {register: registers[register]["address_offset"] for register in kernel.registers})


def _dma(name: str, parameters: dict[str, Any], links: dict[Endpoint, Endpoint], ports: dict[Endpoint, KernelPort], memory: Memory) -> AxiDma:
    if int(parameters.get("c_include_sg", 0)):
        raise SumtileError(f"{name} is built for scatter-gather, but the emulated board models simple mode; set c_include_sg to 0.")

    def channel(kind: type[Channel], direction: str, interface: str, width: str) -> Any:
        if not int(parameters.get(f"c_include_{direction}", 0)):
            return None
        port = _port_of(name, interface, links, ports)
        dma_bytes = int(parameters.get(width, 8 * port.beat_bytes)) // 8
        if dma_bytes != port.beat_bytes:
            raise SumtileError(
                f"{name}.{interface} is {dma_bytes} bytes wide, but the port {'.'.join(links[name, interface])} has {port.beat_bytes}; set {width} to {8 * port.beat_bytes}."
            )
        config = ChannelConfig(
            memory_bytes=int(parameters.get(f"c_m_axi_{direction}_data_width", 32)) // 8,
            realigns=bool(int(parameters.get(f"c_include_{direction}_dre", 0))),
            length_bits=int(parameters.get("c_sg_length_width", 14)),
            address_bits=int(parameters.get("c_addr_width", 32)),
        )
        return kind(f"{name}.{direction.upper()}", config, memory, port)

    send = channel(SendChannel, "mm2s", "M_AXIS_MM2S", "c_m_axis_mm2s_tdata_width")
    receive = channel(ReceiveChannel, "s2mm", "S_AXIS_S2MM", "c_s_axis_s2mm_tdata_width")
    return AxiDma(name, send, receive)


def _port_of(name: str, interface: str, links: dict[Endpoint, Endpoint], ports: dict[Endpoint, KernelPort]) -> KernelPort:
    other = links.get((name, interface))
    if other is None:
        raise SumtileError(f"{name}.{interface} leads nowhere in the .hwh, but a DMA channel needs a kernel's stream; connect it or disable the channel.")
    if other not in ports:
        raise SumtileError(f"{name}.{interface} is connected to {'.'.join(other)}, but no simulated kernel has that port; {_SAME_SOURCES}.")
    return ports[other]


def _check_ports(design: Design, links: dict[Endpoint, Endpoint], ports: dict[Endpoint, KernelPort]) -> None:
    """Every port of a kernel must lead to a DMA channel of the right direction."""
    channels = {
        **{(dma.name, "M_AXIS_MM2S"): True for dma in design.dmas if dma.send},
        **{(dma.name, "S_AXIS_S2MM"): False for dma in design.dmas if dma.receive},
    }  # fmt: skip
    for control in design.controls:
        for port, description in control.kernel.ports.items():
            other = links.get((control.name, port))
            if other is None or channels.get(other) is not description.is_input:
                found = ".".join(other) if other else "nothing"
                wanted = "a DMA's M_AXIS_MM2S" if description.is_input else "a DMA's S_AXIS_S2MM"
                raise SumtileError(f"stream port {control.name}.{port} is connected to {found}, but it needs {wanted}; correct the block design.")


def _connect_interrupts(design: Design, pins: dict[str, Any]) -> None:
    lines = {f"{control.name}/interrupt": control.interrupt for control in design.controls}
    for dma in design.dmas:
        lines |= {f"{dma.name}/{direction}_introut": channel.interrupt for direction, channel in (("mm2s", dma.send), ("s2mm", dma.receive)) if channel}
    for pin, entry in pins.items():
        if pin in lines and entry["controller"] in design.controllers:
            lines[pin].connect(design.controllers[entry["controller"]].input(entry["index"]))


def _stream_links(hwh: Path) -> dict[Endpoint, Endpoint]:
    """Both ends of every AXI4-Stream link, each by the other; transparent IPs are skipped over."""
    sources: dict[str, Endpoint] = {}
    sinks: dict[str, Endpoint] = {}
    passes: dict[str, str] = {}
    for module in ElementTree.parse(hwh).getroot().iter("MODULE"):
        streams = list(_stream_interfaces(module))
        transparent = module.get("MODTYPE") in _TRANSPARENT
        outputs = [bus for _, bus, is_source in streams if is_source]
        for endpoint, bus, is_source in streams:
            if transparent and not is_source:
                passes[bus] = outputs[0]
            elif not transparent:
                (sources if is_source else sinks)[bus] = endpoint
    links: dict[Endpoint, Endpoint] = {}
    for bus, source in sources.items():
        while bus in passes:
            bus = passes[bus]
        if bus in sinks:
            links[source], links[sinks[bus]] = sinks[bus], source
    return links


def _stream_interfaces(module: ElementTree.Element) -> Iterator[tuple[Endpoint, str, bool]]:
    """(endpoint, name of the bus, whether it is the source) of each AXI4-Stream interface of a module."""
    instance = (module.get("FULLNAME") or "").lstrip("/")
    for interface in module.iter("BUSINTERFACE"):
        if ":axis:" in (interface.get("VLNV") or ""):
            yield (instance, interface.get("NAME") or ""), interface.get("BUSNAME") or "", interface.get("TYPE") in ("INITIATOR", "MASTER")
