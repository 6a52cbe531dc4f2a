# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Forward and input gradient of the adder convolution: compiled for this machine, or slowly in plain torch.

Both classes compute the same two functions on maps that are already padded. The compiled one needs a C++ compiler the
first time; the library then lies in the user's cache.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F

from sumtile.csim.build import compile_library, load_library
from sumtile.errors import SumtileError

LANES = 16
"""Channels in one vector of the compiled loops; smaller remainders are padded with zeros."""

Pair = tuple[int, int]


class Loops(Protocol):
    """The two functions. ``x``: float32 (N, C, H, W) with its padding; ``weight``: (O, C, kh, kw); ``gradient``: (N, O, oh, ow)."""

    def forward(self, x: torch.Tensor, weight: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
        """``y = -sum |x - w|``, shape (N, O, oh, ow)."""

    def input_gradient(self, x: torch.Tensor, weight: torch.Tensor, gradient: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
        """``sum gradient * clip(w - x, -1, 1)``, shape of ``x``."""


class CompiledLoops:
    """The loops of ``adder_loops.cpp``, on as many threads as torch uses.

    Raises:
        SumtileError: no compiler, a compilation that failed, or a library that cannot be loaded.
    """

    def __init__(self) -> None:
        library = load_library(_compiled_library())
        self._forward = library.adder_forward
        self._forward.argtypes, self._forward.restype = [ctypes.POINTER(_Geometry)] + [ctypes.c_void_p] * 3, None
        self._input_gradient = library.adder_input_gradient
        self._input_gradient.argtypes, self._input_gradient.restype = [ctypes.POINTER(_Geometry)] + [ctypes.c_void_p] * 4, None

    def forward(self, x: torch.Tensor, weight: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
        """See :meth:`Loops.forward`."""
        geometry = _Geometry.of(x, weight, stride, dilation)
        image = _nhwc(x)
        # (O, C, kh, kw) -> [O / LANES][kh][kw][C][LANES]
        packed = _pad_lanes(_pad_lanes(weight, 0), 1).unflatten(0, (-1, LANES)).permute(0, 3, 4, 2, 1).contiguous()
        y = torch.empty(geometry.images, geometry.out_height, geometry.out_width, geometry.outputs)
        self._forward(geometry, image.data_ptr(), packed.data_ptr(), y.data_ptr())
        return y[..., : len(weight)].permute(0, 3, 1, 2)

    def input_gradient(self, x: torch.Tensor, weight: torch.Tensor, gradient: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
        """See :meth:`Loops.input_gradient`."""
        geometry = _Geometry.of(x, weight, stride, dilation)
        image, dy = _nhwc(x), _nhwc(gradient)
        # (O, C, kh, kw) -> [kh][kw][C / LANES][O][LANES]
        packed = _pad_lanes(_pad_lanes(weight, 0), 1).unflatten(1, (-1, LANES)).permute(3, 4, 1, 0, 2).contiguous()
        dx = torch.zeros_like(image)
        self._input_gradient(geometry, image.data_ptr(), packed.data_ptr(), dy.data_ptr(), dx.data_ptr())
        return dx[..., : x.shape[1]].permute(0, 3, 1, 2)


class TorchLoops:
    """The same two functions with torch's own operations: no compiler, any float type, many times slower."""

    def forward(self, x: torch.Tensor, weight: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
        """See :meth:`Loops.forward`."""
        columns = F.unfold(x, weight.shape[2:], dilation=dilation, stride=stride)
        distance = torch.cdist(weight.flatten(1), columns.transpose(1, 2), p=1)
        return -distance.unflatten(2, _output_size(x, weight, stride, dilation))

    def input_gradient(self, x: torch.Tensor, weight: torch.Tensor, gradient: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
        """See :meth:`Loops.input_gradient`."""
        columns = F.unfold(x, weight.shape[2:], dilation=dilation, stride=stride)
        into = torch.zeros_like(columns)
        for filter_, slope in zip(weight.flatten(1), gradient.flatten(2).unbind(1), strict=True):
            into += slope[:, None] * (filter_[None, :, None] - columns).clamp(-1, 1)
        return F.fold(into, x.shape[2:], weight.shape[2:], dilation=dilation, stride=stride)


@functools.cache
def compiled_loops() -> CompiledLoops:
    """The process's one instance of the compiled loops."""
    return CompiledLoops()


class _Geometry(ctypes.Structure):
    """``struct Geometry`` of adder_loops.cpp, with channel counts rounded up to whole vectors."""

    images: int
    out_height: int
    out_width: int
    outputs: int
    _fields_ = [
        (name, ctypes.c_int32)
        for name in (
            *("images", "height", "width", "channels", "out_height", "out_width", "outputs"),
            *("kernel_height", "kernel_width", "stride_height", "stride_width", "dilation_height", "dilation_width", "threads"),
        )
    ]  # fmt: skip

    @classmethod
    def of(cls, x: torch.Tensor, weight: torch.Tensor, stride: Pair, dilation: Pair) -> _Geometry:
        if not (x.dtype == weight.dtype == torch.float32 and x.device.type == weight.device.type == "cpu"):
            raise SumtileError(f"the compiled adder loops were given {x.dtype} on {x.device} and filters of {weight.dtype} on {weight.device}; give float32 on the CPU.")
        size = _output_size(x, weight, stride, dilation)
        if x.ndim != 4 or x.shape[1] != weight.shape[1] or min(size) < 1:
            raise SumtileError(
                f"an adder layer with filters {tuple(weight.shape)} cannot take a padded map {tuple(x.shape)}; make the channels equal and the map no smaller than a filter."
            )
        images, channels, height, width = x.shape
        return cls(
            images, height, width, _whole_lanes(channels), *size, _whole_lanes(len(weight)),
            *weight.shape[2:], *stride, *dilation, torch.get_num_threads(),
        )  # fmt: skip


def _output_size(x: torch.Tensor, weight: torch.Tensor, stride: Pair, dilation: Pair) -> Pair:
    height, width = ((x.shape[2 + i] - (weight.shape[2 + i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in (0, 1))
    return height, width


def _whole_lanes(channels: int) -> int:
    return -(-channels // LANES) * LANES


def _pad_lanes(tensor: torch.Tensor, axis: int) -> torch.Tensor:
    missing = _whole_lanes(tensor.shape[axis]) - tensor.shape[axis]
    return F.pad(tensor, (0, 0) * (tensor.ndim - 1 - axis) + (0, missing)) if missing else tensor


def _nhwc(tensor: torch.Tensor) -> torch.Tensor:
    return _pad_lanes(tensor.permute(0, 2, 3, 1), 3).contiguous()


def _compiled_library() -> Path:
    flags = ["-std=c++14", "-fno-math-errno", "-fno-signed-zeros", "-ffinite-math-only", "-fopenmp"]
    return compile_library("adder_loops", [Path(__file__).with_name("adder_loops.cpp")], flags)
