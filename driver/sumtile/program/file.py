# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Programs in files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.program.check import check_program
from sumtile.program.container import FileKind
from sumtile.program.manifest import Arrays, program_from_dict, program_to_dict
from sumtile.program.program import Program

PROGRAM = FileKind(b"\x93SUMTILE", 3, "program", "compile the network again", ("<i1", "<u1", "<i2", "<u2", "<i4"))


def write_program(program: Program, path: str | Path) -> None:
    """Writes a program file; an older file of that name is replaced only by a complete new one.

    Raises:
        SumtileError: the program is inconsistent, or the file cannot be written.
    """
    check_program(program)
    arrays = Arrays()
    content = program_to_dict(program, arrays)
    PROGRAM.write(path, content, arrays.items)


def read_program(path: str | Path) -> Program:
    """Reads and checks a program file.

    Raises:
        SumtileError: no such file, or one that is foreign, of a newer version, truncated, altered or inconsistent.
    """
    content, arrays = PROGRAM.read(path)
    try:
        return program_from_dict(content, arrays)
    except SumtileError as error:
        raise SumtileError(f"program file {path} does not describe a program: {error}") from None


def program_digest(program: Program) -> str:
    """16 hexadecimal digits of the SHA-256 of all that makes a program: the same for the same program, whatever file it came from."""
    arrays = Arrays()
    content = hashlib.sha256(json.dumps(program_to_dict(program, arrays)).encode())
    for array in arrays.items:
        content.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return content.hexdigest()[:16]
