# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that act on every element: activations, and arithmetic with constants or between two tensors."""

from __future__ import annotations

import math

import numpy as np

from sumtile.frontend.build import Builder
from sumtile.frontend.call import Call, Value
from sumtile.frontend.table import operator
from sumtile.frontend.views import View
from sumtile.network.graph import Activation, Add, BatchNorm, PRelu

_ZERO, _ONE = np.zeros(()), np.ones(())


@operator("Identity")
def _identity(build: Builder, call: Call) -> Value:
    return call.view()


@operator("Dropout")
def _dropout(build: Builder, call: Call) -> Value:
    if any(call.outputs[1:]) or (call.given(2) and bool(call.scalar(2, "training mode"))):
        raise call.refusal("drops at random as in training", "export the model for inference")
    return call.view()


@operator("Cast")
def _cast(build: Builder, call: Call) -> Value:
    if call.integer("to", 0) not in (1, 10, 11, 16):
        raise call.refusal("converts the network's tensors to integers", "only conversions between floating-point types can be imported")
    return call.view()


@operator("Relu")
def _relu(build: Builder, call: Call) -> Value:
    return _activation(build, call, call.view())


@operator("LeakyRelu")
def _leaky_relu(build: Builder, call: Call) -> Value:
    return _activation(build, call, call.view(), slope=call.real("alpha", 0.01))


@operator("PRelu")
def _prelu(build: Builder, call: Call) -> Value:
    slopes = call.weights(1, "slopes")
    if slopes.size == 1:
        return _activation(build, call, call.view(), slope=float(slopes.reshape(())))
    if call.opset < 7:
        slopes = slopes.reshape(-1, *(1,) * (len(call.view().axes) - 2))
    x, slope = per_channel(build, call, call.view(), slopes)
    return build.add(call, PRelu(build.name(call.name), (x.tensor,), slope), x.extents, like=x)


@operator("Clip")
def _clip(build: Builder, call: Call) -> Value:
    if call.opset < 11:
        low, high = (call.real(name, math.nan) if call.has(name) else None for name in ("min", "max"))
    else:
        low, high = (call.scalar(index, what) if call.given(index) else None for index, what in ((1, "a lower bound"), (2, "an upper bound")))
    return _clipped(build, call, low, high)


@operator("Min", "Max")
def _extremum(build: Builder, call: Call) -> Value:
    if len(call.inputs) != 2:
        raise call.refusal(f"compares {len(call.inputs)} tensors", "only a tensor with one constant can be imported")
    place = 1 if isinstance(call.inputs[0], View) else 0
    bound = call.scalar(place, "a bound")
    low, high = (None, bound) if call.op == "Min" else (bound, None)
    return _clipped(build, call, low, high, index=1 - place)


@operator("Neg")
def _neg(build: Builder, call: Call) -> Value:
    return _affine(build, call, call.view(), -_ONE, _ZERO)


@operator("Add", "Sub", "Mul", "Div")
def _arithmetic(build: Builder, call: Call) -> Value:
    if len(call.inputs) != 2:
        raise call.refusal(f"has {len(call.inputs)} inputs instead of 2", "export the model again")
    left, right = call.inputs
    if isinstance(left, View) and isinstance(right, View):
        if call.op != "Add":
            raise call.refusal("combines two tensors that depend on the image", "only their sum can be imported")
        return _sum(build, call, [left, right])
    place = 1 if isinstance(left, View) else 0
    x, constant = call.view(1 - place), _aligned(call, call.weights(place, "a constant").astype(np.float64), call.view(1 - place))
    if call.op == "Add":
        return _affine(build, call, x, _ONE, constant)
    if call.op == "Sub":
        return _affine(build, call, x, _ONE, -constant) if place else _affine(build, call, x, -_ONE, constant)
    if call.op == "Mul":
        return _affine(build, call, x, constant, _ZERO)
    if not place or not np.all(constant):
        raise call.refusal("divides by the network's tensor or by zero", "only a division by constants can be imported")
    return _affine(build, call, x, 1 / constant, _ZERO)


@operator("Sum")
def _sum_of_all(build: Builder, call: Call) -> Value:
    return _sum(build, call, [call.view(index) for index in range(len(call.inputs))])


def _sum(build: Builder, call: Call, parts: list[View]) -> View:
    """A chain of additions; parts that lie differently are put in order first."""
    if not parts or any(part.shape != parts[0].shape for part in parts):
        shapes = " and ".join(str(list(part.shape)) for part in parts)
        raise call.refusal(f"adds tensors of the shapes {shapes}", "only tensors of one shape can be added")
    if any((part.axes, part.extents) != (parts[0].axes, parts[0].extents) for part in parts):
        parts = [build.arranged(call, part) for part in parts]
    result = parts[0]
    for part in parts[1:]:
        result = build.add(call, Add(build.name(call.name), (result.tensor, part.tensor)), result.extents, like=result)
    return result


def _activation(build: Builder, call: Call, x: View, slope: float = 0.0, low: float | None = None, high: float | None = None) -> View:
    return build.add(call, Activation(build.name(call.name), (x.tensor,), slope, high, low), x.extents, like=x)


def _clipped(build: Builder, call: Call, low: float | None, high: float | None, index: int = 0) -> View:
    """A clip; bounds beyond float32 are none."""
    low = None if low is None or low <= np.finfo(np.float32).min else low
    high = None if high is None or high >= np.finfo(np.float32).max else high
    if not (low or 0.0) <= 0 <= (high or 0.0):
        raise call.refusal(f"clips to {low} … {high}", "only ranges that contain 0 can be imported")
    x = call.view(index)
    if low is None and high is None:
        return x
    return _activation(build, call, x, 1.0, low, high) if low != 0 else _activation(build, call, x, 0.0, None, high)


def _affine(build: Builder, call: Call, x: View, factor: np.ndarray, addend: np.ndarray) -> View:
    """``x * factor + addend`` with constants as batch normalization has them."""
    x, factor = per_channel(build, call, x, factor)
    x, addend = per_channel(build, call, x, addend)
    with np.errstate(over="ignore"):
        factor, addend = factor.astype(np.float32), addend.astype(np.float32)
    if not (np.isfinite(factor).all() and np.isfinite(addend).all()):
        raise call.refusal("has a constant beyond float32", "train or export the model again")
    ones, zeros = np.ones(x.channels, np.float32), np.zeros(x.channels, np.float32)
    return build.add(call, BatchNorm(build.name(call.name), (x.tensor,), factor, addend, zeros, ones, 0.0), x.extents, like=x)


def _aligned(call: Call, constant: np.ndarray, x: View) -> np.ndarray:
    """A constant with as many axes as the tensor; before opset 7 an attribute says where its axes belong."""
    rank = len(x.axes)
    if call.opset < 7 and call.has("axis") and constant.ndim:
        behind = rank - call.axis(call.integer("axis", 0), rank) - constant.ndim
        constant = constant.reshape(constant.shape + (1,) * max(behind, 0))
    if constant.ndim > rank:
        raise call.refusal(f"combines a constant of shape {constant.shape} with a tensor of shape {list(x.shape)}", "a constant of one value a channel is needed")
    return constant.reshape((1,) * (rank - constant.ndim) + constant.shape)


def per_channel(build: Builder, call: Call, x: View, constant: np.ndarray) -> tuple[View, np.ndarray]:
    """One value for each channel of the network's tensor: shape (channels,).

    A constant may vary only along axes of channels. A flat tensor's elements are its channels, so a map that is seen flat
    becomes flat first.
    """
    if constant.size == 1:
        return x, np.full(x.channels, constant.reshape(()))
    constant = constant.reshape((1,) * max(len(x.axes) - constant.ndim, 0) + constant.shape)
    if len(x.axes) == 2 and constant.ndim == 2 and constant.shape[0] == 1 and not x.only_channels(1):
        x = build.arranged(call, x)
    vary = [place for place, size in enumerate(constant.shape) if size > 1]
    if constant.ndim != len(x.axes) or any(not x.only_channels(place) or constant.shape[place] != x.shape[place] for place in vary):
        raise call.refusal(f"combines a constant of shape {constant.shape} with a tensor of shape {list(x.shape)}", "a constant of one value a channel is needed")
    spread = tuple(x.shape[place] if x.only_channels(place) else 1 for place in range(len(x.axes)))
    order = x.order(tuple(axis for place, axis in enumerate(x.axes) if x.only_channels(place))) // math.prod(x.extents[1:])
    values = np.empty(x.channels, constant.dtype)
    values[order] = np.broadcast_to(constant, spread).ravel()
    return x, values
