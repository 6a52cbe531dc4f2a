# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Where the vendor's tools are looked for, what a log tells, and how a tool's processes end that do not want to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.fake_tools import alive, install

from sumtile.cli.checks import all_checks
from sumtile.cli.tool_log import ToolLog
from sumtile.cli.tool_process import Call, cause, run_tool
from sumtile.cli.vendor_tools import find_tool
from sumtile.errors import SumtileError


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is installed but what a test puts into this folder."""
    monkeypatch.setattr("sumtile.cli.vendor_tools.ROOTS", (tmp_path / "Xilinx",))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("XILINX_HLS", "XILINX_VITIS", "XILINX_VIVADO"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "Xilinx"


def test_the_newest_of_the_usual_folders_counts(roots: Path) -> None:
    """In the two shapes that the installer has made: Vitis_HLS/2022.2 and 2025.1/Vitis."""
    install(roots / "Vitis_HLS" / "2020.1")
    install(roots / "Vitis_HLS" / "2022.2")
    assert str(find_tool("Vitis HLS")) == "vitis_hls 2022.2"
    install(roots / "2025.1" / "Vitis", program="vitis-run")
    newest = find_tool("Vitis HLS")
    assert (str(newest), newest.command(Path("build.tcl"))[1:]) == ("vitis-run 2025.1", ["--mode", "hls", "--tcl", "build.tcl"])
    assert find_tool("Vivado").program == roots / "2025.1" / "Vitis" / "bin" / "vivado"


def test_of_one_version_vitis_hls_is_preferred(roots: Path) -> None:
    install(roots / "Vitis" / "2024.1", program="vitis-run")
    install(roots / "Vitis_HLS" / "2024.1")
    assert find_tool("Vitis HLS").command(Path("build.tcl")) == [f"{roots}/Vitis_HLS/2024.1/bin/vitis_hls", "-f", "build.tcl"]


def test_what_the_user_says_comes_before_what_is_found(roots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {name: install(tmp_path / name / "2021.2") for name in ("home", "path", "named")}
    install(roots / "Vitis_HLS" / "2023.2")
    for name, set_ in (
        ("home", lambda folder: monkeypatch.setenv("XILINX_HLS", str(folder))),
        ("path", lambda folder: monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}/usr/bin")),
    ):
        set_(places[name])
        assert find_tool("Vitis HLS").program == places[name] / "bin" / "vitis_hls"
    assert find_tool("Vitis HLS", [places["named"]]).program == places["named"] / "bin" / "vitis_hls"
    assert find_tool("Vitis HLS", [places["named"] / "bin" / "vivado"]).program == places["path"] / "bin" / "vitis_hls"
    assert find_tool("Vivado", [places["named"] / "bin" / "vivado"]).program == places["named"] / "bin" / "vivado"


def test_a_folder_of_tools_and_a_folder_of_versions_will_do(roots: Path) -> None:
    install(roots / "2025.1" / "Vitis", program="vitis-run")
    install(roots / "Vivado" / "2022.1")
    install(roots / "Vivado" / "2023.1")
    assert find_tool("Vitis HLS", [roots / "2025.1"]).program == roots / "2025.1" / "Vitis" / "bin" / "vitis-run"
    assert str(find_tool("Vivado", [roots / "Vivado"])) == "vivado 2023.1"


def test_a_program_tells_its_version_where_its_folder_does_not(tmp_path: Path, roots: Path) -> None:
    assert find_tool("Vivado", [install(tmp_path / "somewhere")]).version == "2023.2"


def test_doctor_looks_for_the_same_tools(roots: Path) -> None:
    def check() -> tuple[str, str]:
        return next((check.state, check.found) for check in all_checks() if check.name == "vitis/vivado")

    assert check() == ("optional", "no Vitis HLS, no Vivado")
    install(roots / "Vivado" / "2022.2", program="other")
    assert check() == ("optional", f"vivado 2022.2 in {roots}/Vivado/2022.2/bin, no Vitis HLS")
    install(roots / "Vitis_HLS" / "2022.2")
    assert check()[0] == "ok"


def test_a_log_tells_step_warnings_and_the_first_error() -> None:
    log = ToolLog()
    for line in (
        "INFO: [HLS 200-1510] Running: csim_design -argv vectors",
        "INFO: [HLS 200-10] Analyzing design file 'conv.cpp' ... ",
        "../../hls/kernels/conv.cpp:12:5: error: expected ';'",
        "ERROR: [SIM 211-100] 'csim_design' failed: compilation error(s).",
        "",
    ):
        log.read(line)
    assert (log.step, log.errors, log.first_error) == ("csim_design", 2, "../../hls/kernels/conv.cpp:12:5: error: expected ';'")
    assert log.last == "ERROR: [SIM 211-100] 'csim_design' failed: compilation error(s)."
    vivado = ToolLog()
    for line, step in (
        ("[Tue Jan  9 13:00:00 2024] Launched synth_1...", "synth_1"),
        ("[Tue Jan  9 13:00:00 2024] Waiting for impl_1 to finish...", "impl_1"),
        ("Command: link_design -top adder_wrapper", "impl_1"),
        ("WARNING: [Constraints 18-5210] No constraints selected for write.", "impl_1"),
        ("Command: route_design", "route_design"),
        ("CRITICAL WARNING: [Timing 38-282] The design failed to meet the timing requirements.", "route_design"),
        ("route_design completed successfully", "route_design"),
        ("# 3 ERROR: in a comment", "route_design"),
    ):
        vivado.read(line)
        assert vivado.step == step
    assert (vivado.counts(), vivado.first_error) == ("2 warnings, 1 of them critical", "")


def call(tmp_path: Path, script: str, silence: float = 60.0) -> Call:
    return Call("the tool", ["/bin/sh", "-c", script], dict(os.environ), tmp_path, tmp_path / "logs" / "tool.log", silence)


def test_output_comes_line_by_line_in_order_and_whole(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "printf 'one\\ntwo'; sleep 0.3; printf ' and a half\\rthree\\n'; head -c 200000 /dev/zero | tr '\\0' x; printf '\\n\\377\\nend' >&2"
    assert run_tool(call(tmp_path, script), lines.append, lambda: None) == 0
    assert lines[:3] == ["one", "two and a half", "three"] and "".join(lines[3:-2]) == 200000 * "x" and lines[-2:] == ["\ufffd", "end"]
    assert (tmp_path / "logs" / "tool.log").stat().st_size == len("one\ntwo and a half\rthree\n") + 200000 + len("\n?\nend")


def test_what_a_tool_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    """It holds the output open, so that waiting for the end of the output would be for ever."""
    lines: list[str] = []
    assert run_tool(call(tmp_path, "sleep 300 & echo $!; exit 4"), lines.append, lambda: None) == 4
    assert not alive(int(lines[0]))


def test_a_tool_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    assert run_tool(call(tmp_path, "exec >&- 2>&-; sleep 0.5; exit 5"), lambda line: None, lambda: None) == 5


def test_what_does_not_heed_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sumtile.cli.tool_process.GRACE", 0.5)
    lines: list[str] = []

    def interrupt() -> None:
        if lines:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tool(call(tmp_path, "trap '' TERM; echo $$; while :; do sleep 0.1; done"), lines.append, interrupt)
    assert not alive(int(lines[0]))


def test_a_full_disk_ends_the_tool(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    full = Call("the tool", ["/bin/sh", "-c", f"echo $$ > {pid}; echo a word; sleep 300"], dict(os.environ), tmp_path, Path("/dev/full"), 60.0)
    with pytest.raises(SumtileError, match="the log /dev/full cannot be written .*No space left.*, so the tool was ended; make room"):
        run_tool(full, lambda line: None, lambda: None)
    assert not alive(int(pid.read_text()))


def test_a_tool_that_cannot_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "vivado").write_text("no program")
    (tmp_path / "vivado").chmod(0o755)
    with pytest.raises(SumtileError, match="vivado cannot be run .*Exec format error.*; check the installation"):
        run_tool(Call("Vivado", [str(tmp_path / "vivado")], {}, tmp_path, tmp_path / "log", 60.0), lambda line: None, lambda: None)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(1, "ended with exit status 1"), (-15, "was killed by SIGTERM"), (137, "was killed by SIGKILL, as the system does when memory runs out"), (255, "ended with exit status 255")],
)
def test_a_status_is_explained(status: int, sentence: str) -> None:
    assert cause(status) == sentence
