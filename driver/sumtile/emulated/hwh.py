# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the hardware handoff (.hwh) of an overlay's block design, as far as pynq and the emulated board read it.

The design: the processing system, the engines with their AXI DMAs in simple mode, and an AXI interrupt controller that
collects the interrupts of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sumtile.emulated.handoff import Field, Handoff, Module, Register
from sumtile.emulated.ps import PLL_MHZ
from sumtile.overlay import Board, Engine, Overlay
from sumtile.overlay.design import (
    ADDRESS_RANGE,
    CONCAT,
    CONTROLLER,
    DMA_TYPE,
    ENGINE_CONTROL,
    LENGTH_BITS,
    REGISTERS,
    Dma,
    addresses,
    dmas,
    engine_types,
    interrupts,
)


def hardware_handoff(overlay: Overlay) -> bytes:
    """The .hwh of an overlay on its board."""
    board, engine, fc = overlay.board, overlay.engine, overlay.fc
    handoff = Handoff(overlay.name, board.part, "zynquplus" if board.is_mpsoc else "zynq")
    ps = _add_ps(handoff, board, overlay.clock_mhz)
    for dma in dmas(engine, fc):
        _add_dma(handoff, dma, engine, board)
    for instance, type in engine_types(engine, fc).items():
        _add_engine(handoff, instance, type, [dma for dma in dmas(engine, fc) if dma.engine == instance])
    _add_interrupts(handoff, ps, board, interrupts(engine, fc))
    master = "M_AXI_HPM0_FPD" if board.is_mpsoc else "M_AXI_GP0"
    ps.interface(master, "MASTER", "aximm", f"{ps.name}_{master}")
    for (name, interface), base in addresses(engine, board.is_mpsoc, fc).items():
        ps.memory_range(name, interface, master, base, ADDRESS_RANGE)
    return handoff.text()


def _add_ps(handoff: Handoff, board: Board, clock_mhz: float) -> Module:
    """The processing system with its four PL clocks, of which the first is in use."""
    name, version = ("zynq_ultra_ps_e", "3.4") if board.is_mpsoc else ("processing_system7", "5.5")
    ps = handoff.module(f"{name}_0", f"xilinx.com:ip:{name}:{version}")
    for index in range(4):
        divisor = round(PLL_MHZ / (clock_mhz if index == 0 else 100))
        if board.is_mpsoc:
            prefix, enable = f"PSU__CRL_APB__PL{index}_REF_CTRL__", f"PSU__FPGA_PL{index}_ENABLE"
            source, achieved = {f"{prefix}SRCSEL": "DPLL"}, f"{prefix}ACT_FREQMHZ"
        else:
            prefix, enable = f"PCW_FCLK{index}_PERIPHERAL_", f"PCW_FPGA_FCLK{index}_ENABLE"
            source, achieved = {f"{prefix}CLKSRC": "IO PLL"}, f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ"
        ps.parameters(**{enable: int(index == 0), f"{prefix}DIVISOR0": divisor, f"{prefix}DIVISOR1": 1, **source, achieved: f"{PLL_MHZ / divisor:.6f}"})
    return ps


def _add_dma(handoff: Handoff, dma: Dma, engine: Engine, board: Board) -> None:
    module = handoff.module(dma.name, DMA_TYPE)
    memory_bits = max(engine.stream_bits, board.hp_bits)
    receives = dma.receives_from is not None
    module.parameters(
        c_include_sg=0, c_micro_dma=0, c_sg_length_width=LENGTH_BITS, c_addr_width=40 if board.is_mpsoc else 32,
        c_include_mm2s=1, c_include_mm2s_dre=0, c_m_axi_mm2s_data_width=memory_bits, c_m_axis_mm2s_tdata_width=engine.stream_bits,
        c_include_s2mm=int(receives), c_include_s2mm_dre=0, c_m_axi_s2mm_data_width=memory_bits, c_s_axis_s2mm_tdata_width=engine.stream_bits,
    )  # fmt: skip
    offsets = {"DMACR": 0x00, "DMASR": 0x04, "SA": 0x18, "SA_MSB": 0x1C, "LENGTH": 0x28}
    registers = [Register(f"MM2S_{name}", offset) for name, offset in offsets.items()]
    registers += [Register(f"S2MM_{name.replace('SA', 'DA') if name.startswith('SA') else name}", offset + 0x30) for name, offset in offsets.items()]
    module.control("S_AXI_LITE", registers)
    module.interface("M_AXIS_MM2S", "INITIATOR", "axis", _link(dma, dma.sends_to))
    if dma.receives_from is not None:
        module.interface("S_AXIS_S2MM", "TARGET", "axis", _link(dma, dma.receives_from))


def _add_engine(handoff: Handoff, instance: str, type: str, streams: Sequence[Dma]) -> None:
    """An HLS IP with the control registers that Vitis HLS gives it, and the DMAs at its streams."""
    module = handoff.module(instance, type)
    control = [("AP_START", 0, True), ("AP_DONE", 1, False), ("AP_IDLE", 2, False), ("AP_READY", 3, False), ("AUTO_RESTART", 7, True)]
    registers = [
        Register("CTRL", 0x00, fields=[Field(name, bit, 1, writable) for name, bit, writable in control]),
        Register("GIER", 0x04, fields=[Field("Enable", 0, 1)]),
        Register("IP_IER", 0x08, fields=[Field("CHAN0_INT_EN", 0, 1), Field("CHAN1_INT_EN", 1, 1)]),
        Register("IP_ISR", 0x0C, fields=[Field("CHAN0_INT_ST", 0, 1), Field("CHAN1_INT_ST", 1, 1)]),
    ]
    for index, name in enumerate(REGISTERS):
        offset = 0x10 + 0x10 * index
        registers.append(Register(name, offset, writable=False, fields=[Field(name, 0, 32, writable=False)]))
        registers.append(Register(f"{name}_ctrl", offset + 4, writable=False, fields=[Field(f"{name}_ap_vld", 0, 1, writable=False)]))
    module.control(ENGINE_CONTROL, registers)
    for dma in streams:
        module.interface(dma.sends_to, "TARGET", "axis", _link(dma, dma.sends_to))
        if dma.receives_from is not None:
            module.interface(dma.receives_from, "INITIATOR", "axis", _link(dma, dma.receives_from))


def _add_interrupts(handoff: Handoff, ps: Module, board: Board, sources: Sequence[tuple[str, str]]) -> None:
    concat = handoff.module(CONCAT, "xilinx.com:ip:xlconcat:2.1")
    concat.parameters(NUM_PORTS=len(sources))
    controller = handoff.module(CONTROLLER, "xilinx.com:ip:axi_intc:4.1")
    controller.parameters(C_NUM_INTR_INPUTS=len(sources), C_IRQ_IS_LEVEL=1)
    controller.interface("s_axi", "SLAVE", "aximm", f"{CONTROLLER}_s_axi")
    for index, (name, pin) in enumerate(sources):
        handoff.wire(handoff.modules[name], pin, concat, f"In{index}")
    handoff.wire(concat, "dout", controller, "intr", width=len(sources))
    handoff.wire(controller, "irq", ps, "pl_ps_irq0" if board.is_mpsoc else "IRQ_F2P")


def _link(dma: Dma, port: str) -> str:
    return f"{dma.engine}_{port}"
