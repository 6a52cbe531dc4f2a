# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The classifier as a web page and a JSON interface: one accelerator, several programs, many clients. ``docs/serve.md`` describes it."""

from sumtile.serve.limits import Limits
from sumtile.serve.programs import own_programs, read_programs
from sumtile.serve.switch import Answer, ProgramSwitch

__all__ = ["Answer", "Limits", "ProgramSwitch", "own_programs", "read_programs"]
