# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One unmodified host script, and the project's own driver, on every supported pynq: ``pytest -m matrix tests/emulated/test_matrix.py``.

Each version needs an environment of its own. ``SUMTILE_PYNQ_ENVS`` names existing ones, such as
``3.0.1=/path/to/venv,3.1.2=/path/to/venv``; the others are created in the cache folder, which downloads 63 MB each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sumtile.csim.build import cache_folder
from sumtile.emulated import overlay_files
from sumtile.emulated.memory import CACHES
from sumtile.emulated.schedule import SCHEDULES
from sumtile.overlay import Overlay

pytestmark = pytest.mark.matrix

HOST, DRIVER = (Path(__file__).with_name(name) for name in ("host.py", "driver.py"))
ROOT = HOST.parents[2]
PATHS = (ROOT / "driver", ROOT)  # the package, and tests.support
# what pynq 3 cannot be built or imported without
REQUIREMENTS = {"3.0.1": ["pycparser<3"], "3.1.2": ["pycparser<3"], "4.0.0": []}


@pytest.fixture(scope="session", autouse=True)
def _asked_for(request: pytest.FixtureRequest) -> None:
    if "matrix" not in request.config.option.markexpr:
        pytest.skip("the matrix of pynq versions runs with -m matrix")


@pytest.fixture(scope="session", params=list(REQUIREMENTS))
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of an environment with that pynq."""
    version = request.param
    known = dict(entry.split("=", 1) for entry in os.environ.get("SUMTILE_PYNQ_ENVS", "").split(",") if entry)
    if version in known:
        return Path(known[version]) / "bin" / "python"
    folder = cache_folder() / "environments" / f"pynq-{version}"
    python = folder / "bin" / "python"
    if not _has_pynq(python, version):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=280)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS[version]]
        subprocess.run([*pip, "setuptools<81", "wheel", "numpy<2", "pillow"], check=True, timeout=280)
        subprocess.run([*pip, "--no-build-isolation", f"pynq=={version}", "numpy<2"], check=True, timeout=280)
    return python


def _has_pynq(python: Path, version: str) -> bool:
    if not python.is_file():
        return False
    found = subprocess.run([python, "-c", "import pynq; print(pynq.__version__)"], capture_output=True, text=True)
    return found.stdout.strip() == version


@pytest.mark.parametrize("board", ["zcu102", "pynq-z2"])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("cache", CACHES)
def test_host_script(python: Path, board: str, schedule: str, cache: str) -> None:
    bitfile = overlay_files(Overlay.load("adder", board))
    assert "host OK" in _run(python, board, schedule, cache, HOST, bitfile, board)


@pytest.mark.parametrize("board", ["zcu102", "pynq-z2"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_own_driver(python: Path, board: str, schedule: str) -> None:
    assert "driver OK" in _run(python, board, schedule, "strict", DRIVER, board)


def _run(python: Path, board: str, schedule: str, cache: str, *script: str | Path) -> str:
    """Runs a script and its arguments on an emulated board of that interpreter's pynq; what it printed."""
    seed = int(np.random.default_rng().integers(1 << 16))
    command = [python, "-m", "sumtile.emulated", "--board", board, "--schedule", schedule, "--cache", cache, "--seed", str(seed), *script]
    path = os.pathsep.join(map(str, PATHS))
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nrepeat: PYTHONPATH={path} {' '.join(map(str, command))}"
    return done.stdout
