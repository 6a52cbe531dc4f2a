# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every command does what its help says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Command
from tests.support.small import CLASSES

from sumtile.cli import main
from sumtile.cli.checks import Check, all_checks
from sumtile.emulated.hwh import hardware_handoff
from sumtile.evaluation.samples import Sample, load_samples
from sumtile.network import Conv
from sumtile.network.storage import load_network, save_network
from sumtile.overlay import Overlay
from sumtile.overlay.resources import overlays_folder
from sumtile.program import FcStep, read_program
from sumtile.quantize.schemes import covering

COMMANDS = ("demo", "compile", "classify", "evaluate", "doctor")


def test_help_lists_every_command_and_loads_no_numpy() -> None:
    code = "import sys; from sumtile.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(sorted({'numpy', 'pynq', 'rich', 'PIL'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert shown.splitlines()[-1] == "[]"
    assert all(f"    {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_teaches_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"examples:\n  sumtile {command}" in capsys.readouterr().out


def test_compile_shows_each_layer_and_writes_a_program(network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "six.tile"
    assert main(["compile", str(network_file), "--calibrate", str(dataset_file), "--bits", "6", "--images", "10", "--board", "pynq-z2", "-o", str(output)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["layer", "on", "kernel", "result", "stripes", "KiB", "in", "weights", "out", "cycles", "ms", "lanes", "bound"]
    layers = [line.split() for line in lines[1:4]]
    assert [[layer[0], " ".join(layer[1:4]), *layer[4:6]] for layer in layers] == [
        ["pool1", "mac 8 bit", "3x3", "6x6x16"],
        ["relu2", "adder 8 bit", "3x3", "6x6x24"],
        ["scores", "mac 8 bit", "1x1", "1x1x6"],
    ]
    assert f", {sum(int(layer[10]) for layer in layers)} cycles; " in lines[6]
    table = lines.index("", 5) + 1
    assert lines[table].split() == ["layer", "weights", "SNR", "dB", "result", "fl", "SNR", "dB", "saturated"]
    errors = [line.split() for line in lines[table + 1 : table + 4]]
    assert [error[1:-5] for error in errors] == [["fixed", "6", "bit"], ["as", "its", "input"], ["fixed", "6", "bit"]]
    assert [error[-4] for error in errors] == ["u6", "u6", "6"] and all(float(error[-2]) > 5 for error in errors)
    assert lines[table + 5] == f"{covering(6)}; calibrated with 10 images"
    program = read_program(output)
    assert (program.board, program.classes, program.tensors["input"].format.bits) == ("pynq-z2", CLASSES, 6)


@pytest.fixture(scope="module")
def multiplying_file(network_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network without its adder layer."""
    network = load_network(network_file)
    conv = network.node("conv2")
    assert isinstance(conv, Conv)
    conv.operator, conv.weight = "mac", conv.weight / 10
    network.nodes = [node for node in network.nodes if node.name != "bn2"]
    network.node("relu2").inputs = ("conv2",)
    path = tmp_path_factory.mktemp("multiplying") / "small.npz"
    save_network(network, path)
    return path


@pytest.mark.parametrize(
    ("options", "overlay", "arrays"),
    [
        (["--scheme", "covering"], "fixed8", ["mac", "mac", "mac"]),
        (["--scheme", "dynamic", "--bits", "16", "--radius", "3", "--no-per-filter"], "fixed16", ["mac", "mac", "fc"]),
        (["--scheme", "static", "--weight-bits", "6"], "fixed8", ["mac", "mac", "mac"]),
        (["--scheme", "fixed", "--no-compensate"], "fixed8", ["mac", "mac", "mac"]),
        (["--scheme", "sp2", "--ends", "6"], "sp2", ["mac", "sp2", "mac"]),
        (["--scheme", "msq", "--no-correct-biases"], "msq", ["mac", "mixed", "mac"]),
        (["--scheme", "ternary", "--overlay", "fixed16"], "fixed16", ["mac", "mac", "fc"]),
    ],
)
def test_the_overlay_follows_the_scheme(
    options: list[str], overlay: str, arrays: list[str], multiplying_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "program.tile"
    assert main(["compile", str(multiplying_file), "--calibrate", str(dataset_file), "--board", "pynq-z2", "-o", str(output), *options]) == 0
    shown = capsys.readouterr().out
    program = read_program(output)
    assert (program.overlay, ["fc" if isinstance(step, FcStep) else step.layer.operator for step in program.steps]) == (overlay, arrays)
    for option, words in {
        "--radius": "within 3",
        "--no-per-filter": "one fl a layer",
        "--no-compensate": "to the nearest",
        "--no-correct-biases": "as trained",
        "--ends": "fixed 6 bit",
    }.items():
        assert option not in options or words in shown
    assert "msq" not in options or "mixed 4 bit, 16 of 40 rows fixed" in shown


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--radius", "3"], "scheme 'covering' has no setting --radius; leave it out"),
        (["--scheme", "sp2", "--quantile", "0.9"], "scheme 'sp2' has no setting --quantile"),
        (["--scheme", "msq", "--overlay", "fixed8"], "overlay 'fixed8' has no lanes of both kinds; choose the overlay msq."),
        (["--scheme", "sp2", "--overlay", "fixed8"], "layer 'relu2' (conv2 + relu2): the layer needs an sp2 array for its weights (SP2 4 bit), but the engine has mac of 8 bits"),
        (["--scheme", "sp2", "--weight-bits", "8"], "or with weights of 4 bits."),
        (["--weight-bits", "16", "--overlay", "fixed8"], "or with weights of 8 bits."),
        (["--scheme", "sp2", "--ends", "12"], "a mac array for its weights (fixed 12 bit)"),
        (["--bits", "16", "--overlay", "fixed8"], "activations of 16 bits were asked for, but overlay 'fixed8' has 8; quantize the network to 8 bits or fewer."),
        (["--scheme", "sp2", "--weight-bits", "9"], "9"),
        (["--scheme", "dynamic", "--radius", "-1"], "a search radius of -1 was asked for"),
    ],
)
def test_settings_that_do_not_fit_are_explained(options: list[str], sentence: str, multiplying_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is quantized: there are no images to do it with."""
    assert main(["compile", str(multiplying_file), "--calibrate", str(tmp_path / "none"), "-o", str(tmp_path / "model.tile"), *options]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_an_output_that_cannot_be_is_refused_before_all_else(multiplying_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for output, sentence in {tmp_path: "is a folder, but the program is written to a file", tmp_path / "no" / "m": "cannot be written, since there is no folder"}.items():
        assert main(["compile", str(multiplying_file), "--calibrate", str(tmp_path / "none"), "-o", str(output)]) == 2
        said = capsys.readouterr().err
        assert sentence in said and said.count("\n") == 1


@pytest.mark.parametrize("scheme", ["fixed", "sp2", "msq", "ternary"])
@pytest.mark.parametrize("overlay", [[], ["--overlay", "msq"]], ids=["default", "msq"])
def test_a_network_whose_inner_layers_all_add_needs_no_scheme_for_inner_weights(
    scheme: str, overlay: list[str], network_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(network_file), "--calibrate", str(tmp_path / "none"), "-o", str(tmp_path / "m"), "--scheme", scheme, *overlay]) == 2
    expected = f"scheme '{scheme}' is for multiplying layers between the first and the last, but network 'small' has only adder layers there; use covering, dynamic or static."
    assert capsys.readouterr().err == f"sumtile: {expected}\n"


def test_lanes_of_both_kinds_are_not_advised_where_layers_add(network_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = load_network(network_file)
    network.nodes[3:3] = [Conv("inner", ("pool1",), np.ones((16, 16, 1, 1)))]
    network.node("conv2").inputs = ("inner",)
    save_network(network, tmp_path / "both.npz")
    assert main(["compile", str(tmp_path / "both.npz"), "--calibrate", str(tmp_path / "none"), "-o", str(tmp_path / "m"), "--scheme", "msq"]) == 2
    assert capsys.readouterr().err.endswith("has no lanes of both kinds; choose another scheme, since the network has adder layers.\n")


def test_compile_takes_a_folder_of_plain_images(network_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(network_file), "--calibrate", str(image_files[0].parent), "-o", str(tmp_path / "model.tile")]) == 0
    assert "calibrated with 3 images" in capsys.readouterr().out


def test_classify_shows_bars_times_and_where_it_ran(program_file: Path, image_files: list[Path], sumtile: Command) -> None:
    result = sumtile("classify", program_file, *image_files, "--top", 3)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 3 * (1 + 3 + 1 + 1) + 1
    assert lines[0] == str(image_files[0])
    assert all(" %" in line for line in lines[1:4]) and "█" in result.stdout
    assert all(f"{stage} " in lines[4] for stage in ("image", "input", "network", "output"))
    assert lines[-1] == "ran on: emulated zcu102 (C simulation of adder_conv)"


def test_classify_as_json_says_the_same_on_another_board(
    network_file: Path, program_file: Path, dataset_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "z2.tile"
    assert main(["compile", str(network_file), "--calibrate", str(dataset_file), "--board", "pynq-z2", "-o", str(other)]) == 0
    found = []
    for program in (program_file, other):
        capsys.readouterr()
        assert main(["classify", str(program), *map(str, image_files), "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert [run["where"].split()[1] for run in found] == ["zcu102", "pynq-z2"]
    assert [image["classes"] for image in found[0]["images"]] == [image["classes"] for image in found[1]["images"]]
    for image, path in zip(found[0]["images"], image_files):
        assert image["image"] == str(path)
        probabilities = [entry["probability"] for entry in image["classes"]]
        assert probabilities == sorted(probabilities, reverse=True) and probabilities[0] > probabilities[-1] >= 0 and sum(probabilities) <= 1 + 1e-9
        assert {entry["class"] for entry in image["classes"]} < set(CLASSES)
        assert len(image["classes"]) == 5 and all(seconds > 0 for seconds in image["seconds"].values())


def test_a_reader_that_stops_early_is_no_error(program_file: Path, image_files: list[Path]) -> None:
    command = [sys.executable, "-m", "sumtile.cli", "classify", str(program_file), *map(str, image_files * 4)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_ctrl_c_ends_all_processes_without_a_word_too_many(program_file: Path, dataset_file: Path, tmp_path: Path) -> None:
    endless = tmp_path / "endless.npz"  # far more images than fit the time until the interrupt
    np.savez(endless, **{name: np.repeat(array, 2000, axis=0) if name in "xy" else array for name, array in np.load(dataset_file).items()})
    command = [sys.executable, "-m", "sumtile.cli", "evaluate", str(program_file), str(endless), "--on", "golden", "--processes", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_heed_interrupts) as process:
        children: list[str] = []
        while len(children) < 2 and process.poll() is None:
            time.sleep(0.02)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "sumtile: interrupted.\n")
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a process outlived the command"
        time.sleep(0.05)


def _heed_interrupts() -> None:
    """A shell that runs the tests in the background ignores SIGINT, and what it starts would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_doctor_tells_what_is_missing(sumtile: Command, tmp_path: Path) -> None:
    healthy = json.loads(sumtile("doctor", "--json").stdout)
    checks = {check["name"]: check for check in healthy["checks"]}
    assert healthy["demo"] and {"python", "pynq", "board", "compiler", "overlay adder", "ap_int.h", "cache", "fashion-mnist", "samples"} <= set(checks)
    assert checks["compiler"]["state"] == "ok"
    result = sumtile("doctor", environment={"PATH": "", "SUMTILE_CACHE_DIR": str(tmp_path), "SUMTILE_DATASETS": str(tmp_path)})
    assert result.returncode == 1
    assert "MISSING  compiler" in result.stdout and "install g++" in result.stdout
    assert result.stdout.splitlines()[-1] == "'sumtile demo' cannot run here yet; it needs: compiler."


def test_doctor_is_content_where_the_demo_runs(sumtile: Command) -> None:
    result = sumtile("doctor")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "'sumtile demo' can run here."


@pytest.mark.parametrize("board", ["zcu102", "pynq-z2"])
def test_demo_names_the_sample_images(board: str, sumtile: Command) -> None:
    samples = load_samples()[1]
    result = sumtile("demo", "--board", board)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(samples) == 20
    assert result.stdout.splitlines()[-1] == "20 images, the expected class first in 20"
    assert f"ran on: emulated {board} (C simulation of adder_conv)" in result.stdout


def test_the_demo_fails_when_one_class_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    network, samples = load_samples()
    mislabelled = [Sample(samples[0].path, "bag"), *samples[1:3]]
    assert not mislabelled[0].shows(samples[0].label)
    monkeypatch.setattr("sumtile.evaluation.samples.load_samples", lambda: (network, mislabelled))
    assert main(["demo"]) == 1
    shown = capsys.readouterr().out
    assert "WRONG" in shown and shown.splitlines()[-1] == "3 images, the expected class first in 2"


def test_doctor_on_a_board_wants_both_files_of_the_bitstream_or_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sumtile.overlay.host.on_real_board", lambda: True)
    shutil.copytree(overlays_folder(), tmp_path / "overlays")
    monkeypatch.setenv("SUMTILE_OVERLAYS", str(tmp_path / "overlays"))
    monkeypatch.setenv("BOARD", "ZCU102")
    folder = tmp_path / "overlays" / "zcu102"
    folder.mkdir(exist_ok=True)

    def overlay(name: str = "adder") -> Check:
        return next(check for check in all_checks() if check.name == f"overlay {name}")

    assert (overlay().state, overlay().found) == ("missing", f"no adder.bit and no adder.hwh in {folder}")
    (folder / "adder.bit").touch()
    assert (overlay().state, overlay().found) == ("missing", f"no adder.hwh in {folder}")
    (folder / "adder.hwh.link").touch()
    assert (overlay().state, overlay().found) == ("ok", f"adder.hwh linked in {folder}; downloaded when it is first opened")
    (folder / "adder.hwh").write_bytes(hardware_handoff(Overlay.load("adder", "pynq-z2")))
    assert overlay().state == "missing" and "is for the part 7z020clg400, but board 'zcu102' has xczu9eg" in overlay().found
    (folder / "adder.hwh").write_bytes(hardware_handoff(Overlay.load("adder", "zcu102")))
    assert (overlay().state, overlay().found) == ("ok", f"adder.bit and adder.hwh in {folder}")
    only_here = json.loads((tmp_path / "overlays" / "msq.json").read_text())
    del only_here["boards"]["zcu102"]
    (tmp_path / "overlays" / "msq.json").write_text(json.dumps(only_here))
    assert overlay("msq").state == "optional" and "is not described for board 'zcu102'" in overlay("msq").found
