# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From an ONNX model to a network: its nodes are walked once, constants are evaluated, everything else becomes nodes of ours."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from sumtile.errors import SumtileError
from sumtile.frontend import elementwise, layers, moves, pools, qonnx  # noqa: F401  # they fill the table of operators
from sumtile.frontend.build import Builder
from sumtile.frontend.call import Call, Value, read_call
from sumtile.frontend.fold import Budget, fold, fold_shape
from sumtile.frontend.inputs import ImageInput, read_input
from sumtile.frontend.metadata import read_metadata
from sumtile.frontend.model import check_graph, check_texts, in_order, opset_versions, read_model
from sumtile.frontend.table import OPERATORS
from sumtile.frontend.tensors import printable, read_tensor
from sumtile.frontend.tidy import tidy
from sumtile.frontend.views import View
from sumtile.network.graph import Network, Preprocess


def import_onnx(path: str | Path, *, preprocess: Preprocess | None = None, classes: tuple[str, ...] | None = None, output: str | None = None) -> Network:
    """Reads an ONNX or QONNX file.

    ONNX does not say how an image becomes the model's input. A file that sumtile wrote carries that in its metadata
    (``sumtile.mean``, ``sumtile.std``, ``sumtile.classes``); for any other one the default is ``pixel / 255``.

    Args:
        preprocess: from an image to the input; its size must be the model's, where the model has one.
        classes: names of the outputs.
        output: the output to import, of a model that has several.

    Raises:
        SumtileError: the file is absent, damaged, too large, or has a node that no network can have; the sentence names the
            node and the reason.
    """
    model, folder = read_model(path), Path(path).parent
    try:
        return import_model(model, name=Path(path).stem, folder=folder, preprocess=preprocess, classes=classes, output=output)
    except SumtileError as error:
        raise SumtileError(f"{path} cannot be imported: {error}") from None


def import_model(
    model: Any,
    *,
    name: str = "model",
    folder: Path | None = None,
    preprocess: Preprocess | None = None,
    classes: tuple[str, ...] | None = None,
    output: str | None = None,
) -> Network:
    """The same for a ModelProto.

    Args:
        folder: where its external data may lie.
        name: of the network.
    """
    check_texts(model)
    versions, metadata = opset_versions(model), read_metadata(model)
    check_graph(model)
    source = read_input(model.graph, preprocess or metadata.preprocess_for)
    wanted = _output(model.graph, output)
    builder = Builder(source.view.extents, source.view.batch.size)
    result = _Walk(model.graph, versions, folder, source, builder).value(wanted)
    if not isinstance(result, View):
        raise SumtileError(f"the output '{printable(wanted)}' does not depend on the image; name another output.")
    network = Network(name, source.preprocess, builder.nodes, metadata.classes if classes is None else classes, builder.grids)
    return tidy(network, _last(builder, result, wanted))


_INTEGER_OPERATORS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul")


class _Walk:
    """Values of all tensors of a graph."""

    def __init__(self, graph: Any, versions: dict[str, int], folder: Path | None, source: ImageInput, builder: Builder) -> None:
        self._graph, self._versions, self._folder, self._builder = graph, versions, folder, builder
        self._values: dict[str, Value] = {source.name: source.view}
        builder.alias(source.name, source.view)
        self._arrays = {array.name: array for array in graph.initializer}
        self._budget = Budget()

    def value(self, wanted: str) -> Value:
        """The value of a tensor; nodes that it does not need are not looked at."""
        needed = _ancestors(self._graph, wanted)
        nodes = [node for node in in_order(self._graph) if not needed.isdisjoint(node.output)]
        self._builder.readers.update([wanted, *(name for node in nodes for name in node.input)])
        for node in nodes:
            self._run(node, needed)
        return self._lookup(wanted)

    def _lookup(self, name: str) -> Value:
        if name not in self._values:
            if name not in self._arrays:
                raise SumtileError(f"the tensor '{printable(name)}' is read, but nothing makes it; export the model again.")
            self._values[name] = self._budget.spend(read_tensor(self._arrays[name], self._folder), f"the array '{printable(name)}'")
        return self._values[name]

    def _run(self, node: Any, needed: set[str]) -> None:
        domain = "" if node.domain == "ai.onnx" else node.domain
        call = read_call(node, self._versions.get(domain, 1), self._lookup, needed)
        results = self._results(call, domain)
        if any(call.outputs[len(results) :]):
            raise call.refusal(f"makes {len(node.output)} tensors that are read", "only its first can be imported")
        for name, value in zip(node.output, results):
            self._values[name] = value
            if isinstance(value, View):
                self._builder.alias(name, value)
            elif not any(value is known for known in call.inputs):
                self._budget.spend(value, f"the result of node '{call.name}' ({call.op})")

    def _results(self, call: Call, domain: str) -> tuple[Value, ...]:
        if not domain:
            constant = fold_shape(call)
            if constant is None and not any(isinstance(value, View) for value in call.inputs):
                constant = fold(call, self._folder)
            if constant is not None:
                qonnx.follow(self._builder, call)
                return (constant,)
        function = OPERATORS.get((domain, call.op))
        if function is None and call.op in _INTEGER_OPERATORS:
            raise call.refusal("computes with integers that another framework quantized to", "give the float model, or a QONNX model")
        if function is None:
            raise call.refusal(
                f"is an operator{f' of the domain {printable(domain)!r}' if domain else ''} that no layer of a network computes", "see docs/onnx.md for those that can be imported"
            )
        if not call.inputs:
            raise call.refusal("reads nothing", "export the model again")
        result = function(self._builder, call)
        return result if isinstance(result, tuple) else (result,)


def _ancestors(graph: Any, wanted: str) -> set[str]:
    """Tensors that a tensor depends on, itself included."""
    makers = {name: node for node in graph.node for name in node.output if name}
    found, open_ = {wanted}, [wanted]
    while open_:
        node = makers.get(open_.pop())
        for name in node.input if node is not None else ():
            if name and name not in found:
                found.add(name)
                open_.append(name)
    return found


def _output(graph: Any, wanted: str | None) -> str:
    names = [entry.name for entry in graph.output]
    shown = ", ".join(printable(name) for name in names[:20])
    if wanted is None and len(names) != 1:
        raise SumtileError(f"the model has {len(names)} outputs ({shown}), but a network has one; choose one of them.")
    if wanted is not None and wanted not in names:
        raise SumtileError(f"the model has no output '{wanted}' (it has: {shown}); choose one of these.")
    return names[0] if wanted is None else wanted


def _last(builder: Builder, result: View, wanted: str) -> str:
    """The network's tensor that is the model's output.

    A map stays one, whatever axes of size 1 the model drops and in whatever order it tells the others.
    """
    call = Call(printable(wanted), "output of the model", 0, (result,), (), (wanted,), {})
    becomes_flat = len(result.axes) == 2 and math.prod(result.extents) > result.channels
    if becomes_flat or not (result.in_order or result.is_whole):
        result = builder.arranged(call, result)
    return result.tensor
