# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The header that Vivado puts before the configuration data of a ``.bit``.

A field of fixed bytes, then fields of one letter, a length and a text: ``a`` design, ``b`` part, ``c`` date, ``d`` time; last ``e`` and
the number of bytes of configuration data, which follow. ``pynq.pl_server.embedded_device.parse_bit_header`` reads the same.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

_START = bytes.fromhex("0009 0ff00ff00ff00ff000 0001")
_LONGEST = 4 << 10


@dataclass(frozen=True)
class BitHeader:
    """What a ``.bit`` says of itself.

    Attributes:
        design: top module of the design.
        part: device as the tool spells it, such as ``7z020clg400``.
        date: day and time of writing.
        missing_bytes: configuration data that the header announces and the file lacks; negative when there is too much.
    """

    design: str
    part: str
    date: str
    missing_bytes: int


def read_bit_header(path: Path) -> BitHeader | None:
    """Header of a ``.bit``; None when the file does not begin with one.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = io.BytesIO(file.read(_LONGEST))
    if head.read(len(_START)) != _START:
        return None
    texts = [_text(head, letter) for letter in b"abcd"]
    length = head.read(5)
    if None in texts or len(length) < 5 or length[0] != ord("e"):
        return None
    design, part, day, time = (text or "" for text in texts)
    announced = int.from_bytes(length[1:], "big")
    return BitHeader(design.split(";")[0], part, f"{day} {time}", head.tell() + announced - path.stat().st_size)


def _text(head: io.BytesIO, letter: int) -> str | None:
    """The field of that letter, which must come next."""
    begin = head.read(3)
    if len(begin) < 3 or begin[0] != letter:
        return None
    return head.read(int.from_bytes(begin[1:], "big")).rstrip(b"\0").decode("ascii", "replace")
