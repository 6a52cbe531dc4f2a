# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Quantized networks in files: a JSON manifest and arrays, nothing pickled, and nothing believed that is not checked."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.formats import FixedPoint, Mixed, SharedKernels, Sp2, Symmetric, Ternary, Twos, WeightFormat
from sumtile.kernels.host import OPERATIONS
from sumtile.kernels.layer import Layer
from sumtile.network.graph import Preprocess
from sumtile.program.container import FileKind
from sumtile.program.manifest import Arrays
from sumtile.quantize.check import check_quantized
from sumtile.quantize.quantized import HostLayer, LayerError, QuantizedLayer, QuantizedNetwork

QUANTIZED = FileKind(b"\x93STQUANT", 1, "quantized network", "quantize the network again", ("<i1", "<u1", "<i2", "<u2", "<i4", "<f8"))

_FORMATS: dict[str, type] = {kind.__name__: kind for kind in (Symmetric, Twos, Sp2)}


def write_quantized(quantized: QuantizedNetwork, path: str | Path) -> None:
    """Writes a quantized network; an older file of that name is replaced only by a complete new one.

    Raises:
        SumtileError: the network is inconsistent, or the file cannot be written.
    """
    check_quantized(quantized)
    arrays = Arrays()
    content = {
        "name": quantized.name,
        "preprocess": asdict(quantized.preprocess),
        "classes": quantized.classes,
        "scheme": quantized.scheme,
        "formats": {name: asdict(format) for name, format in quantized.formats.items()},
        "layers": [_layer_to_dict(layer, arrays) for layer in quantized.layers],
        "errors": [{**asdict(error), "weight_snr": repr(error.weight_snr), "snr": repr(error.snr)} for error in quantized.errors],
        "orders": quantized.orders,
    }
    QUANTIZED.write(path, content, arrays.items)


def read_quantized(path: str | Path) -> QuantizedNetwork:
    """Reads and checks a quantized network.

    Raises:
        SumtileError: no such file, or one that is foreign, of a newer version, truncated, altered or inconsistent.
    """
    content, arrays = QUANTIZED.read(path)
    try:
        described = from_json(_Described, content, "the quantized network")
        layers = tuple(_layer(entry, f"layer {index} of the quantized network", arrays) for index, entry in enumerate(described.layers))
        errors = tuple(_error(entry, f"error {index} of the quantized network") for index, entry in enumerate(described.errors))
        quantized = QuantizedNetwork(described.name, described.preprocess, described.classes, described.scheme, described.formats, layers, errors, described.orders)
        check_quantized(quantized)
    except SumtileError as error:
        raise SumtileError(f"quantized network file {path} does not describe a quantized network: {error}") from None
    return quantized


@dataclass(frozen=True)
class _Described:
    """A quantized network as its JSON object has it; layers and errors are still objects."""

    name: str
    preprocess: Preprocess
    classes: tuple[str, ...]
    scheme: str
    formats: dict[str, FixedPoint]
    layers: tuple[dict[str, Any], ...]
    errors: tuple[dict[str, Any], ...]
    orders: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class _DescribedLayer:
    """A layer with the indices of its arrays; its weights' format is still an object."""

    nodes: tuple[str, ...]
    source: str
    residual: str | None
    geometry: Layer
    weights: int
    weight_format: dict[str, Any] | None
    scale: int
    offset: int
    slope: float
    low: float | None
    high: float | None
    activated: FixedPoint


@dataclass(frozen=True)
class _DescribedHost:
    """A host layer whose operation is still an object."""

    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    operation: dict[str, Any]


@dataclass(frozen=True)
class _DescribedMixed:
    bits: int
    fixed_of: int
    of: int


def _layer_to_dict(layer: QuantizedLayer | HostLayer, arrays: Arrays) -> dict[str, Any]:
    if isinstance(layer, HostLayer):
        operation = {"type": type(layer.operation).__name__, **asdict(layer.operation)}  # type: ignore[call-overload]  # every operation is a dataclass
        return {"nodes": layer.nodes, "reads": layer.reads, "operation": operation}
    return {
        "nodes": layer.nodes,
        "source": layer.source,
        "residual": layer.residual,
        "geometry": asdict(layer.geometry),
        "weights": arrays.add(_narrowest(layer.weights)),
        "weight_format": None if layer.weight_format is None else _format_to_dict(layer.weight_format),
        "scale": arrays.add(layer.scale, "<f8"),
        "offset": arrays.add(layer.offset, "<f8"),
        "slope": layer.slope,
        "low": layer.low,
        "high": layer.high,
        "activated": asdict(layer.activated),
    }


def _layer(entry: dict[str, Any], what: str, arrays: list[np.ndarray]) -> QuantizedLayer | HostLayer:
    if "operation" in entry:
        host = from_json(_DescribedHost, entry, what)
        return HostLayer(host.nodes, host.reads, _tagged(host.operation, OPERATIONS, f"the operation of {what}"))
    described = from_json(_DescribedLayer, entry, what)
    for index in (described.weights, described.scale, described.offset):
        if not 0 <= index < len(arrays):
            raise SumtileError(f"{what} names array {index}, but there are {len(arrays)}; quantize the network again.")
    weights, scale, offset = (arrays[index] for index in (described.weights, described.scale, described.offset))
    format = None if described.weight_format is None else _format(described.weight_format, f"the weights of {what}")
    numbers = {**vars(described), "weights": weights, "weight_format": format, "scale": scale, "offset": offset}
    return QuantizedLayer(**numbers)


def _format_to_dict(format: WeightFormat) -> dict[str, Any]:
    if isinstance(format, Mixed):
        return {"type": "Mixed", "bits": format.bits, "fixed_of": format.fixed_of, "of": format.of}
    of_one_width = isinstance(format, Ternary | SharedKernels)
    return {"type": type(format).__name__} if of_one_width else {"type": type(format).__name__, "bits": format.bits}


def _format(raw: dict[str, Any], what: str) -> WeightFormat:
    if raw == {"type": "Ternary"}:
        return Ternary()
    if raw == {"type": "SharedKernels"}:
        return SharedKernels()
    if raw.get("type") == "Mixed":
        mixed = from_json(_DescribedMixed, {name: value for name, value in raw.items() if name != "type"}, what)
        return Mixed(Symmetric(mixed.bits), Sp2(mixed.bits), mixed.fixed_of, mixed.of)
    format: WeightFormat = _tagged(raw, _FORMATS, what)
    return format


def _tagged(raw: dict[str, Any], kinds: dict[str, type], what: str) -> Any:
    """The dataclass that an object names as its ``type``."""
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in kinds:
        raise SumtileError(f"{what} is of type {kind!r}, but it must be one of {', '.join(kinds)}; quantize the network again.")
    return from_json(kinds[kind], {name: value for name, value in raw.items() if name != "type"}, what)


def _error(entry: dict[str, Any], what: str) -> LayerError:
    """Signal-to-noise ratios are texts, since JSON has no infinity."""
    numbers = dict(entry)
    for name in ("weight_snr", "snr"):
        try:
            numbers[name] = float(str(entry.get(name)))
        except ValueError:
            raise SumtileError(f"{name} of {what} is {entry.get(name)!r:.40}, but a number as text is needed; quantize the network again.") from None
    finite = {name: value if math.isfinite(value) else 0.0 for name, value in numbers.items() if name in ("weight_snr", "snr")}
    error = from_json(LayerError, {**numbers, **finite}, what)
    return LayerError(**{**vars(error), "weight_snr": numbers["weight_snr"], "snr": numbers["snr"]})


def _narrowest(weights: np.ndarray) -> np.ndarray:
    """The integers in the smallest type that holds them all."""
    low, high = weights.min(), weights.max()
    kinds = [np.iinfo(kind) for kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32)]
    return weights.astype(next(kind.dtype for kind in kinds if kind.min <= low and high <= kind.max), copy=False)
