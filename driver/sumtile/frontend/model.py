# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A model file as bytes, and as a ModelProto whose graph can be walked once from the front to the back."""

from __future__ import annotations

import heapq
from collections import Counter
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from sumtile.errors import SumtileError
from sumtile.files import regular_file
from sumtile.frontend.tensors import printable

FILE_BYTES_MAX = 1 << 30
"""Largest model file; external data does not count."""

ENTRIES_MAX = 50_000
"""Most nodes, initializers, inputs or outputs of a graph; most of them are constants."""

TENSORS_MAX = 1024
"""Most inputs or outputs of a node."""

OPSET_MIN = 6
"""Oldest version of the standard operators that is read."""


def read_model(path: str | Path) -> Any:
    """The ModelProto of a file; external data is left where it is.

    Raises:
        SumtileError: no regular file, a file that is too large, or one that is no ONNX model.
    """
    file = regular_file(path, "ONNX model")
    try:
        size = file.stat().st_size
        if size > FILE_BYTES_MAX:
            raise SumtileError(f"ONNX model {file} has {size} bytes, but up to {FILE_BYTES_MAX} are read; store its weights as external data.")
        content = file.read_bytes()
    except OSError as error:
        raise SumtileError(f"ONNX model {file} cannot be read ({error.strerror or error}); check the file.") from None
    return parse_model(content, str(file))


def parse_model(content: bytes, what: str) -> Any:
    """The ModelProto of bytes; ``what`` names them in the sentence."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, ValueError, RecursionError, MemoryError) as error:
        raise SumtileError(
            f"{what} cannot be read as an ONNX model ({str(error) or 'the data is damaged'}); give a whole file that onnx.save or torch.onnx.export wrote."
        ) from None
    if not model.graph.node or not model.opset_import:
        raise SumtileError(f"{what} holds no ONNX graph with nodes and the versions of its operators; give a file that onnx.save or torch.onnx.export wrote.")
    return model


def opset_versions(model: Any) -> dict[str, int]:
    """Versions of the operator sets by domain; the standard one is the empty domain.

    Raises:
        SumtileError: a standard set that is older than :data:`OPSET_MIN` or newer than the onnx package knows.
    """
    versions = {"" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in model.opset_import}
    standard, newest = versions.get("", 0), onnx.defs.onnx_opset_version()
    if not OPSET_MIN <= standard <= newest:
        raise SumtileError(f"the model uses version {standard} of the ONNX operators, but {OPSET_MIN} to {newest} are read; export it with opset_version=17 or so.")
    return versions


def check_texts(model: Any) -> None:
    """Raises SumtileError for a name that is no text, which protobuf gives as bytes."""
    graph = model.graph
    texts = [text for entry in model.opset_import for text in (entry.domain,)]
    texts += [text for entry in model.metadata_props for text in (entry.key, entry.value)]
    texts += [entry.name for entries in (graph.input, graph.output, graph.initializer) for entry in entries]
    for node in graph.node:
        texts += [node.name, node.op_type, node.domain, *node.input, *node.output, *(attribute.name for attribute in node.attribute)]
    broken = next((text for text in texts if isinstance(text, bytes)), None)
    if broken is not None:
        raise SumtileError(f"the model has the name '{printable(broken)}', which is no UTF-8 text; the file is damaged, export the model again.")


def check_graph(model: Any) -> None:
    """Raises SumtileError for a graph that is too large, has functions, sparse arrays or two makers of one tensor."""
    graph = model.graph
    for what, entries in (("nodes", graph.node), ("initializers", graph.initializer), ("inputs", graph.input), ("outputs", graph.output)):
        if len(entries) > ENTRIES_MAX:
            raise SumtileError(f"the model has {len(entries)} {what}, but up to {ENTRIES_MAX} are read; simplify it.")
    for node in graph.node:
        if max(len(node.input), len(node.output)) > TENSORS_MAX:
            raise SumtileError(
                f"node '{printable(node.name)}' ({printable(node.op_type)}) has {len(node.input)} inputs and {len(node.output)} outputs, but up to {TENSORS_MAX} are read; split it."
            )
    if model.functions:
        raise SumtileError(f"the model defines functions ('{printable(model.functions[0].name)}'), which are not read; export it with its functions inlined.")
    if graph.sparse_initializer:
        raise SumtileError("the model has sparse arrays, which are not read; store its weights as dense ones.")
    made = Counter(name for node in graph.node for name in node.output if name)
    made.update(array.name for array in graph.initializer)
    arrays = {array.name for array in graph.initializer}
    made.update(entry.name for entry in graph.input if entry.name not in arrays)
    name, times = made.most_common(1)[0] if made else ("", 0)
    if times > 1:
        raise SumtileError(f"the model makes the tensor '{printable(name)}' {times} times, but once is allowed; export it again.")


def in_order(graph: Any) -> list[Any]:
    """The nodes of a graph so that each tensor is made before it is read; what is in order already stays so.

    Raises:
        SumtileError: nodes that wait for each other, or a tensor that nobody makes.
    """
    makers = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    known = {array.name for array in graph.initializer} | {entry.name for entry in graph.input}
    for node in graph.node:
        for name in node.input:
            if name and name not in makers and name not in known:
                raise SumtileError(
                    f"node '{printable(node.name or ', '.join(node.output))}' ({printable(node.op_type)}) reads '{printable(name)}', which nothing makes; export the model again."
                )
    waiting = [len({makers[name] for name in node.input if name in makers}) for node in graph.node]
    readers: dict[int, list[int]] = {}
    for index, node in enumerate(graph.node):
        for maker in sorted({makers[name] for name in node.input if name in makers}):
            readers.setdefault(maker, []).append(index)
    return _sorted(graph.node, waiting, readers)


def _sorted(nodes: Any, waiting: list[int], readers: dict[int, list[int]]) -> list[Any]:
    """Kahn's order, the smallest index first."""
    ready = [index for index, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        index = heapq.heappop(ready)
        order.append(nodes[index])
        for reader in readers.get(index, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        stuck = next(node for node, count in zip(nodes, waiting) if count)
        raise SumtileError(f"node '{printable(stuck.name or ', '.join(stuck.output))}' ({printable(stuck.op_type)}) waits for its own result in a circle; export the model again.")
    return order
