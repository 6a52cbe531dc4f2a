# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Integers as the weight streams of all engines carry them: headers, parameters of outputs, weights of a width."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.layer import Requantization

OPCODE_PROBE, OPCODE_LAYER = 0, 1


def pack_header(kinds: Mapping[str, str], values: Mapping[str, int], words: int) -> np.ndarray:
    """A header of 32-bit words as bytes (uint8).

    Args:
        kinds: the fields in their order; u or i and the width of each.
        values: the value of each field.
        words: words of the header; those behind the fields are zero.
    """
    header = np.zeros(words, "<u4")
    for word, (name, kind) in enumerate(kinds.items()):
        header[word] = checked(np.asarray(values[name]), int(kind[1:]), kind[0] == "i", f"descriptor field '{name}'") & 0xFFFFFFFF
    return header.view(np.uint8)


def pack_probe_header(magic: int, stamp: int, words: int) -> np.ndarray:
    """A header that makes an engine publish its registers and do nothing else (uint8)."""
    header = np.zeros(words, "<u4")
    header[:3] = magic, stamp, OPCODE_PROBE
    return header.view(np.uint8)


def pack_records(requantization: Requantization, count: int) -> np.ndarray:
    """Parameters of ``count`` outputs, zero for those behind the last one (uint8)."""
    record = np.dtype([("add", "<i4"), ("mul", "<i2"), ("shift", "u1"), ("zero", "u1")])
    packed = np.zeros(count, record)
    channels = len(requantization.mul)
    packed["add"][:channels] = checked(requantization.add, 32, True, "an addend")
    packed["mul"][:channels] = checked(requantization.mul, 16, True, "a multiplier")
    packed["shift"][:channels] = checked(requantization.shift, 6, False, "a shift")
    return packed.view(np.uint8)


def two_complement(weights: np.ndarray, bits: int, signed: bool = True) -> np.ndarray:
    """Weights as unsigned integers of their width (int64)."""
    return checked(weights, bits, signed, "a weight").astype(np.int64) & ((1 << bits) - 1)


def pack_codes(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes of 4, 8 or 16 bits to bytes, least significant bits first (uint8)."""
    if bits == 4:
        return (codes[0::2] | codes[1::2] << 4).astype(np.uint8)
    return codes.astype(f"<u{bits // 8}").view(np.uint8)


def checked(values: np.ndarray, bits: int, signed: bool, what: str) -> np.ndarray:
    """The values themselves; SumtileError when one does not fit, since numpy and the logic would cut it silently."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if values.size:
        least, most = values.min(), values.max()
        if least < low or most > high:
            raise SumtileError(f"{what} has the value {least if least < low else most}, but it must lie in {low} to {high}; quantize and compile the network again.")
    return values
