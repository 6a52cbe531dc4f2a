# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs commands, over the files of a small network."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.support.small import dataset_file as dataset_file
from tests.support.small import image_files as image_files
from tests.support.small import network_file as network_file
from tests.support.small import program_file as program_file

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def sumtile() -> Command:
    """Runs the command line in a process of its own, without a terminal: ``sumtile("classify", ...)``."""

    def run(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sumtile.cli", *map(str, arguments)]
        return subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})}, capture_output=True, text=True, encoding="utf-8", timeout=200)

    return run
