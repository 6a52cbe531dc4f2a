# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A systemd unit that starts the server with a board."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

UNIT = Path(__file__).with_name("sumtile-serve.service")


def systemd_unit(command: Sequence[str]) -> str:
    """The text of a unit that starts a command.

    Args:
        command: absolute path of a program, and its arguments.
    """
    before, _, after = UNIT.read_text(encoding="utf-8").rpartition("COMMAND")
    return before + " ".join(map(_quoted, command)) + after


def _quoted(word: str) -> str:
    """A word of a command line as systemd.service(5) reads it: in double quotes, with specifiers and variables made plain."""
    escaped = word.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$").replace("\n", r"\n")
    return f'"{escaped}"'
