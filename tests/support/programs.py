# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A small program with every kind of layer, hand-built from a seed, and its golden result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.golden import accumulate, run_layer
from sumtile.kernels.layer import Layer, MapShape, Pool, Requantization, Residual
from sumtile.kernels.tiling import ceil_div
from sumtile.network import Preprocess
from sumtile.overlay import Overlay
from sumtile.program import Program, Step, Tensor


def build_program(overlay: Overlay, seed: int = 0, size: tuple[int, int] = (10, 12), stem_stride: int = 1, classes: int = 10) -> Program:
    """stem (mac, ReLU) -> body (adder, max pool) -> sum (adder + residual body) -> head (mac, average pool) -> linear.

    Each layer is scaled to the values that it meets, so that its output neither vanishes nor saturates throughout.
    """
    return _Builder(overlay, seed, size).build(stem_stride, classes)


def build_bases(overlay: Overlay, seed: int = 0, size: tuple[int, int] = (10, 12)) -> Program:
    """stem (mac, ReLU) -> body (basis kernels, max pool) -> sum (basis kernels + residual body) -> down (basis kernels, stride 2) -> linear (mac)."""
    return _Builder(overlay, seed, size).build_bases()


def build_stem(overlay: Overlay, seed: int = 0) -> Program:
    """Only the first layer of :func:`build_program`."""
    return _Builder(overlay, seed, (10, 12)).stem(1).program("stem", ())


def random_features(program: Program, seed: int = 0) -> np.ndarray:
    """Integers of the input tensor: int64 (H, W, C)."""
    tensor = program.tensors[program.input]
    shape = (tensor.shape.height, tensor.shape.width, tensor.shape.channels)
    return np.random.default_rng(seed).integers(tensor.format.low, tensor.format.high + 1, shape)


def golden_tensors(program: Program, overlay: Overlay, features: np.ndarray) -> dict[str, np.ndarray]:
    """The integers of every tensor, step after step through the engine's golden model."""
    values = {program.input: features}
    for step in program.steps:
        residual = None if step.residual is None else values[step.residual]
        source = _as_ifm(overlay, step.layer, values[step.source])
        values[step.target] = run_layer(overlay.engine, step.layer, source, step.weights, step.requantization, residual)
    return values


class _Builder:
    """Adds layers one by one, each with random weights, and follows the values of one random input."""

    def __init__(self, overlay: Overlay, seed: int, size: tuple[int, int]) -> None:
        self._overlay, self._engine = overlay, overlay.engine
        self._rng = np.random.default_rng(seed)
        self._format = FixedPoint(self._engine.data_bits, self._engine.data_bits - 3)
        shape = MapShape(*size, 3)
        self._tensors = {"input": Tensor("input", shape, self._format, 0)}
        self._values = {"input": self._rng.integers(self._format.low, self._format.high + 1, (*size, 3))}
        self._steps: list[Step] = []
        self._seed = seed

    def build(self, stem_stride: int, classes: int) -> Program:
        self.stem(stem_stride)
        same = {"kernel": (3, 3), "padding": (1, 1, 1, 1)}
        self._add("body", "stem", 2, operator="adder", channels=20, pool=Pool("max", (2, 2), (2, 2)), **same)
        self._add("sum", "body", 0, operator="adder", channels=20, residual="body", slope=0, ofm_unsigned=True, **same)
        average = Pool("average", (3, 3), (2, 2), (1, 1, 1, 1), mul=round((1 << 15) / 9), shift=15)
        self._add("head", "sum", 1, operator="mac", channels=24, kernel=(3, 3), stride=(1, 1), pool=average)
        self._add("scores", "head", 2, operator="mac", channels=classes, flat=True)
        return self.program("scores", tuple(f"class {chr(ord('a') + i)}" for i in range(classes)))

    def build_bases(self) -> Program:
        self.stem(1)
        same = {"operator": "basis", "channels": 20, "kernel": (3, 3), "padding": (1, 1, 1, 1), "slope": 0, "ofm_unsigned": True}
        self._add("body", "stem", 2, bases=3, pool=Pool("max", (2, 2), (2, 2)), **same)
        self._add("sum", "body", 0, bases=5, residual="body", **same)
        self._add("down", "sum", 1, bases=2, stride=(2, 2), **same)
        self._add("scores", "down", 2, operator="mac", channels=10, flat=True)
        return self.program("scores", ())

    def stem(self, stride: int) -> _Builder:
        self._add("stem", "input", 1, operator="mac", channels=16, kernel=(3, 3), padding=(1, 1, 1, 1), stride=(stride, stride), slope=0, ofm_unsigned=True)
        return self

    def program(self, output: str, classes: tuple[str, ...]) -> Program:
        size = self._tensors["input"].shape
        return Program(
            name=f"program of seed {self._seed}",
            overlay=self._overlay.name,
            board=self._overlay.board.name,
            stamp=self._overlay.stamp,
            data_bits=self._engine.data_bits,
            scheme="",
            preprocess=Preprocess(size.height, size.width, (0.5, 0.4, 0.6), (0.3, 0.25, 0.4)),
            classes=classes,
            tensors=self._tensors,
            steps=tuple(self._steps),
            input="input",
            output=output,
        )

    def _add(self, name: str, source: str, buffer: int, *, residual: str | None = None, flat: bool = False, **fields: object) -> None:
        engine, tensor = self._engine, self._tensors[source]
        ifm = tensor.shape
        if flat:
            ifm = MapShape(1, 1, ifm.pixels * ceil_div(ifm.channels, engine.ti) * engine.ti)
        added = None
        if residual is not None:
            added = Residual(not self._tensors[residual].format.signed, engine.data_bits - 2)
        layer = Layer(ifm=ifm, ifm_unsigned=not tensor.format.signed, residual=added, out_shift=engine.data_bits, **fields)
        unsigned = layer.operator == "adder" and layer.ifm_unsigned
        numbers = FixedPoint(engine.data_bits, 0, not unsigned)
        weights = self._rng.integers(numbers.low, numbers.high + 1, layer.weight_shape)
        if layer.operator == "basis":
            coefficients = weights[:, :, : ifm.channels]
            coefficients[...] = self._rng.choice([-1, 0, 1], coefficients.shape, p=[0.1, 0.8, 0.1])
        if flat:
            weights = weights * _real_channels(engine.ti, tensor.shape)
        weights = weights.astype(f"{'u' if unsigned else 'i'}{engine.data_bytes}")
        features = _as_ifm(self._overlay, layer, self._values[source])
        requantization = self._fit(layer, features, weights)
        self._values[name] = run_layer(engine, layer, features, weights, requantization, None if residual is None else self._values[residual])
        self._tensors[name] = Tensor(name, layer.ofm, replace(self._format, signed=not layer.ofm_unsigned), buffer)
        self._steps.append(Step(name, layer, source, residual, name, weights, requantization))

    def _fit(self, layer: Layer, features: np.ndarray, weights: np.ndarray) -> Requantization:
        """Centres the sums on zero, and lets three standard deviations fill the format."""
        sums = accumulate(layer, features, weights).astype(np.float64)
        scale = (1 << (self._engine.mid_bits - 1)) / (3 * sums.std() + 1) * self._rng.uniform(0.5, 1.5, layer.channels)
        return Requantization.fit(scale, -sums.mean() * scale)


def _as_ifm(overlay: Overlay, layer: Layer, values: np.ndarray) -> np.ndarray:
    """The map as the layer takes it: a fully connected layer sees one pixel with all bytes of the map, padding included."""
    ifm = layer.ifm
    if values.shape == (ifm.height, ifm.width, ifm.channels):
        return values
    padding = -values.shape[2] % overlay.engine.ti
    return np.pad(values, ((0, 0), (0, 0), (0, padding))).reshape(ifm.height, ifm.width, ifm.channels)


def _real_channels(ti: int, shape: MapShape) -> np.ndarray:
    """1 for each value of a map in memory that is a channel, 0 for padding."""
    padded = ceil_div(shape.channels, ti) * ti
    return (np.arange(shape.pixels * padded) % padded < shape.channels).astype(np.int64)
