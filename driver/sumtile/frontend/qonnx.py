# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""QONNX: networks whose training quantized them. Quantized weights become their real values; the grids are kept beside the network.

Source: Pappalardo et al., "QONNX: Representing Arbitrary-Precision Quantized Neural Networks", 2022 (arXiv 2206.07527),
section 4: ``y = scale * clip(round(x / scale + zero point), low, high)`` less the zero point.

A Quant on an activation gives its grid to the tensor that it reads. Where others read that tensor as well, a node that
changes nothing (an Activation of slope 1) carries the grid, so that they see what they saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sumtile.frontend.build import Builder
from sumtile.frontend.call import Call, Value
from sumtile.frontend.elementwise import per_channel
from sumtile.frontend.table import operator
from sumtile.frontend.views import View
from sumtile.network.graph import Activation, Grid

DOMAINS = ("onnx.brevitas", "finn.custom_op.general", "qonnx.custom_op.general")
"""The names that the domain of Quant has had."""

_BITS_MAX = 32

_REFUSED = {
    "FloatQuant": "rounds to floating-point numbers of a few bits, which have no grid of equal steps; train with Quant",
    "Trunc": "drops the lowest bits of a tensor on another grid; train with Quant",
    "MultiThreshold": "compares with thresholds instead of rounding to a grid; give the QONNX model as it was before FINN streamlined it",
}


def follow(build: Builder, call: Call) -> None:
    """Gives the grid of a constant to what a transpose or a renaming makes of it."""
    grid = build.constant_grids.get(call.input_names[0]) if call.input_names else None
    if grid is None or not call.outputs:
        return
    if call.op == "Transpose":
        scale = np.transpose(grid.scale, call.integers("perm", range(grid.scale.ndim)[::-1]))
        build.constant_grids[call.outputs[0]] = replace(grid, scale=scale)
    elif call.op == "Identity":
        build.constant_grids[call.outputs[0]] = grid


def keep_grid(build: Builder, call: Call, name: str, turned: Callable[[np.ndarray], np.ndarray]) -> None:
    """Notes the grid of the weights of layer ``name``, where they have one.

    Args:
        turned: what the layer does to its weights' axes and values; outputs come first then.

    Raises:
        SumtileError: scales that differ within an output's weights.
    """
    grid = build.constant_grids.get(call.input_names[1])
    if grid is None:
        return
    scale = turned(grid.scale)
    if scale.size != 1 and scale.size != scale.shape[0]:
        raise call.refusal(f"has weights that were quantized with scales of shape {scale.shape}", "one scale for the layer or one an output can be imported")
    build.grids[f"{name}.weight"] = replace(grid, scale=scale.reshape(()) if scale.size == 1 else scale.ravel())


def _quant(build: Builder, call: Call) -> Value:
    bits, zero = call.scalar(3, "a width"), call.constant(2, "zero point")
    signed, narrow = bool(call.integer("signed", 1)), bool(call.integer("narrow", 1))
    if not 1 <= bits <= _BITS_MAX or bits != int(bits):
        raise call.refusal(f"rounds to {bits:g} bits", f"1 to {_BITS_MAX} whole bits can be imported")
    if np.any(zero):
        raise call.refusal(f"has a zero point of {zero.ravel()[0]:g}", "only grids that contain zero as integer 0 can be imported")
    mode = call.text("rounding_mode", "ROUND").upper()
    if mode not in ("ROUND", "HALF_EVEN"):
        raise call.refusal(f"rounds by '{mode}'", "only rounding to the nearest integer, ties to even, can be imported")
    if bits == 1 and signed:
        return _signs(build, call)
    scale = _scale(call)
    if isinstance(call.inputs[0], View):
        return _on_activation(build, call, Grid(int(bits), signed, narrow, scale))
    return _on_constant(build, call, Grid(int(bits), signed, narrow, scale))


def _bipolar_quant(build: Builder, call: Call) -> Value:
    return _signs(build, call)


def _signs(build: Builder, call: Call) -> Value:
    """Weights of -1 and 1 lie on a grid of two bits without using its zero."""
    if isinstance(call.inputs[0], View):
        raise call.refusal("keeps only the signs of a tensor", "train with activations of at least 2 bits")
    weight = np.where(call.weights(0, "weights") >= 0, np.float32(1), np.float32(-1))
    return _kept(build, call, weight * _scale(call), Grid(2, True, True, _scale(call)))


def _on_constant(build: Builder, call: Call, grid: Grid) -> np.ndarray:
    weight = call.weights(0, "weights")
    # The scale broadcasts against the weights, so it is applied as it is rather than along one axis.
    values = np.rint(np.clip(weight / grid.scale, grid.low, grid.high)).astype(np.float32) * grid.scale
    return _kept(build, call, values, grid)


def _kept(build: Builder, call: Call, values: np.ndarray, grid: Grid) -> np.ndarray:
    weight = call.weights(0, "weights")
    if values.shape != weight.shape:
        raise call.refusal(f"has scales of shape {grid.scale.shape} for weights of shape {weight.shape}", "correct the model")
    scale = grid.scale.reshape((1,) * (weight.ndim - grid.scale.ndim) + grid.scale.shape)
    build.constant_grids[call.outputs[0]] = replace(grid, scale=scale)
    return values


def _on_activation(build: Builder, call: Call, grid: Grid) -> View:
    x, scale = per_channel(build, call, call.view(), grid.scale)
    grid = replace(grid, scale=scale if grid.scale.size > 1 else grid.scale.reshape(()))
    if x.tensor in build.grids or not build.read_once(x):
        x = build.add(call, Activation(build.name(call.name), (x.tensor,), 1.0), x.extents, like=x)
    build.grids[x.tensor] = grid
    return x


def _scale(call: Call) -> np.ndarray:
    """Positive scales, float32."""
    scale = call.weights(1, "a scale")
    if not scale.size or not np.all(scale > 0) or scale.ndim > 8:
        raise call.refusal("has a scale that is not positive", "train or export the model again")
    return scale


def _refuse(build: Builder, call: Call) -> Value:
    found, advice = _REFUSED[call.op].split("; ")
    raise call.refusal(found, advice)


for _domain in DOMAINS:
    operator("Quant", "IntQuant", domain=_domain)(_quant)
    operator("BipolarQuant", domain=_domain)(_bipolar_quant)
    operator(*_REFUSED, domain=_domain)(_refuse)
