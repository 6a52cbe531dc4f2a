# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Training as a whole: it learns, it repeats, and what it exports computes the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.network import Preprocess
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network

torch = pytest.importorskip("torch", reason="training needs torch; install sumtile[train]")

from sumtile.train import AdderConv2d, Settings, lenet5, lenet5_adder, predict, to_network, train  # noqa: E402
from sumtile.train.__main__ import main  # noqa: E402
from sumtile.train.augment import random_views  # noqa: E402
from sumtile.train.lenet import PREPROCESS  # noqa: E402

nn = torch.nn


def stripes(count: int, seed: int) -> Dataset:
    """Noisy images with horizontal (class 0) or vertical (class 1) stripes."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    wave = (np.arange(28) // 3 % 2 * 120).astype(np.int64)
    images = np.where(labels[:, None, None] == 0, wave[:, None], wave[None, :]) + random.integers(0, 120, (count, 28, 28))
    return Dataset("stripes", images.astype(np.uint8)[..., None], labels, ("horizontal", "vertical"))


def quickly(**changes: int) -> Settings:
    return Settings(**{"epochs": 2, "batch": 16, "threads": 1, **changes})


def build() -> nn.Module:
    return lenet5_adder(2)


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    return train(build, stripes(256, 1), PREPROCESS, quickly(epochs=4))


def test_it_learns(trained: nn.Module) -> None:
    data = stripes(200, 2)
    assert (predict(trained, data, PREPROCESS) == data.labels).mean() > 0.9


def test_the_same_seed_gives_the_same_weights() -> None:
    first, again, other = (train(build, stripes(64, 1), PREPROCESS, quickly(seed=seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv2.weight"], other["conv2.weight"])


def test_training_leaves_the_callers_random_numbers_and_threads_alone() -> None:
    torch.manual_seed(7)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(7)
    train(build, stripes(16, 1), PREPROCESS, quickly(epochs=1, threads=3))
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads


def test_every_epoch_is_reported() -> None:
    epochs = []
    train(build, stripes(40, 1), PREPROCESS, quickly(), epochs.append)
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert all(epoch.loss > 0 and 0 <= epoch.accuracy <= 1 for epoch in epochs)


def test_the_exported_network_computes_the_same(trained: nn.Module, tmp_path: Path) -> None:
    network = to_network(trained, "stripes", PREPROCESS, ("horizontal", "vertical"))
    x = PREPROCESS.apply(stripes(8, 3).images)
    with torch.inference_mode():
        expected = trained(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(run_float(network, x)[network.output], expected, rtol=1e-3, atol=1e-3)
    assert [node.name for node in network.nodes if getattr(node, "operator", "") == "adder"] == ["conv2", "conv3"]


def test_the_two_networks_differ_in_their_operators_only() -> None:
    adding, ordinary = (to_network(model, "lenet5", PREPROCESS) for model in (lenet5_adder(), lenet5()))
    assert {node.name: node.operator for node in adding.nodes if hasattr(node, "operator")} == {"conv1": "mac", "conv2": "adder", "conv3": "adder"}
    assert {node.name: node.operator for node in ordinary.nodes if hasattr(node, "operator")} == {"conv1": "mac", "conv2": "mac", "conv3": "mac"}
    assert [(name, array.shape) for name, array in lenet5().state_dict().items()] == [(name, array.shape) for name, array in lenet5_adder().state_dict().items()]


def test_exported_settings_of_every_layer() -> None:
    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        AdderConv2d(4, 6, 3, stride=2, padding=2, dilation=2),
        nn.BatchNorm2d(6, eps=0.1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        nn.Flatten(),
        nn.Linear(48, 3),
    ).eval()
    network = to_network(model, "mixed", Preprocess(13, 12, (0.0,) * 2, (1.0,) * 2))
    x = torch.randn(2, 2, 13, 12)
    with torch.inference_mode():
        np.testing.assert_allclose(run_float(network, x.numpy())[network.output], model(x).numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.Sigmoid(), "layer '0' is a Sigmoid"),
        (nn.MaxPool2d(2, ceil_mode=True), "ceil_mode"),
        (nn.Conv2d(1, 1, 3, padding="same"), "pads by"),
        (nn.BatchNorm2d(3, affine=False), "without its factors"),
    ],
)
def test_what_cannot_be_exported(layer: nn.Module, message: str) -> None:
    with pytest.raises(SumtileError, match=message):
        to_network(nn.Sequential(layer), "no", PREPROCESS)


def test_random_views_move_and_mirror() -> None:
    image = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    image[0, 0, 4, 3] = 200
    views = random_views(image.expand(400, 1, 9, 9), 2, torch.Generator().manual_seed(1))
    places = {tuple(place) for place in views.nonzero()[:, 2:].tolist()}
    assert views.dtype == torch.uint8 and views.shape == (400, 1, 9, 9)
    assert places == {(row, column) for row in range(2, 7) for column in range(1, 8)}
    assert (views.flatten(1).max(1).values == 200).all()


def test_an_image_shifted_by_nothing_is_itself_or_its_mirror() -> None:
    image = torch.arange(12).reshape(1, 2, 2, 3)
    for view in random_views(image.expand(20, 2, 2, 3), 0):
        assert torch.equal(view, image[0]) or torch.equal(view, image[0].flip(2))


def test_wrong_sizes_and_settings() -> None:
    with pytest.raises(SumtileError, match="fewer than a batch"):
        train(build, stripes(10, 1), PREPROCESS, quickly())
    small = Dataset("small", np.zeros((20, 8, 8, 1), np.uint8), np.zeros(20, np.int64), ("a",))
    with pytest.raises(SumtileError, match="network takes"):
        train(build, small, PREPROCESS, quickly())
    with pytest.raises(SumtileError, match="epochs=0"):
        Settings(epochs=0)


def test_a_loss_that_is_not_finite() -> None:
    with pytest.raises(SumtileError, match="no longer finite"):
        train(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), stripes(256, 1), PREPROCESS, Settings(epochs=1, batch=16, rate=1e30, threads=1))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = stripes(200, 4)
    np.savez(tmp_path / "stripes.npz", x=data.images, y=data.labels, classes=np.array(data.classes))
    output, samples = tmp_path / "network.npz", tmp_path / "samples"
    assert main(["--dataset", str(tmp_path / "stripes.npz"), "--epochs", "1", "--threads", "1", "--samples", str(samples), "-o", str(output)]) == 0
    printed = capsys.readouterr().out
    assert "epoch  1/1" in printed and "of 200 test images right" in printed
    network = load_network(output)
    assert (network.name, network.classes) == ("lenet5-adder", ("horizontal", "vertical"))
    names = {file.name.split("_")[1] for file in samples.iterdir()}
    assert names and names <= {"horizontal.png", "vertical.png"}
    assert main(["--dataset", str(tmp_path / "absent")]) == 1
    assert "error: there is no data set" in capsys.readouterr().err


def test_the_command_with_the_ordinary_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = stripes(200, 4)
    np.savez("stripes.npz", x=data.images, y=data.labels, classes=np.array(data.classes))
    assert main(["--network", "lenet5", "--dataset", "stripes.npz", "--epochs", "1", "--threads", "1"]) == 0
    network = load_network(tmp_path / "lenet5_fashion.npz")
    assert network.name == "lenet5" and not any(getattr(node, "operator", "mac") == "adder" for node in network.nodes)


def test_without_torch_the_sentence_says_what_to_install() -> None:
    script = "import sys; sys.modules['torch'] = None; from sumtile.train.__main__ import main; sys.exit(main(['--epochs', '1']))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "error: training needs torch, which is not installed; run 'pip install sumtile[train]'.\n"
