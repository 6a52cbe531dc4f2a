# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes as the streams of the fully connected engine carry them.

Vectors lie in memory like feature maps of one pixel. Those of several images come beat by beat, the first beat of each image,
then the second of each. A layer's part of the weight stream is, in this order::

    32 words of 32 bits       header (FC_FIELDS)
    the blocks of each factor

A block has as many outputs as have their parameters in one row, a beat of each weight port: this row, then the weights of each of its
outputs in the order of the inputs, filled up with zeros to whole rows. The last block of a factor has the outputs that are left.
So weights lie in the order in which they are used, without a gap, and all layers of a network are one transfer (Qiu et al., FPGA'16, section 6.3).
"""

from __future__ import annotations

import numpy as np

from sumtile.kernels.codes import OPCODE_LAYER, pack_codes, pack_header, pack_probe_header, pack_records, two_complement
from sumtile.kernels.fc import Factor, FcLayer
from sumtile.kernels.packing import feature_bytes, pack_features, unpack_features
from sumtile.kernels.tiling import ceil_div
from sumtile.overlay import FcEngine
from sumtile.overlay.fc_engine import FC_HEADER_WORDS

FC_MAGIC = 0x31434653  # "SFC1" in memory
FC_HEADER_BYTES = 4 * FC_HEADER_WORDS

# Word i of the header is the i-th field; u or i and the width are its type in the logic.
# hls/include/sumtile/fc_descriptor.hpp lists the same fields in the same order.
FC_FIELDS = {
    "magic": "u32", "stamp": "u32", "opcode": "u2", "index": "u16", "images": "u8", "factors": "u2", "width": "u2", "row_weights": "u16",
    "ifm_unsigned": "u1", "vector_beats": "u16", "first_words": "u16", "first_outputs": "u16", "middle_shift": "u6", "second_words": "u16",
    "second_outputs": "u16", "rows": "u32", "slope": "u16", "clamp_low": "i32", "clamp_high": "i32", "out_shift": "u6", "ofm_unsigned": "u1",
    "result_beats": "u16",
}  # fmt: skip


def pack_vectors(fc: FcEngine, vectors: np.ndarray, unsigned: bool) -> np.ndarray:
    """(images, values) integers to the bytes of the vector stream (uint8, one axis)."""
    packed = [pack_features(fc, vector.reshape(1, 1, -1), unsigned).reshape(-1, fc.stream_bytes) for vector in vectors]
    return np.stack(packed, axis=1).reshape(-1)


def unpack_vectors(fc: FcEngine, data: np.ndarray, layer: FcLayer) -> np.ndarray:
    """Bytes of the result stream to (images, outputs) integers (int64)."""
    beats = data.reshape(-1, layer.images, fc.stream_bytes)
    return np.stack([unpack_features(fc, np.ascontiguousarray(beats[:, image]).reshape(-1), layer.ofm, layer.ofm_unsigned).reshape(-1) for image in range(layer.images)])


def pack_fc_probe(stamp: int) -> np.ndarray:
    """A header that makes the engine publish its registers and do nothing else (uint8)."""
    return pack_probe_header(FC_MAGIC, stamp, FC_HEADER_WORDS)


def pack_fc_layer(fc: FcEngine, stamp: int, layer: FcLayer, factors: tuple[Factor, ...], index: int = 0) -> np.ndarray:
    """The bytes of one layer in the weight stream (uint8, one axis).

    ``index`` is the layer's place among the fully connected ones of the program; the engine publishes ``index + 1`` when it has finished it.

    Raises:
        SumtileError: the engine cannot run the layer, or a number does not fit its field.
    """
    layer.check(fc)
    header = pack_header(FC_FIELDS, fc_descriptor(fc, stamp, layer, index), FC_HEADER_WORDS)
    return np.concatenate([header, *(block for factor in factors for block in _blocks(fc, layer, factor))])


def fc_descriptor(fc: FcEngine, stamp: int, layer: FcLayer, index: int = 0) -> dict[str, int]:
    """The value of every field of a layer's header."""
    mid = 1 << (fc.mid_bits - 1)
    row_weights = fc.row_weights(layer.weight_bits)
    (first_outputs, first_inputs), (second_outputs, second_inputs) = (*layer.factor_shapes, (0, 0))[:2]
    return {
        "magic": FC_MAGIC,
        "stamp": stamp,
        "opcode": OPCODE_LAYER,
        "index": index,
        "images": layer.images,
        "factors": len(layer.factor_shapes),
        "width": fc.weight_bits.index(layer.weight_bits),
        "row_weights": row_weights,
        "ifm_unsigned": int(layer.ifm_unsigned),
        "vector_beats": feature_bytes(fc, layer.ifm) // fc.stream_bytes,
        "first_words": ceil_div(first_inputs, row_weights),
        "first_outputs": first_outputs,
        "middle_shift": layer.middle_shift,
        "second_words": ceil_div(second_inputs, row_weights),
        "second_outputs": second_outputs,
        "rows": weight_rows(fc, layer),
        "slope": layer.slope,
        "clamp_low": max(layer.clamp_low, -mid),
        "clamp_high": min(layer.clamp_high, mid - 1),
        "out_shift": layer.out_shift,
        "ofm_unsigned": int(layer.ofm_unsigned),
        "result_beats": feature_bytes(fc, layer.ofm) // fc.stream_bytes,
    }


def weight_rows(fc: FcEngine, layer: FcLayer) -> int:
    """Rows of parameters and weights behind a layer's header."""
    return sum(ceil_div(outputs, fc.row_records) + outputs * ceil_div(inputs, fc.row_weights(layer.weight_bits)) for outputs, inputs in layer.factor_shapes)


def fc_weight_bytes(fc: FcEngine, layer: FcLayer) -> int:
    """Bytes of a layer's part of the weight stream, header included."""
    return FC_HEADER_BYTES + weight_rows(fc, layer) * fc.row_bytes


def _blocks(fc: FcEngine, layer: FcLayer, factor: Factor) -> list[np.ndarray]:
    """The blocks of a factor in their order (uint8 each)."""
    outputs, inputs = factor.weights.shape
    codes = np.zeros((outputs, ceil_div(inputs, fc.row_weights(layer.weight_bits)) * fc.row_weights(layer.weight_bits)), np.int64)
    codes[:, :inputs] = two_complement(factor.weights, layer.weight_bits)
    weights = pack_codes(codes.reshape(-1), layer.weight_bits).reshape(outputs, -1)
    blocks = ceil_div(outputs, fc.row_records)
    records = pack_records(factor.requantization, blocks * fc.row_records).reshape(blocks, fc.row_bytes)
    rows = [weights[first : first + fc.row_records].reshape(-1) for first in range(0, outputs, fc.row_records)]
    return [part for pair in zip(records, rows) for part in pair]
