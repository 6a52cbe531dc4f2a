# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The rules that the numbers of a program keep on every engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.fc import FcLayer
from sumtile.kernels.layer import SHIFT_MAX, Layer, MapShape, Requantization
from sumtile.network.graph import SIDE_MAX
from sumtile.program.program import Program
from sumtile.program.steps import FcStep, HostStep, Step, Tensor

_RANGES = {"mul": (-(1 << 15), (1 << 15) - 1), "shift": (0, SHIFT_MAX), "add": (-(1 << 31), (1 << 31) - 1)}

Rules = Iterable[tuple[bool, str]]


def check_program(program: Program) -> None:
    """Raises SumtileError unless the numbers agree with each other, so that an engine gives the integers of the golden model.

    The sentence is that of the first rule that is broken. What depends on the engine, :meth:`sumtile.kernels.layer.Layer.check` tells.
    """
    program.preprocess.check()
    _require("the program", _program_rules(program))
    for tensor in program.tensors.values():
        _require(f"tensor '{tensor.name}'", _tensor_rules(tensor, program.data_bits, len(program.tensors)))
    held = {program.tensors[program.input].buffer: program.input}
    for step in program.steps:
        _require(f"step '{step.name}'", _order_rules(program, step, held))
        for rules in _layer_rules(program, step) if isinstance(step, Step) else [_fc_rules(program, step) if isinstance(step, FcStep) else _host_rules(program, step)]:
            _require(f"step '{step.name}'", rules)
        held[program.tensors[step.target].buffer] = step.target
    _require("the program", [(program.output in held.values(), f"ends without its output '{program.output}' in memory")])


def _require(what: str, rules: Rules) -> None:
    for holds, sentence in rules:
        if not holds:
            raise SumtileError(f"{what} {sentence}; compile the network again.")


def _program_rules(program: Program) -> Rules:
    known = program.tensors
    yield len(program.layers) + len(program.fc_layers) > 0, "has no engine layer"
    yield program.data_bits in (8, 16), f"has features of {program.data_bits} bits, but engines have 8 or 16"
    yield 0 <= program.stamp < 1 << 32, f"has the stamp {program.stamp}, which has not 32 bits"
    yield program.input in known and program.output in known, f"lacks its input '{program.input}' or its output '{program.output}' among its tensors"
    size, output = program.preprocess, known[program.output].shape
    image = MapShape(size.height, size.width, size.channels)
    yield known[program.input].shape == image, f"takes images of {image}, but its input is {known[program.input].shape}"
    named = not program.classes or output.pixels != 1 or output.channels == len(program.classes)
    yield named, f"has {len(program.classes)} class names, but its output has {output.channels} channels, so correct the class names"


def _tensor_rules(tensor: Tensor, data_bits: int, tensors: int) -> Rules:
    yield min(tensor.shape.height, tensor.shape.width, tensor.shape.channels) >= 1, f"is an empty map of {tensor.shape}"
    yield max(tensor.shape.height, tensor.shape.width) <= SIDE_MAX, f"is a map of {tensor.shape}, but {SIDE_MAX} is the largest side"
    yield tensor.format.bits <= data_bits, f"has {tensor.format.bits} bits, but the program is made for an engine of {data_bits}"
    yield 0 <= tensor.buffer < tensors, f"lies in buffer {tensor.buffer}, but {tensors} tensors have at most as many buffers"


def _order_rules(program: Program, step: Step | FcStep | HostStep, held: dict[int, str]) -> Rules:
    """``held``: the tensor that lies in each buffer before the step."""
    sources = list(step.reads)
    unknown = {*sources, step.target} - set(program.tensors)
    yield not unknown, f"names the tensors {sorted(unknown)}, which the program lacks"
    buffers = [program.tensors[name].buffer for name in sources]
    yield [held.get(buffer) for buffer in buffers] == sources, f"reads one of {sources}, which is not in memory then"
    yield program.tensors[step.target].buffer not in buffers, f"overwrites one of {sources} while it reads it"


def _host_rules(program: Program, step: HostStep) -> Rules:
    sources, target = [program.tensors[name] for name in step.sources], program.tensors[step.target]
    try:
        made = step.operation.ofm(*(source.shape for source in sources))
    except SumtileError as error:
        yield False, f"cannot run ({str(error).rstrip('.')})"
        return
    yield made == target.shape, f"makes {made}, but its target is {target.shape}"
    formats = [source.format for source in sources]
    yield step.operation.takes(formats, target.format), f"makes {target.format} of {formats}, which is too fine"


def _layer_rules(program: Program, step: Step) -> Iterator[Rules]:
    yield [((step.residual is None) == (step.layer.residual is None), "names a residual map exactly when its layer adds none")]
    yield _geometry_rules(step.layer)
    yield _shape_rules(program, step)
    yield _number_rules(program, step)


def _geometry_rules(layer: Layer) -> Rules:
    pool = layer.pool
    windows = [*layer.kernel, *layer.stride, *layer.dilation, *((*pool.kernel, *pool.stride) if pool else ())]
    yield min(windows) >= 1, "has a kernel, stride or dilation below 1"
    yield min(*layer.padding, *(pool.padding if pool else ())) >= 0, "has a negative padding"
    bounds = (layer.clamp_low, layer.clamp_high)
    yield all(-(1 << 31) <= bound < 1 << 31 for bound in bounds), f"clamps to {bounds}, beyond 32 bits"


def _shape_rules(program: Program, step: Step) -> Rules:
    layer, source, target = step.layer, program.tensors[step.source].shape, program.tensors[step.target].shape
    yield _takes(layer, source), f"takes {layer.ifm}, but its source is {source}"
    yield layer.ofm == target, f"makes {layer.ofm}, but its target is {target}"
    yield step.weights.shape == layer.weight_shape, f"has weights of {step.weights.shape} instead of {layer.weight_shape}"
    if step.residual is not None:
        residual = program.tensors[step.residual].shape
        yield residual == layer.conv, f"adds {residual} to {layer.conv}"


def _takes(layer: Layer | FcLayer, source: MapShape) -> bool:
    """A layer may take a whole map as the channels of one pixel; they are padded for each pixel of the map."""
    channels = layer.ifm.channels
    return layer.ifm == source or (layer.ifm.pixels == 1 and channels % source.pixels == 0 and channels // source.pixels >= source.channels)


def _fc_rules(program: Program, step: FcStep) -> Rules:
    layer, source, target = step.layer, program.tensors[step.source], program.tensors[step.target]
    yield min(layer.inputs, layer.outputs, 1 if layer.rank is None else layer.rank) >= 1, "has an empty vector"
    yield layer.images == 1, f"takes {layer.images} images, but a program runs one at a time"
    yield _takes(layer, source.shape), f"takes {layer.ifm}, but its source is {source.shape}"
    yield layer.ofm == target.shape, f"makes {layer.ofm}, but its target is {target.shape}"
    yield layer.ifm_unsigned != source.format.signed, f"takes '{step.source}' for signed when it is not, or the reverse"
    yield layer.ofm_unsigned != target.format.signed, f"makes '{step.target}' as signed when it is not, or the reverse"
    bounds = (layer.clamp_low, layer.clamp_high)
    yield all(-(1 << 31) <= bound < 1 << 31 for bound in bounds), f"clamps to {bounds}, beyond 32 bits"
    shapes = tuple(factor.weights.shape for factor in step.factors)
    yield shapes == layer.factor_shapes, f"has factors of {shapes} instead of {layer.factor_shapes}"
    for factor in step.factors:
        yield factor.weights.dtype.kind == "i", f"has weights of type {factor.weights.dtype} where signed integers are needed"
        yield from _range_rules(factor.requantization, len(factor.weights))


def _number_rules(program: Program, step: Step) -> Rules:
    layer, formats = step.layer, {name: tensor.format for name, tensor in program.tensors.items()}
    kind = "u" if layer.weights_unsigned else "i"
    yield step.weights.dtype.kind == kind, f"has weights of type {step.weights.dtype} where {'un' if kind == 'u' else ''}signed integers are needed"
    yield layer.ifm_unsigned != formats[step.source].signed, f"takes '{step.source}' for signed when it is not, or the reverse"
    yield layer.ofm_unsigned != formats[step.target].signed, f"makes '{step.target}' as signed when it is not, or the reverse"
    if layer.residual is not None and step.residual is not None:
        yield layer.residual.unsigned != formats[step.residual].signed, f"adds '{step.residual}' as signed when it is not, or the reverse"
    yield from _range_rules(step.requantization, layer.channels)


def _range_rules(requantization: Requantization, channels: int) -> Rules:
    for name, (low, high) in _RANGES.items():
        values = getattr(requantization, name)
        yield values.shape == (channels,), f"has {values.size} requantization values '{name}' for {channels} channels"
        yield bool(np.all((values >= low) & (values <= high))), f"has a requantization '{name}' outside of {low} to {high}"
