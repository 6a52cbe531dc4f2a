# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Malformed and hostile files: a sentence that names the node and the reason, before anything large is allocated."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Network, Preprocess
from sumtile.network.reference import run_float
from tests.support.networks import lenet

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from sumtile.frontend import export_model, import_model, import_onnx  # noqa: E402
from sumtile.frontend.model import parse_model  # noqa: E402
from sumtile.frontend.table import OPERATORS  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402


def node(op: str, inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(" ") if inputs else [], output.split(" "), **attributes)


def conv_model(**attributes: Any) -> Any:
    return graph_model([node("Conv", "x w", name="first", **attributes)], (1, 2, 4, 4), {"w": np.ones((3, 2, 3, 3), np.float32)})


def changed(change: Callable[[Any], object], model: Any | None = None) -> Any:
    model = conv_model() if model is None else model
    change(model)
    return model


def weights(**fields: Any) -> Callable[[Any], None]:
    """Sets fields of the first initializer."""

    def change(model: Any) -> None:
        for name, value in fields.items():
            if name == "dims":
                del model.graph.initializer[0].dims[:]
                model.graph.initializer[0].dims.extend(value)
            else:
                setattr(model.graph.initializer[0], name, value)

    return change


def bomb(*nodes: Any, **arrays: Any) -> Any:
    """A model whose weights come from these nodes."""
    return graph_model([*nodes, node("Add", "x big")], (1, 2, 4, 4), {name: np.asarray(value) for name, value in arrays.items()}, opset=17)


def doubled(times: int) -> Any:
    """Each node joins the constant before it with itself."""
    return bomb(*(node("Concat", f"c{index} c{index}", f"c{index + 1}", axis=0) for index in range(times)), node("Identity", f"c{times}", "big"), c0=np.ones(1024, np.float32))


def many_sums(times: int) -> Any:
    return graph_model([helper.make_node("Sum", ["x"] * times, ["y"])], (1, 2, 4, 4))


def recursive() -> Any:
    inner = helper.make_graph([node("Relu", "x")], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    return graph_model([node("If", "c", then_branch=inner, else_branch=inner)], (1, 2, 4, 4), {"c": np.array(True)})


def with_functions() -> Any:
    model = conv_model()
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], [node("Relu", "a", "b")], [helper.make_opsetid("", 17)]))
    return model


NAN, INF = np.full((3, 2, 3, 3), np.nan, np.float32), np.full((3, 2, 3, 3), 1e300)

CASES: dict[str, tuple[Any, str]] = {
    "no nodes": (changed(lambda m: m.graph.ClearField("node")), "holds no ONNX graph"),
    "no versions": (changed(lambda m: m.ClearField("opset_import")), "holds no ONNX graph"),
    "old": (changed(lambda m: setattr(m.opset_import[0], "version", 3)), "version 3 of the ONNX operators"),
    "new": (changed(lambda m: setattr(m.opset_import[0], "version", 900)), "version 900 of the ONNX operators"),
    "functions": (with_functions(), "defines functions"),
    "sparse": (changed(lambda m: m.graph.sparse_initializer.add()), "sparse arrays"),
    "subgraph": (recursive(), r"node 'y' \(If\) is an operator that no layer"),
    "circle": (graph_model([node("Relu", "y", "z"), node("Relu", "z")], (1, 2, 4, 4)), "waits for its own result in a circle"),
    "own result": (graph_model([node("Add", "y x")], (1, 2, 4, 4)), "waits for its own result"),
    "two makers": (graph_model([node("Relu", "x"), node("Neg", "x")], (1, 2, 4, 4)), "makes the tensor 'y' 2 times"),
    "array and node": (graph_model([node("Relu", "x")], (1, 2, 4, 4), {"y": np.ones(1)}), "makes the tensor 'y' 2 times"),
    "missing": (graph_model([node("Add", "x gone")], (1, 2, 4, 4)), "reads 'gone', which nothing makes"),
    "output": (graph_model([node("Relu", "x")], (1, 2, 4, 4), outputs=("other",)), "'other' is read, but nothing makes it"),
    "outputs": (graph_model([node("Relu", "x", "a"), node("Neg", "a", "b")], (1, 2, 4, 4), outputs=("a", "b")), r"has 2 outputs \(a, b\)"),
    "constant output": (graph_model([node("Relu", "x", "a"), node("Neg", "k")], (1, 2, 4, 4), {"k": np.ones(1)}), "does not depend on the image"),
    "input handed on": (graph_model([node("Identity", "x")], (1, 2, 4, 4)), "only hands its input on"),
    "open size": (graph_model([node("Relu", "x")], (1, 2, "h", "w")), "leaves the sizes of an image open"),
    "empty size": (graph_model([node("Relu", "x")], (1, 2, 0, 4)), "leaves the sizes|1 to 4095 of each"),
    "wide": (graph_model([node("Relu", "x")], (1, 2, 4, 5000)), "1 to 4095 of each"),
    "negative size": (graph_model([node("Relu", "x")], (1, -2, 4, 4)), "1 to 4095 of each"),
    "huge": (graph_model([node("Relu", "x")], (1, 1 << 40, 4000, 4000)), "of each and 67108864 elements are the limits"),
    "unknown operator": (graph_model([node("Erf", "x", name="e")], (1, 2, 4, 4)), r"node 'e' \(Erf\) is an operator that no layer"),
    "unknown domain": (graph_model([node("Relu", "x", domain="com.acme")], (1, 2, 4, 4)), "of the domain 'com.acme'"),
    "negative dims": (changed(weights(dims=[3, -2, 3, 3])), "shape"),
    "overflowing dims": (changed(weights(dims=[1 << 62, 1 << 62, 3, 3])), r"but up to 8 axes and \d+ elements"),
    "many axes": (changed(weights(dims=[1] * 30)), "but up to 8 axes"),
    "short data": (changed(weights(raw_data=b"1234")), r"array 'w' of shape \(3, 2, 3, 3\) has 4 bytes instead of 216"),
    "no data": (changed(lambda m: m.graph.initializer[0].ClearField("raw_data")), "array 'w' of 54 elements has 0"),
    "integers": (changed(weights(data_type=TensorProto.INT32)), "has weights of int32"),
    "strings": (changed(weights(data_type=TensorProto.STRING)), "element type STRING"),
    "unknown type": (changed(weights(data_type=99)), "element type number 99"),
    "not a number": (changed(weights(raw_data=NAN.tobytes())), "node 'first' .*not finite in float32 .array 'w'"),
    "beyond float32": (changed(weights(raw_data=INF.tobytes(), data_type=TensorProto.DOUBLE)), "not finite in float32"),
    "other type of attribute": (conv_model(strides=2.0), "has an attribute strides of another type than INTS"),
    "too few strides": (conv_model(strides=[1]), "has 1 entries in strides instead of 2"),
    "no stride": (conv_model(strides=[0, 1]), "has the stride"),
    "absurd stride": (conv_model(strides=[1 << 40, 1]), "has the stride"),
    "negative padding": (conv_model(pads=[-1, 0, 0, 0]), "has the padding"),
    "absurd dilation": (conv_model(dilations=[4095, 4095]), "larger than the padded map"),
    "wrong kernel": (conv_model(kernel_shape=[5, 5]), "names a kernel of"),
    "wrong groups": (conv_model(group=3), "in 3 groups for 2 channels"),
    "no groups": (conv_model(group=0), "in 0 groups"),
    "no inputs": (graph_model([node("Conv", "")], (1, 2, 4, 4)), r"\(Conv\)"),
    "one input": (graph_model([node("Conv", "x")], (1, 2, 4, 4)), "has no input 1"),
    "filled": (bomb(node("ConstantOfShape", "s", "big"), s=[1 << 40, 1 << 40]), "but up to 8 axes"),
    "expanded": (bomb(node("Expand", "a s", "big"), a=np.float32(1), s=[1 << 20, 1 << 20]), "but up to 8 axes"),
    "tiled": (bomb(node("Tile", "a s", "big"), a=np.ones(1 << 10, np.float32), s=[1 << 30]), "but up to 8 axes"),
    "ranged": (bomb(node("Range", "a b c", "big"), a=np.float32(0), b=np.float32(1e12), c=np.float32(1)), "but up to 8 axes"),
    "ranged for ever": (bomb(node("Range", "a b a", "big"), a=np.float32(0), b=np.float32(1)), "cannot be evaluated"),
    "spread": (bomb(node("Add", "a b", "big"), a=np.ones((1 << 14, 1), np.float32), b=np.ones((1, 1 << 14), np.float32)), "but up to 8 axes"),
    "gathered": (bomb(node("Gather", "a i", "big"), a=np.ones((2, 1 << 14), np.float32), i=np.zeros(1 << 14, np.int64)), "but up to 8 axes"),
    "doubled": (doubled(40), "but up to 8 axes|hold more than"),
    "many sums": (many_sums(100_000), "has 100000 inputs and 1 outputs"),
    "enlarged": (graph_model([node("Resize", "x  s")], (1, 2, 4, 4), {"s": np.array([1, 1, 4000, 4000], np.float32)}), "sides up to 4095"),
    "padded": (graph_model([node("Pad", "x p")], (1, 2, 4, 4), {"p": np.array([0, 0, 1 << 40, 0, 0, 0, 0, 0])}), "makes a tensor of|padding"),
    "reshaped": (graph_model([node("Reshape", "x s")], (1, 2, 4, 4), {"s": np.array([1, -1, -1])}), "reshapes"),
    "reshaped to nothing": (graph_model([node("Reshape", "x s")], (1, 2, 4, 4), {"s": np.array([0, 7, -1])}), "another number of elements"),
    "transposed": (graph_model([node("Transpose", "x", perm=[0, 0, 1, 2])], (1, 2, 4, 4)), "is no permutation"),
    "mixed images": (
        graph_model([node("Reshape", "x s", "r"), node("Gemm", "r w")], (4, 2, 4, 4), {"s": np.array([1, -1]), "w": np.ones((128, 2), np.float32)}),
        "first axis is not that of the images",
    ),
    "joined images": (graph_model([node("Concat", "x x", axis=0)], (1, 2, 4, 4)), "only channels can be joined"),
    "divided by zero": (graph_model([node("Div", "x z")], (1, 2, 4, 4), {"z": np.zeros(1, np.float32)}), "by zero"),
    "negative variance": (
        graph_model([node("BatchNormalization", "x v v v n")], (1, 2, 4, 4), {"v": np.ones(2, np.float32), "n": -np.ones(2, np.float32)}),
        "variance of -1",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_model_is_told_in_a_sentence(case: str) -> None:
    model, reason = CASES[case]
    tracemalloc.start()
    try:
        with pytest.raises(SumtileError, match=reason) as refusal:
            import_model(parse_model(model.SerializeToString(), "the model"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value) and len(str(refusal.value)) < 500
    assert peak < 1200 << 20  # what all evaluated constants may hold together


def test_a_chosen_output_is_imported() -> None:
    model = graph_model([node("Relu", "x", "a"), node("Neg", "a", "b")], (1, 2, 4, 4), outputs=("a", "b"))
    assert len(import_model(model, output="a").nodes) == 1 and len(import_model(model, output="b").nodes) == 2
    with pytest.raises(SumtileError, match=r"no output 'c' \(it has: a, b\)"):
        import_model(model, output="c")


def test_nodes_that_the_output_does_not_need_may_be_anything() -> None:
    model = graph_model([node("Relu", "x"), node("Erf", "x", "z")], (1, 2, 4, 4))
    assert len(import_model(model).nodes) == 1


def test_the_preprocessing_fills_open_sizes_and_must_fit() -> None:
    model = graph_model([node("Relu", "x")], ("n", 3, "h", "w"))
    wanted = Preprocess(6, 5, (0.5,) * 3, (0.25,) * 3)
    assert import_model(model, preprocess=wanted, classes=("a",)).preprocess == wanted
    with pytest.raises(SumtileError, match="takes 3 channels of 6 x 5, but the preprocessing makes 1 of 6 x 5"):
        import_model(graph_model([node("Relu", "x")], (1, 3, 6, 5)), preprocess=Preprocess(6, 5, (0.5,), (0.25,)))


@pytest.mark.parametrize("value", ["[1", '{"a": 1}', '["a"]', "[true]", "[1e999]", "[" * 100_000, "[1" + "0" * 400 + "]", "[0.5]"])
def test_metadata_is_checked(value: str) -> None:
    model = graph_model([node("Relu", "x")], (1, 2, 4, 4))
    helper.set_model_props(model, {"sumtile.mean": value})
    with pytest.raises(SumtileError, match=r"metadata 'sumtile.mean'|preprocessing"):
        import_model(model)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no ONNX graph"),
        (b"PK\x03\x04 no zip", "cannot be read"),
        (b"<html></html>", "cannot be read as an ONNX model|holds no"),
        (b"\x08" * 100, "cannot be read|holds no"),
    ],
)
def test_another_file_is_told_in_a_sentence(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(SumtileError, match=reason):
        import_onnx(path)


def test_what_is_no_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "pipe.onnx", "named pipe"), (tmp_path / "absent.onnx", "there is no ONNX model")):
        with pytest.raises(SumtileError, match=reason):
            import_onnx(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(SumtileError, match="but up to 1073741824 are read"):
        import_onnx(tmp_path / "large.onnx")


def external_model(folder: Path, location: str, **entries: str) -> Path:
    """A model in ``folder`` whose weights lie at ``location``."""
    model = conv_model()
    array = model.graph.initializer[0]
    data = array.raw_data
    array.ClearField("raw_data")
    array.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        array.external_data.add(key=key, value=value)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "weights.bin").write_bytes(b"begin " + data)
    return folder / "model.onnx"


def test_external_data_beside_the_model_is_read(tmp_path: Path) -> None:
    network = import_onnx(external_model(tmp_path, "weights.bin", offset="6", length="216"))
    np.testing.assert_array_equal(network.node("first").weight, np.ones((3, 2, 3, 3)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("location", "entries", "reason"),
    [
        ("../weights.bin", {}, "not inside the model's folder"),
        ("/etc/passwd", {}, "not inside the model's folder"),
        ("link/weights.bin", {}, "not inside the model's folder"),
        ("outside.bin", {}, "not inside the model's folder"),
        ("", {}, "no place is known"),
        ("absent.bin", {}, "there is no data of array 'w'"),
        (".", {}, "is a folder"),
        ("pipe", {}, "named pipe"),
        ("weights.bin", {"offset": "7"}, "it is given 216 from 7 of a file of 222"),
        ("weights.bin", {"offset": "-1"}, "from -1"),
        ("weights.bin", {"length": "100"}, "needs 216 bytes, but it is given 100"),
        ("weights.bin", {"offset": "1e3"}, "cannot be read"),
        ("weights\0.bin", {}, "cannot be read"),
        ("loop", {}, "cannot be read|there is no data|not inside"),
    ],
)
def test_external_data_elsewhere_is_refused(location: str, entries: dict[str, str], reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(b"x" * 300)
    (folder / "link").symlink_to(tmp_path)
    (folder / "outside.bin").symlink_to(tmp_path / "weights.bin")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    with pytest.raises(SumtileError, match=reason):
        import_onnx(external_model(folder, location, **entries))


def test_external_data_of_a_model_without_a_file_is_refused(tmp_path: Path) -> None:
    model = onnx.load(external_model(tmp_path, "weights.bin", offset="6"), load_external_data=False)
    with pytest.raises(SumtileError, match="no place is known for it"):
        import_model(model)


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
            line = f"pytest tests/frontend/test_hostile.py -k 'any_change and {change.__name__} and {seed}'"
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
