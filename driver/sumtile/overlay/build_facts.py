# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""All that ``build.tcl`` has to know of an overlay, as one Tcl dictionary.

``python -m sumtile.overlay.build_facts OVERLAY BOARD ROOT BUILD`` prints it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict

from sumtile.errors import SumtileError
from sumtile.overlay.command import print_about
from sumtile.overlay.description import Overlay
from sumtile.overlay.design import ADDRESS_RANGE, CONCAT, CONTROLLER, DMA_TYPE, LENGTH_BITS, addresses, dmas, interrupts
from sumtile.overlay.estimate import check_budget
from sumtile.overlay.hls_project import hls_projects


def build_facts(overlay: Overlay, root: str, build: str) -> str:
    """The dictionary's text.

    Args:
        overlay: the overlay on its board.
        root: folder that has ``hls/``.
        build: folder of the results.

    Raises:
        SumtileError: by estimate the design does not fit the device, and ``$SUMTILE_FORCE`` is not set.
    """
    if not os.environ.get("SUMTILE_FORCE"):
        check_budget(overlay)
    for folder in (root, build):
        if len(folder.split()) != 1:
            raise SumtileError(f"the folder '{folder}' has a space, but the tools split options of the compiler there; build in a folder without one.")
    board, engine, fc = overlay.board, overlay.engine, overlay.fc
    facts = {
        "part": board.part,
        "board_part": board.board_part,
        "family": board.family,
        "clock_mhz": f"{overlay.clock_mhz:g}",
        "ddr_bytes": board.ddr_bytes,
        "hp_bits": board.hp_bits,
        "kernels": [asdict(project) for project in hls_projects(overlay, root, build)],
        "dma_type": DMA_TYPE,
        "length_bits": LENGTH_BITS,
        "stream_bits": engine.stream_bits,
        "memory_bits": max(engine.stream_bits, board.hp_bits),
        "dmas": [{**asdict(dma), "interrupts": dma.interrupts} for dma in dmas(engine, fc)],
        "concat": CONCAT,
        "controller": CONTROLLER,
        "interrupts": [f"{block}/{pin}" for block, pin in interrupts(engine, fc)],
        "addresses": {f"{block}/{interface}": f"0x{base:08X}" for (block, interface), base in addresses(engine, board.is_mpsoc, fc).items()},
        "address_range": f"0x{ADDRESS_RANGE:08X}",
    }
    return _tcl(facts)[1:-1] + "\n"


def _tcl(value: object) -> str:
    """A value as a word of Tcl: dictionaries and sequences as lists, nothing as the empty word."""
    if isinstance(value, Mapping):
        return "{" + " ".join(f"{key} {_tcl(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "{" + " ".join(_tcl(entry) for entry in value) + "}"
    text = "" if value is None else str(value)
    if set(text) & set("{}\\\n"):
        raise SumtileError(f"'{text}' has a brace, a backslash or a line break, which Tcl would misread; use another name.")
    return "{" + text + "}"


if __name__ == "__main__":
    raise SystemExit(print_about("sumtile.overlay.build_facts", build_facts, also=("ROOT", "BUILD")))
