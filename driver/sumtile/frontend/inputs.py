# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The one input of a model: an image, whose size and order of axes the file gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onnx import TensorProto

from sumtile.errors import SumtileError
from sumtile.frontend.build import MAP_ELEMENTS_MAX
from sumtile.frontend.tensors import printable, type_name
from sumtile.frontend.views import View, plain
from sumtile.network.graph import INPUT, SIDE_MAX, Preprocess

_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
_RANKS = range(2, 7)

PreprocessFor = Callable[[int, int, int], Preprocess | None]
"""From channels, height and width to the preprocessing that a file carries."""


@dataclass(frozen=True)
class ImageInput:
    """The model's input.

    Attributes:
        name: its name in the model.
        view: how it lies in the network's tensor ``input``.
        preprocess: from an image to that tensor.
    """

    name: str
    view: View
    preprocess: Preprocess


def read_input(graph: Any, preprocess: Preprocess | PreprocessFor) -> ImageInput:
    """The input of a graph.

    The network's input has (N, C, H, W). Of a tensor with more axes the ones between C and the last are the height; one
    with fewer has a height, or height and width, of 1. A map whose readers all transpose it from (N, H, W, C) is read so.

    Args:
        preprocess: what a caller wants, or how to make it from channels, height and width; None from the latter means pixel / 255.

    Raises:
        SumtileError: no input or several, an element type that is not floating point, or sizes that are unknown or too large.
    """
    arrays = {array.name for array in graph.initializer}
    entries = [entry for entry in graph.input if entry.name not in arrays]
    if len(entries) != 1:
        names = ", ".join(printable(entry.name) for entry in entries[:20]) or "none"
        raise SumtileError(f"the model has {len(entries)} inputs ({names}), but a network reads one image; export it with one input.")
    entry, wanted = entries[0], preprocess if isinstance(preprocess, Preprocess) else None
    name, kind = printable(entry.name), entry.type.tensor_type
    if kind.elem_type not in _FLOATS:
        raise SumtileError(f"the input '{name}' has elements of {type_name(kind.elem_type)}, but float32 images are needed; export the model with a float32 input.")
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    if len(sizes) not in _RANKS:
        raise SumtileError(f"the input '{name}' has {len(sizes)} axes, but images, channels, height and width are needed; export the model with an input of 4 axes.")
    channels_last = len(sizes) == 4 and _is_channels_last(graph, entry.name)
    batch, channels, height, width = _extents(name, [sizes[place] for place in (0, 3, 1, 2)] if channels_last else sizes, wanted)
    found = wanted or (preprocess(channels, height, width) if callable(preprocess) else None)
    found = found or Preprocess(height, width, (0.0,) * channels, (1.0,) * channels)
    if (found.channels, found.height, found.width) != (channels, height, width):
        raise SumtileError(
            f"the input '{name}' takes {channels} channels of {height} x {width}, but the preprocessing makes {found.channels} of {found.height} x {found.width}; correct one of them."
        )
    found.check()
    view = plain(INPUT, (channels, height, width), batch)
    if channels_last:
        view = view.transposed((0, 2, 3, 1))
    elif len(sizes) != 4:
        middle = [size or 1 for size in sizes[2:]]
        view = view.reshaped((batch, channels, *middle))
    return ImageInput(entry.name, view, found)


def _extents(name: str, sizes: list[int | None], wanted: Preprocess | None) -> tuple[int, int, int, int]:
    """Batch, channels, height and width; sizes that the file leaves open come from the wanted preprocessing."""
    batch = sizes[0] or 1
    asked = [wanted.channels, wanted.height, wanted.width] if wanted is not None and len(sizes) == 4 else [None] * (len(sizes) - 1)
    rest = [size or other for size, other in zip(sizes[1:], asked)]
    if any(size is None for size in rest):
        raise SumtileError(f"the input '{name}' leaves the sizes of an image open ({sizes}); export the model with a fixed size, or say the size in the preprocessing.")
    channels, *sides = [int(size) for size in rest if size is not None]
    height, width = math.prod(sides[:-1]), sides[-1] if sides else 1
    if min(batch, channels, height, width) < 1 or max(channels, height, width) > SIDE_MAX or channels * height * width > MAP_ELEMENTS_MAX or batch > 1 << 20:
        limits = f"1 to {SIDE_MAX} of each and {MAP_ELEMENTS_MAX} elements are the limits"
        raise SumtileError(f"the input '{name}' takes {channels} channels of {height} x {width}, but {limits}; use a smaller input.")
    return batch, channels, height, width


def _is_channels_last(graph: Any, name: str) -> bool:
    readers = [node for node in graph.node if name in node.input]
    orders = [tuple(attribute.ints) for node in readers for attribute in node.attribute if node.op_type == "Transpose" and attribute.name == "perm"]
    return bool(readers) and len(orders) == len(readers) and set(orders) == {(0, 3, 1, 2)}
