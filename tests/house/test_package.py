# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The wheel carries all that the installed package needs, stock pynq finds in it what it should, and a board needs nothing but numpy, pillow and pynq."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pynq
import pytest
from tests.support.bitstreams import write_pair
from tests.vendor.tools import build, needs_tclsh

from sumtile.overlay import Overlay

ROOT = Path(__file__).resolve().parents[2]
NOT_ON_A_BOARD = ("hls4ml", "matplotlib", "onnx", "rich", "torch")


EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=180).execute()
print("".join(output.text for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs if output.get("name") == "stdout"))
"""


def run(arguments: list[str], folder: Path, **environment: str) -> str:
    """What a command prints that sees nothing of the checkout unless ``environment`` has a PYTHONPATH."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SUMTILE_OVERLAYS", "SUMTILE_BOARD", "BOARD")}
    result = subprocess.run(arguments, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def data_files(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the checkout, so that nothing is written there."""
    work = tmp_path_factory.mktemp("wheel")
    copy = shutil.copytree(ROOT, work / "checkout", ignore=shutil.ignore_patterns(".*", "build", "dist", "tests", "*.egg-info"))
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(work), "."], copy)
    (wheel,) = work.glob("sumtile-*.whl")
    return wheel


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip would."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Interpreter of a new environment in which pip has installed the wheel; all other packages are those of the tests, the checkout is not among them."""
    folder = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{Path(pynq.__file__).parents[1]}\n")
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)], folder)
    assert Path(run([str(python), "-c", "import sumtile; print(sumtile.__file__)"], folder).strip()) == packages / "sumtile" / "__init__.py"
    return python


@pytest.fixture
def board_folder(python: Path) -> Iterator[Path]:
    """Where the bitstreams for a ZCU102 go in the installed package."""
    (overlays,) = python.parents[1].glob("lib/python*/site-packages/sumtile/_data/overlays")
    folder = overlays / "zcu102"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("folder", ["hls", "overlays", "models", "notebooks"])
def test_wheel_carries_the_data(site: Path, folder: str) -> None:
    assert data_files(site / "sumtile" / "_data" / folder) == data_files(ROOT / folder) != set()


def test_wheel_is_small_and_has_one_package(site: Path) -> None:
    assert sorted(path.name for path in site.iterdir() if not path.name.endswith(".dist-info")) == ["sumtile"]
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 8 << 20


def test_installed_package_finds_its_data(site: Path) -> None:
    code = "from sumtile.overlay import Overlay; from sumtile.overlay.resources import hls_folder; print(hls_folder()); print(Overlay.load('adder', 'zcu102').stamp)"
    folder, stamp = run([sys.executable, "-c", code], site, PYTHONPATH=str(site)).split()
    assert Path(folder) == site / "sumtile" / "_data" / "hls"
    assert int(stamp) > 0


def test_board_side_needs_no_extra(site: Path) -> None:
    code = f"import sys; sys.modules.update(dict.fromkeys({NOT_ON_A_BOARD!r})); import sumtile.cli; print(sumtile.Accelerator.__module__, 'sumtile.emulated' in sys.modules)"
    assert run([sys.executable, "-c", code], site, PYTHONPATH=str(site), PATH="/nowhere").split() == ["sumtile.api", "False"]


def test_pynq_delivers_the_notebooks(python: Path, tmp_path: Path) -> None:
    """pynq's own command; a PC needs one of the options, since pynq finds no device there."""
    command = [str(python), str(Path(sys.executable).with_name("pynq-get-notebooks"))]
    assert "- sumtile (source: sumtile)" in run([*command, "--list"], tmp_path)
    for options in (["--ignore-overlays"], ["--device", "Pynq-Z2"]):
        place = tmp_path / options[0].strip("-")
        run([*command, "sumtile", "--path", str(place), *options], tmp_path)
        assert data_files(place / "sumtile") == data_files(ROOT / "notebooks") != set()
        for file in data_files(ROOT / "notebooks"):
            assert (place / "sumtile" / file).read_bytes() == (ROOT / "notebooks" / file).read_bytes()


def test_a_delivered_notebook_runs_where_it_is(python: Path, tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("matplotlib")
    run([str(python), str(Path(sys.executable).with_name("pynq-get-notebooks")), "sumtile", "--ignore-overlays"], tmp_path)
    folder = tmp_path / "pynq-notebooks" / "sumtile"
    said = run([str(python), "-c", EXECUTE, "01_classify.ipynb"], folder)
    assert "20 of 20 are right; wrong: none" in said
    assert said.strip().splitlines()[-1] == "These results come from: emulated zcu102 (C simulation of adder_conv)"
    assert data_files(folder) == data_files(ROOT / "notebooks")


def test_pynq_finds_a_bitstream_by_its_name(python: Path, board_folder: Path, tmp_path: Path) -> None:
    write_pair(Overlay.load("adder", "zcu102"), board_folder)
    code = "import pynq, sumtile.emulated; overlay = pynq.Overlay('adder.bit'); print(overlay.bitfile_name); print('engine_0' in overlay.ip_dict, overlay.is_loaded())"
    said = run([str(python), "-W", "ignore", "-c", code], tmp_path, BOARD="ZCU102", SUMTILE_BOARD="zcu102").splitlines()
    assert said[-2:] == [str(board_folder / "adder.bit"), "True True"]


def test_pynq_downloads_linked_bitstreams(python: Path, board_folder: Path, tmp_path: Path) -> None:
    bitfile = write_pair(Overlay.load("adder", "zcu102"), tmp_path / "served")
    for file in (bitfile, bitfile.with_suffix(".hwh")):
        md5 = run(["md5sum", str(file)], tmp_path).split()[0]
        (board_folder / f"{file.name}.link").write_text(json.dumps({"url": file.as_uri(), "md5sum": md5}))
    code = (
        "from pynqutils.setup_utils import ExtensionsManager, download_overlays\n"
        "for path in ExtensionsManager('pynq.overlays').paths: download_overlays(path, fail_at_lookup=True)\n"
        "import pynq, sumtile.emulated; print(pynq.Overlay('adder.bit').bitfile_name)"
    )
    said = run([str(python), "-W", "ignore", "-c", code], tmp_path, BOARD="ZCU102", SUMTILE_BOARD="zcu102").splitlines()
    assert said[-1] == str(board_folder / "adder.bit") and (board_folder / "adder.hwh").read_bytes() == bitfile.with_suffix(".hwh").read_bytes()


def test_other_overlays_are_found_on_a_board_that_is_not_described(python: Path, tmp_path: Path) -> None:
    """pynq imports our module for each name that anybody opens."""
    write_pair(Overlay.load("fixed8", "zcu102"), tmp_path)
    code = "import pynq, sumtile.emulated; print(pynq.Overlay('fixed8.bit').bitfile_name)"
    assert run([str(python), "-W", "ignore", "-c", code], tmp_path, BOARD="Ultra96", SUMTILE_BOARD="zcu102").splitlines()[-1] == str(tmp_path / "fixed8.bit")


@needs_tclsh
def test_an_overlay_is_built_from_the_wheel(site: Path, tmp_path: Path) -> None:
    """Its own script, kernels and descriptions, in the stand-ins of the tools."""
    bitfile = build("adder", "pynq-z2", tmp_path, script=site / "sumtile" / "_data" / "build.tcl")
    assert json.loads(bitfile.with_suffix(".report.json").read_text())["stamp"] == f"0x{Overlay.load('adder', 'pynq-z2').stamp:08X}"


@pytest.mark.matrix
@pytest.mark.timeout(600)
def test_clean_install(wheel: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The wheel with the packages that it asks for, from the index, in an environment with nothing else."""
    if "matrix" not in request.config.option.markexpr:
        pytest.skip("downloads pynq; runs with -m matrix")
    run([sys.executable, "-m", "venv", str(tmp_path / "environment")], tmp_path)
    programs = tmp_path / "environment" / "bin"
    run([str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], tmp_path)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    run([str(programs / "pynq"), "get-notebooks", "sumtile", "--ignore-overlays"], tmp_path, PATH=path)
    assert data_files(tmp_path / "pynq-notebooks" / "sumtile") == data_files(ROOT / "notebooks")
    assert run([str(programs / "sumtile"), "demo"], tmp_path, PATH=path).splitlines()[-1] == "20 images, the expected class first in 20"
