# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The file of a program or of a quantized network: a header, a JSON manifest and arrays, each checked against its size and SHA-256 on load.

Layout, little endian::

    0   8 bytes   magic
    8   uint32    version
    12  uint32    zero
    16  uint64    bytes of the manifest
    24  uint64    bytes of the file
    32  32 bytes  SHA-256 of the 32 bytes above and of the manifest
    64            manifest (JSON, UTF-8): the content, and of each array its dtype, shape, offset and SHA-256
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

ALIGNMENT = 64

_HEADER = struct.Struct("<8sIIQQ")
_HEADER_BYTES = _HEADER.size + 32
_AXES_MAX = 4

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class FileKind:
    """What is particular to one kind of file.

    Attributes:
        magic: its first 8 bytes.
        version: of the manifest's content.
        word: what it holds, such as ``program``; the content's key in the manifest too.
        again: what makes it anew, for the sentences.
        dtypes: types that its arrays may have.
    """

    magic: bytes
    version: int
    word: str
    again: str
    dtypes: tuple[str, ...]

    def holds(self, path: Path) -> bool:
        """Whether a file begins like one of this kind."""
        try:
            if not path.is_file():  # a named pipe would wait for a writer
                return False
            with path.open("rb") as file:
                return file.read(len(self.magic)) == self.magic
        except OSError:
            return False

    def write(self, path: str | Path, content: dict[str, Any], arrays: Arrays) -> None:
        """Writes a file; an older one of that name is replaced only by a complete new one.

        Raises:
            SumtileError: the file cannot be written.
        """
        path = Path(path)
        try:
            write_whole(path, _encode(self, content, arrays))
        except OSError as error:
            raise SumtileError(f"{self.word} file {path} cannot be written ({error.strerror or error}); choose another folder.") from None

    def read(self, path: str | Path) -> tuple[object, Arrays]:
        """The content and the arrays of a file, whose JSON and numbers can still be anything.

        Raises:
            SumtileError: no such file, or one that is foreign, of a newer version, truncated or altered.
        """
        path = regular_file(path, f"{self.word} file")
        try:
            with path.open("rb") as file:
                manifest, start = _read_manifest(self, file, path)
                return manifest[self.word], _read_arrays(self, file, path, manifest, start)
        except OSError as error:
            raise SumtileError(f"{self.word} file {path} cannot be read ({error.strerror or error}); check the path.") from None


@dataclass(frozen=True)
class _Described:
    """The manifest's entry for one array."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    sha256: str


def _encode(kind: FileKind, content: dict[str, Any], arrays: Arrays) -> bytes:
    """The whole file as bytes."""
    payloads = [array.tobytes() for array in arrays]
    table: list[dict[str, Any]] = []
    offset = 0  # counted from the start of the arrays, so that the manifest's own length does not matter
    for array, payload in zip(arrays, payloads):
        table.append({"dtype": array.dtype.str.replace("|", "<"), "shape": array.shape, "offset": offset, "sha256": hashlib.sha256(payload).hexdigest()})
        offset += _aligned(len(payload))
    manifest = json.dumps({kind.word: content, "arrays": table}, separators=(",", ":")).encode()
    start = _aligned(_HEADER_BYTES + len(manifest))
    header = _HEADER.pack(kind.magic, kind.version, 0, len(manifest), start + offset)
    digest = hashlib.sha256(header + manifest).digest()
    parts = [(header + digest + manifest).ljust(start, b"\0")]
    parts += [payload.ljust(_aligned(len(payload)), b"\0") for payload in payloads]
    return b"".join(parts)


def _read_manifest(kind: FileKind, file: BinaryIO, path: Path) -> tuple[dict[str, Any], int]:
    """The checked manifest, and where the arrays start."""
    head = file.read(_HEADER_BYTES)
    if head[: len(kind.magic)] != kind.magic:
        raise SumtileError(f"{path} is not a sumtile {kind.word} (it starts with {head[: len(kind.magic)]!r}); give a file that sumtile wrote.")
    if len(head) < _HEADER_BYTES:
        raise SumtileError(f"{kind.word} file {path} ends after {len(head)} bytes, inside its header; copy it again or {kind.again}.")
    _, version, _, manifest_bytes, file_bytes = _HEADER.unpack(head[: _HEADER.size])
    if version != kind.version:
        raise SumtileError(f"{kind.word} file {path} has format version {version}, but this sumtile reads version {kind.version}; update sumtile or {kind.again}.")
    found = os.fstat(file.fileno()).st_size
    if file_bytes != found or _HEADER_BYTES + manifest_bytes > found:
        raise SumtileError(f"{kind.word} file {path} has {found} bytes, but its header tells of {file_bytes} (manifest {manifest_bytes}); copy it again or {kind.again}.")
    raw = file.read(manifest_bytes)
    if hashlib.sha256(head[: _HEADER.size] + raw).digest() != head[_HEADER.size :]:
        raise SumtileError(f"the manifest of {kind.word} file {path} does not match its SHA-256, so the file was altered; copy it again or {kind.again}.")
    try:
        manifest = json.loads(raw)
    except (ValueError, RecursionError):
        raise SumtileError(f"the manifest of {kind.word} file {path} is not JSON; {kind.again}.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("arrays"), list) or kind.word not in manifest:
        raise SumtileError(f"the manifest of {kind.word} file {path} lacks its {kind.word} or its arrays; {kind.again}.")
    return manifest, _HEADER_BYTES + manifest_bytes


def _read_arrays(kind: FileKind, file: BinaryIO, path: Path, manifest: dict[str, Any], end: int) -> Arrays:
    """All arrays, after their places were checked; ``end`` is where the manifest ends."""
    start, size = _aligned(end), os.fstat(file.fileno()).st_size
    arrays: Arrays = []
    for index, entry in enumerate(manifest["arrays"]):
        described = from_json(_Described, entry, f"array {index} of {kind.word} file {path}")
        dtype, shape, offset = described.dtype, described.shape, described.offset
        if dtype not in kind.dtypes or len(shape) > _AXES_MAX:
            raise SumtileError(f"array {index} of {kind.word} file {path} is of type {dtype[:20]!r} and shape {str(shape)[:40]}, which no {kind.word} has; {kind.again}.")
        length = np.dtype(dtype).itemsize * math.prod(shape)
        if start + offset != _aligned(end) or min(shape, default=1) < 1 or start + offset + length > size:
            raise SumtileError(
                f"array {index} of {kind.word} file {path} takes {length} bytes at {start + offset}, which does not fit a file of {size} bytes; copy it again or {kind.again}."
            )
        gap, payload = file.read(start + offset - end), file.read(length)
        if any(gap) or len(payload) != length or hashlib.sha256(payload).hexdigest() != described.sha256:
            raise SumtileError(f"array {index} of {kind.word} file {path} does not match its SHA-256, so the file was altered; copy it again or {kind.again}.")
        arrays.append(np.frombuffer(payload, dtype).reshape(shape))
        end = start + offset + length
    if any(file.read()) or _aligned(end) != size:
        raise SumtileError(f"{kind.word} file {path} has bytes after its last array, so it was altered; copy it again or {kind.again}.")
    return arrays


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
