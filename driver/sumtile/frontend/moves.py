# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that move elements: what only renames becomes another view, channels that move become Select."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sumtile.frontend.build import CHANNELS_MAX, MAP_ELEMENTS_MAX, Builder
from sumtile.frontend.call import Call, Value, Values
from sumtile.frontend.table import operator
from sumtile.frontend.views import CHANNELS, HEIGHT, WIDTH, NoViewError, View
from sumtile.network.graph import SIDE_MAX, Concat, Conv, Pad, Pool, Resize, Select


@operator("Reshape")
def _reshape(build: Builder, call: Call) -> Value:
    x, wanted = call.view(), call.indices(1, "a shape")
    if call.integer("allowzero", 0) and 0 in wanted:
        raise call.refusal("makes an empty tensor", "export the model again")
    if any(size == 0 and place >= len(x.shape) for place, size in enumerate(wanted)) or wanted.count(-1) > 1 or min(wanted, default=1) < -1:
        raise call.refusal(f"reshapes {list(x.shape)} to {list(wanted)}", "at most one size may be left open, and the others must be positive")
    shape = [x.shape[place] if size == 0 else size for place, size in enumerate(wanted)]
    if -1 in shape:
        known, total = -int(np.prod(shape, dtype=object)), int(np.prod(x.shape, dtype=object))
        shape[shape.index(-1)] = total // known if known > 0 else 0
    return _reshaped(build, call, x, shape)


@operator("Flatten")
def _flatten(build: Builder, call: Call) -> Value:
    x, rank = call.view(), len(call.view().axes)
    axis = call.integer("axis", 1)
    axis = rank if axis == rank else call.axis(axis, rank)
    return _reshaped(build, call, x, [int(np.prod(part, dtype=object)) for part in (x.shape[:axis], x.shape[axis:])])


@operator("Squeeze")
def _squeeze(build: Builder, call: Call) -> Value:
    x, axes = call.view(), _axes(call)
    places = {call.axis(axis, len(x.axes)) for axis in axes} if axes is not None else {place for place, size in enumerate(x.shape) if size == 1 and not x.axes[place]}
    return _viewed(call, lambda: x.squeezed(places))


@operator("Unsqueeze")
def _unsqueeze(build: Builder, call: Call) -> Value:
    x, axes = call.view(), _axes(call)
    if not axes or len(axes) + len(x.axes) > 8:
        raise call.refusal("names no axes or too many", "export the model again")
    places = {call.axis(axis, len(x.axes) + len(axes)) for axis in axes}
    if len(places) != len(axes):
        raise call.refusal(f"adds an axis twice ({list(axes)})", "export the model again")
    return x.unsqueezed(places)


@operator("Transpose")
def _transpose(build: Builder, call: Call) -> Value:
    x = call.view()
    return _viewed(call, lambda: x.transposed(call.integers("perm", range(len(x.axes))[::-1])))


@operator("Concat")
def _concat(build: Builder, call: Call) -> Value:
    views = [call.view(index) for index in range(len(call.inputs))]
    rank = len(call.view().axes)
    axis = call.axis(call.integer("axis", 1), rank)
    told = f"joins tensors of the shapes {', '.join(str(list(view.shape)) for view in views[:8])} along axis {axis}"
    if axis == 0 or any(len(view.axes) != rank for view in views):
        raise call.refusal(told, "only channels can be joined")
    parts = [build.arranged(call, _front(call, view, axis)) for view in views]
    if any((part.shape[2:], part.extents[1:]) != (parts[0].shape[2:], parts[0].extents[1:]) for part in parts):
        raise call.refusal(told, "only channels can be joined")
    if len(parts) == 1:
        return views[0]
    extents = (sum(part.channels for part in parts), *parts[0].extents[1:])
    result = build.add(call, Concat(build.name(call.name), tuple(part.tensor for part in parts)), extents)
    return _back(result if rank != 3 else result.squeezed({2}), axis)


@operator("Split")
def _split(build: Builder, call: Call) -> Values:
    x, count = call.view(), len(call.outputs)
    axis = call.axis(call.integer("axis", 0), len(x.axes))
    size = x.shape[axis]
    step = -(-size // max(call.integer("num_outputs", count), 1))
    default = [min(step, size - place * step) for place in range(count)]
    lengths = call.indices(1, "lengths", limit=CHANNELS_MAX) if call.given(1) else call.integers("split", default)
    if axis == 0 or len(lengths) != count or sum(lengths) != size or min(lengths) < 1:
        raise call.refusal(f"splits axis {axis} of a tensor of shape {list(x.shape)} into {list(lengths)}", "only channels can be split")
    ends = np.cumsum(lengths)
    return tuple(_taken(build, call, x, axis, np.arange(end - length, end)) for end, length in zip(ends, lengths))


@operator("Slice")
def _slice(build: Builder, call: Call) -> Value:
    x, rank = call.view(), len(call.view().axes)
    for start, end, axis, step in call.cuts():
        axis = call.axis(axis, rank)
        taken = range(x.shape[axis])[slice(start, end, step)]
        if taken == range(x.shape[axis]):
            continue
        if step > 1 and taken == range(0, x.shape[axis], step):
            x = _every(build, call, x, axis, step)
        else:
            x = _taken(build, call, x, axis, np.array(taken, np.int64))
    return x


@operator("Gather")
def _gather(build: Builder, call: Call) -> Value:
    x, indices = call.view(), call.indices(1, "indices", limit=CHANNELS_MAX)
    axis = call.axis(call.integer("axis", 0), len(x.axes))
    size = x.shape[axis]
    if not all(-size <= index < size for index in indices):
        raise call.refusal(f"takes {list(indices)[:8]} along axis {axis} of a tensor of shape {list(x.shape)}", "correct the indices")
    taken = _taken(build, call, x, axis, np.array(indices, np.int64) % size)
    return taken if call.constant(1, "indices").ndim else _viewed(call, lambda: taken.squeezed({axis}))


@operator("Pad")
def _pad(build: Builder, call: Call) -> Value:
    mode = call.text("mode", "constant")
    if mode != "constant":
        raise call.refusal(f"pads by '{mode}'", "only zeros can be imported")
    pads = call.indices(1, "pads") if call.opset >= 11 else call.integers("pads")
    value = (call.scalar(2, "a value") if call.given(2) else 0.0) if call.opset >= 11 else call.real("value", 0.0)
    rank = len(call.view().axes)
    axes = [call.axis(axis, rank) for axis in call.indices(3, "axes")] if call.given(3) else list(range(rank))
    if len(pads) != 2 * len(axes):
        raise call.refusal(f"has {len(pads)} pads for {len(axes)} axes", "export the model again")
    begins, ends = dict.fromkeys(range(rank), 0) | dict(zip(axes, pads)), dict.fromkeys(range(rank), 0) | dict(zip(axes, pads[len(axes) :]))
    if not any(pads):
        return call.view()
    x = build.map(call)
    if min(pads) < 0 or begins[0] or ends[0] or value != 0:
        raise call.refusal(f"pads by {list(pads)} with {value:g}", "only zeros around height, width and channels can be imported")
    if begins[1] or ends[1]:
        x = _more_channels(build, call, x, begins[1], ends[1])
    if not any(begins[axis] or ends[axis] for axis in range(2, rank)):
        return x
    top, bottom = (begins[2], ends[2]) if rank == 4 else (0, 0)
    padding = (top, begins[rank - 1], bottom, ends[rank - 1])
    extents = (x.channels, x.extents[1] + top + bottom, x.extents[2] + padding[1] + padding[3])
    result = build.add(call, Pad(build.name(call.name), (x.tensor,), padding), extents)
    return result if rank == 4 else result.squeezed({2})


@operator("Resize", "Upsample")
def _resize(build: Builder, call: Call) -> Value:
    x = build.map(call)
    if call.text("mode", "nearest") != "nearest":
        raise call.refusal(f"enlarges by '{call.text('mode', 'nearest')}'", "only nearest neighbours can be imported")
    factor = _factors(call, x)
    if factor[:2] != (1, 1) or len(factor) != 4 or not all(_repeats(call, size, times) for size, times in zip(x.shape[2:], factor[2:])):
        raise call.refusal(f"enlarges a tensor of shape {list(x.shape)} by {list(factor)} without repeating its pixels", "only whole factors with aligned pixels can be imported")
    extents = (x.channels, x.extents[1] * factor[2], x.extents[2] * factor[3])
    return build.add(call, Resize(build.name(call.name), (x.tensor,), (factor[2], factor[3])), extents)


def _factors(call: Call, x: View) -> tuple[int, ...]:
    """Whole factors of all axes."""
    if call.op == "Upsample" or call.opset < 11:
        scales: Sequence[float] = call.reals("scales") if call.opset < 9 else [float(value) for value in call.constant(1, "scales").ravel()[:8]]
    elif call.given(3):
        if call.text("keep_aspect_ratio_policy", "stretch") != "stretch":
            raise call.refusal("enlarges by one factor for all axes to fit its sizes", "export it with the factors or with keep_aspect_ratio_policy 'stretch'")
        sizes = call.indices(3, "sizes")
        scales = [wanted / size for wanted, size in zip(sizes, x.shape)] if len(sizes) == len(x.shape) else []
    else:
        scales = [float(value) for value in call.constant(2, "scales").ravel()[:8]]
    if call.has("axes") or len(scales) != len(x.shape) or not all(1 <= scale <= SIDE_MAX and scale == int(scale) for scale in scales):
        raise call.refusal(f"enlarges a tensor of shape {list(x.shape)} by {[round(scale, 4) for scale in scales]}", "only whole factors for all axes can be imported")
    if max(size * scale for size, scale in zip(x.shape[2:], scales[2:])) > SIDE_MAX:
        raise call.refusal(f"enlarges a tensor of shape {list(x.shape)} by {[int(scale) for scale in scales]}", f"sides up to {SIDE_MAX} can be imported")
    return tuple(int(scale) for scale in scales)


def _repeats(call: Call, size: int, factor: int) -> bool:
    """Whether the node's way to choose a nearest pixel is to repeat each pixel."""
    old = call.op == "Upsample" or call.opset < 11
    mode = "asymmetric" if old else call.text("coordinate_transformation_mode", "half_pixel")
    rounding = "floor" if old else call.text("nearest_mode", "round_prefer_floor")
    places = np.arange(size * factor, dtype=np.float64)
    if mode in ("half_pixel", "half_pixel_symmetric") or (mode == "pytorch_half_pixel" and size * factor > 1):
        source = (places + 0.5) / factor - 0.5
    elif mode == "tf_half_pixel_for_nn":
        source = (places + 0.5) / factor
    elif mode == "align_corners" and size * factor > 1:
        source = places * ((size - 1) / (size * factor - 1))
    elif mode in ("asymmetric", "align_corners", "pytorch_half_pixel"):
        source = places / factor
    else:
        return False
    rounded = {"floor": np.floor(source), "ceil": np.ceil(source), "round_prefer_floor": np.ceil(source - 0.5), "round_prefer_ceil": np.floor(source + 0.5)}.get(rounding)
    return rounded is not None and np.array_equal(np.clip(rounded, 0, size - 1), places // factor)


def _every(build: Builder, call: Call, x: View, axis: int, step: int) -> View:
    """Every so many channels, rows or columns; the latter are what a pool of one pixel leaves."""
    if len(x.axes) == 2 or not any(atom.axis in (HEIGHT, WIDTH) for atom in x.axes[axis]):
        return _taken(build, call, x, axis, np.arange(0, x.shape[axis], step))
    x = build.arranged(call, x)
    rows, columns = (step, 1) if axis == 2 and len(x.axes) == 4 else (1, step)
    extents = (x.channels, -(-x.extents[1] // rows), -(-x.extents[2] // columns))
    result = build.add(call, Pool(build.name(call.name), (x.tensor,), "max", (1, 1), (rows, columns)), extents)
    return result if len(x.axes) != 3 else result.squeezed({2})


def _more_channels(build: Builder, call: Call, x: View, before: int, behind: int) -> View:
    """Channels of zeros before and behind those of a map, by a 1x1 convolution that copies."""
    outputs = x.channels + before + behind
    if outputs * x.channels > MAP_ELEMENTS_MAX:
        raise call.refusal(f"pads {x.channels} channels to {outputs}", "fewer can be imported")
    weight = np.eye(outputs, x.channels, -before, dtype=np.float32)[:, :, None, None]
    result = build.add(call, Conv(build.name(call.name), (x.tensor,), weight), (outputs, *x.extents[1:]))
    return result if len(x.axes) != 3 else result.squeezed({2})


def _taken(build: Builder, call: Call, x: View, axis: int, indices: np.ndarray) -> View:
    """Some of the channels, whichever axis they are on."""
    if len(x.axes) == 2 and axis == 1:
        x = build.arranged(call, x)
    if not x.holds(axis, CHANNELS) or not len(indices):
        raise call.refusal(f"takes {len(indices)} of {x.shape[axis]} along axis {axis} of a tensor of shape {list(x.shape)}", "only channels can be taken")
    front = build.arranged(call, _front(call, x, axis))
    result = build.add(call, Select(build.name(call.name), (front.tensor,), indices), (len(indices), *front.extents[1:]))
    return _back(result if len(x.axes) != 3 else result.squeezed({2}), axis)


def _front(call: Call, x: View, axis: int) -> View:
    """With an axis right behind that of the images."""
    return _viewed(call, lambda: x.transposed((0, axis, *(place for place in range(1, len(x.axes)) if place != axis))))


def _back(x: View, axis: int) -> View:
    """The same axis, now the second one, in its old place."""
    others = [place for place in range(len(x.axes)) if place != 1]
    return x.transposed((*others[:axis], 1, *others[axis:]))


def _axes(call: Call) -> tuple[int, ...] | None:
    """Axes of Squeeze and Unsqueeze: an attribute at first, an input since opset 13."""
    if call.given(1):
        return call.indices(1, "axes")
    return call.integers("axes") if call.has("axes") else None


def _reshaped(build: Builder, call: Call, x: View, shape: Sequence[int]) -> View:
    result = _viewed(call, lambda: x.reshaped(tuple(shape)))
    if len(result.axes) == 2:
        build.flat_names.setdefault(x.tensor, call.name)
    return result


def _viewed(call: Call, make: Callable[[], View]) -> View:
    try:
        return make()
    except NoViewError as reason:
        raise call.refusal(
            f"rearranges a tensor of shape {list(call.view().shape)} in a way that is not imported ({reason})", "only what keeps images and channels apart can be imported"
        ) from None
