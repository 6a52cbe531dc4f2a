# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy benchmark fails when a target is missed, and when what was asked for cannot be measured."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

ACCURACY = Path(__file__).resolve().parents[1] / "benchmarks" / "accuracy.py"


def test_targets() -> None:
    target = runpy.run_path(str(ACCURACY))["Target"](loss=0.012, agreement=0.98, accuracy=0.9)
    assert target.missed(0.92, 0.908, 0.98) == []
    assert target.missed(0.92, 0.907, 0.98) == ["8 bits lose 1.30% of accuracy, at most 1.20% was expected"]
    assert target.missed(0.92, 0.93, 0.979) == ["8 bits agree with float32 on 97.90%, at least 98.00% was expected"]
    assert target.missed(0.899, 0.899, 1.0) == ["float32 is right on 89.90%, at least 90.00% was expected"]


def test_a_network_that_was_asked_for_and_is_not_there(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, ACCURACY, "resnet20", "--data", tmp_path], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1, result.stderr
    assert result.stdout.splitlines()[-1] == "resnet20 was asked for, but it could not be measured."
