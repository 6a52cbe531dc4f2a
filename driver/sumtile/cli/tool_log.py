# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the log of Vitis HLS or Vivado tells while it is written: which step runs, how many warnings and errors there are."""

from __future__ import annotations

import re

_COMMAND = re.compile(
    r"(?:\] Running: |^Command: |^Starting )"  # Vitis HLS; Vivado for the steps of a run
    r"(csim_design|csynth_design|cosim_design|export_design|synth_design|opt_design|place_design|phys_opt_design|route_design|write_bitstream)\b"
)
_LAUNCHED = re.compile(r"^\[.*\] (?:Launched|Waiting for) (\w+)")
_WARNING = re.compile(r"^(?:CRITICAL )?WARNING:")
_ERROR = re.compile(r"^ERROR:|: (?:fatal )?error: ")  # the second is the C++ compiler's


class ToolLog:
    """A log so far.

    Attributes:
        step: the tool's own name of what it does, such as ``place_design``; empty before the first.
        last: the last line that says something.
        warnings, critical, errors: number of lines of that kind; critical ones are among the warnings.
        first_error: the first line that says so, whole.
    """

    def __init__(self) -> None:
        self.step = self.last = self.first_error = ""
        self.warnings = self.critical = self.errors = 0

    def read(self, line: str) -> None:
        """Takes the next line."""
        line = line.strip()
        if not line:
            return
        self.last = line
        step = _COMMAND.search(line) or _LAUNCHED.match(line)
        if step:
            self.step = step[1]
        if _WARNING.match(line):
            self.warnings += 1
            self.critical += line.startswith("CRITICAL")
        elif _ERROR.search(line):
            self.errors += 1
            self.first_error = self.first_error or line

    def counts(self) -> str:
        """``3 warnings, 1 of them critical, 2 errors``; empty when there are none."""
        found = []
        if self.warnings:
            found.append(f"{self.warnings} warning{'s' * (self.warnings > 1)}" + (f", {self.critical} of them critical" if self.critical else ""))
        if self.errors:
            found.append(f"{self.errors} error{'s' * (self.errors > 1)}")
        return ", ".join(found)
