# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled program: what the driver needs to run a network, in one checked file."""

from sumtile.program.check import check_program
from sumtile.program.file import program_digest, read_program, write_program
from sumtile.program.program import FcStep, HostStep, Program, Step, Tensor

__all__ = ["FcStep", "HostStep", "Program", "Step", "Tensor", "check_program", "program_digest", "read_program", "write_program"]
