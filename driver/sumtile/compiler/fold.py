# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Folds kernel rows and columns into input channels, where a map of few channels would leave most lanes idle.

The processor unfolds the map once (:class:`sumtile.kernels.host.Unfold`); the engine then runs a layer with a smaller kernel on
more channels and gives the same integers. Each axis of the kernel can be left as it is, unfolded as a whole, or
unfolded by the stride (space to depth), after which the stride is 1. What the engine cannot run for the size, stride,
dilation or padding of its kernel is folded too; where no fold helps, as in a depthwise layer, whose channels stay apart, the
processor makes the padding alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.host import Unfold
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.packing import feature_bytes
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import ceil_div, tile
from sumtile.kernels.timing import layer_cycles
from sumtile.overlay import Engine

HOST_CYCLES_PER_CALL = 20_000
"""What a call of the processor counts, in cycles of the logic."""

HOST_BYTES_PER_CYCLE = 8
"""How many bytes that the processor writes count as a cycle of the logic: as many as a memory port takes. Both numbers only weigh
one fold against another, and favour the engine, since a processor can unfold the next image meanwhile."""


@dataclass(frozen=True)
class Fold:
    """A way to run a layer.

    Attributes:
        unfold: what the processor does before; None where the layer stays as it is.
        layer: what the engine runs.
    """

    unfold: Unfold | None
    layer: Layer

    def weights(self, weights: np.ndarray) -> np.ndarray:
        """The layer's weights (outputs, kernel height, kernel width, inputs) as those of ``layer``; taps that a fold adds are zeros."""
        if self.unfold is None or self.unfold.kernel == (1, 1):  # as they are, or with a border
            return weights
        (rows, columns), (down, across) = self.layer.kernel, self.unfold.kernel
        outputs, height, width, inputs = weights.shape
        padded = np.pad(weights, ((0, 0), (0, rows * down - height), (0, columns * across - width), (0, 0)))
        split = padded.reshape(outputs, rows, down, columns, across, inputs)
        return split.transpose(0, 1, 3, 2, 4, 5).reshape(outputs, rows, columns, down * across * inputs)


def choose_fold(engine: Engine, layer: Layer, ports: Ports) -> Fold:
    """The fold with the fewest estimated cycles of processor and engine, and of equals the one with the smallest map.

    Args:
        layer: the layer as the engine's arithmetic has it, with its array.

    Raises:
        SumtileError: the engine can run neither the layer nor a fold of it.
    """
    plain, whole = Fold(None, layer), layer.depthwise or layer.operator == "basis"  # its kernels are not those that could be cut
    if _fits(engine, plain) and (whole or layer.ifm.channels >= engine.ti):
        return plain
    ways = [plain] if whole else list(folds(layer))
    fitting = [fold for fold in ways if _fits(engine, fold)]
    if not fitting and any(layer.padding):
        fitting = [fold for fold in (_bordered(layer),) if _fits(engine, fold)]
    if not fitting:
        tile(engine, layer)  # says why
    return min(fitting, key=lambda fold: (_cycles(engine, fold, ports), feature_bytes(engine, fold.layer.ifm)))


def _bordered(layer: Layer) -> Fold:
    """The layer on a map to which the processor has added the padding."""
    top, left, bottom, right = layer.padding
    ifm = MapShape(layer.ifm.height + top + bottom, layer.ifm.width + left + right, layer.ifm.channels)
    return Fold(Unfold((1, 1), padding=layer.padding), replace(layer, ifm=ifm, padding=(0, 0, 0, 0)))


def folds(layer: Layer) -> Iterator[Fold]:
    """All folds of a layer that is not depthwise, the layer as it is first."""
    (top, left, bottom, right), (height, width) = layer.padding, (layer.ifm.height, layer.ifm.width)
    exact = layer.operator == "adder"  # a tap of weight zero adds -|x| there
    rows = _axes(_Axis(height, layer.conv.height, layer.kernel[0], layer.stride[0], layer.dilation[0], (top, bottom)), exact)
    columns = _axes(_Axis(width, layer.conv.width, layer.kernel[1], layer.stride[1], layer.dilation[1], (left, right)), exact)
    for (unfold_rows, kept_rows), (unfold_columns, kept_columns) in itertools.product(rows, columns):
        folded = _layer(layer, kept_rows, kept_columns, unfold_rows.kernel * unfold_columns.kernel)
        same = unfold_rows.untouched and unfold_columns.untouched
        yield Fold(None if same else _unfold(unfold_rows, unfold_columns), layer if same else folded)


@dataclass(frozen=True)
class _Axis:
    """One axis of a window: pixels before the padding, windows, and how they lie."""

    size: int
    count: int
    kernel: int
    stride: int
    dilation: int
    padding: tuple[int, int]

    @property
    def untouched(self) -> bool:
        """True for a window that is the pixel itself."""
        return (self.kernel, self.stride, self.padding) == (1, 1, (0, 0))


def _axes(axis: _Axis, exact: bool) -> list[tuple[_Axis, _Axis]]:
    """What the processor unfolds of an axis, and what it leaves to the engine."""
    size, count, kernel, stride = axis.size, axis.count, axis.kernel, axis.stride
    choices = [(_Axis(size, size, 1, 1, 1, (0, 0)), axis)]
    if kernel > 1 or stride > 1:
        choices.append((axis, _Axis(count, count, 1, 1, 1, (0, 0))))
    cells = count + ceil_div(kernel, stride) - 1
    missing = cells * stride - size - axis.padding[0]  # zeros behind the map that whole cells need
    whole = missing >= 0 or (size + axis.padding[0]) // stride == cells
    if 1 < stride < kernel and axis.dilation == 1 and whole and not (exact and kernel % stride):
        unfolded = _Axis(size, cells, stride, stride, 1, (axis.padding[0], max(missing, 0)))
        choices.append((unfolded, _Axis(cells, count, ceil_div(kernel, stride), 1, 1, (0, 0))))
    return choices


def _unfold(rows: _Axis, columns: _Axis) -> Unfold:
    padding = (rows.padding[0], columns.padding[0], rows.padding[1], columns.padding[1])
    return Unfold((rows.kernel, columns.kernel), (rows.stride, columns.stride), (rows.dilation, columns.dilation), padding)


def _layer(layer: Layer, rows: _Axis, columns: _Axis, taps: int) -> Layer:
    return replace(
        layer,
        ifm=MapShape(rows.size, columns.size, layer.ifm.channels * taps),
        kernel=(rows.kernel, columns.kernel),
        stride=(rows.stride, columns.stride),
        dilation=(rows.dilation, columns.dilation),
        padding=(rows.padding[0], columns.padding[0], rows.padding[1], columns.padding[1]),
    )


def _fits(engine: Engine, fold: Fold) -> bool:
    try:
        tile(engine, fold.layer)
    except SumtileError:
        return False
    return True


def _cycles(engine: Engine, fold: Fold, ports: Ports) -> int:
    """Cycles of the layer, and of the processor: a map of few channels is mostly the network's input, which it writes in any case."""
    cycles = layer_cycles(engine, fold.layer, tile(engine, fold.layer), ports)
    return cycles + feature_bytes(engine, fold.layer.ifm) // HOST_BYTES_PER_CYCLE + (0 if fold.unfold is None else HOST_CYCLES_PER_CALL)
