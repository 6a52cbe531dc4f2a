# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What ``sumtile build`` does: the steps of a build as runs of the vendor's tools, and what they must leave behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sumtile.cli.tool_log import ToolLog
from sumtile.cli.tool_process import Call, cause, run_tool
from sumtile.cli.vendor_tools import VendorTool, find_tool
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from sumtile.overlay.build_report import Timing, load_report, read_implementation, read_synthesis, timing_path, utilization_path
from sumtile.overlay.estimate import Resources, check_budget
from sumtile.overlay.hls_project import hls_projects
from sumtile.overlay.resources import build_script
from sumtile.overlay.vendor_reports import Synthesis
from sumtile.report import Screen
from sumtile.report.text import duration

OWN_STEPS = {"Vitis HLS": ("csim", "csynth", "cosim", "export"), "Vivado": ("bitstream",)}
"""Steps by the tool that does them, in their order."""

STEPS = tuple(step for steps in OWN_STEPS.values() for step in steps)


@dataclass(frozen=True)
class Stage:
    """The steps that one tool does in one run.

    Attributes:
        title: the tool, with its version where it was found.
        tool: None where it was not found.
        makes: files that are there afterwards.
    """

    title: str
    tool: VendorTool | None
    steps: tuple[str, ...]
    call: Call
    makes: tuple[Path, ...]


@dataclass(frozen=True)
class BuildJob:
    """A build.

    Attributes:
        steps: some of ``STEPS``, in their order.
        build: folder of the results.
        out: folder that gets ``<board>/<overlay>.bit`` and others.
        jobs: processes of Vivado.
        force: build although the estimate says that it does not fit.
        silence: seconds without a sign of life after which a tool is ended.
        descriptions: folder in which the tools look for the overlay and its board; None for the usual one.
    """

    overlay: Overlay
    steps: tuple[str, ...]
    build: Path
    out: Path
    jobs: int = 4
    force: bool = False
    silence: float = 3600.0
    descriptions: Path | None = None

    @property
    def deliveries(self) -> tuple[Path, ...]:
        """Bitstream, handoff and report."""
        return tuple(self.out / self.overlay.board.name / f"{self.overlay.name}.{kind}" for kind in ("bit", "hwh", "report.json"))

    def check(self) -> None:
        """Raises SumtileError when the design does not fit by estimate, when there is no kernel to go on from, or no script."""
        if not build_script().is_file():
            raise SumtileError(f"there is no {build_script()}, which the tools run; install sumtile again, or work in a complete checkout.")
        if not (self.force or os.environ.get("SUMTILE_FORCE")):
            check_budget(self.overlay)
        if "bitstream" in self.steps and "export" not in self.steps:
            absent = [path for path in self._made_by("export") if not path.exists()]
            if absent:
                raise SumtileError(f"the step bitstream needs an exported kernel, but there is no {absent[0]}; add the steps csynth and export.")

    def stages(self, named: Sequence[Path]) -> tuple[list[Stage], SumtileError | None]:
        """The runs of the tools, and why the first of those that are needed was not found, if so."""
        tools, errors = {}, {}
        for name in OWN_STEPS:
            try:
                tools[name] = find_tool(name, named)
            except SumtileError as error:
                errors[name] = error
        stages = []
        for name, own in OWN_STEPS.items():
            steps = tuple(step for step in self.steps if step in own)
            tool = tools.get(name)
            command = tool.command(build_script()) if tool else []
            log = self.build / "logs" / f"{name.lower().replace(' ', '_')}.log"
            call = Call(name, command, self._environment(steps, tools.values()), self.build, log, self.silence)
            if steps:
                stages.append(Stage(f"{name} ({tool})" if tool else name, tool, steps, call, tuple(path for step in steps for path in self._made_by(step))))
        return stages, next((errors[stage.call.name] for stage in stages if stage.tool is None), None)

    def run(self, stage: Stage, screen: Screen) -> None:
        """Runs one tool and follows its log; SumtileError when it fails, or leaves nothing behind."""
        _make_folder(self.build)
        begin, log = time.monotonic(), ToolLog()

        def elapsed() -> str:
            return duration(time.monotonic() - begin)

        def read(line: str) -> None:
            before = log.step
            log.read(line)
            if log.step != before:
                screen.line(f"  {stage.call.name}: {log.step} begins after {elapsed()}")

        with screen.status() as status:
            status_code = run_tool(stage.call, read, lambda: status("  ".join(filter(None, (stage.call.name, log.step, elapsed(), log.counts(), log.last)))))
        if status_code:
            where = f" in {log.step}" if log.step else ""
            why = (log.first_error or log.last or "it said nothing").rstrip(".;")
            raise SumtileError(f"{stage.call.name} {cause(status_code)}{where}: {why}; its whole log is {stage.call.log}.")
        absent = [path for path in stage.makes if not path.exists()]
        if absent:
            raise SumtileError(f"{stage.call.name} ended well but left no {absent[0]}; look for the reason in {stage.call.log}.")
        screen.line(f"{stage.call.name} finished after {elapsed()}" + (f", {log.counts()}" if log.counts() else ""))

    def results(self) -> tuple[Synthesis | None, tuple[Resources, Timing] | None]:
        """What the reports in the build's folder tell, or that beside the bitstream where there are none."""
        csynth = read_synthesis(self.overlay, self.build)
        if utilization_path(self.build).exists() and timing_path(self.build).exists():
            return csynth, read_implementation(self.overlay, self.build)
        if self.deliveries[-1].exists():
            report = load_report(self.deliveries[-1])
            return csynth or report.csynth, (report.resources, report.timing)
        return csynth, None

    def _made_by(self, step: str) -> tuple[Path, ...]:
        """Files that a step leaves."""
        if step == "bitstream":
            return self.deliveries
        within = {"csynth": "syn/report/{top}_csynth.xml", "export": "impl/ip/component.xml"}
        tops = [project.top for project in hls_projects(self.overlay, "", "")]
        return tuple(self.build / top / "solution" / within[step].format(top=top) for top in tops) if step in within else ()

    def _environment(self, steps: Sequence[str], tools: Iterable[VendorTool]) -> dict[str, str]:
        """The options of ``build.tcl``, and a path with both tools: co-simulation of Vitis HLS needs Vivado's simulator."""
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH", "SUMTILE_FORCE")}
        environment |= {
            "PATH": os.pathsep.join([*(str(tool.program.parent) for tool in tools), os.environ.get("PATH", os.defpath)]),
            "SUMTILE_OVERLAY": self.overlay.name,
            "SUMTILE_BOARD": self.overlay.board.name,
            "SUMTILE_STEPS": " ".join(steps),
            "SUMTILE_BUILD": str(self.build),
            "SUMTILE_OUT": str(self.out),
            "SUMTILE_JOBS": str(self.jobs),
            "SUMTILE_PYTHON": sys.executable,
        }
        if self.descriptions is not None:
            environment["SUMTILE_OVERLAYS"] = str(self.descriptions.absolute())
        return environment | ({"SUMTILE_FORCE": "1"} if self.force or os.environ.get("SUMTILE_FORCE") else {})


def parse_steps(text: str) -> tuple[str, ...]:
    """Steps from words with commas or spaces between them, in the order in which they are done; ``all`` is every one."""
    words = text.replace(",", " ").split()
    unknown = [word for word in words if word not in (*STEPS, "all")]
    if unknown or not words:
        raise SumtileError(f"'{unknown[0] if unknown else text}' is no step of a build; choose any of {', '.join(STEPS)}, or all.")
    return STEPS if "all" in words else tuple(step for step in STEPS if step in words)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SumtileError(f"the folder {folder} cannot be made ({error.strerror or error}); name another one with SUMTILE_BUILD.") from None
