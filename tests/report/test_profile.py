# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The profile of an inference beside the plan of the program: the driver moves the bytes that were planned."""

from __future__ import annotations

import io
from pathlib import Path

from sumtile.compiler import plan_program
from sumtile.evaluation.targets import open_accelerator
from sumtile.overlay import Overlay
from sumtile.program import read_program
from sumtile.report.profile import show_profile
from sumtile.report.screen import Screen


def test_each_step_has_a_line(program_file: Path, image_files: list[Path]) -> None:
    program = read_program(program_file)
    with open_accelerator(program) as accelerator:
        accelerator.classify(image_files[0])
        profile = accelerator.profile()
    stream = io.StringIO()
    plan = plan_program(program, Overlay.load(program.overlay, program.board))
    show_profile(Screen(stream), profile, plan)
    lines = [line.split() for line in stream.getvalue().splitlines()[1:]]
    assert [line[0] for line in lines] == [step.name for step in program.steps]
    for line, planned in zip(lines, plan.layers):
        _, where, _, read, expected, written, made, busy, _, _, cycles = line
        assert where == "engine" and (read, written) == (expected, made) and int(busy) > 0
        assert (int(expected), int(made), int(cycles)) == (planned.bytes - planned.result_bytes, planned.result_bytes, planned.cycles)
