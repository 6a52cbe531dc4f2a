# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers and bars as short pieces of text."""

from __future__ import annotations

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(fraction: float, width: int, blocks: bool = True) -> str:
    """A horizontal bar, always ``width`` characters wide.

    Args:
        fraction: filled part; it is clipped to 0 to 1.
        width: characters.
        blocks: draw eighths of a character with block elements; plain ``#`` otherwise.
    """
    fraction = min(max(0.0, fraction), 1.0)  # in this order, NaN becomes 0
    if not blocks:
        return ("#" * round(fraction * width)).ljust(width)
    full, rest = divmod(round(fraction * width * 8), 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def percent(fraction: float) -> str:
    """``0.9312`` as `` 93.1 %``, seven characters wide."""
    return f"{100 * fraction:5.1f} %"


def duration(seconds: float) -> str:
    """A time in the unit that keeps it readable: ``740 us``, ``3.10 ms``, ``12.4 s`` or ``3 min 05 s``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def size(count: float) -> str:
    """Bytes in binary units: ``812 B``, ``61.8 KiB``, ``1.2 MiB``."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
