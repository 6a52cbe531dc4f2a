# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Mistakes planted in a copy of build.tcl: each must be caught, with a sentence that names it. docs/build.md has the table."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vendor.tools import ROOT, SCRIPT, needs_tclsh, run

pytestmark = needs_tclsh
PAGE = ROOT / "docs" / "build.md"


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake: ``old`` in the script is replaced by ``new``, and the tool then says ``sentence``."""

    kind: str
    old: str
    new: str
    sentence: str
    tool: str = "vivado"


MISTAKES = [
    Mistake("unknown command", "\n  validate_bd_design\n", "\n  validate_design\n", 'invalid command name "validate_design": Vivado has no such command'),
    Mistake("command of a newer Tcl", "foreach pin $args { lappend pins [get_bd_pins $pin] }", "set pins [lmap pin $args {get_bd_pins $pin}]", 'invalid command name "lmap": Tcl 8.5 has no such command'),
    Mistake("unknown option", "create_clock -period", "create_clock -perod", "create_clock: unknown option '-perod'; it has -period, -name", "vitis_hls"),
    Mistake("steps out of order", "open_solution -reset solution -flow_target vivado\n", "\n", "set_part: no solution is open; use open_solution", "vitis_hls"),
    Mistake("export without synthesis", 'if {$steps ne "csim"} { csynth_design }', "", "export_design: run csynth_design first", "vitis_hls"),
    Mistake("missing source", "add_files $source", "add_files $source.cpp", "add_files: cannot find the file", "vitis_hls"),
    Mistake("part that does not exist", "set_part $part", "set_part xc7z999", "part 'xc7z999' is not known", "vitis_hls"),
    Mistake("kernel of another part", "-part [fact part]", "-part xc7z045ffg900-2", "was made for xczu9eg-ffvb1156-2-e, but the project is for xc7z045ffg900-2"),
    Mistake("unknown IP", "xilinx.com:ip:smartconnect ", "xilinx.com:ip:smartconect ", "no IP 'xilinx.com:ip:smartconect' is in the catalog"),
    Mistake("unknown parameter", "c_sg_length_width", "c_sg_lenght_width", "xilinx.com:ip:axi_dma:7.1 has no parameter 'c_sg_lenght_width'"),
    Mistake("value out of range", "c_sg_length_width [fact length_bits]", "c_sg_length_width 32", "parameter 'c_sg_length_width' of xilinx.com:ip:axi_dma:7.1 is '32', but it takes 8..26"),
    Mistake("unknown cell", "[get_bd_cells $name] }\n}", "[get_bd_cells ${name}x] }\n}", "there is no object: nothing matches 'dma_featuresx'"),
    Mistake("unknown pin", "$name/axi_resetn", "$name/resetn", "connect_bd_net: one of the pins does not exist: nothing matches 'dma_features/resetn'"),
    Mistake("unknown interface", "$name/M_AXIS_MM2S", "$name/M_AXIS", "connect_bd_intf_net: one of the interfaces does not exist: nothing matches 'dma_features/M_AXIS'"),
    Mistake("unconnected clock", " $name/m_axi_mm2s_aclk", "", "clock pin 'dma_features/m_axi_mm2s_aclk' is not connected"),
    Mistake("unconnected clock of a memory port", "lappend clocks [ps_cell]/[ps_name port_clock $hp] memory_$hp/aclk", "lappend clocks memory_$hp/aclk", "clock pin 'zynq_ultra_ps_e_0/saxihp0_fpd_aclk' is not connected"),
    Mistake("unconnected reset", "lappend resets $name/axi_resetn", "", "reset pin 'dma_features/axi_resetn' is not connected"),
    Mistake("reset driven by a clock", "lappend resets $name/axi_resetn", "lappend clocks $name/axi_resetn", "reset pin 'dma_features/axi_resetn' is driven by 'zynq_ultra_ps_e_0/pl_clk0', which is a clock"),
    Mistake("unconnected stream", 'if {$receives_from ne ""} { connect_interfaces $engine/$receives_from $name/S_AXIS_S2MM }', "", "interface 'engine_0/result' is not connected"),
    Mistake("stream of another width", "c_m_axis_mm2s_tdata_width [fact stream_bits]", "c_m_axis_mm2s_tdata_width 32", "'dma_features/M_AXIS_MM2S' has 32 bits, but 'engine_0/features' has 128"),
    Mistake("stream wider than its memory side", "c_m_axi_mm2s_data_width [fact memory_bits]", "c_m_axi_mm2s_data_width 64", "cell 'dma_features': its MM2S stream is wider than its memory side"),
    Mistake("stream the wrong way round", "connect_interfaces $name/M_AXIS_MM2S $engine/[stream_port $engine $sends_to]", "connect_interfaces $name/M_AXIS_MM2S $engine/result", "'dma_features/M_AXIS_MM2S' and 'engine_0/result' are both masters"),
    Mistake("unconnected interrupt", "  connect_pins $pin $concat/In$index\n", '  if {$index != 1} { connect_pins $pin $concat/In$index }\n', "interrupt 'dma_features/s2mm_introut' is not connected"),
    Mistake("controller that interrupts nobody", "  connect_pins $controller/irq [ps_cell]/[ps_name interrupt]\n", "", "interrupt pin 'zynq_ultra_ps_e_0/pl_ps_irq0' is not connected"),
    Mistake("two drivers on a net", "connect_pins $concat/dout $controller/intr", "connect_pins $concat/dout $controller/intr engine_0/interrupt", "connect_bd_net: the net has several drivers: engine_0/interrupt, xlconcat_0/dout"),
    Mistake("scatter-gather left on", "c_include_sg 0", "c_include_sg 1", "clock pin 'dma_features/m_axi_sg_aclk' is not connected"),
    Mistake("unmapped registers", "{slave base} [fact addresses]", "{slave base} [lrange [fact addresses] 2 end]", "segment 'dma_features/S_AXI_LITE/Reg' is neither mapped into 'zynq_ultra_ps_e_0/Data' nor excluded"),
    Mistake("overlapping addresses", "-offset $base", "-offset 0xA0000000", "'dma_weights_0/S_AXI_LITE/Reg' at 0xA0000000 overlaps 'dma_features/S_AXI_LITE/Reg' at 0xA0000000"),
    Mistake("address outside of the window", "-offset $base", "-offset [expr {$base + 0x20000000}]", "'dma_features/S_AXI_LITE/Reg' at 0xC0000000 lies outside of what 'zynq_ultra_ps_e_0/Data' reaches"),
    Mistake("address that is no multiple of its range", "-offset $base", "-offset [expr {$base + 0x1000}]", "at 0xA0001000 does not begin at a multiple of its range 0x10000"),
    Mistake("memory that a DMA does not reach", "assign_bd_address -target_address_space $space $segment", "exclude_bd_addr_seg -target_address_space $space $segment", "'dma_features/Data_MM2S' reaches no memory"),
    Mistake("segment left over", "exclude_bd_addr_seg -target_address_space $space $segment", "continue", "segment 'zynq_ultra_ps_e_0/SAXIGP2/HP0_LPS_OCM' is neither mapped into 'dma_features/Data_MM2S' nor excluded"),
    Mistake("addresses too narrow for the memory", "{$wide ? 40 : 32}", "{32}", "'dma_features/Data_MM2S' has addresses of 32 bits, but 'zynq_ultra_ps_e_0/SAXIGP2/HP0_DDR_HIGH' lies above them"),
    Mistake("memory port that is off", "PSU__USE__S_AXI_GP$port 1 ", "", "one of the interfaces does not exist: nothing matches 'zynq_ultra_ps_e_0/S_AXI_HP0_FPD'"),
    Mistake("interrupt input that is off", "PSU__USE__IRQ0 1", "PSU__USE__IRQ0 0", "one of the pins does not exist: nothing matches 'zynq_ultra_ps_e_0/pl_ps_irq0'"),
    Mistake("wrapper that is not the top", "set_property top ${overlay}_wrapper [current_fileset]\n", "\n", "launch_runs: the top of the project is '', not the wrapper of the design"),
    Mistake("property of nothing", "get_property SLACK $path", "get_property SLACK {}", "[Common 17-55] 'get_property' expects at least one object."),
    Mistake("report before the run is open", "  open_run impl_1\n", "", "report_utilization: no implemented design is open; use open_run"),
]  # fmt: skip


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the exported kernel."""
    folder = tmp_path_factory.mktemp("adder") / "build"
    result = run("vitis_hls", SCRIPT, SUMTILE_BUILD=folder)
    assert result.returncode == 0, result.stderr
    return folder


def planted(mistake: Mistake, folder: Path) -> Path:
    """A checkout whose build.tcl has the mistake."""
    text = SCRIPT.read_text()
    assert mistake.old in text, f"build.tcl has no '{mistake.old}' any more; plant the mistake anew"
    for name in ("hls", "overlays", "driver"):
        (folder / name).symlink_to(ROOT / name)
    script = folder / "build.tcl"
    script.write_text(text.replace(mistake.old, mistake.new))
    return script


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.kind)
def test_a_mistake_is_caught(mistake: Mistake, tmp_path: Path, synthesized: Path) -> None:
    build = shutil.copytree(synthesized, tmp_path / "build")
    result = run(mistake.tool, planted(mistake, tmp_path), SUMTILE_BUILD=build, SUMTILE_OUT=tmp_path / "out")
    assert result.returncode == 1, result.stdout
    assert mistake.sentence in result.stderr
    assert not (tmp_path / "out").exists()


def test_without_a_mistake_it_passes(tmp_path: Path, synthesized: Path) -> None:
    build = shutil.copytree(synthesized, tmp_path / "build")
    nothing = Mistake("", "", "", "")
    result = run("vivado", planted(nothing, tmp_path), SUMTILE_BUILD=build, SUMTILE_OUT=tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in (tmp_path / "out" / "zcu102").iterdir()) == ["adder.bit", "adder.hwh", "adder.report.json"]
    assert_blocks_are_on_the_page((tmp_path / "out" / "zcu102" / "adder.hwh").read_text())


def assert_blocks_are_on_the_page(handoff: str) -> None:
    """The table of the design in docs/build.md has every kind of block, and no other."""
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index("| block |") : page.index("The DMAs are in simple mode")]
    listed = {name for row in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)_\d`|`(dma_\w+)`", row)}
    kinds = {re.sub(r"_\d$", "", name) for name in re.findall(r'INSTANCE="(\w+)" MODTYPE', handoff)}
    assert {one or other for one, other in listed} | {"zynq_ultra_ps_e", "xlconcat"} == kinds


def test_an_only_weight_stream_may_have_no_number(tmp_path: Path, synthesized: Path) -> None:
    build = shutil.copytree(synthesized, tmp_path / "build")
    component = build / "adder_conv" / "solution" / "impl" / "ip" / "component.tcl"
    ports = component.read_text()
    assert "{weights_0 " in ports and "{weights_1 " not in ports
    component.write_text(ports.replace("{weights_0 ", "{weights "))
    result = run("vivado", SCRIPT, SUMTILE_BUILD=build, SUMTILE_OUT=tmp_path / "out")
    assert result.returncode == 0, result.stderr


def test_a_missed_clock_delivers_nothing(tmp_path: Path, synthesized: Path) -> None:
    result = run("vivado", SCRIPT, SUMTILE_BUILD=synthesized, SUMTILE_OUT=tmp_path / "out", SUMTILE_STANDIN_SLACK="-0.25")
    assert result.returncode == 1
    assert "the setup slack of 'adder' is -0.25 ns at 200 MHz, but it must not be negative, so nothing was copied; lower clock_mhz" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_design_without_a_clock_delivers_nothing(tmp_path: Path, synthesized: Path) -> None:
    result = run("vivado", SCRIPT, SUMTILE_BUILD=synthesized, SUMTILE_OUT=tmp_path / "out", SUMTILE_STANDIN_SLACK="none")
    assert result.returncode == 1
    assert "no setup path was found, so the design has no clock; nothing was copied" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name, status", [("adder_dma_features_0_synth_1", "synth_design ERROR"), ("impl_1", "route_design ERROR")])
def test_the_run_that_failed_is_named(name: str, status: str, tmp_path: Path, synthesized: Path) -> None:
    """Vivado itself only says that an earlier run failed, of which there is one for each block."""
    result = run("vivado", SCRIPT, SUMTILE_BUILD=synthesized, SUMTILE_OUT=tmp_path / "out", SUMTILE_STANDIN_FAILS=name)
    assert result.returncode == 1
    assert f"run {name} of Vivado ended with '{status}'; the reason is in" in result.stderr and f"{name}/runme.log" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_clock_that_the_processor_does_not_make_is_told(tmp_path: Path, synthesized: Path) -> None:
    result = run("vivado", SCRIPT, SUMTILE_BUILD=synthesized, SUMTILE_OUT=tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "WARNING: the processor makes 187.481 MHz of the 200 MHz of 'adder'" in result.stdout


def test_vivado_wants_the_exported_kernel(tmp_path: Path) -> None:
    result = run("vivado", SCRIPT, SUMTILE_BUILD=tmp_path)
    assert result.returncode == 1
    assert "there is no exported kernel in" in result.stderr and "run this script with Vitis HLS first" in result.stderr


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [mistake.kind for mistake in MISTAKES if f"| {mistake.kind} | {mistake.sentence} |" not in page] == []
