# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""One server with three programs on an emulated board, and one browser, for all tests of the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sumtile.compiler import compile_network
from sumtile.images import read_images
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.overlay.resources import models_folder
from sumtile.program import Program, write_program
from sumtile.quantize import quantize_network, schemes

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from visit.server import Server, open_server

if TYPE_CHECKING:
    from tests.faces.page import Page

SAMPLES = sorted((models_folder() / "samples").glob("*.png"))
BOARD = "zcu102"
TIMEOUT_S = 5
"""Seconds that a request may take in these tests; the command's default is more."""


@pytest.fixture(scope="session")
def programs() -> dict[str, Program]:
    """Programs by the names that their files get: LeNet-5 for an array that adds, one that mixes, and one that multiplies."""
    made = {}
    for name, network_file, overlay, scheme in (
        ("adder", "lenet5_adder_fashion.npz", "adder", schemes.covering(8)),
        ("msq", "lenet5_fashion.npz", "msq", schemes.msq(fixed_of=1, of=3)),
        ("fixed", "lenet5_fashion.npz", "fixed8", schemes.dynamic(8)),
    ):
        network = load_network(models_folder() / network_file)
        made[name] = compile_network(quantize_network(network, read_images(SAMPLES, network.preprocess), scheme), Overlay.load(overlay, BOARD))
    return made


@pytest.fixture(scope="session")
def program_files(programs: dict[str, Program], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The programs as files."""
    folder = tmp_path_factory.mktemp("programs")
    for name, program in programs.items():
        write_program(program, folder / f"{name}.tile")
    return [folder / f"{name}.tile" for name in programs]


@pytest.fixture(scope="session")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for temporary files of the server."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="session")
def server(program_files: list[Path], temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """``sumtile serve`` with the programs."""
    log = tmp_path_factory.mktemp("server") / "log"
    with open_server(*program_files, "--timeout", TIMEOUT_S, log=log, temporary=temporary) as opened:
        yield opened
    assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")


@pytest.fixture(scope="session")
def _browser() -> Iterator[object]:
    from visit.browser import MISSING, open_browser

    if MISSING:
        pytest.skip(MISSING)
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(server: Server, _browser: object) -> Iterator[Page]:
    """The page, newly opened on a desktop. Afterwards the browser must have asked no other host and logged no error."""
    from tests.faces.page import Page

    opened = Page(_browser, server.url)
    opened.open()
    yield opened
    opened.assert_quiet()
