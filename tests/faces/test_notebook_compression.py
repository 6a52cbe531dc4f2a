# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The notebook on compression: its pictures, what it says is saved, and that the compressed network is right on the emulated board."""

from __future__ import annotations

import re

import pytest
from tests.support.notebooks import Shown, run_notebook

pytestmark = pytest.mark.faces
pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")


def test_compression_from_ranks_to_the_board() -> None:
    shown = run_notebook("05_compression.ipynb")
    assert len(shown.pictures) == 6
    assert re.fullmatch(r"Accuracies below are those of \d+ images \((fashion-mnist/test|sumtile's samples)\)\.", shown.line("Accuracies"))
    assert shown.line("in two factors of rank") == "fc in two factors of rank 9: 56,538 weights for 62,720 (-9.9 %)"
    right, flops = zip(*(_shares(shown, words) for words in ("as it was trained", "four shared kernels", "signs and zeros at once", "signs and zeros by training")))
    assert right[0] > right[1] > right[2] and right[3] > right[0] - 2
    assert flops[0] == 100 > flops[1] > flops[2] and flops[3] < 20
    assert shown.line("sample images are right on the board") == "20 of 20 sample images are right on the board"
    assert [float(times) > 2 for times in re.findall(r"([\d.]+) times as many", "\n".join(shown.lines))] == [True, True]
    assert shown.lines[-1] == "These results come from: emulated zcu102 (C simulation of basis_conv)"


def _shares(shown: Shown, words: str) -> tuple[float, float]:
    """Per cent of the images that are right, and of the FLOPs."""
    right, flops = re.findall(r"([\d.]+)%", shown.line(words))
    return float(right), float(flops)
