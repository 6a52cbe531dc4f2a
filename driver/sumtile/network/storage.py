# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A float network in one .npz file: a JSON manifest of the nodes beside their arrays, nothing pickled.

The manifest lies in the array ``manifest`` as UTF-8 bytes. A node is an object with its class as ``type`` and its fields;
a field that is an array reads ``{"array": "<name>"}`` and lies in the file under that name.
Weights that bases compose are not stored: the reader composes them.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.files import regular_file, write_whole
from sumtile.network.bases import Bases
from sumtile.network.graph import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Grid,
    Linear,
    LocalResponseNorm,
    Network,
    Node,
    Pad,
    Pool,
    PRelu,
    Preprocess,
    Resize,
    Select,
    Softmax,
)

FORMAT = "sumtile-network"
VERSION = 1

_NODE_TYPES: dict[str, type[Node]] = {
    cls.__name__: cls for cls in (Conv, Linear, BatchNorm, Activation, PRelu, Pool, Add, Concat, Select, Pad, Resize, LocalResponseNorm, Softmax, Flatten)
}
_MANIFEST = "manifest"


def save_network(network: Network, path: str | Path) -> None:
    """Writes a network; the file appears whole or not at all, and the same network gives the same bytes.

    Raises:
        SumtileError: the network is not well formed, or the place cannot be written.
    """
    network.check()
    arrays: dict[str, np.ndarray] = {}
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "name": network.name,
        "preprocess": dataclasses.asdict(network.preprocess),
        "classes": network.classes,
        "nodes": [_describe(node, arrays) for node in network.nodes],
        "grids": {name: _describe_fields(name, grid, arrays) for name, grid in network.grids.items()},
        "bases": {name: _describe_fields(name, bases, arrays) for name, bases in network.bases.items()},
    }
    for name in network.bases:
        del arrays[_weight(name)]
    content = io.BytesIO()
    np.savez_compressed(content, **{_MANIFEST: np.frombuffer(json.dumps(manifest).encode(), np.uint8)}, **arrays)
    try:
        write_whole(Path(path), content.getvalue())
    except OSError as error:
        raise SumtileError(f"network file {path} cannot be written ({error.strerror or error}); choose another place.") from None


def load_network(path: str | Path) -> Network:
    """Reads a network that :func:`save_network` wrote.

    Raises:
        SumtileError: the file is absent, damaged, of another kind or of a newer version.
    """
    path = regular_file(path, "network file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise SumtileError(f"{path} cannot be read as a network file ({error}); save the network again.") from error
    manifest = _read_manifest(path, arrays)
    try:
        described = from_json(_Described, manifest, "the manifest")
        bases = {name: from_json(Bases, _values(fields, arrays), f"the bases of '{name}'") for name, fields in described.bases.items()}
        for name, composing in bases.items():
            composing.check(name)
            arrays[_weight(name)] = composing.compose()
        nodes = [_rebuild(node, arrays) for node in described.nodes]
        grids = {name: from_json(Grid, _values(grid, arrays), f"grid '{name}'") for name, grid in described.grids.items()}
        network = Network(described.name, described.preprocess, nodes, described.classes, grids, bases)
        network.check()
    except SumtileError as error:
        raise SumtileError(f"{path} is a network file that describes no network: {error}") from None
    return network


@dataclasses.dataclass(frozen=True)
class _Described:
    """The manifest; a node is still an object."""

    format: str
    version: int
    name: str
    preprocess: Preprocess
    classes: tuple[str, ...]
    nodes: tuple[dict[str, Any], ...]
    grids: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    bases: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


def _describe(node: Node, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {"type": type(node).__name__, **_describe_fields(node.name, node, arrays)}


def _describe_fields(owner: str, described: Node | Grid | Bases, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The fields of a dataclass; its arrays go to ``arrays``, named after the owner and the field."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(described):
        value = getattr(described, field.name)
        if isinstance(value, np.ndarray):
            name = f"{owner}.{field.name}"
            arrays[name] = value
            value = {"array": name}
        values[field.name] = value
    return values


def _weight(name: str) -> str:
    """What the array of a node's weights is called."""
    return f"{name}.weight"


def _rebuild(described: dict[str, Any], arrays: dict[str, np.ndarray]) -> Node:
    kind, name = described.get("type"), described.get("name")
    if not isinstance(kind, str) or kind not in _NODE_TYPES:
        raise SumtileError(f"node {name!r} is of type {kind!r}, but it must be one of {', '.join(_NODE_TYPES)}; save the network again.")
    return from_json(_NODE_TYPES[kind], _values({field: value for field, value in described.items() if field != "type"}, arrays), f"node {name!r}")


def _values(described: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {field: _value(value, arrays) for field, value in described.items()}


def _value(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The array that ``{"array": "<name>"}`` stands for; any other value as it is."""
    if not isinstance(value, dict):
        return value
    name = value.get("array")
    if not isinstance(name, str) or name not in arrays:
        raise SumtileError(f"the file has no array {name!r}; save the network again.")
    return arrays[name]


def _read_manifest(path: str | Path, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    try:
        manifest = json.loads(arrays[_MANIFEST].tobytes())
        kind, version = manifest["format"], manifest["version"]
    except (KeyError, TypeError, ValueError) as error:
        raise SumtileError(f"{path} has no readable manifest and is no network file of sumtile; give a file written by save_network.") from error
    if kind != FORMAT:
        raise SumtileError(f"{path} is a file of kind '{kind}', not '{FORMAT}'; give a file written by save_network.")
    if version != VERSION:
        raise SumtileError(f"{path} has version {version} of the network format and this sumtile reads version {VERSION}; update sumtile or save the network again.")
    return manifest
