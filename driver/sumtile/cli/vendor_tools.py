# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Finds Vitis HLS and Vivado, and asks them for their version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sumtile.errors import SumtileError

ROOTS = tuple(Path(parent, name) for name in ("Xilinx", "AMDDesignTools") for parent in ("/tools", "/opt"))
"""Where the vendor's installer puts things: 2025.2 has begun to call its folder AMDDesignTools."""

HOMES = ("XILINX_HLS", "XILINX_VITIS", "XILINX_VIVADO")
"""Variables that the vendor's settings64.sh sets to the folders of installations."""

PROGRAMS = {"Vitis HLS": ("vitis_hls", "vitis-run"), "Vivado": ("vivado",)}
"""Programs of each tool, the preferred one first: vitis_hls is gone from 2025.1 on, and vitis-run runs scripts from 2024.1 on."""

_VERSION = re.compile(r"(?<![\d.])(20\d\d)\.(\d+)(?:\.(\d+))?\b")


@dataclass(frozen=True)
class VendorTool:
    """A tool that is installed.

    Attributes:
        name: ``Vitis HLS`` or ``Vivado``.
        program: what is run.
        version: such as ``2023.2``, empty when neither the folder's name nor the program tells.
    """

    name: str
    program: Path
    version: str

    def command(self, script: Path) -> list[str]:
        """The command that runs a Tcl script."""
        options = {"vitis_hls": ["-f"], "vitis-run": ["--mode", "hls", "--tcl"], "vivado": ["-mode", "batch", "-source"]}
        return [str(self.program), *options[self.program.name], str(script)]

    def __str__(self) -> str:
        return f"{self.program.name} {self.version}".rstrip()


def find_tool(name: str, named: Sequence[Path] = ()) -> VendorTool:
    """The installation of a tool: one that the user names, the one in the path, that of a variable, or the newest in the usual folders.

    Args:
        name: ``Vitis HLS`` or ``Vivado``.
        named: programs, or folders of installations, that are tried first.

    Raises:
        SumtileError: there is none.
    """
    program = next(_programs(name, named), None)
    if program is None:
        raise SumtileError(
            f"{name} was not found: there is no {' and no '.join(PROGRAMS[name])} in the path, below ${', $'.join(HOMES)} or below {' and '.join(map(str, ROOTS))}; "
            "install it and source its settings64.sh, or name it with --tool. All other commands work without it, on an emulated board."
        )
    return VendorTool(name, program, _version_of(program))


def check_named(named: Sequence[Path]) -> None:
    """Raises SumtileError for something named as a tool in which there is none."""
    for path in named:
        if not any(_within(path, program) for programs in PROGRAMS.values() for program in programs):
            known = ", ".join(program for programs in PROGRAMS.values() for program in programs)
            raise SumtileError(f"{path} is none of the programs {known}, and no folder that has one of them, itself, in bin/ or in */bin/; name the folder of an installation.")


def _programs(name: str, named: Sequence[Path]) -> Iterator[Path]:
    """Programs of a tool, the best first."""
    homes = [Path(os.environ[home]) for home in HOMES if os.environ.get(home)]
    for places in (named, [Path()], homes):
        for place in places:
            for program in PROGRAMS[name]:
                found = _within(place, program) if place != Path() else shutil.which(program)
                if found:
                    yield Path(found)
    installed = [path for root in ROOTS for program in PROGRAMS[name] for pattern in (f"*/*/bin/{program}", f"*/bin/{program}") for path in root.glob(pattern) if _runs(path)]
    # A stable sort: of the same version, the preferred program stays ahead.
    yield from sorted(installed, key=lambda path: _key(str(path)), reverse=True)


def _within(place: Path, program: str) -> Path | None:
    """The program, if ``place`` is it, or the folder of an installation that has it: of a tool, of all tools, or of all versions of a tool."""
    below = sorted(place.glob(f"*/bin/{program}"), key=lambda path: _key(str(path)), reverse=True)
    candidates = [place] if place.name == program else [place / "bin" / program, place / program, *below]
    return next((path.absolute() for path in candidates if _runs(path)), None)


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _key(text: str) -> tuple[int, ...]:
    found = _VERSION.search(text)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)


def _version_of(program: Path) -> str:
    """By the name of its folder, or else as the program tells."""
    found = _VERSION.search(str(program.resolve()))
    if found is None:
        option = "--version" if program.name == "vitis-run" else "-version"
        try:
            told = subprocess.run([str(program), option], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        found = _VERSION.search(told.stdout + told.stderr)
    return found[0] if found else ""
