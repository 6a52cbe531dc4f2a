# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The wheel carries all that the installed package needs, and a board needs nothing but numpy, pillow and pynq."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_ON_A_BOARD = ("hls4ml", "matplotlib", "onnx", "rich", "torch")


def run(arguments: list[str], folder: Path, **environment: str) -> str:
    result = subprocess.run(arguments, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip would, from a copy of the checkout so that nothing is written there."""
    work = tmp_path_factory.mktemp("wheel")
    copy = shutil.copytree(ROOT, work / "checkout", ignore=shutil.ignore_patterns(".*", "build", "dist", "tests", "*.egg-info"))
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(work), "."], copy)
    (wheel,) = work.glob("sumtile-*.whl")
    zipfile.ZipFile(wheel).extractall(work / "site")
    return work / "site"


@pytest.mark.parametrize("folder", ["hls", "overlays", "models", "notebooks"])
def test_wheel_carries_the_data(site: Path, folder: str) -> None:
    def files(root: Path) -> set[Path]:
        return {path.relative_to(root) for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")}

    assert files(site / "sumtile" / "_data" / folder) == files(ROOT / folder) != set()


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
