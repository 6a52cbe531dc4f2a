# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Geometry of windows that move over a map: padding, stride, dilation, and the size of what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.frontend.call import Call
from sumtile.frontend.views import View
from sumtile.network.graph import SIDE_MAX

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """A window in two dimensions; a one-dimensional one has a height of 1.

    Attributes:
        padding: (top, left, bottom, right), with what ``ceil_mode`` needs at the end.
        extra: how much of the end's padding is there for ``ceil_mode``.
        output: height and width of the result.
    """

    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[int, int, int, int]
    extra: Pair
    output: Pair


def read_window(call: Call, x: View, kernel: tuple[int, ...]) -> Window:
    """The window of a convolution or a pool on a map.

    Args:
        kernel: (height, width), or (width,) of a one-dimensional layer.

    Raises:
        SumtileError: attributes that contradict each other, or a window larger than the padded map.
    """
    axes = len(x.axes) - 2
    given = call.integers("kernel_shape", kernel[-axes:], axes)
    stride, dilation = call.integers("strides", (1,) * axes, axes), call.integers("dilations", (1,) * axes, axes)
    pads = call.integers("pads", (0,) * (2 * axes), 2 * axes)
    if given != tuple(kernel[-axes:]):
        raise call.refusal(f"names a kernel of {given}, but has weights for {tuple(kernel[-axes:])}", "correct the model")
    for what, values, low in (("kernel", given, 1), ("stride", stride, 1), ("dilation", dilation, 1), ("padding", pads, 0)):
        if min(values) < low or max(values) > SIDE_MAX:
            raise call.refusal(f"has the {what} {list(values)}", f"{low} to {SIDE_MAX} can be imported")
    sizes = x.shape[2:]
    lines = [_line(call, *line) for line in zip(sizes, given, stride, dilation, pads[:axes], pads[axes:])]
    if axes == 1:
        lines.insert(0, (0, 0, 0, 1))
    (top, bottom, extra_rows, height), (left, right, extra_columns, width) = lines
    if max(top, left, bottom, right) > SIDE_MAX:
        raise call.refusal(f"has the padding {[top, left, bottom, right]}", f"0 to {SIDE_MAX} can be imported")
    return Window(_pair(given), _pair(stride), _pair(dilation), (top, left, bottom, right), (extra_rows, extra_columns), (height, width))


def _line(call: Call, size: int, kernel: int, stride: int, dilation: int, begin: int, end: int) -> tuple[int, int, int, int]:
    """Along one axis: padding at begin and end, what ``ceil_mode`` added to the latter, and the size of the result."""
    reach, automatic, extra = (kernel - 1) * dilation + 1, call.text("auto_pad", "NOTSET"), 0
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        begin = total // 2 if automatic == "SAME_UPPER" else total - total // 2
        end = total - begin
    elif automatic == "VALID":
        begin = end = 0
    elif automatic != "NOTSET":
        raise call.refusal(f"pads by auto_pad '{automatic}'", "NOTSET, VALID, SAME_UPPER and SAME_LOWER can be imported")
    free = size + begin + end - reach
    if free < 0:
        raise call.refusal(f"has windows of {reach}, larger than the padded map of {size + begin + end}", "use a larger input")
    if call.integer("ceil_mode", 0) and free % stride and free // stride * stride + stride < size + begin:
        extra = stride - free % stride
    return begin, end + extra, extra, (free + extra) // stride + 1


def _pair(values: tuple[int, ...]) -> Pair:
    return (values[-2] if len(values) == 2 else 1, values[-1])
