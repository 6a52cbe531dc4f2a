# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The calls with which the testbench of the fully connected engine shows what a layer can be."""

from __future__ import annotations

from collections.abc import Iterator

from sumtile.kernels.fc import run_fc
from sumtile.kernels.fc_cases import FcCase, random_fc_case
from sumtile.kernels.fc_cycles import fc_stage_cycles
from sumtile.kernels.fc_packing import pack_fc_layer, pack_fc_probe, pack_vectors
from sumtile.kernels.layer import SLOPE_ONE
from sumtile.kernels.packing import by_weight_ports
from sumtile.kernels.vector_files import BAD_STAMP, NOTHING, OK, Call
from sumtile.overlay import FcEngine, Overlay

FC_CYCLES_MAX = 4000
"""Longest layer, so that a simulation of the logic stays short."""

_PATIENCE = 100  # layers in a row that are too long or show nothing new


def fc_calls(overlay: Overlay, seed: int = 0) -> list[Call]:
    """A probe, layers of each width that together show all that a layer can be, and a header with another stamp.

    Args:
        overlay: the overlay whose engine is tested.
        seed: first seed of the layers.
    """
    fc = overlay.fully_connected
    made = [_layer_call(overlay, f"{case.layer.weight_bits}-bits-{number}", case, index) for index, (number, case) in enumerate(_cases(fc, seed))]
    probe = Call("probe", OK, 0, NOTHING, by_weight_ports(fc, pack_fc_probe(overlay.stamp)), NOTHING, NOTHING)
    foreign = Call("another-stamp", BAD_STAMP, 0, NOTHING, by_weight_ports(fc, pack_fc_probe(overlay.stamp ^ 1)), NOTHING, NOTHING)
    return [probe, *made, foreign]


def _layer_call(overlay: Overlay, name: str, case: FcCase, index: int) -> Call:
    fc, layer = overlay.fully_connected, case.layer
    weights = by_weight_ports(fc, pack_fc_layer(fc, overlay.stamp, layer, case.factors, index))
    result = pack_vectors(fc, run_fc(fc, layer, case.vectors, case.factors), layer.ofm_unsigned)
    return Call(name, OK, index + 1, pack_vectors(fc, case.vectors, layer.ifm_unsigned), weights, NOTHING, result)


def _cases(fc: FcEngine, seed: int) -> Iterator[tuple[int, FcCase]]:
    """Short random layers, width by width; each shows something that those before it of its width do not."""
    for bits in fc.weight_bits:
        shown: set[str] = set()
        number, last = seed, seed
        while number - last < _PATIENCE:
            case = random_fc_case(fc, number, bits)
            traits = _traits(fc, case)
            if not traits <= shown and max(fc_stage_cycles(fc, case.layer).values()) <= FC_CYCLES_MAX:
                shown |= traits
                last = number
                yield number, case
            number += 1


def _traits(fc: FcEngine, case: FcCase) -> set[str]:
    """What is special about a layer."""
    layer = case.layer
    row = fc.row_weights(layer.weight_bits)
    traits = {
        "one factor": layer.rank is None,
        "two factors": layer.rank is not None,
        "signed input": not layer.ifm_unsigned,
        "unsigned input": layer.ifm_unsigned,
        "leaky": 0 < layer.slope < SLOPE_ONE,
        "input remainder": layer.inputs % row != 0,
        "middle remainder": layer.rank is not None and layer.rank % row != 0,
        "ragged last block": layer.outputs % fc.row_records != 0,
        "ragged last beat": layer.outputs % fc.beat_values != 0,
        "one output": layer.outputs == 1,
        "several images": layer.images > 1,
    }
    return {name for name, holds in traits.items() if holds}
