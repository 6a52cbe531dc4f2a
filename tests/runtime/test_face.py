# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``import sumtile`` is light, and its names appear when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_import_brings_no_heavy_package():
    script = "import sys, sumtile; sumtile.SumtileError, sumtile.__version__; print([name for name in ('numpy', 'pynq', 'PIL', 'torch') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout.strip() == "[]"


def test_names():
    import sumtile

    assert {"Accelerator", "SumtileError", "__version__"} <= set(dir(sumtile))
    assert sumtile.Accelerator.__name__ == "Accelerator"
    with pytest.raises(AttributeError, match="no attribute 'Accelerate'"):
        _ = sumtile.Accelerate
