# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A quantized network to the program of one overlay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.compiler.arithmetic import lower_arithmetic
from sumtile.compiler.arrays import choose_array
from sumtile.compiler.buffers import assign_buffers
from sumtile.compiler.fold import choose_fold
from sumtile.compiler.fully_connected import Factors, group_layers, lower_factors
from sumtile.errors import SumtileError
from sumtile.kernels import host
from sumtile.kernels.basis import most_mask_tiles
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.operation import Operation
from sumtile.kernels.packing import feature_bytes
from sumtile.kernels.ports import Ports
from sumtile.kernels.stripes import choose_stripe_rows
from sumtile.kernels.tiling import ceil_div
from sumtile.network.graph import INPUT
from sumtile.overlay import Engine, Overlay
from sumtile.program import FcStep, HostStep, Program, Step, Tensor, check_program
from sumtile.quantize import HostLayer, QuantizedLayer, QuantizedNetwork


def compile_network(quantized: QuantizedNetwork, overlay: Overlay) -> Program:
    """Compiles for the overlay's engines, and for the processor what they have no stage or no room for.

    Args:
        quantized: the network in integers.
        overlay: the overlay, resolved for a board.

    Returns:
        the program; run it with the driver or with :func:`sumtile.program.golden.run_golden`.

    Raises:
        SumtileError: a layer that the engine cannot run; the sentence names the layer and the rule. Or no layer for an engine.
    """
    engine = overlay.engine
    _check_width(quantized, overlay)
    lowering = _Lowering(overlay, quantized)
    for layer in group_layers(quantized, overlay):
        lowering.take(layer)
    if all(isinstance(step, HostStep) for step in lowering.steps):
        raise SumtileError(f"network '{quantized.name}' has only operations of the processor, but a program runs on an engine; give it a layer that an engine has.")
    steps, shapes, formats = lowering.steps, lowering.shapes, lowering.formats
    sizes = {name: feature_bytes(engine, shape) for name, shape in shapes.items()}
    buffers = assign_buffers([(step.reads, step.target) for step in steps], sizes, INPUT, quantized.output)
    program = Program(
        name=quantized.name,
        overlay=overlay.name,
        board=overlay.board.name,
        stamp=overlay.stamp,
        data_bits=engine.data_bits,
        scheme=quantized.scheme,
        preprocess=quantized.preprocess,
        classes=quantized.classes,
        tensors={name: Tensor(name, shape, formats[name], buffers[name]) for name, shape in shapes.items()},
        steps=tuple(steps),
        input=INPUT,
        output=quantized.output,
    )
    check_program(program)
    return program


def refusals(quantized: QuantizedNetwork, overlay: Overlay) -> list[str]:
    """What keeps :func:`compile_network` from compiling a network, a sentence for each layer that cannot run; empty where all can."""
    found: list[str] = []
    lowering = _Lowering(overlay, quantized)
    try:
        _check_width(quantized, overlay)
    except SumtileError as error:
        found.append(str(error))
    for layer in group_layers(quantized, overlay):
        try:
            lowering.take(layer)
        except SumtileError as error:
            found.append(str(error))
            lowering.skip(layer)
    return found


def _check_width(quantized: QuantizedNetwork, overlay: Overlay) -> None:
    formats, bits = quantized.formats, overlay.engine.data_bits
    widest = max(formats, key=lambda name: formats[name].bits)
    if formats[widest].bits > bits:
        raise SumtileError(f"tensor '{widest}' has {formats[widest].bits} bits, but overlay '{overlay.name}' has {bits}; quantize the network to {bits} bits or fewer.")


class _Lowering:
    """Takes the layers of a network one after the other.

    Attributes:
        steps: the program's steps so far.
        shapes, formats: of all tensors so far, those that only the program has included.
    """

    def __init__(self, overlay: Overlay, quantized: QuantizedNetwork) -> None:
        self._overlay, self._engine, self._ports = overlay, overlay.engine, Ports.of(overlay)
        size = quantized.preprocess
        self.steps: list[Step | FcStep | HostStep] = []
        self.shapes = {INPUT: MapShape(size.height, size.width, size.channels)}
        self.formats = dict(quantized.formats)

    def take(self, layer: QuantizedLayer | HostLayer | Factors) -> None:
        """Adds the steps of a layer, or the one of the factors of a layer."""
        if isinstance(layer, tuple):
            self._add_factors(layer)
            return
        if isinstance(layer, HostLayer):
            self._add_host(layer.name, layer.operation, layer.reads)
            return
        parts = _parts(self._engine, layer)
        names = [layer.name] if len(parts) == 1 else [f"{layer.name}.part{index}" for index in range(len(parts))]
        try:
            for part, name in zip(parts, names):
                self.formats[name] = self.formats[layer.name]
                self._add_layer(part, name)
        except SumtileError as error:
            raise SumtileError(f"layer '{layer.name}' ({' + '.join(layer.nodes)}): {error}") from None
        if len(parts) > 1:
            self._add_host(layer.name, host.Concat(), tuple(names))

    def skip(self, layer: QuantizedLayer | HostLayer | Factors) -> None:
        """Leaves a layer out; those behind it see the map that it would make."""
        layer = layer[-1] if isinstance(layer, tuple) else layer
        self.shapes[layer.name] = self.shapes[layer.reads[0]] if isinstance(layer, HostLayer) else layer.geometry.ofm

    def _add_layer(self, layer: QuantizedLayer, name: str) -> None:
        """One step, or two where the engine has no room for the layer's pooling."""
        try:
            self._add_engine(layer, name)
        except SumtileError as error:
            pool = layer.geometry.pool
            if pool is None:
                raise
            unpooled = f"{name}.unpooled"
            self.formats[unpooled] = layer.activated
            try:
                self._add_engine(replace(layer, geometry=replace(layer.geometry, pool=None)), unpooled)
            except SumtileError:
                raise error from None  # the pooling is not what the engine lacks
            self._add_host(name, host.Pool(pool.kind, pool.kernel, pool.stride, pool.padding), (unpooled,))

    def _add_engine(self, quantized: QuantizedLayer, target: str) -> None:
        engine, formats = self._engine, self.formats
        residual = None if quantized.residual is None else formats[quantized.residual]
        layer, requantization = lower_arithmetic(engine, quantized, formats[quantized.source], residual, formats[target])
        array = choose_array(engine, quantized.weight_format)
        layer, weights = _flattened(engine, replace(layer, operator=array.operator, weight_bits=array.weight_bits), quantized.weights)
        fold = choose_fold(engine, layer, self._ports)
        source = quantized.source if fold.unfold is None else f"{target}.unfolded"
        if fold.unfold is not None:
            formats[source] = formats[quantized.source]
            self._add_host(source, fold.unfold, (quantized.source,))
        layer, weights = fold.layer, fold.weights(weights)
        if layer.operator == "basis":
            layer = replace(layer, mask_tiles=most_mask_tiles(engine, layer, weights))
        layer = replace(layer, stripe_rows=choose_stripe_rows(engine, layer, self._ports))
        self.steps.append(Step(target, layer, source, quantized.residual, target, _narrowest(weights, layer.weights_unsigned), requantization))
        self.shapes[target] = layer.ofm

    def _add_factors(self, layers: Factors) -> None:
        try:
            step = lower_factors(self._engine, self._overlay.fully_connected, layers, self.formats)
        except SumtileError as error:
            raise SumtileError(f"layer '{layers[-1].name}' ({' + '.join(name for layer in layers for name in layer.nodes)}): {error}") from None
        self.steps.append(step)
        self.shapes[step.target] = step.layer.ofm

    def _add_host(self, name: str, operation: Operation, sources: tuple[str, ...]) -> None:
        self.steps.append(HostStep(name, operation, sources, name))
        self.shapes[name] = operation.ofm(*(self.shapes[source] for source in sources))


def _parts(engine: Engine, layer: QuantizedLayer) -> list[QuantizedLayer]:
    """The layer in parts of its output channels, where the engine holds the parameters of fewer than it has.

    Parts begin at whole groups of lanes, so that rows of mixed formats stay on lanes of their kind.
    """
    channels, most = layer.geometry.channels, engine.channels_max // engine.to * engine.to
    if channels <= engine.channels_max or layer.geometry.depthwise or layer.residual is not None:
        return [layer]
    parts = []
    for start in range(0, channels, most):
        rows = slice(start, min(start + most, channels))
        geometry = replace(layer.geometry, channels=rows.stop - rows.start)
        parts.append(replace(layer, geometry=geometry, weights=layer.weights[rows], scale=layer.scale[rows], offset=layer.offset[rows]))
    return parts


def _flattened(engine: Engine, layer: Layer, weights: np.ndarray) -> tuple[Layer, np.ndarray]:
    """A kernel that covers the whole map becomes a 1x1 kernel on one pixel with all values of the map as channels.

    The bytes in memory are the same: the channels of each pixel are padded to the lanes, and zero weights meet the
    zeros there. The lanes for output columns then idle no more than before, and the kernel may be of any size. A pixel of
    more channels than a bank of the feature buffer holds stays the map that it is.
    """
    ifm = layer.ifm
    if ifm.pixels == 1 or layer.kernel != (ifm.height, ifm.width) or any(layer.padding) or layer.dilation != (1, 1) or layer.depthwise or layer.operator == "basis":
        return layer, weights
    channels = ceil_div(ifm.channels, engine.ti) * engine.ti
    if ifm.pixels * channels > engine.feature_words * engine.ti:
        return layer, weights
    padded = np.pad(weights, ((0, 0), (0, 0), (0, 0), (0, channels - ifm.channels)))
    flat = replace(layer, ifm=MapShape(1, 1, ifm.pixels * channels), kernel=(1, 1), stride=(1, 1))
    return flat, padded.reshape(layer.channels, 1, 1, -1)


def _narrowest(weights: np.ndarray, unsigned: bool) -> np.ndarray:
    """The integers in the smallest type of that sign that holds them all."""
    kinds = [np.iinfo(f"{'u' if unsigned else ''}int{bits}") for bits in (8, 16, 32)]
    return weights.astype(next(kind.dtype for kind in kinds if kind.min <= weights.min() and weights.max() <= kind.max))
