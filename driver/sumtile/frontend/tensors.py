# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays in an ONNX file: sizes are checked before anything is allocated, and other files are opened only inside the model's folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from sumtile.errors import SumtileError
from sumtile.files import regular_file

ELEMENTS_MAX = 1 << 27
"""Largest number of elements of one array, 512 MiB in float32."""

DTYPES: dict[int, np.dtype] = {
    TensorProto.FLOAT: np.dtype("<f4"),
    TensorProto.DOUBLE: np.dtype("<f8"),
    TensorProto.FLOAT16: np.dtype("<f2"),
    TensorProto.INT8: np.dtype("<i1"),
    TensorProto.UINT8: np.dtype("<u1"),
    TensorProto.INT16: np.dtype("<i2"),
    TensorProto.UINT16: np.dtype("<u2"),
    TensorProto.INT32: np.dtype("<i4"),
    TensorProto.UINT32: np.dtype("<u4"),
    TensorProto.INT64: np.dtype("<i8"),
    TensorProto.UINT64: np.dtype("<u8"),
    TensorProto.BOOL: np.dtype("?"),
}
"""Element types that are read; bfloat16 is widened besides."""

_FIELDS = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
}


def read_tensor(tensor: Any, folder: Path | None) -> np.ndarray:
    """The array of a TensorProto.

    Args:
        folder: the model's folder, where external data may lie; None for a model that is not a file.

    Raises:
        SumtileError: an element type that is not read, dimensions or data that do not fit together, or external data
            outside the folder.
    """
    what = f"array '{printable(tensor.name)}'"
    kind, bfloat = tensor.data_type, tensor.data_type == TensorProto.BFLOAT16
    if kind not in DTYPES and not bfloat:
        raise SumtileError(f"{what} has the element type {type_name(kind)}, which is not read; store it in float32.")
    dtype = np.dtype("<u2") if bfloat else DTYPES[kind]
    shape = checked_shape(tuple(tensor.dims), what)
    count = math.prod(shape)
    if tensor.HasField("segment"):
        raise SumtileError(f"{what} is stored in segments, which are not read; export the model again.")
    if tensor.data_location == TensorProto.EXTERNAL:
        values = np.frombuffer(_external(tensor, folder, count * dtype.itemsize, what), dtype)
    elif tensor.HasField("raw_data"):
        data = tensor.raw_data
        if len(data) != count * dtype.itemsize:
            raise SumtileError(f"{what} of shape {shape} has {len(data)} bytes instead of {count * dtype.itemsize}; the file is damaged, export the model again.")
        values = np.frombuffer(data, dtype)
    else:
        values = _from_field(tensor, dtype, bfloat, count, what)
    if bfloat:
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(shape)


def checked_shape(shape: tuple[int, ...], what: str) -> tuple[int, ...]:
    """The shape, if an array may have it; SumtileError for negative or absurd sizes."""
    if len(shape) > 8 or min(shape, default=0) < 0 or math.prod(shape) > ELEMENTS_MAX or max(shape, default=0) > ELEMENTS_MAX:
        raise SumtileError(f"{what} has the shape {list(shape)[:9]}, but up to 8 axes and {ELEMENTS_MAX} elements are read; check the model.")
    return shape


def printable(name: str | bytes) -> str:
    """A name from a file, fit for a sentence; a damaged one comes as bytes."""
    name = name.decode(errors="replace") if isinstance(name, bytes) else name
    return "".join(character if character.isprintable() else "?" for character in name[:120])


def type_name(kind: int) -> str:
    """The name of an element type."""
    return str(TensorProto.DataType.Name(kind)) if kind in TensorProto.DataType.values() else f"number {kind}"


def _from_field(tensor: Any, dtype: np.dtype, bfloat: bool, count: int, what: str) -> np.ndarray:
    """The elements from the typed field; half floats lie there as the bits of integers."""
    values = getattr(tensor, _FIELDS.get(tensor.data_type, "int32_data"))
    if len(values) != count:
        raise SumtileError(f"{what} of {count} elements has {len(values)}; the file is damaged, export the model again.")
    if tensor.data_type == TensorProto.FLOAT16 or bfloat:
        return np.fromiter(values, np.int64, count).astype(np.uint16).view(dtype)
    return np.fromiter(values, dtype if dtype.kind == "f" or dtype.itemsize == 8 else np.int64, count).astype(dtype, copy=False)


def _external(tensor: Any, folder: Path | None, size: int, what: str) -> bytes:
    """The bytes of an array that lies in a file beside the model."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None or not location:
        raise SumtileError(f"{what} lies outside of the model, but no place is known for it; give the model as a file with its data beside it.")
    try:
        root = folder.resolve()
        path = (root / location).resolve()
        offset, length = int(entries.get("offset") or 0), int(entries.get("length") or size)
    except (ValueError, OSError, RuntimeError) as error:
        raise SumtileError(f"{what} lies outside of the model at a place that cannot be read ({error}); export the model again.") from None
    if Path(location).is_absolute() or not path.is_relative_to(root):
        raise SumtileError(f"{what} lies in '{printable(location)}', which is not inside the model's folder {root}; put its data beside the model.")
    path = regular_file(path, f"data of {what}")
    available = path.stat().st_size
    if length != size or offset < 0 or offset + size > available:
        raise SumtileError(f"{what} needs {size} bytes, but it is given {length} from {offset} of a file of {available}; export the model again.")
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise SumtileError(f"the data of {what} in {path} cannot be read ({error.strerror or error}); check the file.") from None
    if len(data) != size:
        raise SumtileError(f"{what} needs {size} bytes, but {path} ended after {len(data)}; export the model again.")
    return data
