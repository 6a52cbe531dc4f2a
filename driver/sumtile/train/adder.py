# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The adder convolution as a torch layer, with the gradients and the learning rates of its paper.

Source: Chen et al., "AdderNet: Do We Really Need Multiplications in Deep Learning?", CVPR'20 (arXiv 1912.13200).
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from sumtile.train.loops import Loops, Pair, compiled_loops


class AdderConv2d(nn.Module):
    """``y[n, o, i, j] = -sum |x[n, c, i * stride + ky, j * stride + kx] - weight[o, c, ky, kx]|`` over c, ky and kx.

    A padded zero takes part like any other value. There is no bias: batch normalization follows every adder layer.

    Args:
        inputs, outputs: channels.
        kernel: height and width of the filters.
        stride, padding, dilation: as in ``torch.nn.Conv2d``.
        loops: how forward and input gradient are computed; compiled by default.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1, loops: Loops | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.stride, self.padding, self.dilation = (stride, stride), (padding, padding), (dilation, dilation)
        self._loops = loops

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float32 (N, inputs, H, W) to (N, outputs, oh, ow)."""
        return adder_conv2d(x, self.weight, self.stride, self.padding, self.dilation, self._loops)


def adder_conv2d(x: torch.Tensor, weight: torch.Tensor, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1), loops: Loops | None = None) -> torch.Tensor:
    """The adder convolution as a function; shapes as in :class:`AdderConv2d`, padding on both sides of (height, width).

    Backward gives the paper's gradients (section 3.2), not those of ``|x|``: for the filters the difference ``x - w``
    itself, for the input ``w - x`` clipped to [-1, 1].
    """
    padded = F.pad(x, (padding[1], padding[1], padding[0], padding[0])) if any(padding) else x
    return _AdderFunction.apply(padded, weight, stride, dilation, loops or compiled_loops())


def adapt_learning_rates(model: nn.Module, eta: float = 0.2) -> None:
    """Scales each adder layer's gradient to the norm ``eta * sqrt(elements)``; call it between backward and the optimizer's step.

    Source: section 3.3 of the paper.

    Args:
        eta: 0.2 is what the paper's authors use.
    """
    for module in model.modules():
        if isinstance(module, AdderConv2d) and module.weight.grad is not None:
            gradient = module.weight.grad
            gradient.mul_(eta * math.sqrt(gradient.numel()) / gradient.norm().clamp_min(1e-12))


class _AdderFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, stride: Pair, dilation: Pair, loops: Loops) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.settings = stride, dilation, loops
        return loops.forward(x, weight, stride, dilation)

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any, stride: Pair, dilation: Pair, loops: Loops) -> Any:
        """The node that torch.onnx.export writes; its attributes are those of ONNX's Conv."""
        return graph.op("sumtile::AdderConv", x, weight, strides_i=stride, dilations_i=dilation)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        stride, dilation, loops = ctx.settings
        dx = loops.input_gradient(x, weight, gradient, stride, dilation) if ctx.needs_input_grad[0] else None
        dw = _weight_gradient(x, weight, gradient, stride, dilation) if ctx.needs_input_grad[1] else None
        return dx, dw, None, None, None


def _weight_gradient(x: torch.Tensor, weight: torch.Tensor, gradient: torch.Tensor, stride: Pair, dilation: Pair) -> torch.Tensor:
    """``sum gradient * (x - w)`` as a product of matrices, which torch has for its own convolution, less ``w * sum gradient``."""
    product = torch.nn.grad.conv2d_weight(x, list(weight.shape), gradient, stride=stride, dilation=dilation)
    return product - weight * gradient.sum((0, 2, 3))[:, None, None, None]
