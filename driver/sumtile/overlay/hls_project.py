# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What an HLS tool is told about each kernel of an overlay. ``build.tcl`` and the configuration files of the unified flow both come from here.

``python -m sumtile.overlay.hls_project OVERLAY BOARD ROOT BUILD TOP`` prints the ``hls_config.cfg`` of one kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.overlay.command import print_about
from sumtile.overlay.description import Overlay
from sumtile.overlay.design import engine_types
from sumtile.overlay.fc_engine import FC_TOP


@dataclass(frozen=True)
class HlsProject:
    """A kernel as an HLS tool sees it. Paths are strings, as the tools take them.

    Attributes:
        instance: the block of the design that it becomes.
        top: top function.
        type: vendor, library, name and version of the IP.
        part: device, package and speed grade.
        clock_ns: period of the clock, ns.
        source, testbench: C++ files.
        flags: of the compiler, for the source; ``testbench_flags`` for the testbench.
        vectors: folder of the test vectors, the testbench's argument.
    """

    instance: str
    top: str
    type: str
    part: str
    clock_ns: str
    source: str
    flags: str
    testbench: str
    testbench_flags: str
    vectors: str


def hls_projects(overlay: Overlay, root: str, build: str) -> list[HlsProject]:
    """The kernels of an overlay.

    Args:
        overlay: the overlay on its board.
        root: folder that has ``hls/``.
        build: folder of the results; ``include/`` in it has the configuration header.
    """
    flags = f"-std=c++14 -Wno-unknown-pragmas -I{root}/hls/include -I{build}/include"
    projects = []
    for instance, type in engine_types(overlay.engine, overlay.fc).items():
        top = type.split(":")[2]
        stem = top if top == FC_TOP else "conv"
        projects.append(
            HlsProject(
                instance=instance,
                top=top,
                type=type,
                part=overlay.board.part,
                clock_ns=format(1000 / overlay.clock_mhz, ".4f"),
                source=f"{root}/hls/kernels/{stem}.cpp",
                flags=flags,
                testbench=f"{root}/hls/testbench/{stem}_tb.cpp",
                testbench_flags=f"{flags} -I{root}/hls/testbench",
                vectors=f"{build}/vectors/{top}",
            )
        )
    return projects


def hls_config(overlay: Overlay, root: str, build: str, top: str) -> str:
    """The configuration file of a kernel for ``v++ -c --mode hls`` and ``vitis-run --mode hls`` (UG1399, HLS config file commands)."""
    projects = {project.top: project for project in hls_projects(overlay, root, build)}
    if top not in projects:
        raise SumtileError(f"overlay '{overlay.name}' has no kernel '{top}'; choose one of {', '.join(projects)}.")
    project = projects[top]
    vendor, library, name, version = project.type.split(":")
    lines = [
        f"# Generated from the overlay '{overlay.name}' for the board '{overlay.board.name}'. Do not edit.",
        f"part={project.part}",
        "",
        "[hls]",
        "flow_target=vivado",
        f"clock={project.clock_ns}ns",
        f"syn.top={project.top}",
        f"syn.file={project.source}",
        f"syn.cflags={project.flags}",
        f"tb.file={project.testbench}",
        f"tb.cflags={project.testbench_flags}",
        f"csim.argv={project.vectors}",
        f"cosim.argv={project.vectors}",
        "package.output.format=ip_catalog",
        f"package.ip.vendor={vendor}",
        f"package.ip.library={library}",
        f"package.ip.name={name}",
        f"package.ip.version={version}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(print_about("sumtile.overlay.hls_project", hls_config, also=("ROOT", "BUILD", "TOP")))
