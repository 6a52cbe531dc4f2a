# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the hardware handoff of a design that the stand-in of Vivado has built: ``handoff.py LINES HWH``.

What the design does not say, because the tool knows it of its IPs, is here: registers of the DMA and of an HLS block,
and the dividers of the clocks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sumtile.emulated.handoff import Field, Handoff, Module, Register

PLL_MHZ = 1200

DMA_REGISTERS = [
    Register(f"{channel}_{name}", base + offset)
    for channel, base, address in (("MM2S", 0x00, "SA"), ("S2MM", 0x30, "DA"))
    for name, offset in (("DMACR", 0x00), ("DMASR", 0x04), (address, 0x18), (f"{address}_MSB", 0x1C), ("LENGTH", 0x28))
]

_BITS = (("AP_START", 0, True), ("AP_DONE", 1, False), ("AP_IDLE", 2, False), ("AP_READY", 3, False), ("AUTO_RESTART", 7, True))
HLS_REGISTERS = [
    Register("CTRL", 0x00, fields=[Field(name, bit, 1, writable) for name, bit, writable in _BITS]),
    Register("GIER", 0x04, fields=[Field("Enable", 0, 1)]),
    Register("IP_IER", 0x08, fields=[Field("CHAN0_INT_EN", 0, 1), Field("CHAN1_INT_EN", 1, 1)]),
    Register("IP_ISR", 0x0C, fields=[Field("CHAN0_INT_ST", 0, 1), Field("CHAN1_INT_ST", 1, 1)]),
]

ROLES = {("axis", "master"): "INITIATOR", ("axis", "slave"): "TARGET", ("aximm", "master"): "MASTER", ("aximm", "slave"): "SLAVE"}


def write(lines: Path, output: Path) -> None:
    """Reads the stand-in's lines and writes the .hwh."""
    records = [line.split("\t") for line in lines.read_text().splitlines()]
    _, name, part = next(record for record in records if record[0] == "design")
    handoff = Handoff(name, part, "zynq" if part.startswith("xc7z") else "zynquplus")
    for _, cell, vlnv in _of(records, "cell"):
        handoff.module(cell, vlnv)
    for _, cell, key, value in _of(records, "parameter"):
        handoff.modules[cell].parameters(**{key: value})
    registers: dict[str, list[Register]] = {}
    for _, cell, _control, register, offset in _of(records, "register"):
        registers.setdefault(cell, list(HLS_REGISTERS)).extend(_output_register(register, int(offset)))
    types = {cell: vlnv for _, cell, vlnv in _of(records, "cell")}
    for _, cell, interface, role, protocol, bus in _of(records, "interface"):
        kind = "axis" if protocol == "axis" else "aximm"
        listed = registers.get(cell) if protocol == "axi4lite" else None
        if ":axi_dma:" in types[cell] and protocol == "axi4lite":
            listed = DMA_REGISTERS
        if listed:
            handoff.modules[cell].control(interface, listed)
        elif protocol != "external":
            handoff.modules[cell].interface(interface, ROLES[kind, role], kind, bus)
    for _, driver, pin, width in _of(records, "wire"):
        (source, output_pin), (sink, input_pin) = driver.split("/"), pin.split("/")
        handoff.wire(handoff.modules[source], output_pin, handoff.modules[sink], input_pin, width=int(width))
    for _, space, master, segment, slave, use, base, size in _of(records, "range"):
        if use == "register":
            handoff.modules[space.split("/")[0]].memory_range(segment.split("/")[0], slave, master, int(base), int(size))
    for cell, vlnv in types.items():
        _add_clock_dividers(handoff.modules[cell], vlnv, records, cell)
    output.write_bytes(handoff.text())


def _of(records: list[list[str]], kind: str) -> list[list[str]]:
    return [record for record in records if record[0] == kind]


def _output_register(name: str, offset: int) -> list[Register]:
    """An output argument's value, and whether it was written."""
    value = Register(name, offset, writable=False, fields=[Field(name, 0, 32, writable=False)])
    return [value, Register(f"{name}_ctrl", offset + 4, writable=False, fields=[Field(f"{name}_ap_vld", 0, 1, writable=False)])]


def _add_clock_dividers(module: Module, vlnv: str, records: list[list[str]], cell: str) -> None:
    values = {key: value for _, owner, key, value in _of(records, "parameter") if owner == cell}
    if ":processing_system7:" in vlnv:
        wanted = float(values["PCW_FPGA0_PERIPHERAL_FREQMHZ"])
        for index in range(4):
            prefix = f"PCW_FCLK{index}_PERIPHERAL_"
            module.parameters(
                **{f"PCW_FPGA_FCLK{index}_ENABLE": int(index == 0), f"{prefix}DIVISOR0": round(PLL_MHZ / wanted), f"{prefix}DIVISOR1": 1, f"{prefix}CLKSRC": "IO PLL"}
            )
            module.parameters(**{f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ": f"{wanted:.6f}"})
    elif ":zynq_ultra_ps_e:" in vlnv:
        wanted = float(values["PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"])
        for index in range(4):
            prefix = f"PSU__CRL_APB__PL{index}_REF_CTRL__"
            module.parameters(**{f"{prefix}DIVISOR0": round(PLL_MHZ / wanted), f"{prefix}DIVISOR1": 1, f"{prefix}SRCSEL": "IOPLL", f"{prefix}ACT_FREQMHZ": f"{wanted:.6f}"})
            if index:
                module.parameters(**{f"PSU__FPGA_PL{index}_ENABLE": 0})


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
