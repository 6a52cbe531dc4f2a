# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The notebook about the inside of the engine: plan, profile, measured loops and traces agree, with a compiler and without."""

from __future__ import annotations

import re

import pytest
from tests.support.notebooks import Shown, run_notebook

pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.faces

NO_COMPILER = """
from sumtile import SumtileError
from sumtile.csim import simulator, timed

def refuse(*arguments, **settings):
    raise SumtileError("no C++ compiler 'g++' was found.")

timed.build_kernel = simulator.load_kernel = refuse
"""
"""As on a board: the programmable logic is there, here an emulated one's, but nothing compiles the C simulation beside it."""


def test_the_model_is_held_against_loops_and_the_board_against_the_golden_model() -> None:
    shown = run_notebook("03_inside.ipynb")
    assert len(shown.pictures) == 6  # two plans, profile, stages, maps of two layers
    _check_what_needs_no_compiler(shown)
    measured = [re.fullmatch(r"(\w+) +(\d+) of (\d+) loops ran as often as modelled; (\d+) cycles, (\d+) modelled .*", line) for line in shown.lines]
    layers = {found[1]: [int(number) for number in found.groups()[1:]] for found in measured if found}
    assert list(layers) == ["pool1", "pool2", "relu3", "fc"]
    for equal, loops, cycles, modelled in layers.values():
        assert equal == loops >= 12 and abs(modelled / cycles - 1) < 0.02
    assert [line.split("to golden: ")[1] for line in shown.lines if "to golden: " in line] == ["csim equal, board equal"] * 5
    assert "golden and csim: equal in every layer" in shown.lines


def test_without_a_compiler_the_board_s_part_goes_on() -> None:
    shown = run_notebook("03_inside.ipynb", before=NO_COMPILER)
    assert len(shown.pictures) == 5  # no stages
    _check_what_needs_no_compiler(shown)
    assert "The loops were not measured: no C++ compiler 'g++' was found." in shown.lines
    assert "The C simulation is left out: no C++ compiler 'g++' was found." in shown.lines
    assert [line.split("to golden: ")[1] for line in shown.lines if "to golden: " in line] == ["board equal"] * 5


def _check_what_needs_no_compiler(shown: Shown) -> None:
    moved, planned = (int(word) for word in shown.line(" bytes moved, ").split() if word.isdigit())
    assert moved == planned > 100_000
    assert "golden and board: equal in every layer" in shown.lines
    assert shown.line("the first difference is in").startswith("the first difference is in 'pool2' at row, column, channel")
    steps = [float(number) for line in shown.lines for number in re.findall(r"errors are up to ([\d.]+) steps", line)]
    assert len(steps) == 2 and all(0.5 <= number < 4 for number in steps)
    assert [float(number) > 25 for line in shown.lines for number in re.findall(r"([\d.]+) dB against float", line)] == [True] * 5
    assert shown.lines[-1] == "These results come from: emulated zcu102 (C simulation of adder_conv)"
