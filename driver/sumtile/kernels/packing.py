# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes as the engine's streams carry them: feature maps, and a layer's header, parameters and weight tiles.

Feature maps lie in memory as NHWC with the channels padded to a multiple of ``ti``. What one layer writes is
what the next one reads. A layer's part of the weight stream is, in this order::

    80 words of 32 bits       descriptor (FIELDS)
    groups * to * 8 bytes     requantization of each output channel: add int32, mul int16, shift uint8, zero
    tiles * ti * to weights   weight tiles; the order is group, kernel row, kernel column, input channel, and output
                              lane of the array, least significant bits first

Where weights arrive over several ports, beat i of all this is on port i modulo their number (:func:`by_weight_ports`).

A tile has ``ti`` rows of ``to`` of the engine's narrowest weights, or fewer rows of wider ones. Each kernel position
begins a new tile, but in a depthwise layer, which has one row for each of them, only each group does.
"""

from __future__ import annotations

import math

import numpy as np

from sumtile.formats import Sp2, fixed_rows
from sumtile.kernels.basis import pack_basis_weights, source_layer, source_map, source_rows
from sumtile.kernels.codes import OPCODE_LAYER, checked, pack_codes, pack_header, pack_probe_header, pack_records, two_complement
from sumtile.kernels.layer import Layer, MapShape, Pool, Requantization
from sumtile.kernels.tiling import Tiling, ceil_div, pixel_beats, pool_bank_rows, ring_row_words, tail_channels
from sumtile.overlay import Array, Engine, FcEngine
from sumtile.overlay.design import weight_ports
from sumtile.overlay.engine import HEADER_WORDS, POOL_BANKS

MAGIC = 0x314C5453  # "STL1" in memory
HEADER_BYTES = 4 * HEADER_WORDS

# Word i of the descriptor is the i-th field; u or i and the width are its type in the logic.
# hls/include/sumtile/descriptor.hpp lists the same fields in the same order.
FIELDS = {
    "magic": "u32", "stamp": "u32", "opcode": "u2", "index": "u16", "array": "u3", "ifm_unsigned": "u1",
    "ifm_height": "u12", "ifm_width": "u12", "ifm_tiles": "u16", "ifm_beats": "u32", "conv_height": "u13",
    "conv_width": "u13", "groups": "u12", "column_tiles": "u13", "kernel_height": "u4", "kernel_width": "u4",
    "taps": "u8", "depthwise": "u1", "tail_folds": "u16", "group_tiles": "u16", "stripe_rows": "u13", "stripes": "u13",
    "weight_tiles": "u32", "weights_resident": "u1", "ring_rows": "u12", "row_words": "u16",
    "row_stride": "u4", "row_dilation": "u4", "pad_top": "u8", "slot_origin": "u12", "slot_stride": "u12",
    "slot_dilation": "u12", "column_stride": "u4", "column_dilation": "u4", "pad_left": "u8", "phase_origin": "u4",
    "bank_origin": "u8", "line_origin": "i9", "phase_step": "u4", "bank_step": "u8", "line_step": "u4",
    "residual": "u1", "residual_unsigned": "u1", "residual_shift": "i7", "residual_beats": "u32", "slope": "u16",
    "clamp_low": "i32", "clamp_high": "i32", "out_shift": "u6", "ofm_unsigned": "u1", "pool_kind": "u2",
    "pool_height": "u8", "pool_width": "u8", "pool_stride_height": "u8", "pool_stride_width": "u8",
    "pool_pad_top": "u8", "pool_pad_left": "u8", "pool_ring_rows": "u13", "pool_bank_rows": "u13",
    "pool_bank_origin": "u2", "pool_slot_origin": "u13", "pool_bank_stride": "u2", "pool_slot_stride": "u13", "pool_mul": "u16", "pool_shift": "u6", "ofm_height": "u13", "ofm_width": "u13",
    "ofm_tiles": "u16", "source_height": "u13", "source_rows": "u13", "source_tiles": "u13", "source_overlap": "u2", "bases": "u4",
    "basis_height": "u2", "basis_width": "u2", "basis_row_stride": "u2", "basis_column_stride": "u2", "mask_tiles": "u16",
}  # fmt: skip

_POOL_KINDS = {"max": 1, "average": 2}


def feature_dtype(engine: Engine | FcEngine, unsigned: bool) -> np.dtype:
    """Numpy type of one feature in memory."""
    return np.dtype(f"<{'u' if unsigned else 'i'}{engine.data_bytes}")


def feature_bytes(engine: Engine | FcEngine, shape: MapShape) -> int:
    """Bytes of a feature map in memory, channel padding included."""
    return shape.pixels * ceil_div(shape.channels, engine.ti) * engine.ti * engine.data_bytes


def pack_features(engine: Engine | FcEngine, values: np.ndarray, unsigned: bool) -> np.ndarray:
    """(height, width, channels) integers to the bytes of the feature stream (uint8, one axis)."""
    height, width, channels = values.shape
    padded = np.zeros((height, width, ceil_div(channels, engine.ti) * engine.ti), feature_dtype(engine, unsigned))
    padded[:, :, :channels] = checked(values, engine.data_bits, not unsigned, "a feature")
    return padded.reshape(-1).view(np.uint8)


def unpack_features(engine: Engine | FcEngine, data: np.ndarray, shape: MapShape, unsigned: bool) -> np.ndarray:
    """Bytes of a feature stream to (height, width, channels) integers (int64)."""
    return view_features(engine, data, shape, unsigned).astype(np.int64)


def view_features(engine: Engine | FcEngine, data: np.ndarray, shape: MapShape, unsigned: bool) -> np.ndarray:
    """The same integers as they lie in memory, without a copy."""
    padded = ceil_div(shape.channels, engine.ti) * engine.ti
    values = np.frombuffer(data, feature_dtype(engine, unsigned)).reshape(shape.height, shape.width, padded)
    return values[:, :, : shape.channels]


def pack_probe(stamp: int) -> np.ndarray:
    """A header that makes the engine publish its registers and do nothing else (uint8)."""
    return pack_probe_header(MAGIC, stamp, HEADER_WORDS)


def pack_layer(engine: Engine, stamp: int, layer: Layer, tiling: Tiling, weights: np.ndarray, requantization: Requantization, index: int = 0) -> np.ndarray:
    """The bytes of one layer in the weight stream (uint8, one axis), weights repeated once a stripe where needed.

    ``index`` is the layer's place in the program; the engine publishes ``index + 1`` when it has finished the layer.
    """
    header = pack_descriptor(engine, stamp, layer, tiling, index)
    tiles = pack_weights(engine, layer, tiling, weights)
    return np.concatenate([header, pack_requantization(engine, tiling, requantization), np.tile(tiles, tiling.weight_repeats)])


def by_weight_ports(engine: Engine | FcEngine, data: np.ndarray) -> dict[str, np.ndarray]:
    """What each of the engine's weight ports carries of whole layers or a probe (contiguous uint8, by the port's name)."""
    rows = data.reshape(-1, engine.weight_streams, engine.stream_bytes)
    return {port: np.ascontiguousarray(rows[:, index]).reshape(-1) for index, port in enumerate(weight_ports(engine))}


def pack_descriptor(engine: Engine, stamp: int, layer: Layer, tiling: Tiling, index: int = 0) -> np.ndarray:
    """The header words of a layer as bytes (uint8)."""
    return pack_header(FIELDS, descriptor(engine, stamp, layer, tiling, index), HEADER_WORDS)


def descriptor(engine: Engine, stamp: int, layer: Layer, tiling: Tiling, index: int = 0) -> dict[str, int]:
    """The value of every field of a layer's header."""
    conv, ofm, residual = layer.conv, layer.ofm, layer.residual
    mid = 1 << (engine.mid_bits - 1)
    array = engine.array_index(layer.operator, layer.weight_bits)
    fold_lanes = engine.ti // engine.arrays[array].fold
    source = source_layer(layer)
    return {
        "magic": MAGIC,
        "stamp": stamp,
        "opcode": OPCODE_LAYER,
        "index": index,
        "array": array,
        "ifm_unsigned": int(layer.ifm_unsigned),
        "ifm_height": layer.ifm.height,
        "ifm_width": layer.ifm.width,
        "ifm_tiles": tiling.ifm_tiles,
        "ifm_beats": layer.ifm.pixels * tiling.ifm_tiles * engine.word_beats,
        "conv_height": conv.height,
        "conv_width": conv.width,
        "groups": tiling.groups,
        "column_tiles": ceil_div(conv.width, engine.tp),
        "kernel_height": source.kernel[0],
        "kernel_width": source.kernel[1],
        "taps": source.kernel[0] * source.kernel[1],
        "depthwise": int(layer.depthwise),
        "tail_folds": ceil_div(tail_channels(engine, layer), fold_lanes),
        "group_tiles": tiling.group_tiles,
        "stripe_rows": tiling.stripe_rows,
        "stripes": tiling.stripes,
        "weight_tiles": tiling.weight_tiles * tiling.weight_repeats,
        "weights_resident": int(tiling.resident),
        **_ring_fields(engine, source, tiling),
        "residual": int(residual is not None),
        "residual_unsigned": int(residual is not None and residual.unsigned),
        "residual_shift": residual.shift if residual else 0,
        "residual_beats": conv.pixels * pixel_beats(engine, conv.channels) if residual else 0,
        "slope": layer.slope,
        "clamp_low": max(layer.clamp_low, -mid),
        "clamp_high": min(layer.clamp_high, mid - 1),
        "out_shift": layer.out_shift,
        "ofm_unsigned": int(layer.ofm_unsigned),
        **_pool_fields(engine, layer),
        "ofm_height": ofm.height,
        "ofm_width": ofm.width,
        "ofm_tiles": ceil_div(layer.channels, engine.ti),
        "source_height": source_map(layer).height,
        "source_rows": source_rows(layer, tiling.stripe_rows),
        "source_tiles": tiling.column_tiles,
        **_basis_fields(layer),
    }


def _basis_fields(layer: Layer) -> dict[str, int]:
    basis = layer.operator == "basis"
    height, width, row_stride, column_stride = (*layer.kernel, *layer.stride) if basis else (1, 1, 1, 1)
    return {
        "source_overlap": height - row_stride,
        "bases": layer.bases,
        "basis_height": height,
        "basis_width": width,
        "basis_row_stride": row_stride,
        "basis_column_stride": column_stride,
        "mask_tiles": layer.mask_tiles,
    }


def _ring_fields(engine: Engine, layer: Layer, tiling: Tiling) -> dict[str, int]:
    """Start values and steps of the feature buffer's address counters, so that the logic never divides."""
    stride, dilation, left = layer.stride[1], layer.dilation[1], layer.padding[1]
    origin, phase_origin = divmod(-left, stride)
    line_origin, bank_origin = divmod(origin, engine.tp)
    step, phase_step = divmod(dilation, stride)
    line_step, bank_step = divmod(step, engine.tp)
    return {
        "ring_rows": tiling.ring_rows,
        "row_words": ring_row_words(engine, layer),
        "row_stride": layer.stride[0],
        "row_dilation": layer.dilation[0],
        "pad_top": layer.padding[0],
        "slot_origin": -layer.padding[0] % tiling.ring_rows,
        "slot_stride": layer.stride[0] % tiling.ring_rows,
        "slot_dilation": layer.dilation[0] % tiling.ring_rows,
        "column_stride": stride,
        "column_dilation": dilation,
        "pad_left": left,
        "phase_origin": phase_origin,
        "bank_origin": bank_origin,
        "line_origin": line_origin,
        "phase_step": phase_step,
        "bank_step": bank_step,
        "line_step": line_step,
    }


def _pool_fields(engine: Engine, layer: Layer) -> dict[str, int]:
    """The pooling window and its ring of rows; a window of one pixel when the layer does not pool."""
    pool = layer.pool or Pool("max", (1, 1), (1, 1))
    bank_rows = pool_bank_rows(engine, layer) if layer.pool else 1
    origin, bank_origin = divmod(-pool.padding[0], POOL_BANKS)
    slot_stride, bank_stride = divmod(pool.stride[0], POOL_BANKS)
    return {
        "pool_kind": _POOL_KINDS[pool.kind] if layer.pool else 0,
        "pool_height": pool.kernel[0],
        "pool_width": pool.kernel[1],
        "pool_stride_height": pool.stride[0],
        "pool_stride_width": pool.stride[1],
        "pool_pad_top": pool.padding[0],
        "pool_pad_left": pool.padding[1],
        "pool_ring_rows": bank_rows * POOL_BANKS,
        "pool_bank_rows": bank_rows,
        "pool_bank_origin": bank_origin,
        "pool_slot_origin": origin % bank_rows,
        "pool_bank_stride": bank_stride,
        "pool_slot_stride": slot_stride % bank_rows,
        "pool_mul": pool.mul,
        "pool_shift": pool.shift,
    }


def pack_requantization(engine: Engine, tiling: Tiling, requantization: Requantization) -> np.ndarray:
    """Parameters of all output channels, zero for the padding channels of the last group (uint8)."""
    return pack_records(requantization, tiling.groups * engine.to)


def pack_weights(engine: Engine, layer: Layer, tiling: Tiling, weights: np.ndarray) -> np.ndarray:
    """(outputs, kernel height, kernel width, inputs) integers to the bytes of the weight tiles, each once (uint8)."""
    array = engine.array_of(layer.operator, layer.weight_bits)
    if layer.operator == "basis":
        return pack_basis_weights(engine, layer, tiling.groups, weights)
    padded = np.zeros((tiling.groups * engine.to, *layer.weight_shape[1:]), np.int64)
    padded[: layer.channels] = _weight_codes(engine, layer, array, weights)
    lanes = padded.reshape(tiling.groups, engine.to, *layer.weight_shape[1:])[:, _channels_of_lanes(engine, array)]
    rows = lanes.transpose(0, 2, 3, 4, 1)  # group, kernel row, kernel column, input channel, output lane
    # Rows that follow one another without a gap: a depthwise group's kernel positions, else the channels of a kernel position.
    blocks = rows.reshape(-1, math.prod(layer.kernel) if layer.depthwise else layer.ifm.channels, engine.to)
    tiles = np.pad(blocks, ((0, 0), (0, -blocks.shape[1] % engine.tile_lanes(array)), (0, 0)))
    return pack_codes(tiles.reshape(-1), array.weight_bits)


def _weight_codes(engine: Engine, layer: Layer, array: Array, weights: np.ndarray) -> np.ndarray:
    """Weights as an array reads them from memory: unsigned integers of ``array.weight_bits`` bits, shape of the weights."""
    if array.operator == "sp2":
        return Sp2(array.weight_bits).encode(weights).astype(np.int64)
    if array.operator == "mixed":
        codes = np.empty(weights.shape, np.int64)
        fixed = fixed_rows(len(weights), array.fixed_lanes, engine.to)
        codes[~fixed] = Sp2(array.weight_bits).encode(weights[~fixed])
        codes[fixed] = two_complement(weights[fixed], array.weight_bits)
        return codes
    return two_complement(weights, array.weight_bits, signed=not layer.weights_unsigned)


def _channels_of_lanes(engine: Engine, array: Array) -> np.ndarray:
    """The channel of the output word that each of an array's ``to`` lanes makes: in a mixed array, the lanes that multiply come first."""
    if array.operator != "mixed":
        return np.arange(engine.to)
    return np.argsort(~fixed_rows(engine.to, array.fixed_lanes, engine.to), kind="stable")
