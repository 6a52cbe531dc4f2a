# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the files of a bitstream belong together, and to an overlay on its board. Nothing is loaded for it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from sumtile.errors import SumtileError
from sumtile.overlay.bit_header import read_bit_header
from sumtile.overlay.build_report import file_digest, load_report
from sumtile.overlay.description import Overlay
from sumtile.overlay.vendor_reports import is_about

_WRAPPER = "_wrapper"  # Vivado's make_wrapper names the top module after the block design


def check_pair(overlay: Overlay, bitfile: Path) -> None:
    """Compares the ``.bit``, the ``.hwh`` beside it and, where there is one, the ``.report.json`` of their build.

    Args:
        overlay: what they should hold, resolved for the board.
        bitfile: path of the ``.bit``.

    Raises:
        SumtileError: a file is missing or damaged, is for another part, or is not of the same build as the others.
    """
    handoff = bitfile.with_suffix(".hwh")
    for path in (bitfile, handoff):
        if not path.is_file():
            raise SumtileError(f"overlay file {path} is missing; a bitstream needs its .bit and .hwh of one stem in one folder, so build or copy both.")
    try:
        design, part = _handoff_system(handoff)
        header = read_bit_header(bitfile)
    except OSError as error:
        raise SumtileError(f"{error.filename} cannot be read ({error.strerror or error}); check its permissions.") from None
    _check_part(overlay, handoff, part)
    if header is not None:
        _check_part(overlay, bitfile, header.part)
        if header.missing_bytes:
            found = f"lacks {header.missing_bytes} of the bytes" if header.missing_bytes > 0 else f"has {-header.missing_bytes} bytes more than those"
            raise SumtileError(f"{bitfile} {found} that its header announces; copy it again.")
        if design and header.design.endswith(_WRAPPER) and header.design != design + _WRAPPER:
            raise SumtileError(
                f"{bitfile.name} holds the design '{header.design.removesuffix(_WRAPPER)}', but {handoff.name} beside it describes '{design}'; "
                f"copy the .bit and .hwh of one build into {bitfile.parent}."
            )
    _check_report(overlay, bitfile)


def _handoff_system(handoff: Path) -> tuple[str, str]:
    """Name of the block design, and its part, as a ``.hwh`` tells them near its beginning; empty where it does not."""
    try:
        for _, element in ElementTree.iterparse(handoff, events=("start",)):
            if element.tag == "SYSTEMINFO":
                return element.get("NAME", ""), element.get("DEVICE", "") + element.get("PACKAGE", "")
    except ElementTree.ParseError as error:
        raise SumtileError(f"{handoff} is no hardware handoff file ({error}); export it again.") from None
    return "", ""


def _check_part(overlay: Overlay, path: Path, part: str) -> None:
    board = overlay.board
    if part and not is_about(part, board.part):
        raise SumtileError(f"{path} is for the part {part}, but board '{board.name}' has {board.part}; build overlay '{overlay.name}' for this board, or copy its files here.")


def _check_report(overlay: Overlay, bitfile: Path) -> None:
    """Compares the files with what their build has left written about them."""
    path = bitfile.with_suffix(".report.json")
    if not path.exists():
        return
    report = load_report(path)
    if (report.overlay, report.board) != (overlay.name, overlay.board.name):
        raise SumtileError(
            f"{path} is about overlay '{report.overlay}' on {report.board}, but overlay '{overlay.name}' on {overlay.board.name} is opened; copy all three files of one build."
        )
    expected = f"0x{overlay.stamp:08X}"
    if report.stamp.lower() != expected.lower():
        raise SumtileError(
            f"{bitfile} was built with configuration stamp {report.stamp}, but the description of overlay '{overlay.name}' for {overlay.board.name} has {expected}; "
            "build the bitstream again from this description."
        )
    for file in (bitfile, bitfile.with_suffix(".hwh")):
        found, told = file_digest(file), report.files.get(file.suffix[1:], "")
        if found != told.lower():
            raise SumtileError(
                f"{file} has SHA-256 {found[:12]}..., but {path.name} tells of a build whose .{file.suffix[1:]} has {told[:12] or 'none'}...; copy all three files of one build."
            )
