# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The C++ testbench with vectors of the golden model: in the project's simulation, and as the vendor's C simulation runs it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sumtile.csim.build import compiler_command, vendor_headers
from sumtile.errors import SumtileError
from sumtile.kernels.vectors import CYCLES_MAX, calls, write_vectors
from sumtile.overlay import Overlay
from sumtile.overlay.config_header import config_header
from sumtile.overlay.fc_engine import FC_TOP
from sumtile.overlay.resources import hls_folder

VENDOR_STREAMS = Path(__file__).parents[1] / "vendor" / "include"
PAIRS = [("adder", "zcu102"), ("fixed16", "pynq-z2"), ("msq", "pynq-z2")]

Build = Callable[[Overlay, str], Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles the testbench of an overlay with native or vendor types, once each."""
    made: dict[tuple[str, str], Path] = {}

    def compiled(overlay: Overlay, types: str) -> Path:
        key = f"{overlay.name}-{overlay.stamp}", types
        if key not in made:
            folder = tmp_path_factory.mktemp("testbench")
            (folder / "sumtile_config.hpp").write_text(config_header(overlay))
            made[key] = folder / "testbench"
            subprocess.run(_command(folder, types), check=True, timeout=200)
        return made[key]

    return compiled


def _command(folder: Path, types: str, kernel: str = "conv") -> list[str]:
    hls = hls_folder()
    sources = [hls / "kernels" / f"{kernel}.cpp", hls / "testbench" / f"{kernel}_tb.cpp"]
    flags = ["-std=c++14", "-O1", "-Wno-unknown-pragmas", f"-I{folder}", f"-I{hls / 'include'}", f"-I{hls / 'testbench'}"]
    if types == "vendor":
        flags += [f"-I{VENDOR_STREAMS}", "-isystem", str(vendor_headers())]
    else:
        sources.append(hls / "csim" / "dataflow.cpp")
        flags += ["-Wall", "-Wextra", "-Werror", "-Wno-unused-label", "-DSUMTILE_CSIM", f"-I{hls / 'csim' / 'include'}"]
    return [*compiler_command(), *flags, "-o", str(folder / "testbench"), *map(str, sources)]


def run(testbench: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(testbench), *map(str, arguments)], capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("name, board", PAIRS)
def test_the_kernel_passes(build: Build, name: str, board: str, tmp_path: Path) -> None:
    overlay = Overlay.load(name, board)
    made = write_vectors(overlay, tmp_path)
    result = run(build(overlay, "native"), tmp_path)
    assert result.returncode == 0, result.stdout
    assert [line.split()[1] for line in result.stdout.splitlines()[:-1]] == [call.name for call in made]
    assert result.stdout.splitlines()[-1] == f"PASS {len(made)} calls"


@pytest.mark.parametrize("name, board", [("fixed16", "pynq-z2")])
@pytest.mark.parametrize("types", ["native", "vendor"])
def test_the_fully_connected_kernel_passes(name: str, board: str, types: str, tmp_path: Path) -> None:
    overlay = Overlay.load(name, board)
    made = write_vectors(overlay, tmp_path / "vectors", top=FC_TOP)
    (tmp_path / "sumtile_config.hpp").write_text(config_header(overlay))
    subprocess.run(_command(tmp_path, types, "svd_fc"), check=True, timeout=200)
    result = run(tmp_path / "testbench", tmp_path / "vectors")
    assert result.returncode == 0, result.stdout
    assert result.stdout.splitlines()[-1] == f"PASS {len(made)} calls" and len(made) >= 5
    flip(tmp_path / "vectors", "result", 5)
    assert "beat 0, byte 5: expected" in run(tmp_path / "testbench", tmp_path / "vectors").stdout


def test_vectors_of_an_engine_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="overlay 'msq' has no engine 'adder_conv'; choose msq_conv or svd_fc"):
        write_vectors(Overlay.load("msq", "pynq-z2"), tmp_path, top="adder_conv")
    with pytest.raises(SumtileError, match="overlay 'msq' for pynq-z2 has no engine for fully connected layers"):
        write_vectors(Overlay.load("msq", "pynq-z2"), tmp_path, top=FC_TOP)


def test_it_passes_as_the_vendor_simulates(build: Build, tmp_path: Path) -> None:
    """Vendor types, streams without a bound, and the stages of a layer one after the other."""
    try:
        vendor_headers()
    except SumtileError as error:
        pytest.skip(str(error))
    overlay = Overlay.load("msq", "pynq-z2")
    made = write_vectors(overlay, tmp_path)
    result = run(build(overlay, "vendor"), tmp_path)
    assert result.returncode == 0, result.stdout
    assert f"PASS {len(made)} calls" in result.stdout


def test_another_seed_gives_other_layers(build: Build, tmp_path: Path) -> None:
    overlay = Overlay.load("msq", "pynq-z2")
    first, second = ({call.name for call in calls(overlay, seed)} for seed in (0, 1000))
    assert first & second == {"probe", "another-stamp"}
    write_vectors(overlay, tmp_path, seed=1000)
    assert run(build(overlay, "native"), tmp_path).returncode == 0


@pytest.mark.parametrize("name, board", PAIRS)
def test_the_layers_show_what_an_engine_can_do(name: str, board: str) -> None:
    overlay = Overlay.load(name, board)
    made = [call for call in calls(overlay) if call.result.size]
    for array in overlay.engine.arrays:
        own = [call for call in made if call.name.startswith(str(array).replace(" ", "-"))]
        assert len(own) >= 4
        assert any(call.residual.size for call in own)
    assert max(call.result.size for call in made) < CYCLES_MAX * overlay.engine.stream_bytes


def flip(folder: Path, port: str, offset: int) -> None:
    path = folder / f"{port}.bin"
    data = bytearray(path.read_bytes())
    data[offset] ^= 4
    path.write_bytes(data)


def test_a_wrong_bit_is_found_where_it_is(build: Build, tmp_path: Path) -> None:
    overlay = Overlay.load("adder", "zcu102")
    first, second = [call for call in write_vectors(overlay, tmp_path) if call.result.size][:2]
    byte = overlay.engine.stream_bytes + 5
    flip(tmp_path, "result", first.result.size + byte)
    result = run(build(overlay, "native"), tmp_path)
    assert result.returncode == 1
    expected, found = int(second.result[byte]) ^ 4, int(second.result[byte])
    assert result.stdout.splitlines()[-2:] == [f"ok   {first.name}", f"FAIL {second.name}: beat 1, byte 5: expected {expected}, found {found}"]


def test_a_wrong_weight_changes_a_result(build: Build, tmp_path: Path) -> None:
    overlay = Overlay.load("adder", "zcu102")
    probe, first = write_vectors(overlay, tmp_path)[:2]
    flip(tmp_path, "weights_0", probe.weights["weights_0"].size + first.weights["weights_0"].size - overlay.engine.tile_bytes)
    result = run(build(overlay, "native"), tmp_path)
    assert result.returncode == 1 and f"FAIL {first.name}: beat" in result.stdout


def test_a_kernel_of_another_description_fails(build: Build, tmp_path: Path) -> None:
    """Vectors of the same widths, but another stamp: the probe is answered with a bad status."""
    write_vectors(Overlay.load("adder", "zc706"), tmp_path)
    overlay = Overlay.load("fixed16", "pynq-z2")
    result = run(build(overlay, "native"), tmp_path)
    assert result.returncode == 1
    assert f"FAIL probe: stamp 0x{overlay.stamp:08x} and status 2, expected 0x{overlay.stamp:08x} and 0" in result.stdout


def test_a_stuck_kernel_is_reported(build: Build, tmp_path: Path) -> None:
    """A feature map that is a beat too short: the project's simulation names the stage and the stream."""
    overlay = Overlay.load("adder", "zcu102")
    write_vectors(overlay, tmp_path)
    index = (tmp_path / "index.txt").read_text().splitlines()
    fields = index[3].split()
    fields[3] = str(int(fields[3]) - overlay.engine.stream_bytes)
    (tmp_path / "index.txt").write_text("\n".join([*index[:3], " ".join(fields), *index[4:]]) + "\n")
    result = run(build(overlay, "native"), tmp_path)
    assert result.returncode == 1
    assert "FAIL" in result.stdout and "does not end" in result.stdout and "load_features" in result.stdout


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (lambda folder: shutil.rmtree(folder), "holds no test vectors of version 1; write them with python -m sumtile.kernels.vectors"),
        (lambda folder: (folder / "result.bin").unlink(), "result.bin is missing or ends too early"),
        (lambda folder: (folder / "features.bin").write_bytes(b"1"), "features.bin is missing or ends too early"),
        (lambda folder: (folder / "index.txt").write_text("sumtile-vectors 1\ncalls 3 weight_streams 1 beat_bytes 16\n"), "index.txt ends too early"),
        (lambda folder: (folder / "index.txt").write_text("sumtile-vectors 1\ncalls 0 weight_streams 1 beat_bytes 16\n"), "has no calls"),
        (lambda folder: write_vectors(Overlay.load("msq", "pynq-z2"), folder), "has vectors for 2 weight streams of 8 bytes, but the kernel has 1 of 16"),
    ],
)
def test_broken_vectors_end_in_a_sentence(build: Build, tmp_path: Path, break_it: Callable[[Path], object], sentence: str) -> None:
    overlay = Overlay.load("adder", "zcu102")
    write_vectors(overlay, tmp_path / "vectors")
    break_it(tmp_path / "vectors")
    result = run(build(overlay, "native"), tmp_path / "vectors")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith("FAIL") and sentence in result.stdout


def test_it_wants_a_folder(build: Build) -> None:
    result = run(build(Overlay.load("adder", "zcu102"), "native"))
    assert result.returncode == 2 and "usage" in result.stdout
