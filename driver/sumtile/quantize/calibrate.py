# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The float network on the calibration images, block by block, with no tensor kept longer than it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT, Network, Preprocess
from sumtile.network.reference import run_node
from sumtile.quantize.activation_rules import Range
from sumtile.quantize.blocks import AnyBlock, Block, HostBlock

BATCH_VALUES = 1 << 23
"""Values of a map that are computed at a time."""

SAMPLE_VALUES = 1 << 21
"""Values of a tensor that a search for its format looks at, if it has more; its extremes are those of all values."""


@dataclass(frozen=True)
class Channels:
    """Smallest, largest and mean value of each channel of a tensor: float64 of shape (channels,)."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray


@dataclass(frozen=True)
class Seen:
    """A tensor on all images.

    Attributes:
        sample: values of pixels that are evenly spaced over all images, (pixels, channels); all of them where a tensor is small.
        extremes: smallest and largest value of all.
    """

    sample: np.ndarray
    extremes: Range


@dataclass(frozen=True)
class Observed:
    """What the float network makes of a block.

    Attributes:
        values: its tensor, float32 (images, height, width, channels).
        seen: a sample of it.
        before_pool: a sample of what is averaged, if anything is.
        channels: what is known of the channels of the block's tensor ``affine``, if it has one.
    """

    values: np.ndarray
    seen: Seen
    before_pool: Seen | None
    channels: Channels | None


def pixel_range(preprocess: Preprocess) -> Range:
    """Range of the preprocessed input over all images there are."""
    low = min(-mean / std for mean, std in zip(preprocess.mean, preprocess.std))
    high = max((1 - mean) / std for mean, std in zip(preprocess.mean, preprocess.std))
    return Range(low, high)


def signs(network: Network, blocks: Sequence[AnyBlock]) -> dict[str, bool]:
    """Whether each stored tensor can be negative."""
    signed = {INPUT: pixel_range(network.preprocess).low < 0}
    for block in blocks:
        signed[block.name] = not block.rectified if isinstance(block, Block) else block.operation.signed([signed[name] for name in block.reads])
    return signed


def check_images(network: Network, images: np.ndarray) -> None:
    """Raises SumtileError unless ``images`` is uint8 of (images, height, width, channels) as the network takes them."""
    preprocess = network.preprocess
    expected = (preprocess.height, preprocess.width, preprocess.channels)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != expected or not len(images):
        raise SumtileError(
            f"calibration images are {images.dtype} of shape {images.shape}, but network '{network.name}' needs at least one image as uint8 of (images, {', '.join(map(str, expected))})."
        )


def last_reads(blocks: Sequence[AnyBlock]) -> dict[str, int]:
    """The index of the last block that reads each stored tensor."""
    return {name: index for index, block in enumerate(blocks) for name in block.reads}


def batches(images: int, values: int) -> Iterator[slice]:
    """Images that are computed at a time, where each has so many values."""
    size = max(1, BATCH_VALUES // values)
    for start in range(0, images, size):
        yield slice(start, min(start + size, images))


class Sampler:
    """Takes every so manieth pixel of a tensor that comes batch by batch, always the same ones.

    Args:
        shape: (images, height, width, channels) of the whole tensor.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._pixels, width = shape[1] * shape[2], shape[2]
        self._step = -(-math.prod(shape) // SAMPLE_VALUES)
        while math.gcd(self._step, width) > 1:  # or some columns would never be seen
            self._step += 1

    def take(self, first: int, values: np.ndarray) -> np.ndarray:
        """The pixels of a batch (images, height, width, channels) whose first image is ``first``: (pixels, channels)."""
        return values.reshape(-1, values.shape[-1])[-first * self._pixels % self._step :: self._step]


class FloatRun:
    """Runs a float network one block after the other on all images.

    Args:
        network: the network that the blocks are of.
        blocks: its blocks.
        images: uint8 (images, height, width, channels).
        on_grids: round tensors that were quantized in training, as the trained network does.
    """

    def __init__(self, network: Network, blocks: Sequence[AnyBlock], images: np.ndarray, on_grids: bool) -> None:
        self._network = network
        self._grids = network.grids if on_grids else {}
        self._nodes = {node.name: node for node in network.nodes}
        self._blocks, self._last, self._images = blocks, last_reads(blocks), len(images)
        self._tensors = {INPUT: self._snapped(INPUT, network.preprocess.apply(images))}  # those that are still to be read, (images, channels, height, width)
        watch = _Watch(len(images))
        watch.add(0, nhwc(self._tensors[INPUT]))
        self.input = Observed(nhwc(self._tensors[INPUT]), watch.seen(), None, None)

    def __iter__(self) -> Iterator[tuple[AnyBlock, Observed]]:
        """All blocks in order, with what the network makes of each.

        Raises:
            SumtileError: a tensor that is not finite.
        """
        for index, block in enumerate(self._blocks):
            yield block, self._run(block)
            for name in block.reads:
                if self._last[name] == index:
                    self._tensors.pop(name, None)

    def _run(self, block: AnyBlock) -> Observed:
        affine, pooled, conv = ("", "", block.shape) if isinstance(block, HostBlock) else (block.affine, block.before_pool if averages(block) else "", block.geometry.conv)
        watches = {name: _Watch(self._images) for name in (block.name, affine, pooled) if name}
        means: list[np.ndarray] = []
        bounds: list[np.ndarray] = []
        whole = np.empty(0, np.float32)
        for batch in batches(self._images, max(conv.pixels * conv.channels, block.shape.pixels * block.shape.channels)):
            made = self._batch(block, batch)
            whole = np.empty((self._images, *made[block.name].shape[1:]), np.float32) if batch.start == 0 else whole
            whole[batch] = made[block.name]
            for name, watch in watches.items():
                watch.add(batch.start, nhwc(self._read(made, name, batch)))
            if affine:
                rows = nhwc(made[affine]).reshape(-1, conv.channels)
                means.append(rows.mean(axis=0, dtype=np.float64) * (len(made[affine]) / self._images))
                bounds += [rows.min(axis=0), rows.max(axis=0)]
        self._tensors[block.name] = whole
        channels = Channels(np.min(bounds, axis=0), np.max(bounds, axis=0), np.sum(means, axis=0)) if affine else None
        return Observed(nhwc(whole), watches[block.name].seen(), watches[pooled].seen() if pooled else None, channels)

    def _batch(self, block: AnyBlock, batch: slice) -> dict[str, np.ndarray]:
        """The tensors of a block's nodes on some images."""
        made: dict[str, np.ndarray] = {}
        for name in block.nodes:
            node = self._nodes[name]
            made[name] = self._snapped(name, run_node(node, *(self._read(made, source, batch) for source in node.inputs)))
            if not np.all(np.isfinite(made[name])):
                raise SumtileError(f"tensor '{name}' of network '{self._network.name}' has values that are not finite on the calibration images; check that node's parameters.")
        return made

    def _snapped(self, name: str, values: np.ndarray) -> np.ndarray:
        return self._grids[name].snap(values, axis=1) if name in self._grids else values

    def _read(self, made: Mapping[str, np.ndarray], name: str, batch: slice) -> np.ndarray:
        """A tensor that a block has made or that is stored, or a view of one."""
        if name in made:
            return made[name]
        if name in self._tensors:
            return self._tensors[name][batch]
        view = self._nodes[name]  # a Flatten, which no block holds
        return run_node(view, self._read(made, view.inputs[0], batch))


class _Watch:
    """A sample and the extremes of a tensor that comes batch by batch."""

    def __init__(self, images: int) -> None:
        self._images = images
        self._rows: list[np.ndarray] = []
        self._low, self._high = math.inf, -math.inf

    def add(self, first: int, values: np.ndarray) -> None:
        """The next images, (images, height, width, channels), of which the first is number ``first``."""
        self._rows.append(Sampler((self._images, *values.shape[1:])).take(first, values).copy())
        self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))

    def seen(self) -> Seen:
        return Seen(np.concatenate(self._rows), Range(self._low, self._high))


def averages(block: AnyBlock) -> bool:
    """True when an engine averages last, so that the result's range differs from that of the values before it."""
    return isinstance(block, Block) and block.geometry.pool is not None and block.geometry.pool.kind == "average"


def nhwc(values: np.ndarray) -> np.ndarray:
    """(N, C, H, W) to a view (N, H, W, C), and (N, C) to (N, 1, 1, C)."""
    return values.transpose(0, 2, 3, 1) if values.ndim == 4 else values[:, None, None, :]
