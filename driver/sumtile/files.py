# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Files that a user names."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from sumtile.errors import SumtileError


def regular_file(path: str | Path, what: str) -> Path:
    """The path of a file that can be read to its end: a named pipe or a device could hold a reader for ever.

    Args:
        path: what the user gave.
        what: what the file should be, for the sentence: ``image``, ``program``.

    Raises:
        SumtileError: nothing is there, it is a folder, or it is something else that is not a regular file.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise SumtileError(f"there is no {what} {file}; check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise SumtileError(f"{what} {file} cannot be read ({getattr(error, 'strerror', None) or error}); check the path.") from None
    if stat.S_ISDIR(mode):
        raise SumtileError(f"{file} is a folder, but a file is needed here as the {what}; give the path of a file.")
    if not stat.S_ISREG(mode):
        raise SumtileError(f"{file} is not a regular file but a named pipe, a socket or a device; copy the {what} into a file first.")
    return file


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that appears whole or not at all: an older one of that name is replaced only by a complete new one.

    Raises:
        OSError: the place cannot be written; nothing is left there.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
