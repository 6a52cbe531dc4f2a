# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reports as Vitis HLS and Vivado write them, in the forms of several versions, with figures of the caller's choice."""

from __future__ import annotations

from collections.abc import Sequence

PROHIBITED = (2021, 2)
"""The first version whose utilization report has a column "Prohibited"."""


def csynth_xml(top: str = "adder_conv", lut: object = 31234, ff: object = 45678, bram18: object = 93, dsp: object = 24, clock: object = 7.3, dsp_tag: str = "DSP") -> str:
    """A report of ``csynth_design``; Vivado HLS up to 2019.2 has the tag ``DSP48E``. The figures of a loop's module must not be taken for the top's."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<profile>
<ReportVersion><Version>2023.2</Version></ReportVersion>
<UserAssignments>
<unit>ns</unit>
<ProductFamily>zynq</ProductFamily>
<Part>xc7z020-clg400-1</Part>
<TopModelName>{top}</TopModelName>
<TargetClockPeriod>10.00</TargetClockPeriod>
<ClockUncertainty>2.70</ClockUncertainty>
<FlowTarget>vivado</FlowTarget>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>none</PipelineType>
<SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>{clock}</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency><unit>clock cycles</unit><Best-caseLatency>undef</Best-caseLatency></SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources><BRAM_18K>{bram18}</BRAM_18K><FF>{ff}</FF><LUT>{lut}</LUT><URAM>0</URAM><{dsp_tag}>{dsp}</{dsp_tag}></Resources>
<AvailableResources><BRAM_18K>280</BRAM_18K><{dsp_tag}>220</{dsp_tag}><FF>106400</FF><LUT>53200</LUT><URAM>0</URAM></AvailableResources>
</AreaEstimates>
<ModuleInformation>
<Module><Name>compute</Name><AreaEstimates><Resources><BRAM_18K>1</BRAM_18K><FF>2</FF><LUT>3</LUT><{dsp_tag}>4</{dsp_tag}></Resources></AreaEstimates></Module>
</ModuleInformation>
</profile>
"""


def header(command: str, version: str, device: str, date: str = "Tue Jan  9 13:14:30 2024") -> str:
    """The head of each report of Vivado."""
    rule = "-" * 100
    return f"""Copyright 1986-{version[:4]} Xilinx, Inc. All Rights Reserved.
{rule}
| Tool Version : Vivado v.{version} (lin64) Build 4029153 Fri Oct 13 20:13:54 MDT 2023
| Date         : {date}
| Host         : builder running 64-bit Ubuntu 22.04.3 LTS
| Command      : {command}
| Design       : adder_wrapper
| Device       : {device}
| Speed File   : -1
| Design State : Routed
{rule}

"""


def utilization(
    version: str = "2023.2",
    device: str = "xc7z020clg400-1",
    ultrascale: bool = False,
    lut: object = 39876,
    ff: object = 51234,
    ramb36: int = 61,
    ramb18: int = 5,
    dsp: object = 24,
) -> str:
    """A report of ``report_utilization``, with the tables that have rows of the same names as those that count."""
    cell, footnote = ("CLB", "*") if ultrascale else ("Slice", "")
    tiles = ramb36 + ramb18 / 2
    table = _Tables(tuple(map(int, version.split(".")[:2])) >= PROHIBITED)
    return (
        header("report_utilization -file utilization.rpt", version, device)
        + f"Utilization Design Information\n\n1. {cell} Logic\n--------------\n\n"
        + table(
            (f"{cell} LUTs{footnote}", lut, 53200),
            ("  LUT as Logic", 30000, 53200),
            ("  LUT as Memory", 9876, 17400),
            ("    LUT as Distributed RAM", 8000, ""),
            (f"{cell} Registers", ff, 106400),
            ("  Register as Flip Flop", ff, 106400),
            ("  Register as Latch", 0, 106400),
            ("F7 Muxes", 252, 26600),
        )
        + "* Warning! The Final LUT count, after physical optimizations and full implementation, is typically lower.\n\n"
        + "1.1 Summary of Registers by Type\n\n+-------+--------------+\n| Total | Clock Enable |\n+-------+--------------+\n| 0     |            _ |\n+-------+--------------+\n\n"
        + f"2. {cell} Logic Distribution\n\n"
        + table((cell, 13000, 13300), ("LUT as Logic", 30000, 53200), (f"{cell} Registers", 777777, 106400), ("Unique Control Sets", 1500, 13300))
        + "\n3. Memory\n---------\n\n"
        + table(("Block RAM Tile", f"{tiles:g}", 140), ("  RAMB36/FIFO*", ramb36, 140), ("    RAMB36E1 only", ramb36, ""), ("  RAMB18", ramb18, 280))
        + "* Note: Each Block RAM Tile only has one FIFO logic available.\n\n4. DSP\n------\n\n"
        + table(("DSPs", dsp, 220), ("  DSP48E1 only", dsp, ""))
        + "\n9. Primitives\n\n+----------+-------+---------------------+\n| Ref Name |  Used | Functional Category |\n+----------+-------+---------------------+\n"
        + "| DSPs     | 99999 |                 LUT |\n+----------+-------+---------------------+\n"
    )


class _Tables:
    """Tables of sites, with or without the column "Prohibited"."""

    def __init__(self, prohibited: bool) -> None:
        self._prohibited = prohibited

    def __call__(self, *rows: Sequence[object]) -> str:
        titles = ("Site Type", "Used", "Fixed", *(("Prohibited",) if self._prohibited else ()), "Available", "Util%")
        lines = [titles, *((name, used, 0, *((0,) if self._prohibited else ()), available, "<0.01" if available else "") for name, used, available in rows)]
        widths = [max(len(str(line[index])) for line in lines) for index in range(len(titles))]
        rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
        texts = ["| " + " | ".join([str(line[0]).ljust(widths[0]), *(str(cell).rjust(width) for cell, width in zip(line[1:], widths[1:]))]) + " |\n" for line in lines]
        return rule + texts[0] + rule + "".join(texts[1:]) + rule


def timing(wns: object = 0.123, whs: object = 0.021, version: str = "2023.2", device: str = "7z020-clg400") -> str:
    """A report of ``report_timing_summary``, with the table of clocks whose columns have the same names."""
    rule = "-" * 96
    columns = (
        "    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)  THS Failing Endpoints  THS Total Endpoints"
        "     WPWS(ns)     TPWS(ns)  TPWS Failing Endpoints  TPWS Total Endpoints  \n"
        "    -------      -------  ---------------------  -------------------      -------      -------  ---------------------  -------------------"
        "     --------     --------  ----------------------  --------------------  \n"
    )
    return (
        header("report_timing_summary -file timing.rpt", version, device)
        + "Timing Summary Report\n\n1. checking no_clock (0)\n------------------------\n There are 0 register/latch pins with no clock.\n\n"
        + f"{rule}\n| Design Timing Summary\n| ---------------------\n{rule}\n\n{columns}"
        + f"{wns!s:>11}        0.000                      0               123456  {whs!s:>11}        0.000                      0               123456"
        + "        3.750        0.000                       0                 51234  \n\n\nAll user specified timing constraints are met.\n\n\n"
        + f"{rule}\n| Intra Clock Table\n| -----------------\n{rule}\n\nClock  {columns}clk_fpga_0   9.999   0.000   0   1   9.999   0.000   0   1   9.999   0.000   0   1  \n"
    )
