# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs calibration images through the float network and keeps the range of each tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import Network, Preprocess
from sumtile.network.reference import run_float

BATCH = 32


@dataclass(frozen=True)
class Range:
    """Smallest and largest real value of a tensor, after cutting at a quantile of the magnitudes."""

    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """What the calibration images show: the range of tensors, and the (low, high) arrays of the channels of tensors."""

    ranges: dict[str, Range]
    channels: dict[str, tuple[np.ndarray, np.ndarray]]


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


def float_batches(network: Network, images: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """The float tensors of the images, in batches of :data:`BATCH`; SumtileError when one is not finite."""
    for start in range(0, len(images), BATCH):
        tensors = run_float(network, network.preprocess.apply(images[start : start + BATCH]))
        for name, values in tensors.items():
            if not np.all(np.isfinite(values)):
                raise SumtileError(f"tensor '{name}' of network '{network.name}' has values that are not finite on the calibration images; check that node's parameters.")
        yield tensors


def calibrate(network: Network, images: np.ndarray, quantiles: Mapping[str, float], channels: Iterable[str]) -> Calibration:
    """Ranges over all calibration images.

    Args:
        network: the float network.
        images: uint8 (images, height, width, channels).
        quantiles: for each tensor whose range is wanted, the share of its magnitudes that must lie inside; 1 keeps the extremes.
        channels: names of the tensors of whose channels the extremes are wanted.
    """
    largest = {name: np.zeros(0) for name in quantiles}
    extremes = {name: [np.inf, -np.inf] for name in largest}
    bounds = {name: (np.array(np.inf), np.array(-np.inf)) for name in channels}
    for batch in float_batches(network, images):
        for name, extreme in extremes.items():
            values = batch[name]
            outside = int((1 - quantiles[name]) * values[0].size * len(images))
            largest[name] = _largest(np.append(largest[name], np.abs(values)), outside + 1)
            extreme[:] = min(extreme[0], float(values.min())), max(extreme[1], float(values.max()))
        for name, (low, high) in bounds.items():
            values = batch[name].reshape(len(batch[name]), batch[name].shape[1], -1)
            bounds[name] = np.minimum(low, values.min(axis=(0, 2))), np.maximum(high, values.max(axis=(0, 2)))
    limits = {name: float(values.min()) for name, values in largest.items()}
    ranges = {name: Range(max(low, -limits[name]), min(high, limits[name])) for name, (low, high) in extremes.items()}
    return Calibration(ranges, bounds)


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` largest values, in any order (all of them when there are fewer)."""
    return values if len(values) <= count else np.partition(values, len(values) - count)[len(values) - count :]
