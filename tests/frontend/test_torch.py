# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What torch exports is imported and computes the same in float."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest

from sumtile.network import Network, Node
from sumtile.network.reference import run_float

torch = pytest.importorskip("torch", reason="torch exports the models of these tests; install sumtile[train]")
onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")

from torch import nn  # noqa: E402

from sumtile.frontend import import_model, import_onnx  # noqa: E402
from sumtile.train.zoo import export_model, resnet18  # noqa: E402


def exported(module: nn.Module, x: torch.Tensor, opset: int, **settings: object) -> Network:
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), (x,), content, opset_version=opset, dynamo=False, **settings)
    return import_model(onnx.load_model_from_string(content.getvalue()))


def check_equal(module: nn.Module, x: torch.Tensor, network: Network) -> None:
    with torch.no_grad():
        expected = module.eval()(x).numpy()
    found = run_float(network, x.numpy())[network.output]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * float(np.abs(expected).max()))


def kinds(network: Network) -> list[str]:
    return [type(node).__name__ for node in network.nodes]


def settled(module: nn.Module, seed: int) -> nn.Module:
    """The module with random weights, and with random statistics in its batch normalizations."""
    torch.manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean):
                nn.init.normal_(values)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return module


def mobile() -> nn.Module:
    """Depthwise layers with ReLU6, as MobileNets have them."""
    layers: list[nn.Module] = [nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU6()]
    for stride in (1, 2):
        layers += [nn.Conv2d(8, 8, 3, stride, 1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, 5))


class Shuffle(nn.Module):
    """Halves of the channels, one of them convolved, joined and shuffled, as ShuffleNet v2 has them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.Linear(8 * 5 * 6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.chunk(2, dim=1)
        x = torch.cat((left, torch.relu(self.conv(right))), 1)
        x = x.view(x.shape[0], 2, 4, 5, 6).transpose(1, 2).reshape(x.shape[0], 8, 5, 6)
        return self.head(x.flatten(1))


def segments() -> nn.Module:
    return nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(3, 4, 3), nn.PReLU(4), nn.Upsample(scale_factor=2), nn.AvgPool2d(3, 2, 1), nn.LeakyReLU(0.2))


@pytest.mark.parametrize("opset", [11, 13, 17, 20])
@pytest.mark.parametrize(
    ("make", "shape"),
    [(mobile, (2, 3, 17, 13)), (Shuffle, (2, 8, 5, 6)), (segments, (2, 3, 7, 9))],
    ids=["mobile", "shuffle", "segments"],
)
def test_modules_of_torch(make: type[nn.Module], shape: tuple[int, ...], opset: int) -> None:
    module = settled(make(), opset)
    x = torch.randn(shape)
    network = exported(module, x, opset)
    check_equal(module, x, network)
    assert set(kinds(network)) <= {"Conv", "BatchNorm", "Activation", "Pool", "Flatten", "Linear", "Select", "Concat", "PRelu", "Resize"}


def test_a_batch_of_any_size_is_taken() -> None:
    x = torch.randn(2, 8, 5, 6)
    module = Shuffle()
    check_equal(module, x, exported(module, x, 17, input_names=["image"], dynamic_axes={"image": {0: "batch"}}))


def test_resnet18_becomes_the_layers_of_its_paper(tmp_path: Path) -> None:
    model = resnet18()
    export_model(model, tmp_path / "resnet18.onnx")
    network = import_onnx(tmp_path / "resnet18.onnx")
    assert network.preprocess == model.preprocess and network.name == "resnet18"
    assert kinds(network).count("Conv") == 20 and kinds(network).count("Add") == 8 and kinds(network).count("Linear") == 1
    assert [len(network.readers(node.name)) for node in network.nodes if node.name != network.output].count(0) == 0
    x = torch.randn(1, 3, 224, 224)
    check_equal(model.module, x, network)


def test_nodes_keep_the_names_of_the_modules() -> None:
    network = exported(nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU()), torch.zeros(1, 1, 2, 2), 17)
    names: list[Node] = network.nodes
    assert [node.name for node in names] == ["0/Conv", "1/Relu"]
