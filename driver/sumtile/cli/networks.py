# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The network file that a user names: one of ours, or an ONNX model."""

from __future__ import annotations

from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.files import regular_file
from sumtile.network.graph import Network
from sumtile.network.storage import load_network
from sumtile.program.file import PROGRAM
from sumtile.quantize.file import QUANTIZED

_ZIP = b"PK\x03\x04"


def load_any_network(path: str | Path) -> Network:
    """Reads a network by what the file holds: an archive of arrays is one of ours, anything else is taken for ONNX.

    Raises:
        SumtileError: the file cannot be read as what it seems to be, or the onnx package is missing.
    """
    file = regular_file(path, "network file")
    try:
        with file.open("rb") as opened:
            begin = opened.read(len(_ZIP))
    except OSError as error:
        raise SumtileError(f"network file {file} cannot be read ({error.strerror or error}); check the file.") from None
    for made, what in ((PROGRAM, "a compiled program"), (QUANTIZED, "quantized already")):
        if made.holds(file):
            raise SumtileError(f"{file} is {what}, but a float network is needed here; give the ONNX or .npz file that it was made from.")
    if begin == _ZIP or file.suffix == ".npz":
        return load_network(file)
    try:
        from sumtile.frontend import import_onnx
    except ModuleNotFoundError as error:
        raise SumtileError(f"{file} is read as an ONNX model, but the package {error.name} is missing; pip install 'sumtile[compile]'.") from None
    return import_onnx(file)
