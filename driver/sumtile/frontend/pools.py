# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Pools, means over a map, and the layers that look at all channels at once."""

from __future__ import annotations

from sumtile.frontend.build import Builder
from sumtile.frontend.call import Call, Value
from sumtile.frontend.table import operator
from sumtile.frontend.views import HEIGHT, WIDTH, View, plain
from sumtile.frontend.windows import read_window
from sumtile.network.graph import LocalResponseNorm, Pool, Softmax


@operator("MaxPool")
def _max_pool(build: Builder, call: Call) -> Value:
    if any(call.outputs[1:]):
        raise call.refusal("gives the places of the maxima", "only the maxima can be imported")
    if call.integer("storage_order", 0):
        raise call.refusal("stores columns first", "export it with storage_order 0")
    return _pool(build, call, "max")


@operator("AveragePool")
def _average_pool(build: Builder, call: Call) -> Value:
    return _pool(build, call, "average")


def _pool(build: Builder, call: Call, kind: str) -> View:
    x = build.map(call)
    window = read_window(call, x, call.integers("kernel_shape", length=len(x.axes) - 2))
    if window.dilation != (1, 1):
        raise call.refusal(f"pools with a dilation of {window.dilation}", "only windows without gaps can be imported")
    top, left, bottom, right = window.padding
    if max(top, bottom) >= window.kernel[0] or max(left, right) >= window.kernel[1]:
        raise call.refusal(f"pads by {window.padding}, as much as its kernel {window.kernel}", "every window needs a pixel of the map")
    plain_padding = any((top, left, bottom - window.extra[0], right - window.extra[1]))
    count = bool(call.integer("count_include_pad", 0))
    if kind == "average" and count and plain_padding and any(window.extra):
        raise call.refusal("counts its padding, but not what ceil_mode adds to it", "export it without one of the two")
    count = count if plain_padding else not any(window.extra)
    node = Pool(build.name(call.name), (x.tensor,), kind, window.kernel, window.stride, window.padding, count_padding=count or kind == "max")
    result = build.add(call, node, (x.channels, *window.output))
    return result if len(x.axes) == 4 else result.squeezed({2})


@operator("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(build: Builder, call: Call) -> Value:
    rank = len(call.view().axes)
    return _over_map(build, call, "max" if "Max" in call.op else "average", tuple(range(2, rank)), keep=True)


@operator("ReduceMean")
def _reduce_mean(build: Builder, call: Call) -> Value:
    rank = len(call.view().axes)
    axes = call.indices(1, "axes") if call.given(1) else call.integers("axes", ())
    if not axes and call.integer("noop_with_empty_axes", 0):
        return call.view()
    axes = axes or tuple(range(rank))
    return _over_map(build, call, "average", tuple(sorted(call.axis(axis, rank) for axis in axes)), keep=bool(call.integer("keepdims", 1)))


def _over_map(build: Builder, call: Call, kind: str, axes: tuple[int, ...], *, keep: bool) -> View:
    """Reduces axes that hold all of the map's height and width."""
    x = call.view()
    reduced = [atom for axis in axes for atom in x.axes[axis]]
    others = [atom for place, axis in enumerate(x.axes) for atom in axis if place not in axes]
    if len(x.extents) != 3 or not {atom.axis for atom in reduced} <= {HEIGHT, WIDTH} or {atom.axis for atom in others} & {HEIGHT, WIDTH}:
        raise call.refusal(f"reduces the axes {list(axes)} of a tensor of shape {list(x.shape)}", "only the whole height and width of a map can be reduced")
    pooled = build.add(call, Pool(build.name(call.name), (x.tensor,), kind), (x.channels, 1, 1))
    kept = tuple(() if place in axes else axis for place, axis in enumerate(x.axes) if keep or place not in axes)
    return View(pooled.tensor, pooled.extents, kept)


@operator("LRN")
def _lrn(build: Builder, call: Call) -> Value:
    x = build.map(call)
    size, constants = call.integer("size", 0), [call.real(*field) for field in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))]
    return build.add(call, LocalResponseNorm(build.name(call.name), (x.tensor,), size, *constants), x.extents, like=x)


@operator("Softmax")
def _softmax(build: Builder, call: Call) -> Value:
    x = build.input(call)
    axis = call.axis(call.integer("axis", -1 if call.opset >= 13 else 1), len(x.axes))
    # Before opset 13 everything from the axis on is one row.
    over = [atom.axis for place in range(axis, len(x.axes) if call.opset < 13 else axis + 1) for atom in x.axes[place]]
    if x.axes[axis] != plain(x.tensor, x.extents, build.batch).axes[1] or set(over) - {"C"} or axis != 1:
        raise call.refusal(f"goes over axis {axis} of a tensor of shape {list(x.shape)}", "only a softmax over the channels can be imported")
    return build.add(call, Softmax(build.name(call.name), (x.tensor,)), x.extents, like=x)
