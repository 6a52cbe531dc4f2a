# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile build`` with shell scripts as the vendor's tools: the plan, the processes and their ends, the reports. The processes are real."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Command
from tests.support.fake_tools import DESIGN, KERNEL, alive, install
from tests.support.reports import timing

from sumtile.cli import main
from sumtile.overlay import Overlay
from sumtile.overlay.resources import build_script, overlays_folder

Build = Callable[..., "subprocess.CompletedProcess[str]"]


def in_folder(sumtile: Command, folder: Path) -> Build:
    """Runs ``sumtile build adder --board pynq-z2`` with results in ``build`` and the pair in ``out``."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return sumtile("build", "adder", "--board", "pynq-z2", "--out", folder / "out", *arguments, environment={"SUMTILE_BUILD": str(folder / "build"), **environment})

    return run


@pytest.fixture
def build(sumtile: Command, tmp_path: Path) -> Build:
    """A build in a folder of its own."""
    return in_folder(sumtile, tmp_path)


@pytest.fixture(scope="module")
def built(sumtile: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a build of all default steps that went well, and what was printed."""
    folder = tmp_path_factory.mktemp("built")
    result = in_folder(sumtile, folder)("--tool", install(folder / "2023.2"), "--jobs", "3")
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_a_build_from_kernel_to_pair(built: tuple[Path, str]) -> None:
    folder, shown = built
    bin_ = folder / "2023.2" / "bin"
    assert (bin_ / "calls").read_text().splitlines() == [f"{bin_}/vitis_hls -f {build_script()}", f"{bin_}/vivado -mode batch -source {build_script()}"]
    options = dict(line.removeprefix("SUMTILE_").split("=", 1) for line in (bin_ / "vivado.env").read_text().splitlines())
    expected = {"OVERLAY": "adder", "BOARD": "pynq-z2", "STEPS": "bitstream", "BUILD": f"{folder}/build", "OUT": f"{folder}/out", "JOBS": "3", "PYTHON": sys.executable}
    assert expected.items() <= options.items()
    assert "SUMTILE_STEPS=csynth export\n" in (bin_ / "vitis_hls.env").read_text()
    pair = [f"{folder}/out/pynq-z2/adder.{kind}" for kind in ("bit", "hwh", "report.json")]
    assert shown.splitlines()[-1] == "built " + ", ".join(pair)
    assert json.loads(Path(pair[2]).read_text())["resources"] == {"lut": 39876, "ff": 51234, "bram36": 63.5, "dsp": 24}


def test_the_plan_comes_first(built: tuple[Path, str]) -> None:
    folder, lines = built[0], built[1].splitlines()
    assert lines[0] == "overlay adder for TUL PYNQ-Z2: xc7z020clg400-1, 100 MHz, adder_conv with 16 x 16 x 2 lanes"
    assert re.fullmatch(r"by estimate it takes \d+% of LUT, \d+% of FF, \d+% of BRAM36, \d+% of DSP", lines[1])
    plan = lines[: next(index for index, line in enumerate(lines) if "begins after" in line)]
    assert "Vitis HLS (vitis_hls 2023.2)  csynth export" in plan and "Vivado (vivado 2023.2)  bitstream" in plan
    assert f"  log    {folder}/build/logs/vivado.log" in plan
    assert f"  makes  {folder}/build/adder_conv/solution/impl/ip/component.xml" in plan and f"  makes  {folder}/out/pynq-z2/adder.hwh" in plan


def test_the_log_is_followed_and_kept(built: tuple[Path, str]) -> None:
    folder, shown = built
    began = re.findall(r"^  (Vitis HLS|Vivado): (\w+) begins after", shown, re.MULTILINE)
    assert began == [("Vitis HLS", "csynth_design"), ("Vitis HLS", "export_design"), ("Vivado", "impl_1"), ("Vivado", "place_design")]
    assert re.search(r"^Vitis HLS finished after .*, 1 warning$", shown, re.MULTILINE)
    assert re.search(r"^Vivado finished after .*, 1 warning, 1 of them critical$", shown, re.MULTILINE)
    log = (folder / "build" / "logs" / "vitis_hls.log").read_text().splitlines()
    assert log[0] == "****** vitis_hls v2023.2 (64-bit)" and log[-1].endswith("Running: export_design -format ip_catalog")
    assert "CRITICAL WARNING" in (folder / "build" / "logs" / "vivado.log").read_text()


def test_the_reports_stand_beside_the_estimate(built: tuple[Path, str], sumtile: Command) -> None:
    folder, shown = built
    again = in_folder(sumtile, folder)("--report")
    assert again.returncode == 0 and again.stdout in shown
    rows = {line.split()[0]: line.split() for line in again.stdout.splitlines() if line.startswith(("LUT", "FF", "BRAM36", "DSP"))}
    assert {name: (row[2], row[4], row[5], row[6]) for name, row in rows.items()} == {
        "LUT": ("31234", "39876", "53200", "75%"),
        "FF": ("45678", "51234", "106400", "48%"),
        "BRAM36": ("46.5", "63.5", "140", "45%"),
        "DSP": ("24", "24", "220", "11%"),
    }
    assert all(float(row[1]) <= float(row[3]) for row in rows.values()), "a kernel takes no more than the design"
    assert "csynth expects 7.300 ns of the 10.000 ns of 100 MHz" in again.stdout
    assert "100 MHz met: worst slack of setup +0.123 ns, of hold +0.021 ns" in again.stdout


def test_the_report_of_a_delivered_pair_is_enough(built: tuple[Path, str], build: Build, tmp_path: Path) -> None:
    shutil.copytree(built[0] / "out", tmp_path / "out")
    whole = build("--report")
    assert whole.returncode == 0 and whole.stdout in built[1]
    path = tmp_path / "out" / "pynq-z2" / "adder.report.json"
    path.write_text(re.sub(r"0x[0-9A-F]{8}", "0x00000000", path.read_text()))
    stamp = Overlay.load("adder", "pynq-z2").stamp
    assert f"is of another description (stamp 0x00000000, now 0x{stamp:08X})" in build("--report").stdout


def test_a_missed_clock_is_told_and_reported(build: Build, tmp_path: Path) -> None:
    design = (
        'mkdir -p "$SUMTILE_BUILD/reports"\ncp "$here/utilization.rpt" "$here/timing.rpt" "$SUMTILE_BUILD/reports"\necho "ERROR: build.tcl: the setup slack is -0.456 ns."\nexit 1'
    )
    tools = install(tmp_path / "2023.2", design=design)
    (tools / "bin" / "timing.rpt").write_text(timing(wns=-0.456))
    failed = build("--tool", tools)
    assert failed.returncode == 2 and failed.stderr.startswith("sumtile: Vivado ended with exit status 1: ERROR: build.tcl: the setup slack is -0.456 ns; its whole log is")
    assert "100 MHz NOT met: worst slack of setup -0.456 ns, of hold +0.021 ns" in build("--report").stdout


def test_nothing_built_has_no_report(build: Build, tmp_path: Path) -> None:
    result = build("--report")
    assert (result.returncode, result.stdout) == (2, "")
    assert f"was not built for board 'pynq-z2': {tmp_path}/build has no report" in result.stderr


@pytest.mark.parametrize(
    ("kernel", "sentence"),
    [
        (
            "echo 'ERROR: [HLS 207-3777] use of undeclared identifier'\necho 'ERROR: [HLS 200-1715] later'\nexit 1",
            "ended with exit status 1: ERROR: [HLS 207-3777] use of undeclared identifier;",
        ),
        (
            "echo 'INFO: [HLS 200-1510] Running: csim_design'\necho 'conv.cpp:7:3: error: no type' >&2\nexit 3",
            "ended with exit status 3 in csim_design: conv.cpp:7:3: error: no type;",
        ),
        ("echo last words; kill -KILL $$", "was killed by SIGKILL, as the system does when memory runs out: last words;"),
        ("(kill -SEGV $(sh -c 'echo $PPID')); exit 139", "was killed by SIGSEGV: "),
        ("exit 0", "ended well but left no "),
    ],
)
def test_a_tool_that_fails_ends_the_build(build: Build, tmp_path: Path, kernel: str, sentence: str) -> None:
    tools = install(tmp_path / "2023.2", kernel=kernel)
    result = build("--tool", tools)
    assert result.returncode == 2
    assert result.stderr.startswith("sumtile: Vitis HLS ") and sentence in result.stderr and f"{tmp_path}/build/logs/vitis_hls.log" in result.stderr
    assert "/bin/vivado " not in (tools / "bin" / "calls").read_text()


@pytest.mark.parametrize(
    ("kernel", "diagnosis"), [("sleep 300 &\nsleep 300", "so it waited; look for a licence server"), ("while :; do :; done", "so it was at work; give it longer")]
)
def test_a_silent_tool_is_ended_with_a_diagnosis(build: Build, tmp_path: Path, kernel: str, diagnosis: str) -> None:
    tools = install(tmp_path / "2023.2", kernel=f'echo $$ > "$here/pid"\n{kernel}')
    result = build("--tool", tools, "--quiet-timeout", "0.03")
    assert result.returncode == 2
    assert "Vitis HLS has said nothing for" in result.stderr and diagnosis in result.stderr
    assert not alive(int((tools / "bin" / "pid").read_text()))


def test_a_growing_log_is_a_sign_of_life(build: Build, tmp_path: Path) -> None:
    design = 'mkdir -p "$SUMTILE_BUILD/vivado"\nfor i in 1 2 3 4 5 6 7 8; do echo $i >> "$SUMTILE_BUILD/vivado/runme.log"; sleep 0.25; done\n'
    assert build("--tool", install(tmp_path / "2023.2", design=design + DESIGN), "--quiet-timeout", "0.02").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_ends_every_process(tmp_path: Path, number: signal.Signals) -> None:
    """Those in a process group or a session of their own too."""
    child = """sh -c 'echo $$ >> "$0/pids"; sleep 300' "$here" &\n"""
    tools = install(tmp_path / "2023.2", kernel=f'set -m\n{child}setsid {child}echo $$ >> "$here/pids"\nsleep 300')
    command = [sys.executable, "-m", "sumtile.cli", "build", "adder", "--board", "pynq-z2", "--tool", str(tools)]
    process = subprocess.Popen(command, env={**os.environ, "SUMTILE_BUILD": str(tmp_path / "build")}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_heed)
    pids = tools / "bin" / "pids"
    deadline = time.monotonic() + 60
    while not (pids.exists() and len(pids.read_text().split()) == 3):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    left = [int(pid) for pid in pids.read_text().split() if alive(int(pid))]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert (process.returncode, told, left) == (130, "sumtile: interrupted.\n", [])


def _heed() -> None:
    """A shell that runs the tests in the background ignores these, and what it starts would inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_a_terminal_shows_what_the_tool_is_at(tmp_path: Path) -> None:
    tools = install(tmp_path / "2023.2", kernel="echo 'INFO: [HLS 200-1510] Running: csynth_design'\necho a word from the tool\nsleep 1\n" + KERNEL)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "SUMTILE_BUILD": str(tmp_path / "build"), "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "sumtile.cli", "build", "adder", "--board", "pynq-z2", "--steps", "csynth,export", "--tool", str(tools)]
    process = subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 4096):
            shown += data
    except OSError:  # the terminal's other side is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, shown
    assert re.search(r"Vitis HLS  csynth_design  [^\r\n]*  a word from the tool", shown.decode())


def test_without_a_tool_the_plan_and_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sumtile.cli.vendor_tools.ROOTS", (tmp_path / "nowhere",))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SUMTILE_BUILD", str(tmp_path / "build"))
    for name in ("XILINX_HLS", "XILINX_VITIS", "XILINX_VIVADO"):
        monkeypatch.delenv(name, raising=False)
    assert main(["build", "adder", "--board", "pynq-z2", "--dry-run"]) == 2
    shown = capsys.readouterr()
    assert "Vivado  bitstream\n  runs   nothing: it was not found" in shown.out
    assert shown.err == (
        "sumtile: Vitis HLS was not found: there is no vitis_hls and no vitis-run in the path, below $XILINX_HLS, $XILINX_VITIS, $XILINX_VIVADO or below "
        f"{tmp_path}/nowhere; install it and source its settings64.sh, or name it with --tool. All other commands work without it, on an emulated board.\n"
    )
    assert not (tmp_path / "build").exists()


def test_a_dry_run_runs_nothing(build: Build, tmp_path: Path) -> None:
    tools = install(tmp_path / "2023.2")
    result = build("--tool", tools, "--dry-run")
    assert result.returncode == 0 and f"  runs   {tools}/bin/vivado -mode batch" in result.stdout
    assert not (tools / "bin" / "calls").exists() and not (tmp_path / "build").exists()


def test_what_does_not_fit_is_refused_unless_forced(build: Build, tmp_path: Path) -> None:
    tools, overlays = install(tmp_path / "2023.2"), tmp_path / "overlays"
    shutil.copytree(overlays_folder(), overlays)
    board = overlays / "boards" / "pynq-z2.json"
    board.write_text(board.read_text().replace('"lut": 53200', '"lut": 20000'))
    refused = build("--tool", tools, SUMTILE_OVERLAYS=str(overlays))
    assert refused.returncode == 2 and re.search(r"takes [\d,]+ of 20,000 LUT of board 'pynq-z2' by estimate, so it does not fit", refused.stderr)
    assert not (tools / "bin" / "calls").exists()
    assert build("--tool", tools, "--force", SUMTILE_OVERLAYS=str(overlays)).returncode == 0
    assert "SUMTILE_FORCE=1\n" in (tools / "bin" / "vivado.env").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--steps", "sinthesis"], "'sinthesis' is no step of a build; choose any of csim, csynth, cosim, export, bitstream, or all."),
        (["--steps", ","], "',' is no step of a build"),
        (["--steps", "bitstream"], "the step bitstream needs an exported kernel, but there is no"),
        (["--tool", "/nonexistent"], "/nonexistent is none of the programs vitis_hls, vitis-run, vivado, and no folder"),
        (["--quiet-timeout", "0"], "'0' is not a number of minutes above zero"),
    ],
)
def test_mistakes_end_in_a_sentence(build: Build, arguments: list[str], sentence: str) -> None:
    result = build(*arguments)
    assert result.returncode == 2 and sentence in result.stderr and "Traceback" not in result.stderr
