# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the stand-in of Vitis HLS does with C++: compiles a testbench, and finds the ports that synthesis would make of a top function.

    synthesis.py compile EXECUTABLE SOURCE FLAGS [SOURCE FLAGS ...]
    synthesis.py ports TOP SOURCE FLAGS OUTPUT

Sources that synthesis would refuse are refused by the lint of the kernels, which knows the ports as well.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from sumtile.csim.build import compiler_command, vendor_headers
from sumtile.errors import SumtileError

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

REGISTERS, STEP = 0x10, 0x10
"""Offset of the first output register behind the control registers, and from one to the next."""


def compile_testbench(executable: str, *pairs: str) -> None:
    """Compiles sources, each with its flags, the way the tool's C simulation does."""
    with tempfile.TemporaryDirectory() as scratch:
        objects = []
        for index, (source, flags) in enumerate(zip(pairs[::2], pairs[1::2])):
            objects.append(str(Path(scratch) / f"{index}.o"))
            _run([*_compiler(), "-O1", *shlex.split(flags), "-c", source, "-o", objects[-1]])
        _run([*compiler_command(), *objects, "-o", executable])


def write_ports(top: str, source: str, flags: str, output: str) -> None:
    """Writes the ports of a top function as a Tcl dictionary."""
    from hls_lint.checks import check_kernel, read_sources
    from hls_lint.kernel import Kernel

    try:
        kernel = Kernel(top, Path(source), shlex.split(flags))
    except SumtileError as error:
        raise SystemExit(str(error)) from None
    pragmas, findings = read_sources(Path(source).parents[1])
    ports, wrong = check_kernel(kernel, pragmas)
    if findings | wrong:
        raise SystemExit("\n".join(f"{finding.path}:{finding.line}: {finding.sentence}" for finding in sorted(findings | wrong)))
    streams = " ".join(f"{{{port.name} {port.direction} {port.bits}}}" for port in ports if port.mode == "axis")
    registers = [port for port in ports if port.mode == "s_axilite"]
    listed = " ".join(f"{{{port.name} {REGISTERS + STEP * index}}}" for index, port in enumerate(registers))
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"top {top} control s_axi_{registers[0].bundle} streams {{{streams}}} registers {{{listed}}}\n")


def _compiler() -> list[str]:
    return [*compiler_command(), "-isystem", str(vendor_headers()), f"-I{HERE / 'include'}"]


def _run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=500)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "error" in line] or result.stderr.splitlines()
        raise SystemExit(lines[0] if lines else f"{command[0]} failed")
    return result.stdout


if __name__ == "__main__":
    {"compile": compile_testbench, "ports": write_ports}[sys.argv[1]](*sys.argv[2:])
