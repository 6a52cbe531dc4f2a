# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps generated .bit and .hwh pairs in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from sumtile.csim.build import cache_folder
from sumtile.emulated.hwh import hardware_handoff
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay

_PLACEHOLDER = b"placeholder of a bitstream, for the emulated board\n"


def overlay_files(overlay: Overlay) -> Path:
    """Path of an overlay's .bit for the emulated board, with its .hwh beside it; written when they are not there yet.

    Raises:
        SumtileError: the cache folder cannot be written.
    """
    handoff = hardware_handoff(overlay)
    digest = hashlib.sha256(handoff).hexdigest()[:12]
    folder = cache_folder() / "overlays" / f"{overlay.board.name}-{digest}"
    bitfile = folder / f"{overlay.name}.bit"
    if not (bitfile.is_file() and bitfile.with_suffix(".hwh").is_file()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(bitfile.with_suffix(".hwh"), handoff)
            _write(bitfile, _PLACEHOLDER)
        except OSError as error:
            raise SumtileError(f"the cache folder {folder} cannot be written ({error.strerror}); make it writable or set SUMTILE_CACHE_DIR.") from None
    return bitfile


def _write(path: Path, content: bytes) -> None:
    """At once or not at all, since several processes may do the same."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
        scratch.write(content)
    os.chmod(scratch.name, 0o644)  # a cache may be shared
    os.replace(scratch.name, path)
