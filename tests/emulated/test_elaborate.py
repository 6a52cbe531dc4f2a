# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A block design that disagrees with the kernel is refused when it is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pynq
import pytest

from sumtile.emulated import overlay_files
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback


def altered(folder: Path, old: str, new: str) -> Path:
    """A copy of the generated pair in which every ``old`` is ``new``."""
    original = overlay_files(Overlay.load("adder", "zcu102"))
    shutil.copy(original, folder / "adder.bit")
    text = original.with_suffix(".hwh").read_text()
    assert old in text
    (folder / "adder.hwh").write_text(text.replace(old, new))
    return folder / "adder.bit"


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ('REGISTER NAME="layers"', 'REGISTER NAME="count"', "kernel of engine_0 has a register 'layers', but the .hwh lists only"),
        ('BUSNAME="engine_0_weights_0" DATAWIDTH="32" NAME="weights_0"', 'BUSNAME="elsewhere" DATAWIDTH="32" NAME="weights_0"', "dma_weights_0.M_AXIS_MM2S leads nowhere"),
        ('NAME="residual" TYPE="TARGET"', 'NAME="extra" TYPE="TARGET"', "connected to engine_0.extra, but no simulated kernel has that port"),
        ('NAME="c_m_axis_mm2s_tdata_width" VALUE="128"', 'NAME="c_m_axis_mm2s_tdata_width" VALUE="64"', "8 bytes wide, but the port engine_0.features has 16"),
        ('NAME="c_include_sg" VALUE="0"', 'NAME="c_include_sg" VALUE="1"', "built for scatter-gather"),
        ("xilinx.com:ip:axi_intc:4.1", "xilinx.com:ip:axi_timer:2.0", "axi_intc_0 of type xilinx.com:ip:axi_timer:2.0"),
    ],
)
def test_mismatches(open_overlay: OpenOverlay, tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        open_overlay(kernel=Loopback(), bitfile=altered(tmp_path, old, new))


def test_port_without_a_dma(open_overlay: OpenOverlay, tmp_path: Path) -> None:
    bitfile = altered(tmp_path, "xilinx.com:hls:adder_conv:1.0", "xilinx.com:hls:adder_conv:1.0")
    kernel = Loopback()
    kernel.ports["spare"] = kernel.ports["weights_0"]
    with pytest.raises(SumtileError, match="stream port engine_0.spare is connected to nothing"):
        open_overlay(kernel=kernel, bitfile=bitfile)


def test_kernel_of_another_overlay(open_overlay: OpenOverlay, tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="has a kernel xilinx.com:hls:mac_conv:1.0, but overlay 'adder' is described with"):
        open_overlay(bitfile=altered(tmp_path, "xilinx.com:hls:adder_conv:1.0", "xilinx.com:hls:mac_conv:1.0"))


def test_missing_or_broken_handoff(open_overlay: OpenOverlay, tmp_path: Path) -> None:
    bitfile = tmp_path / "adder.bit"
    bitfile.write_bytes(b"bit")
    with pytest.raises(SumtileError, match="without adder.hwh beside it"):
        open_overlay(kernel=Loopback(), bitfile=bitfile)
    bitfile.with_suffix(".hwh").write_text("<EDKSYSTEM>")
    with pytest.raises(SumtileError, match="no hardware handoff file"):
        open_overlay(kernel=Loopback(), bitfile=bitfile)


def test_stream_converters_are_looked_through(open_overlay: OpenOverlay, tmp_path: Path) -> None:
    fifo = (
        '<MODULE FULLNAME="/fifo_0" INSTANCE="fifo_0" MODTYPE="axis_data_fifo" VLNV="xilinx.com:ip:axis_data_fifo:2.0"><PARAMETERS/><PORTS/><BUSINTERFACES>'
        '<BUSINTERFACE BUSNAME="into_fifo" NAME="S_AXIS" TYPE="TARGET" VLNV="xilinx.com:interface:axis:1.0"/>'
        '<BUSINTERFACE BUSNAME="engine_0_weights_0" NAME="M_AXIS" TYPE="INITIATOR" VLNV="xilinx.com:interface:axis:1.0"/></BUSINTERFACES></MODULE></MODULES>'
    )
    bitfile = altered(tmp_path, "</MODULES>", fifo)
    hwh = bitfile.with_suffix(".hwh")
    old = 'BUSNAME="engine_0_weights_0" DATAWIDTH="32" NAME="M_AXIS_MM2S"'
    assert old in hwh.read_text()
    hwh.write_text(hwh.read_text().replace(old, 'BUSNAME="into_fifo" DATAWIDTH="32" NAME="M_AXIS_MM2S"'))
    overlay = open_overlay(kernel=Loopback(depth=4), bitfile=bitfile)
    overlay.dma_weights_0.sendchannel.transfer(pynq.allocate(64, "u1"))
    overlay.dma_weights_0.sendchannel.wait()
