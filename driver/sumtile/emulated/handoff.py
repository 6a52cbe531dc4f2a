# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The XML of a hardware handoff file: modules with parameters, registers, interfaces, pins and wires."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement


@dataclass(frozen=True)
class Field:
    """A bit field of a register."""

    name: str
    offset: int
    width: int
    writable: bool = True


@dataclass(frozen=True)
class Register:
    """A 32-bit register of a control interface, at a byte offset."""

    name: str
    offset: int
    writable: bool = True
    fields: Sequence[Field] = ()


class Handoff:
    """A block design.

    Attributes:
        modules: its modules by name.

    Args:
        name: name of the design.
        part: name of the device.
        architecture: ``zynq`` or ``zynquplus``.
    """

    def __init__(self, name: str, part: str, architecture: str) -> None:
        self.modules: dict[str, Module] = {}
        self._root = Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="Thu Jan  1 00:00:00 2026", VIVADOVERSION="2022.2")
        device, package, speed = _split(part)
        SubElement(self._root, "SYSTEMINFO", ARCH=architecture, DEVICE=device, NAME=name, PACKAGE=package, SPEEDGRADE=speed)
        SubElement(self._root, "EXTERNALPORTS")
        SubElement(self._root, "EXTERNALINTERFACES")
        self._modules = SubElement(self._root, "MODULES")

    def module(self, name: str, vlnv: str) -> Module:
        """Adds a module at the top level."""
        self.modules[name] = Module(self._modules, name, vlnv)
        return self.modules[name]

    def wire(self, source: Module, output: str, sink: Module, pin: str, width: int = 1) -> None:
        """Connects an interrupt output to an input, as seen from both ends."""
        signal = f"{source.name}_{output}"
        source.pin(output, "O", signal, (sink.name, pin), width)
        sink.pin(pin, "I", signal, (source.name, output), width)

    def text(self) -> bytes:
        """The file."""
        ElementTree.indent(self._root)
        return ElementTree.tostring(self._root, "UTF-8", xml_declaration=True)


class Module:
    """One IP instance."""

    def __init__(self, modules: Element, name: str, vlnv: str) -> None:
        self.name = name
        _, _, kind, version = vlnv.split(":")
        element = SubElement(
            modules, "MODULE", FULLNAME=f"/{name}", INSTANCE=name, MODTYPE=kind, VLNV=vlnv, HWVERSION=version,
            IPTYPE="PERIPHERAL", IS_ENABLE="1", MODCLASS="PERIPHERAL",
        )  # fmt: skip
        self._blocks, self._parameters, self._ports, self._interfaces, self._memory = (
            SubElement(element, tag) for tag in ("ADDRESSBLOCKS", "PARAMETERS", "PORTS", "BUSINTERFACES", "MEMORYMAP")
        )

    def parameters(self, **values: object) -> None:
        """Adds parameters."""
        for name, value in values.items():
            SubElement(self._parameters, "PARAMETER", NAME=name, VALUE=str(value))

    def interface(self, name: str, role: str, kind: str, bus: str) -> None:
        """Adds a bus interface; equal bus names are connected. Roles: MASTER, SLAVE, INITIATOR, TARGET."""
        SubElement(self._interfaces, "BUSINTERFACE", BUSNAME=bus, DATAWIDTH="32", NAME=name, TYPE=role, VLNV=f"xilinx.com:interface:{kind}:1.0")

    def control(self, interface: str, registers: Iterable[Register]) -> None:
        """Adds an AXI4-Lite slave interface and the registers behind it."""
        self.interface(interface, "SLAVE", "aximm", f"{self.name}_{interface}")
        block = SubElement(self._blocks, "ADDRESSBLOCK", ACCESS="read-write", INTERFACE=interface, NAME="Reg", RANGE="4096", USAGE="register")
        listing = SubElement(block, "REGISTERS")
        for register in registers:
            _add_register(listing, register)

    def pin(self, name: str, direction: str, signal: str, peer: tuple[str, str], width: int) -> None:
        """Adds an interrupt pin that is connected to (module, pin)."""
        port = SubElement(self._ports, "PORT", DIR=direction, NAME=name, SIGIS="INTERRUPT", SIGNAME=signal, LEFT=str(width - 1), RIGHT="0")
        SubElement(SubElement(port, "CONNECTIONS"), "CONNECTION", INSTANCE=peer[0], PORT=peer[1])

    def memory_range(self, slave: str, interface: str, master: str, base: int, size: int) -> None:
        """Adds a slave's addresses to the map of this master."""
        SubElement(
            self._memory, "MEMRANGE", ADDRESSBLOCK="Reg", BASENAME="C_BASEADDR", BASEVALUE=f"0x{base:08X}", HIGHNAME="C_HIGHADDR", HIGHVALUE=f"0x{base + size - 1:08X}",
            INSTANCE=slave, IS_DATA="TRUE", IS_INSTRUCTION="FALSE", MASTERBUSINTERFACE=master, MEMTYPE="REGISTER", SLAVEBUSINTERFACE=interface,
        )  # fmt: skip


def _split(part: str) -> tuple[str, str, str]:
    """Device, package and speed grade as a handoff spells them: 7z020, clg400, -1 of xc7z020clg400-1; xczu9eg, ffvb1156, -2 of xczu9eg-ffvb1156-2-e."""
    found = re.match(r"(?:xc(?=7z)(7z\d+)([a-z]+\d+)|(\w+)-(\w+))(-\d)", part)
    if found is None:
        return part, "", ""
    return found[1] or found[3], found[2] or found[4], found[5]


def _add_register(listing: Element, register: Register) -> None:
    element = SubElement(listing, "REGISTER", NAME=register.name)
    _properties(element, DESCRIPTION=register.name, ADDRESS_OFFSET=hex(register.offset), SIZE="32", ACCESS=_access(register.writable), IS_ENABLED="true", RESET_VALUE="0")
    fields = SubElement(element, "FIELDS")
    for each in register.fields:
        _properties(SubElement(fields, "FIELD", NAME=each.name), DESCRIPTION=each.name, BIT_OFFSET=str(each.offset), BIT_WIDTH=str(each.width), ACCESS=_access(each.writable))


def _access(writable: bool) -> str:
    return "read-write" if writable else "read-only"


def _properties(element: Element, **values: str) -> None:
    for name, value in values.items():
        SubElement(element, "PROPERTY", NAME=name, VALUE=value)
