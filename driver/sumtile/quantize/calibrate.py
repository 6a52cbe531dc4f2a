# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs calibration images through the float network and keeps the tensors that the quantizer compares with."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import Network, Preprocess
from sumtile.network.reference import run_float
from sumtile.quantize.activation_rules import Range

BATCH = 32


@dataclass(frozen=True)
class Channels:
    """Smallest, largest and mean value of each channel of a tensor: float64 of shape (channels,)."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray


@dataclass(frozen=True)
class Calibration:
    """What the float network makes of the calibration images.

    Attributes:
        values: tensors by name, float32 (images, height, width, channels).
        channels: what is known of the channels of tensors, by name.
    """

    values: dict[str, np.ndarray]
    channels: dict[str, Channels]


def pixel_range(preprocess: Preprocess) -> Range:
    """Range of the preprocessed input over all images there are."""
    low = min(-mean / std for mean, std in zip(preprocess.mean, preprocess.std))
    high = max((1 - mean) / std for mean, std in zip(preprocess.mean, preprocess.std))
    return Range(low, high)


def check_images(network: Network, images: np.ndarray) -> None:
    """Raises SumtileError unless ``images`` is uint8 of (images, height, width, channels) as the network takes them."""
    preprocess = network.preprocess
    expected = (preprocess.height, preprocess.width, preprocess.channels)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != expected or not len(images):
        raise SumtileError(
            f"calibration images are {images.dtype} of shape {images.shape}, but network '{network.name}' needs at least one image as uint8 of (images, {', '.join(map(str, expected))})."
        )


def calibrate(network: Network, images: np.ndarray, values: Collection[str], channels: Collection[str]) -> Calibration:
    """Runs the float network; the tensors that are kept lie in memory for all images at a time.

    Args:
        network: the float network.
        images: uint8 (images, height, width, channels).
        values: names of the tensors to keep.
        channels: names of the tensors of whose channels the extremes and the mean are wanted.

    Raises:
        SumtileError: a tensor that is not finite.
    """
    kept: dict[str, np.ndarray] = {}
    seen = dict.fromkeys(channels, Channels(np.array(np.inf), np.array(-np.inf), np.array(0.0)))
    for start, batch in _float_batches(network, images):
        for name in values:
            part = _nhwc(batch[name])
            kept.setdefault(name, np.empty((len(images), *part.shape[1:]), np.float32))[start : start + len(part)] = part
        for name, before in seen.items():
            rows = _nhwc(batch[name]).reshape(-1, _nhwc(batch[name]).shape[-1])
            mean = rows.mean(axis=0, dtype=np.float64) * len(batch[name]) / len(images)
            seen[name] = Channels(np.minimum(before.low, rows.min(axis=0)), np.maximum(before.high, rows.max(axis=0)), before.mean + mean)
    return Calibration(kept, seen)


def _float_batches(network: Network, images: np.ndarray) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Index of the first image and the float tensors, batch by batch."""
    for start in range(0, len(images), BATCH):
        tensors = run_float(network, network.preprocess.apply(images[start : start + BATCH]))
        for name, values in tensors.items():
            if not np.all(np.isfinite(values)):
                raise SumtileError(f"tensor '{name}' of network '{network.name}' has values that are not finite on the calibration images; check that node's parameters.")
        yield start, tensors


def _nhwc(values: np.ndarray) -> np.ndarray:
    """(N, C, H, W) to (N, H, W, C), and (N, C) to (N, 1, 1, C)."""
    return values.transpose(0, 2, 3, 1) if values.ndim == 4 else values[:, None, None, :]
