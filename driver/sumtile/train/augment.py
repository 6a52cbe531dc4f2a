# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random views of training images: shifted by a few pixels and mirrored."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def random_views(images: torch.Tensor, shift: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """Moves each image by up to ``shift`` pixels each way, filling with zeros, and mirrors half of them left to right.

    Args:
        images: (N, C, H, W) of any type.
        shift: largest displacement in pixels, 0 for none.

    Returns:
        a tensor of the same shape and type.
    """
    count, channels, height, width = images.shape
    down, right = torch.randint(0, 2 * shift + 1, (2, count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    rows, columns = torch.arange(height) + down, torch.arange(width)
    columns = torch.where(mirrored, columns.flip(0), columns) + right
    padded = F.pad(images, (shift,) * 4)
    image, channel = torch.arange(count)[:, None, None, None], torch.arange(channels)[:, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
