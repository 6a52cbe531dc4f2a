# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The program file: a header, a JSON manifest and arrays, each checked against its size and SHA-256 on load.

Layout, little endian::

    0   8 bytes   magic
    8   uint32    version
    12  uint32    zero
    16  uint64    bytes of the manifest
    24  uint64    bytes of the file
    32  32 bytes  SHA-256 of the 32 bytes above and of the manifest
    64            manifest (JSON, UTF-8): the program, and of each array its dtype, shape, offset and SHA-256
                  arrays in the manifest's order, each at the next multiple of 64 bytes; the gaps are zero

Nothing in a file is executed: there is no pickle, and sizes are compared with the file's before memory is taken.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.files import regular_file, write_whole
from sumtile.program.manifest import Arrays, program_from_dict, program_to_dict
from sumtile.program.program import Program

MAGIC = b"\x93SUMTILE"
VERSION = 3
ALIGNMENT = 64

_HEADER = struct.Struct("<8sIIQQ")
_HEADER_BYTES = _HEADER.size + 32
_DTYPES = ("<i1", "<u1", "<i2", "<u2", "<i4")
_AXES_MAX = 4


@dataclass(frozen=True)
class _Described:
    """The manifest's entry for one array."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    sha256: str


def write_program(program: Program, path: str | Path) -> None:
    """Writes a program file; an older file of that name is replaced only by a complete new one.

    Raises:
        SumtileError: the program is inconsistent, or the file cannot be written.
    """
    path = Path(path)
    program.check()
    try:
        write_whole(path, _encode(program))
    except OSError as error:
        raise SumtileError(f"program file {path} cannot be written ({error.strerror or error}); choose another folder.") from None


def read_program(path: str | Path) -> Program:
    """Reads and checks a program file.

    Raises:
        SumtileError: no such file, or one that is foreign, of a newer version, truncated, altered or inconsistent.
    """
    path = regular_file(path, "program file")
    try:
        with path.open("rb") as file:
            manifest, start = _read_manifest(file, path)
            arrays = _read_arrays(file, path, manifest, start)
    except OSError as error:
        raise SumtileError(f"program file {path} cannot be read ({error.strerror or error}); check the path.") from None
    try:
        return program_from_dict(manifest["program"], arrays)
    except SumtileError as error:
        raise SumtileError(f"program file {path} does not describe a program: {error}") from None


def _encode(program: Program) -> bytes:
    """The whole file as bytes."""
    arrays = Arrays()
    description = program_to_dict(program, arrays)
    payloads = [array.tobytes() for array in arrays.items]
    table: list[dict[str, Any]] = []
    offset = 0  # counted from the start of the arrays, so that the manifest's own length does not matter
    for array, payload in zip(arrays.items, payloads):
        table.append({"dtype": array.dtype.str.replace("|", "<"), "shape": array.shape, "offset": offset, "sha256": hashlib.sha256(payload).hexdigest()})
        offset += _aligned(len(payload))
    manifest = json.dumps({"program": description, "arrays": table}, separators=(",", ":")).encode()
    start = _aligned(_HEADER_BYTES + len(manifest))
    header = _HEADER.pack(MAGIC, VERSION, 0, len(manifest), start + offset)
    digest = hashlib.sha256(header + manifest).digest()
    parts = [(header + digest + manifest).ljust(start, b"\0")]
    parts += [payload.ljust(_aligned(len(payload)), b"\0") for payload in payloads]
    return b"".join(parts)


def _read_manifest(file: BinaryIO, path: Path) -> tuple[dict[str, Any], int]:
    """The checked manifest, and where the arrays start."""
    head = file.read(_HEADER_BYTES)
    if head[: len(MAGIC)] != MAGIC:
        raise SumtileError(f"{path} is not a sumtile program (it starts with {head[: len(MAGIC)]!r}); give a file that the compiler wrote.")
    if len(head) < _HEADER_BYTES:
        raise SumtileError(f"program file {path} ends after {len(head)} bytes, inside its header; copy or compile it again.")
    _, version, _, manifest_bytes, file_bytes = _HEADER.unpack(head[: _HEADER.size])
    if version != VERSION:
        raise SumtileError(f"program file {path} has format version {version}, but this sumtile reads version {VERSION}; update sumtile or compile the network again.")
    found = os.fstat(file.fileno()).st_size
    if file_bytes != found or _HEADER_BYTES + manifest_bytes > found:
        raise SumtileError(f"program file {path} has {found} bytes, but its header tells of {file_bytes} (manifest {manifest_bytes}); copy or compile it again.")
    raw = file.read(manifest_bytes)
    if hashlib.sha256(head[: _HEADER.size] + raw).digest() != head[_HEADER.size :]:
        raise SumtileError(f"the manifest of program file {path} does not match its SHA-256, so the file was altered; copy or compile it again.")
    try:
        manifest = json.loads(raw)
    except (ValueError, RecursionError):
        raise SumtileError(f"the manifest of program file {path} is not JSON; compile the network again.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("arrays"), list) or "program" not in manifest:
        raise SumtileError(f"the manifest of program file {path} lacks its program or its arrays; compile the network again.")
    return manifest, _HEADER_BYTES + manifest_bytes


def _read_arrays(file: BinaryIO, path: Path, manifest: dict[str, Any], end: int) -> list[np.ndarray]:
    """All arrays, after their places were checked; ``end`` is where the manifest ends."""
    start, size = _aligned(end), os.fstat(file.fileno()).st_size
    arrays: list[np.ndarray] = []
    for index, entry in enumerate(manifest["arrays"]):
        described = from_json(_Described, entry, f"array {index} of program file {path}")
        dtype, shape, offset = described.dtype, described.shape, described.offset
        if dtype not in _DTYPES or len(shape) > _AXES_MAX:
            raise SumtileError(f"array {index} of program file {path} is of type {dtype[:20]!r} and shape {str(shape)[:40]}, which no program has; compile the network again.")
        length = np.dtype(dtype).itemsize * math.prod(shape)
        if start + offset != _aligned(end) or min(shape, default=1) < 1 or start + offset + length > size:
            raise SumtileError(
                f"array {index} of program file {path} takes {length} bytes at {start + offset}, which does not fit a file of {size} bytes; copy or compile it again."
            )
        gap, payload = file.read(start + offset - end), file.read(length)
        if any(gap) or len(payload) != length or hashlib.sha256(payload).hexdigest() != described.sha256:
            raise SumtileError(f"array {index} of program file {path} does not match its SHA-256, so the file was altered; copy or compile it again.")
        arrays.append(np.frombuffer(payload, dtype).reshape(shape))
        end = start + offset + length
    if any(file.read()) or _aligned(end) != size:
        raise SumtileError(f"program file {path} has bytes after its last array, so it was altered; copy or compile it again.")
    return arrays


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
