# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Files of a bitstream as a board has them, with a header but no logic."""

from __future__ import annotations

from pathlib import Path

from sumtile.emulated.hwh import hardware_handoff
from sumtile.overlay import Overlay


def bit_file(design: str, part: str, data: bytes = bytes(64)) -> bytes:
    """A ``.bit``: the header of Vivado and configuration data."""
    texts = {b"a": f"{design};UserID=0XFFFFFFFF;Version=2023.2", b"b": part, b"c": "2024/01/09", b"d": "13:14:30"}
    fields = b"".join(letter + (len(text) + 1).to_bytes(2, "big") + text.encode() + b"\0" for letter, text in texts.items())
    return bytes.fromhex("0009 0ff00ff00ff00ff000 0001") + fields + b"e" + len(data).to_bytes(4, "big") + data


def write_pair(overlay: Overlay, folder: Path) -> Path:
    """A .bit and .hwh of one build of an overlay for its board, in that folder; path of the .bit."""
    folder.mkdir(parents=True, exist_ok=True)
    bitfile = folder / f"{overlay.name}.bit"
    bitfile.write_bytes(bit_file(f"{overlay.name}_wrapper", overlay.board.part.removeprefix("xc").rsplit("-", 1)[0]))
    bitfile.with_suffix(".hwh").write_bytes(hardware_handoff(overlay))
    return bitfile
