# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Small models beside onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from onnx import helper

from sumtile.frontend import import_model
from sumtile.network import Network
from sumtile.network.reference import run_float


def node(op: str, inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(" "), output.split(" "), **attributes)


def by_onnxruntime(model: Any, x: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    result: np.ndarray = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})[0]
    return result


def check(model: Any, seed: int = 0) -> Network:
    """Imports a model and holds its output against onnxruntime's."""
    network = import_model(model)
    shape = tuple(dim.dim_value or 2 for dim in model.graph.input[0].type.tensor_type.shape.dim)
    x = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    expected, size = by_onnxruntime(model, x), network.preprocess
    image = x.transpose(0, 3, 1, 2) if size.channels != shape[1] else x.reshape(len(x), size.channels, size.height, size.width)
    found = run_float(network, image)[network.output]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)
    return network


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(0, 1, shape).astype(np.float32)
