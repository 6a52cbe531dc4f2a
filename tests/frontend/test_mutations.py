# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Files that were changed at random, their bytes or what they say: each gives a network that runs or a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Network
from sumtile.network.reference import run_float
from tests.support.networks import lenet

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from sumtile.frontend import export_model, import_model  # noqa: E402
from sumtile.frontend.model import parse_model  # noqa: E402
from sumtile.frontend.table import OPERATORS  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402


def node(op: str, inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(" "), output.split(" "), **attributes)


def small_models() -> list[bytes]:
    """Models whose bytes are worth breaking: all kinds of layers, shapes from shapes, typed fields, Quant nodes."""
    shapes = graph_model(
        [
            node("Shape", "x", "s"),
            node("Gather", "s z", "n", axis=0),
            node("Concat", "n m", "t", axis=0),
            node("Reshape", "x t", "f"),
            node("Gemm", "f w", "g"),
            node("Softmax", "g"),
        ],
        (1, 2, 3, 3),
        {"z": np.array([0]), "m": np.array([-1]), "w": np.ones((18, 3), np.float32)},
    )
    typed = graph_model(
        [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Clip", "c l h", "d"), node("MaxPool", "d", kernel_shape=[2, 2])], (1, 2, 4, 4), {"l": np.float32(0), "h": np.float32(6)}
    )
    typed.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, (2, 2, 3, 3), [0.5] * 36))
    quant = graph_model(
        [node("Quant", "x s z b", "q", domain="onnx.brevitas", signed=1, narrow=0), node("Relu", "q")],
        (1, 2, 3, 3),
        {"s": np.float32(0.5), "z": np.float32(0), "b": np.float32(4)},
        domains=("onnx.brevitas",),
    )
    return [model.SerializeToString() for model in (export_model(lenet(size=8)), shapes, typed, quant)]


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """The bytes with a few flipped, cut, doubled or replaced."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 5))):
        place = int(random.integers(0, len(data)))
        kind = int(random.integers(0, 5))
        if kind == 0:
            data[place] ^= 1 << int(random.integers(0, 8))
        elif kind == 1:
            data[place] = int(random.choice([0, 1, 0x7F, 0x80, 0xFF]))
        elif kind == 2:
            del data[place : place + int(random.integers(1, 9))]
        elif kind == 3:
            data[place:place] = data[place : place + int(random.integers(1, 33))]
        else:
            del data[max(place, 1) :]
        if not data:
            break
    return bytes(data)


NUMBERS = [-(1 << 62), -1, 0, 1, 2, 3, 7, 4096, 1 << 20, 1 << 31, (1 << 63) - 1]
OPERATORS_TRIED = sorted({op for _, op in OPERATORS} | {"Shape", "Constant", "ConstantOfShape", "Range", "Expand", "Tile", "If", "Where"})


def restructured(content: bytes, random: np.random.Generator) -> bytes:
    """A model whose operators, inputs, attributes, shapes and arrays were changed, but which is still a well-formed file."""
    model = onnx.ModelProto.FromString(content)
    graph = model.graph
    names = [name for entry in graph.node for name in (*entry.input, *entry.output)] + ["", "absent"]
    for _ in range(int(random.integers(1, 4))):
        changed_node, array = graph.node[int(random.integers(0, len(graph.node)))], graph.initializer[int(random.integers(0, len(graph.initializer)))]
        number, name = int(random.choice(NUMBERS)), str(random.choice(names))
        kind = int(random.integers(0, 10))
        if kind == 0:
            changed_node.op_type = str(random.choice(OPERATORS_TRIED))
        elif kind == 1 and changed_node.input:
            changed_node.input[int(random.integers(0, len(changed_node.input)))] = name
        elif kind == 2:
            changed_node.input.append(name)
        elif kind == 3 and changed_node.attribute:
            attribute = changed_node.attribute[int(random.integers(0, len(changed_node.attribute)))]
            attribute.i = number
            if attribute.ints:
                attribute.ints[int(random.integers(0, len(attribute.ints)))] = number
        elif kind == 4:
            size = graph.input[0].type.tensor_type.shape.dim[int(random.integers(0, 4))]
            size.dim_value = number
        elif kind == 5 and array.dims:
            array.dims[int(random.integers(0, len(array.dims)))] = number
        elif kind == 6:
            array.data_type = int(random.integers(0, 18))
        elif kind == 7:
            array.CopyFrom(numpy_helper.from_array(np.array([number] * int(random.integers(0, 5))), array.name))
        elif kind == 8:
            graph.output[0].name = name
        else:
            changed_node.attribute.append(
                helper.make_attribute(str(random.choice(["axis", "pads", "axes", "perm", "group", "to", "auto_pad"])), [number] * int(random.integers(1, 5)))
            )
    return model.SerializeToString()


@pytest.mark.parametrize("change", [mutated, restructured])
@pytest.mark.parametrize("seed", range(3))
def test_any_change_gives_a_network_or_a_sentence(change: Callable[[bytes, np.random.Generator], bytes], seed: int) -> None:
    contents, random = small_models(), np.random.default_rng(seed)
    outcomes = {Network: 0, SumtileError: 0}
    for step in range(400):
        content = change(contents[step % len(contents)], random)
        try:
            outcomes[attempt(content)] += 1
        except Exception as error:
            line = f"pytest tests/frontend/test_mutations.py -k 'any_change and {change.__name__} and {seed}'"
            raise AssertionError(f"change {step} of seed {seed} gives {type(error).__name__} ({error}); repeat it with {line}") from error
    assert min(outcomes.values()) > 5


def attempt(content: bytes) -> type:
    """What comes of a file: a Network that runs where it is small, or a SumtileError of one line."""
    try:
        network = import_model(parse_model(content, "the model"))
        size = network.preprocess
        if size.channels * size.height * size.width < 1 << 16:
            with np.errstate(all="ignore"):
                run_float(network, np.zeros((1, size.channels, size.height, size.width), np.float32))
        return Network
    except SumtileError as error:
        assert "\n" not in str(error), f"the sentence {error!s} has more than one line"
        return SumtileError
